from batch.precompute.cli import app

app()
