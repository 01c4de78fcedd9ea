"""Makes the demo's release: the embedded catalogue, encoded on this machine."""

import hashlib
from pathlib import Path

from rich.console import Console

from batch.precompute.job import Job, precompute
from batch.precompute.progress import for_terminal
from catalog.demo.load import items_path
from catalog.sources import FieldMap, open_source


def prepare_demo(data: Path, console: Console) -> None:
    """Encode the embedded catalogue into a release, unless it is there already. Needs a running Ray."""
    digest = hashlib.sha256(items_path().read_bytes()).hexdigest()
    stamp = data / "catalogue.sha256"
    if stamp.exists() and stamp.read_text() == digest:
        return
    console.print("Encoding the demo catalogue (once; about a minute on two cores)")
    job = Job(source=open_source(f"jsonl:{items_path()}", FieldMap.parse((), ())), release=str(data))
    with for_terminal(console) as progress:
        precompute(job, progress)
    stamp.write_text(digest)
