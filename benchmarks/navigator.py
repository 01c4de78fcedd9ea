"""What Navigator costs and what it sees: `python -m benchmarks.navigator [--only NAME] [--quick]`.

    arithmetic FLOPs with vectors ready, over pictures encoded on request; dollars, beside an API's
    latency    time to first token of both
    turns      seconds of whole turns of both, alone, four and sixteen at once
    accuracy   the same language model and budget, reading items in six ways; a rules-only reader of intents
    fashion    properties of photographed clothes, named from the stored vector alone
    shipped    the Navigator that comes with Windowshop, as it is used; and another one: other
    engine     tokens per second and time to first token at 1, 4 and 16 turns at once, vLLM, transformers, llama.cpp

Figures go to docs/results/navigator.json with the machine, the versions and the commit.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

import navigator  # noqa: F401  # before anything loads torch: on the OpenMP that Navigator is served on

# isort: split
from batch.navigator_data import Catalogue, load_catalogue, practised, read_hidden, read_labels
from benchmarks.navigator_accuracy import compare as compare_accuracy
from benchmarks.navigator_accuracy import rules_baseline
from benchmarks.navigator_engine import answer_prompts
from benchmarks.navigator_engine import compare as compare_engines
from benchmarks.navigator_fashion import measure as measure_fashion
from benchmarks.navigator_latency import SIZES, flops_table, measure
from benchmarks.navigator_price import dollars_table
from benchmarks.navigator_turns import PRODUCTS, READY
from benchmarks.navigator_turns import measure as measure_turns
from benchmarks.navigator_use import measure as measure_use
from benchmarks.report import write_results
from catalog.demo.load import DATA
from catalog.release import ReleaseStore
from navigator.assemble import assemble
from navigator.knowledge import Known, Shelf

app = typer.Typer(add_completion=False)


@app.command()
def main(
    only: Annotated[
        str | None, typer.Option(help="One of the sections above; `other` with --checkpoint alone.")
    ] = None,
    quick: Annotated[bool, typer.Option(help="Fewer products, repeats and steps.")] = False,
    release: Annotated[str, typer.Option(help="Release store with the demo catalogue.")] = ".windowshop/demo",
    practice: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of another seed's catalogue with its `release`: `accuracy` learns from it besides."),
    ] = None,
    asked: Annotated[
        Path | None, typer.Option(help="Folder of one more such catalogue, about all of which `accuracy` asks besides.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Navigator for `engine`, `shipped` and `other` [the shipped one].")
    ] = None,
    size: Annotated[str, typer.Option(help="Shape for `latency` and `turns`: 2B or 8B.")] = "2B",
    products: Annotated[list[int] | None, typer.Option(help="Products of a turn in `latency` [1, 8, 32].")] = None,
    pictures: Annotated[list[str] | None, typer.Option(help=f"Pictures of `turns`, of {', '.join(SIZES)}.")] = None,
    at_once: Annotated[list[int] | None, typer.Option(help="Turns at once of `turns` [1, 4, 16].")] = None,
    drills: Annotated[
        int,
        typer.Option(help="What ways of `accuracy` learn from; four times as many in `fashion`."),
    ] = 800,
    conversations: Annotated[int, typer.Option(help="Gold conversations of `shipped` and `other`, of 120.")] = 40,
    alone: Annotated[int, typer.Option(help="As many of these without the rules beside the model.")] = 20,
) -> None:
    """Measure and write docs/results/navigator.json."""
    if only in (None, "arithmetic"):
        typer.echo(json.dumps(arithmetic := {"flops": flops_table(), "dollars": dollars_table()}, indent=1))
        write_results("navigator", arithmetic)
    if only in (None, "latency"):
        counts, shown = ([1], ["512x512"]) if quick else (products or [1, 8, 32], list(SIZES))
        times = measure(size, counts, 1 if quick else 3, shown, typer.echo)
        write_results("navigator", {f"latency {size}": times})
    if only in (None, "turns"):
        shown = pictures or list(SIZES)
        times = measure(size, [PRODUCTS], 1, shown, typer.echo)
        reading = {way: times[f"{PRODUCTS} products, {way}"]["mean_s"] for way in (READY, *shown)}
        whole = measure_turns(size, reading, at_once or (1, 4, 16), 2, typer.echo)
        write_results("navigator", {f"turns {size}": whole})
    if only in (None, "engine"):
        folder = checkpoint or assemble()
        figures = asyncio.run(compare_engines(folder, answer_prompts(folder), (1, 4) if quick else (1, 4, 16)))
        typer.echo(json.dumps(figures, indent=1))
        write_results("navigator", {"engine": figures})
    if only in (None, "accuracy"):
        catalogue = _catalogue(release, DATA)
        write_results("navigator", {"rules": rules_baseline(catalogue)})
        more = [_catalogue(str(folder / "release"), folder) for folder in practice or ()]
        catalogue, section = practised(catalogue, more), "accuracy, practised" if more or asked else "accuracy"
        hidden = read_hidden(str(DATA / "truth.jsonl"))
        if asked is not None:
            catalogue, hidden = _asked_besides(catalogue, hidden, asked)
        for found in compare_accuracy(catalogue, hidden, 40 if quick else drills, typer.echo):
            write_results("navigator", {section: found})
    if only in (None, "fashion"):
        write_results("navigator", {"fashion": measure_fashion(40 if quick else 4 * drills, 400, typer.echo)})
    if only in ("shipped", "other"):
        folder = checkpoint or assemble()
        found = measure_use(ReleaseStore(release), folder, conversations, alone, typer.echo)
        write_results("navigator", {only: found})


def _catalogue(release: str, folder: Path) -> Catalogue:
    """A catalogue of the demo's generator, whose items' pictures are files."""
    store = ReleaseStore(release)
    catalogue = load_catalogue(store, store.current(), read_labels(str(folder / "truth.jsonl")))
    return replace(catalogue, train=_pictured(catalogue.train, folder), test=_pictured(catalogue.test, folder))


def _asked_besides(
    catalogue: Catalogue, hidden: Mapping[str, tuple[str, ...]], folder: Path
) -> tuple[Catalogue, dict[str, tuple[str, ...]]]:
    """The catalogue with all items of another held out besides, and what no text tells of either's.

    Catalogues of one generator give the same ids to other things, so the other's are told apart by its name.
    """

    def named(item_id: str) -> str:
        return f"{folder.name}/{item_id}"

    other = _catalogue(str(folder / "release"), folder)
    more = [
        replace(one, shown=replace(one.shown, item=one.item.model_copy(update={"id": named(one.item.id)})))
        for one in (*other.train.known, *other.test.known)
    ]
    theirs = {named(item_id): names for item_id, names in read_hidden(str(folder / "truth.jsonl")).items()}
    test = Shelf([*catalogue.test.known, *more], catalogue.test.boards)
    return replace(catalogue, test=test), {**hidden, **theirs}


def _pictured(shelf: Shelf, folder: Path) -> Shelf:
    def found(known: Known) -> Known:
        item = known.item.model_copy(update={"image": str(folder / (known.item.image or ""))})
        return replace(known, shown=replace(known.shown, item=item))

    return replace(shelf, known=[found(known) for known in shelf.known])


if __name__ == "__main__":
    app()
