"""Makes the demo's release: the embedded catalogue, encoded on this machine, and the Navigator that comes with it."""

import hashlib
from pathlib import Path

from rich.console import Console

from batch.navigator_release import install
from batch.precompute.job import Job, precompute
from batch.precompute.progress import for_terminal
from catalog.demo.load import items_path
from catalog.errors import VersionMismatch
from catalog.packaged import PackagedEncoder
from catalog.release import ReleaseStore
from catalog.sources import FieldMap, open_source
from navigator.assemble import SHIPPED
from navigator.learnt import load_learnt


def prepare_demo(data: Path, console: Console) -> None:
    """Encode the embedded catalogue into a release, unless it is there already. Needs a running Ray."""
    digest = hashlib.sha256(items_path().read_bytes() + PackagedEncoder.version.encode()).hexdigest()
    stamp = data / "catalogue.sha256"
    if stamp.exists() and stamp.read_text() == digest:
        return
    console.print("Encoding the demo catalogue (once; about a minute on two cores)")
    job = Job(source=open_source(f"jsonl:{items_path()}", FieldMap.parse((), ())), release=str(data))
    with for_terminal(console) as progress:
        precompute(job, progress)
    stamp.write_text(digest)


def install_demo_navigator(data: Path, console: Console) -> None:
    """Give the live release of the demo the Navigator that comes with Windowshop, unless it has one."""
    store = ReleaseStore(data)
    present = store.current().navigator
    if present is not None and present.version == load_learnt(SHIPPED).about["version"]:
        return
    console.print("Putting the assistant's language model together (once; half a minute)")
    try:
        install(store)
    except VersionMismatch as error:
        console.print(f"[yellow]No assistant in this demo: {error}[/]")
