"""Precompute through Ray Data against a plain loop: `python -m benchmarks.precompute`.

Both fetch, decode, make thumbnails and encode the same real products with the same code, encoder and cores. The loop
is one process that does one thing after the other, with the best of 1 and 2 torch threads. Ray Data's figure is given
twice: the whole job as a person waits for it (start of workers, loading the encoder, staging, merge, indexes), and the
steady state: rows per second between the first and the last tenth, which is what a large catalogue comes to.
"""

import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import ray
import torch
import typer

from batch.precompute import job as job_module
from batch.precompute.flow import EncoderInfo, FlowOptions, encode_batch
from batch.precompute.job import Job, precompute
from batch.precompute.prepare import PREPARED
from batch.precompute.progress import Progress, silent
from batch.ray_session import connect
from benchmarks.report import DATA, write_results
from catalog.encoder import load_base_encoder
from catalog.fetch import fetch
from catalog.images import THUMBNAIL_SIDE, decode, thumbnail
from catalog.item import embedding_text
from catalog.sources import CatalogSource, FieldMap, open_source

FASHION = DATA / "fashion"
BATCH = 32


@dataclass
class Clock:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    def spend(self, name: str, since: float) -> float:
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - since
        return now


def plain_loop(source: CatalogSource, threads: int, rows: int) -> tuple[float, dict[str, float]]:
    """Images per second of one process, and its seconds by stage. Loading the encoder is not counted."""
    torch.set_num_threads(threads)
    encoder = load_base_encoder("packaged")
    info = EncoderInfo.of(encoder)
    clock = Clock()
    records: list[dict[str, Any]] = []
    began = now = time.perf_counter()
    done = 0
    for shard in source.shards():
        for row in source.read(shard):
            if row.item is None or row.picture is None:
                continue
            now = clock.spend("read", now)
            data = fetch(row.picture)
            now = clock.spend("fetch", now)
            image = decode(data, at_least=2 * THUMBNAIL_SIDE)
            pixels = np.ascontiguousarray(encoder.preprocess(image)).tobytes()
            now = clock.spend("decode", now)
            small = thumbnail(image)
            now = clock.spend("thumbnail", now)
            words = embedding_text(row.item)
            record = {"ordinal": row.ordinal, "action": "encode", "words": words}
            records.append({**record, "pixels": pixels, "thumbnail": small})
            done += 1
            if len(records) == BATCH or done == rows:
                encode_batch(pa.Table.from_pylist(records, schema=PREPARED), encoder, info)
                records = []
                now = clock.spend("encode", now)
            if done == rows:
                return done / (now - began), clock.seconds
    return done / (now - began), clock.seconds


class Watch(Progress):
    """Notes how many rows were encoded when."""

    def __init__(self) -> None:
        super().__init__(silent().console)
        self.points: list[tuple[float, int]] = []

    def _watch(self, total: int, done: int) -> None:
        while not self._stop.wait(0.25):
            counts = ray.get(self.tally.read.remote())
            self.points.append((time.perf_counter(), counts.get("encoded", 0)))

    def steady(self, rows: int) -> float:
        """Rows per second between the first and the last tenth."""
        inner = [(t, n) for t, n in self.points if rows * 0.1 <= n <= rows * 0.9]
        (t0, n0), (t1, n1) = inner[0], inner[-1]
        return (n1 - n0) / (t1 - t0)


def ray_data(source: CatalogSource, rows: int, encoders: int | None) -> dict[str, Any]:
    """Run the whole job in a store of its own; images per second, whole and steady, and seconds by stage."""
    clock = Clock()
    for name in ("probe_encoder", "run_wave", "merge_wave", "find_duplicates"):
        _timed(name, clock)
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder, watch:
        began = time.perf_counter()
        precompute(Job(source=source, release=folder, flow=FlowOptions(encoders=encoders)), watch)
        whole_s = time.perf_counter() - began
    stages = {"probe encoder": "probe_encoder", "waves": "run_wave", "merge": "merge_wave"}
    by_stage = {label: round(clock.seconds.get(name, 0.0), 2) for label, name in stages.items()}
    by_stage["stage source, indexes, release"] = round(whole_s - sum(by_stage.values()), 2)
    return {"steady": watch.steady(rows), "whole": rows / whole_s, "whole_s": whole_s, "seconds": by_stage}


def _timed(name: str, clock: Clock) -> None:
    real = getattr(job_module, name)
    real = getattr(real, "__wrapped__", real)

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return real(*args, **kwargs)
        finally:
            clock.spend(name, began)

    timed.__wrapped__ = real  # type: ignore[attr-defined]
    setattr(job_module, name, timed)


def main(
    rows: Annotated[int, typer.Option(help="Products to encode.")] = 1500,
    loop_rows: Annotated[int, typer.Option(help="Of which the plain loop takes this many.")] = 600,
    encoders: Annotated[int | None, typer.Option(help="Encoding actors.")] = None,
    data: Annotated[Path, typer.Option(help="The fashion data.")] = FASHION,
) -> None:
    """Measure and write docs/results/precompute.json."""
    if not data.exists():
        raise typer.BadParameter(f"no such folder: {data}")
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "items.jsonl"
        lines = (data / "items.jsonl").read_text().splitlines()[:rows]
        records = [json.loads(line) for line in lines]
        sample.write_text(
            "".join(json.dumps({**r, "image": str((data / r["image"]).resolve())}) + "\n" for r in records)
        )
        source = open_source(f"jsonl:{sample}", FieldMap.parse(["colors=color"]))
        load_before = os.getloadavg()[0]
        loops = {threads: plain_loop(source, threads, min(loop_rows, rows)) for threads in (1, 2)}
        best = max(loops, key=lambda threads: loops[threads][0])
        connect()
        piped = ray_data(source, len(records), encoders)
        ray.shutdown()
    result = {
        "rows": len(records),
        "images_per_s": {
            **{f"plain loop, {t} thread{'s' * (t > 1)}": round(rate, 1) for t, (rate, _) in loops.items()},
            "ray data, steady": round(piped["steady"], 1),
            "ray data, whole job": round(piped["whole"], 1),
        },
        "ratio_steady": round(piped["steady"] / loops[best][0], 3),
        "ratio_whole": round(piped["whole"] / loops[best][0], 3),
        "loop_ms_per_image": {
            stage: round(1000 * seconds / min(loop_rows, rows), 2) for stage, seconds in loops[best][1].items()
        },
        "ray_seconds": piped["seconds"],
        "load_before": round(load_before, 1),
    }
    print(json.dumps(result, indent=1))
    typer.echo(f"wrote {write_results('precompute', {'fashion': result})}")


if __name__ == "__main__":
    typer.run(main)
