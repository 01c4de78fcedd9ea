"""Makes the demo's release: the embedded catalogue, encoded here, and the trained head that is shipped for it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from batch.encoder_release import install
from batch.precompute.job import Job, precompute
from batch.precompute.progress import for_terminal
from catalog.demo.load import items_path
from catalog.release import ReleaseStore
from catalog.sources import FieldMap, open_source

WEIGHTS = Path(__file__).parents[1] / "catalog" / "weights"


def prepare_demo(data: Path, say: Callable[[str], None]) -> None:
    """Encode the embedded catalogue into a release, unless it is there already. Needs a running Ray."""
    head, composer = WEIGHTS / "demo-head.safetensors", WEIGHTS / "demo-composer.safetensors"
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (items_path(), head, composer))).hexdigest()
    stamp = data / "catalogue.sha256"
    if stamp.exists() and stamp.read_text() == digest:
        return
    say("Encoding the demo catalogue (once; about a minute on two cores)")
    job = Job(source=open_source(f"jsonl:{items_path()}", FieldMap.parse((), ())), release=str(data))
    with for_terminal() as progress:
        precompute(job, progress)
    say("Fusing pictures and words into one space, with the head that is shipped for this catalogue")
    install(ReleaseStore(data), str(head), str(composer))
    stamp.write_text(digest)
