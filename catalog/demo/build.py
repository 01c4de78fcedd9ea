"""Make the demo catalogue anew: metadata here, pictures in an environment that has Blender's `bpy`."""

import gzip
import io
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Annotated, Any

import typer

from catalog.demo.boards import draw_boards
from catalog.demo.fingerprint import fingerprint
from catalog.demo.items import rows
from catalog.demo.products import SEED, Product, draw
from catalog.demo.rooms import HEIGHT, WIDTH, Scene, draw_rooms
from catalog.demo.shoppers import draw_events
from catalog.demo.views import first_view, second_view, with_second_view

DATA = Path(__file__).parent / "data"
BLENDER = "WINDOWSHOP_BLENDER_PYTHON"
"""Names a Python that can import `bpy`; by default `.venv-blender/bin/python` at the repository's root."""

SIZE = 384
"""Pixels along each side of a product's picture."""

SAMPLES = {"images": 5, "second_views": 4, "rooms": 4}
"""Samples per pixel before denoising; glass gets four times as many."""

QUALITY = 86
"""WebP quality of every picture."""

_ACCOUNT_EVERY_S = 2.0
"""Writing the whole account after each of thousands of pictures would cost a fifth of the time that they take."""

Row = dict[str, Any]


class BlenderMissing(RuntimeError):
    """Raised when pictures are asked for and no Python with `bpy` is found."""


def build(
    out: Path = DATA,
    seed: int = SEED,
    only: Sequence[str] | None = None,
    samples: Mapping[str, int] = SAMPLES,
    workers: int = 2,
    size: int = SIZE,
) -> None:
    """Write the whole catalogue to `out`.

    Pictures whose fingerprint in `renders.json` is unchanged are kept. `only` limits the pictures to some categories,
    items or rooms ("vase", "vase-003", "room-07"), `samples` to the folders that it names; metadata is always written
    in full. `workers` Blender processes run side by side, with one thread each. `size` is that of products' pictures.

    Raises:
        BlenderMissing: when pictures are wanted and there is no Blender.
    """
    out.mkdir(parents=True, exist_ok=True)
    products = draw(seed)
    write_metadata(out, seed, products)
    if samples:
        take_pictures(out, seed, products, only, samples, workers, size)
    write_rooms(out, draw_rooms(products, seed))


def metadata(seed: int = SEED, products: list[Product] | None = None) -> dict[str, bytes]:
    """Every metadata file that depends on the seed alone, by name."""
    products = draw(seed) if products is None else products
    items, truths = rows(products, seed)
    events, shoppers = draw_events(products, {row["id"]: row["price"] for row in items}, seed)
    twice = []
    for product in with_second_view(products, seed):
        view = second_view(product)
        twice.append(
            {
                "item_id": product.id,
                "image": f"second_views/{product.id}.webp",
                "azimuth_deg": round(view.azimuth, 1),
                "elevation_deg": round(view.elevation, 1),
                "warmth": round(view.warmth, 2),
            }
        )
    return {
        "items.jsonl": _lines(items),
        "truth.jsonl": _lines(truths),
        "boards.jsonl": _lines(draw_boards(products, seed)),
        "shoppers.jsonl": _lines(shoppers),
        "events.jsonl.gz": _packed(_lines(events)),
        "second_views.jsonl": _lines(twice),
    }


def write_metadata(out: Path, seed: int, products: list[Product]) -> None:
    for name, content in metadata(seed, products).items():
        (out / name).write_bytes(content)


def write_rooms(out: Path, scenes: Sequence[Scene]) -> None:
    """`rooms.jsonl`: plans, with the boxes that were found when the pictures were taken."""
    taken = _taken(out)
    found = []
    for scene in scenes:
        picture = f"rooms/{scene.id}.webp"
        if picture in taken:
            found.append(
                {
                    "id": scene.id,
                    "title": scene.title,
                    "room": scene.room,
                    "style": scene.style,
                    "image": picture,
                    "width": WIDTH,
                    "height": HEIGHT,
                    "boxes": taken[picture]["boxes"],
                }
            )
    (out / "rooms.jsonl").write_bytes(_lines(found))


def take_pictures(
    out: Path,
    seed: int,
    products: list[Product],
    only: Sequence[str] | None = None,
    samples: Mapping[str, int] = SAMPLES,
    workers: int = 2,
    size: int = SIZE,
) -> None:
    """Take every picture that is missing or out of date, and keep the account in `renders.json`."""
    python = blender_python()
    taken = _taken(out)
    each = {**SAMPLES, **samples}
    wanted = set(only or ())
    twice = with_second_view(products, seed) if "second_views" in samples else []
    scenes = draw_rooms(products, seed) if "rooms" in samples else []
    by_id = {product.id: product for product in products}

    @cache
    def seal(item: str) -> str:
        return fingerprint(by_id[item], first_view(by_id[item]), size, each["images"])

    jobs: list[Row] = []
    for product in products if "images" in samples else ():
        if not wanted or wanted & {product.id, product.kind.key}:
            jobs.append(_job("images", product.id, seal(product.id)))
    for product in twice:
        if not wanted or wanted & {product.id, product.kind.key}:
            jobs.append(
                _job(
                    "second_views",
                    product.id,
                    fingerprint(product, second_view(product), size, each["second_views"]),
                )
            )
    for scene in scenes:
        if not wanted or scene.id in wanted:
            seals = {placed.item_id: seal(placed.item_id) for placed in scene.placed}
            jobs.append(_job("rooms", scene.id, scene.fingerprint(seals, each["rooms"])))
    for folder in samples:
        (out / folder).mkdir(exist_ok=True)
    stale = [
        job
        for job in jobs
        if taken.get(job["path"], {}).get("fingerprint") != job["fingerprint"] or not (out / job["path"]).exists()
    ]
    written = time.monotonic()
    try:
        for done in _shoot(python, out, seed, stale, each, workers, size):
            fact = "boxes" if done["view"] == "rooms" else "points"
            taken[done["path"]] = {"fingerprint": done["fingerprint"], fact: done[fact]}
            if time.monotonic() - written > _ACCOUNT_EVERY_S:
                _account(out, taken)
                written = time.monotonic()
    finally:
        _account(out, taken)


def _job(folder: str, name: str, seal: str) -> Row:
    """One picture to take: its kind is its folder."""
    return {"id": name, "view": folder, "path": f"{folder}/{name}.webp", "fingerprint": seal}


def blender_python() -> Path:
    """The Python that can import `bpy`."""
    default = Path(__file__).parents[2] / ".venv-blender" / "bin" / "python"
    python = Path(os.environ.get(BLENDER, default))
    if not python.exists():
        raise BlenderMissing(
            f"no Python with Blender at {python}: make one (python3.11 -m venv .venv-blender, "
            f"then its pip install bpy==5.0.1) or set {BLENDER}"
        )
    return python


def _shoot(
    python: Path, out: Path, seed: int, jobs: list[Row], samples: Mapping[str, int], workers: int, size: int
) -> Iterable[Row]:
    """Run the jobs in `workers` processes; yield each picture's facts when it is there."""
    if not jobs:
        return
    with tempfile.TemporaryDirectory() as folder:
        running = []
        for number in range(min(workers, len(jobs))):
            plan = Path(folder) / f"jobs-{number}.json"
            plan.write_text(
                json.dumps(
                    {
                        "out": str(out),
                        "seed": seed,
                        "size": size,
                        "samples": samples,
                        "quality": QUALITY,
                        "threads": 1,
                        "jobs": jobs[number::workers],
                    }
                )
            )
            command = [str(python), "-u", "-m", "catalog.demo.render.shoot", str(plan)]
            running.append(subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True))
        try:
            for line in lines_of(running):
                if line.startswith("SHOT "):
                    yield json.loads(line.removeprefix("SHOT "))
            for process in running:
                if process.wait() != 0:
                    raise RuntimeError(f"a Blender process ended with {process.returncode}")
        finally:
            for process in running:
                process.terminate()


def lines_of(running: Sequence[subprocess.Popen[str]]) -> Iterator[str]:
    """What all of them print, as it comes: one that is not listened to stops where its pipe is full."""
    said: Queue[str | None] = Queue()

    def listen(process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.put(line)
        said.put(None)

    for process in running:
        Thread(target=listen, args=(process,), daemon=True).start()
    silent = 0
    while silent < len(running):
        line = said.get()
        if line is None:
            silent += 1
        else:
            yield line


def _taken(out: Path) -> dict[str, Row]:
    account = out / "renders.json"
    return json.loads(account.read_text()) if account.exists() else {}


def _account(out: Path, taken: dict[str, Row]) -> None:
    """One picture per line, sorted, so that a changed picture is a changed line."""
    lines = [f"{json.dumps(path)}: {json.dumps(taken[path], separators=(',', ':'))}" for path in sorted(taken)]
    (out / "renders.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _lines(entries: Iterable[Row]) -> bytes:
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries).encode()


def _packed(content: bytes) -> bytes:
    """Gzip without a date, so that equal content gives equal bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as packed:
        packed.write(content)
    return buffer.getvalue()


def command(
    out: Annotated[Path, typer.Option(help="Where to write.")] = DATA,
    seed: Annotated[int, typer.Option(help="Another seed gives another shop.")] = SEED,
    only: Annotated[
        list[str] | None, typer.Option(help="Take pictures of these categories, items or rooms alone.")
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Take pictures; metadata is always written.")] = True,
    views: Annotated[
        list[str] | None, typer.Option(help="Take these alone, of images, second_views and rooms; by default all.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Samples per pixel before denoising; fewer are quicker [5; 4 in rooms].")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Blender processes side by side, one thread each.")] = 2,
    size: Annotated[
        int, typer.Option(min=64, help="Pixels along each side of products' pictures; the encoder reads 224.")
    ] = SIZE,
) -> None:
    """Make the demo catalogue anew from its seed: products, truth, boards, shoppers, and pictures with Blender."""
    if unknown := set(views or ()) - set(SAMPLES):
        raise typer.BadParameter(f"{unknown.pop()!r} is none of {', '.join(SAMPLES)}", param_hint="--views")
    try:
        chosen = {view: samples or SAMPLES[view] for view in views or SAMPLES} if pictures else {}
        build(out, seed, only, chosen, workers, size)
    except BlenderMissing as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    typer.run(command)
