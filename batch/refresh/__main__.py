from batch.refresh.cli import app

app()
