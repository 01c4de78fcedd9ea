"""`python -m batch.evaluate --release URI --suite NAME`: how good a release is, and whether better than another.

Everything runs in this process on the release's own parts: its table, encoder, Navigator, and taste model if it has
one. A chat turn is the very function that an application runs.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import fsspec
import pyarrow as pa
import typer
from rich.console import Console

from batch import boards_suite, taste_suite
from batch.command import ends_plainly
from batch.conversation_gold import CONVERSATIONS, WORDINGS, demo_facts, load_conversations
from batch.conversation_suite import Talk, read_gold, report, run_conversations, vocabulary_of
from batch.local_search import LocalSearch, open_search, reading_of
from batch.looks_suite import looks
from batch.navigator_data import Catalogue, load_catalogue, read_boards, read_hidden, read_labels
from batch.quality_suites import attributes, drawn_titles, intents, retrieval
from batch.suite_report import NEEDS_NAVIGATOR, Report, Suite, compare, finite, print_comparison, print_report
from batch.unanswerable_suite import unanswerable
from catalog.demo import load as demo
from catalog.errors import InvalidInput, NotFound
from catalog.release import Release, ReleaseStore, git_commit
from catalog.table import ItemTable
from navigator.engine import Engine, open_engine
from navigator.loading import load_config

MAX_MODEL_LEN = 8192


@dataclass(frozen=True)
class Options:
    """How the suites are run.

    Args:
        navigator: folder of a checkpoint to use instead of the release's own.
        wordings: places in `WORDINGS`.
        limit: of conversations.
        understood: intents are taken from the gold instead of being read, and nothing is answered: what then still
            fails is in how a turn finds, not in how it reads.
        plain_words: whether turns hold what a message plainly says against how the model read it; without, the model
            reads alone.
        labels: JSON lines as for `batch.train_navigator`; the demo's own for the demo.
        boards: JSON lines {"id", "items"} for the boards suite; the demo's own for the demo.
        events: database URL, file or glob for taste and exploration; the demo's own for the demo.
    """

    navigator: Path | None = None
    wordings: tuple[int, ...] = (0, 1, 2, 3)
    limit: int | None = None
    understood: bool = False
    plain_words: bool = True
    labels: str | None = None
    gold: Path = CONVERSATIONS
    boards: str | None = None
    events: str | None = None


@dataclass
class Opened:
    """A release in this process."""

    store: ReleaseStore
    release: Release
    search: LocalSearch
    engine: Engine | None
    options: Options

    @property
    def reads(self) -> Engine:
        """Its engine. Raises NotFound."""
        if self.engine is None:
            raise NotFound(f"release {self.release.id} has no Navigator; train one: batch.train_navigator")
        return self.engine

    def catalogue(self) -> Catalogue:
        """Its items, as questions about them are made."""
        labels = self.options.labels or str(demo.DATA / "truth.jsonl")
        return load_catalogue(self.store, self.release, read_labels(labels), read_boards(None))


async def evaluate(
    store: ReleaseStore, release: Release, suites: Sequence[Suite], options: Options, say: Callable[[str], Any]
) -> list[Report]:
    """Run suites on one release.

    Args:
        say: is told a line of progress now and then.

    Raises:
        NotFound: the release lacks what a suite is about.
        InvalidInput: a suite is about the demo catalogue, and this is another.
    """
    made = {}
    for suite in suites:
        if suite in _WITHOUT_SEARCH:
            tell = _telling(f"{release.id} {suite}", say)
            made[suite] = await asyncio.to_thread(_WITHOUT_SEARCH[suite], store, release, options, tell)
    asked = [suite for suite in suites if suite not in made]
    if asked:
        needs_engine = any(suite in NEEDS_NAVIGATOR for suite in asked) and not options.understood
        async with opened(store, release, options, with_engine=needs_engine) as shop:
            for suite in asked:
                made[suite] = await _run(suite, shop, _telling(f"{release.id} {suite}", say))
    return [made[suite] for suite in suites]


def suites_for(store: ReleaseStore, releases: Sequence[Release], options: Options) -> list[Suite]:
    """All suites that some releases all have the parts for, and that there is data for."""
    demo_shop = all(_is_demo(store, release) for release in releases)
    reads = options.navigator is not None or all(release.navigator for release in releases)
    tastes = all(release.taste for release in releases)
    can = {
        Suite.retrieval: True,
        Suite.boards: options.boards or demo_shop,
        Suite.attributes: reads and (options.labels or demo_shop),
        Suite.looks: reads and (options.labels or demo_shop),
        Suite.intents: reads and demo_shop,
        Suite.conversation: reads and demo_shop,
        Suite.unanswerable: reads and demo_shop,
        Suite.taste: tastes and (options.events or demo_shop),
        Suite.exploration: tastes and (options.events or demo_shop),
    }
    return [suite for suite in Suite if can[suite]]


def compared_with(options: Options, other: Release, navigator: Path | None) -> Options:
    """How the release that another is compared with is asked the same.

    Args:
        options: of the one that is measured; a checkpoint in place of its Navigator is of it alone.
        navigator: a checkpoint for the other; by default it answers with its own, and where it has none with the same.
    """
    if navigator is None and other.navigator is None:
        return options
    return replace(options, navigator=navigator)


@asynccontextmanager
async def opened(
    store: ReleaseStore, release: Release, options: Options, *, with_engine: bool
) -> AsyncIterator[Opened]:
    """A release with its engine, which is closed again."""
    with tempfile.TemporaryDirectory(prefix="windowshop-navigator-") as scratch:
        folder = _navigator(store, release, options, Path(scratch)) if with_engine else None
        engine = None
        if folder is not None:
            longest = min(MAX_MODEL_LEN, int(load_config(folder).text_config.max_position_embeddings))
            engine = await asyncio.to_thread(lambda: open_engine(folder, max_model_len=longest))
        try:
            search = await open_search(store, release, reading_of(folder) if folder is not None else None)
            yield Opened(store, release, search, engine, options)
        finally:
            if engine is not None:
                await engine.close()


def _navigator(store: ReleaseStore, release: Release, options: Options, scratch: Path) -> Path:
    """A local folder with the Navigator's checkpoint. Raises NotFound."""
    if options.navigator is not None:
        return options.navigator
    if release.navigator is None:
        raise NotFound(f"release {release.id} has no Navigator; train one: batch.train_navigator")
    uri = store.path(*release.navigator.path.split("/"))
    if store.is_local:
        return Path(uri)
    files, root = fsspec.core.url_to_fs(uri, **store.storage_options)
    files.get(root.rstrip("/") + "/", str(scratch) + "/", recursive=True)
    return scratch


def _boards(store: ReleaseStore, release: Release, options: Options, say: Callable[[int, int], None]) -> Report:
    if options.boards is None:
        _only_the_demo(store, release, "--boards")
        known = [(board.id, list(board.items)) for board in demo.boards()]
    else:
        known = boards_suite.read_boards(options.boards)
    return boards_suite.boards(store, release, known, say)


def _taste(store: ReleaseStore, release: Release, options: Options, say: Callable[[int, int], None]) -> Report:
    return taste_suite.taste(store, release, _people(store, release, options), say)


def _exploration(store: ReleaseStore, release: Release, options: Options, say: Callable[[int, int], None]) -> Report:
    return taste_suite.exploration(store, release, _people(store, release, options), say)


def _people(store: ReleaseStore, release: Release, options: Options) -> pa.Table:
    if options.events is None:
        _only_the_demo(store, release, "--events")
    return taste_suite.read_people(options.events)


def _only_the_demo(store: ReleaseStore, release: Release, option: str) -> None:
    """Raises InvalidInput for any other catalogue."""
    if not _is_demo(store, release):
        raise InvalidInput(f"release {release.id} is not of the demo catalogue; give its own data with {option}")


def _is_demo(store: ReleaseStore, release: Release) -> bool:
    """Whether most of the demo's items are in a release, so that its boards and shoppers are about it."""
    ids = list(demo.truth())
    return 2 * len(ItemTable.of(store, release).rows(ids, [])) > len(ids)


_WITHOUT_SEARCH: dict[Suite, Callable[[ReleaseStore, Release, Options, Callable[[int, int], None]], Report]] = {
    Suite.boards: _boards,
    Suite.taste: _taste,
    Suite.exploration: _exploration,
}
"""Suites about vectors and taste, for which neither encoder nor language model is loaded."""


async def _run(suite: Suite, shop: Opened, say: Callable[[int, int], None]) -> Report:
    options = shop.options
    if suite == Suite.conversation:
        return await _conversation(shop, say)
    if suite == Suite.intents:
        conversations = load_conversations(options.gold)[: options.limit]
        return await intents(shop.search, shop.reads, shop.catalogue(), conversations, say)
    if suite == Suite.attributes:
        hidden = read_hidden(options.labels or str(demo.DATA / "truth.jsonl"))
        return await attributes(shop.reads, shop.catalogue(), hidden, say)
    if suite == Suite.looks:
        hidden = read_hidden(options.labels or str(demo.DATA / "truth.jsonl"))
        return await looks(shop.search, shop.catalogue(), hidden, say)
    if suite == Suite.unanswerable:
        if not _is_demo(shop.store, shop.release):
            raise InvalidInput(
                f"what nobody can tell is known of the demo catalogue; release {shop.release.id} is another"
            )
        return await unanswerable(shop.reads, shop.catalogue(), shop.release.id, say)
    return await retrieval(shop.search, drawn_titles(ItemTable.of(shop.store, shop.release)), say)


async def _conversation(shop: Opened, say: Callable[[int, int], None]) -> Report:
    known = demo_facts(await shop.search.items(list(demo.truth())))
    if not known:
        raise InvalidInput(
            f"the gold conversations are about the demo catalogue; release {shop.release.id} is of another"
        )
    options = shop.options
    talk = Talk(
        shop.search,
        None if options.understood else shop.reads,
        known,
        vocabulary_of(known),
        read=read_gold if options.understood else None,
        plain_words=options.plain_words,
    )
    results = await run_conversations(talk, load_conversations(options.gold)[: options.limit], options.wordings, say)
    return report(shop.release.id, results)


def _telling(name: str, say: Callable[[str], Any], every_s: float = 5.0) -> Callable[[int, int], None]:
    """Progress as a line of text now and then: how far, how fast, how long still."""
    began = time.monotonic()
    last = began

    def tell(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < every_s and done < total:
            return
        last = now
        rest = (now - began) / done * (total - done)
        say(f"{name}: {done} of {total}, {now - began:.0f} s, about {rest:.0f} s to go")

    return tell


def _line(text: str) -> None:
    """One line that is written over on a terminal, and lines in a log."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
    else:
        sys.stderr.write(text + "\n")
    sys.stderr.flush()


app = typer.Typer(add_completion=False)


@app.command()
def main(
    release: Annotated[str, typer.Option(help="Release store.")],
    suite: Annotated[
        list[Suite] | None,
        typer.Option(help="What to measure; may be repeated [all that the release has parts and data for]."),
    ] = None,
    id: Annotated[str | None, typer.Option(help="Release to measure [the live one].")] = None,
    against: Annotated[str | None, typer.Option(help="Another release of the store to compare it with.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write everything, failures included, as JSON.")] = None,
    navigator: Annotated[
        Path | None,
        typer.Option(
            help="A checkpoint to use in place of the release's Navigator. With --against, the other release answers "
            "with its own; only where it has none, with this one too."
        ),
    ] = None,
    against_navigator: Annotated[
        Path | None, typer.Option(help="A checkpoint to use in place of the Navigator of --against.")
    ] = None,
    wordings: Annotated[int, typer.Option(min=1, max=4, help="So many wordings of each conversation.")] = 4,
    limit: Annotated[int | None, typer.Option(help="Only the first conversations.")] = None,
    understood: Annotated[bool, typer.Option(help="Take intents from the gold; no Navigator is needed.")] = False,
    plain_words: Annotated[
        bool, typer.Option(help="Hold what messages plainly say against how the model read them, as in use.")
    ] = True,
    labels: Annotated[
        str | None, typer.Option(help="What pictures show, for `attributes` and `looks` [the demo's].")
    ] = None,
    boards: Annotated[str | None, typer.Option(help='JSON lines {"id", "items"} for `boards` [the demo\'s].')] = None,
    events: Annotated[
        str | None, typer.Option(help="Database URL, file or glob, for `taste` and `exploration` [the demo's].")
    ] = None,
) -> None:
    """Measure the quality of a release, and compare it with another."""
    with ends_plainly("Stopped. Nothing was written."):
        store = ReleaseStore(release)
        chosen = tuple(range(len(WORDINGS)))[:wordings]
        options = Options(
            navigator, chosen, limit, understood, plain_words, labels=labels, boards=boards, events=events
        )
        one = store.get(id) if id else store.current()
        other = store.get(against) if against else None
        if against_navigator is not None and other is None:
            raise InvalidInput("--against-navigator is for the release that --against names; name one")
        asked = suite or suites_for(store, [one, *([other] if other else [])], options)
        reports = asyncio.run(evaluate(store, one, asked, options, _line))
        others = []
        if other is not None:
            asked_alike = compared_with(options, other, against_navigator)
            others = asyncio.run(evaluate(store, other, asked, asked_alike, _line))
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    console = Console()
    found: dict[str, Any] = {"release": one.id, "git_commit": git_commit(), "suites": {}}
    for number, made in enumerate(reports):
        print_report(made, console)
        found["suites"][made.suite] = made.to_json()
        if others:
            print_report(others[number], console)
            differences = compare(made, others[number])
            print_comparison(made.suite, (one.id, others[number].release), differences, console)
            entry = {"report": others[number].to_json(), "differences": {n: asdict(d) for n, d in differences.items()}}
            found["suites"][made.suite]["against"] = entry
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(finite(found), indent=1, default=str, ensure_ascii=False) + "\n")
        console.print(f"written to {out}")


if __name__ == "__main__":
    app()
