"""A taste model in shards beside the same one whole: `python -m benchmarks.taste_shards [--only alike|cost|served]`.

    alike    lists for the demo's made-up shoppers, and what they like later, from 1 model and from 2, 4 and 16 shards
    cost     bytes, and processor time of a feed, of a made model of a million items
    served   a feed over HTTP, the demo's model whole and in two deployments

Figures go to docs/results/taste_shards.json.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import httpx
import numpy as np
import pyarrow as pa
import typer
from numpy.typing import NDArray

from benchmarks.growth_feed import made_history, make_model
from benchmarks.report import print_table, write_results
from benchmarks.search_http import let_everybody_in, serving
from benchmarks.taste_serving import TUNED, take_turns
from benchmarks.taste_shoppers import MEETING, SHOWN, demo_model, first_test_day, shoppers_histories
from catalog.release import ReleaseStore
from taste.evaluate import LIKES
from taste.events import Event
from taste.excerpt import Working, cut_out, join
from taste.explore import proposals, propose
from taste.model import TasteModel
from taste.nominate import choose, nominate, want
from taste.profile import Profile, build_profile
from taste.rank import Ranked, RankSettings, rank
from taste.shards import load_common, load_shard, save_shards, shard_name, shard_of, shards_of

NOTHING: NDArray[np.int64] = np.empty(0, np.int64)
CANDIDATES = 160
ADVENTUROUSNESS = 0.3


class Section(StrEnum):
    ALIKE = "alike"
    COST = "cost"
    SERVED = "served"


def main(
    only: Annotated[list[Section] | None, typer.Option(help="Sections to measure; all by default.")] = None,
    items: Annotated[int, typer.Option(help="Of the made model of `cost`.")] = 1_000_000,
    release: Annotated[str, typer.Option(help="A store whose live release has a taste model, for `served`.")] = (
        ".windowshop/demo"
    ),
) -> None:
    """Measure, print, and write."""
    for section in only or list(Section):
        match section:
            case Section.ALIKE:
                figures = alike()
            case Section.COST:
                figures = cost(items)
            case Section.SERVED:
                figures = served(ReleaseStore(release))
        write_results("taste_shards", {section.value: figures})


@dataclass(frozen=True)
class Took:
    """Processor time of one feed, in milliseconds: of the scorer, and of the shard that worked longest."""

    scorer: float
    shard: float


class LocalShards:
    """A model's shards in this process, asked in turn as the scorer asks deployments."""

    def __init__(self, model: TasteModel, root: Path, shards: int) -> None:
        save_shards(model, root, shards)
        common = load_common(root / "common")
        self.common = common.model
        self.shards = [load_shard(root / shard_name(n), self.common) for n in range(shards)]
        self.took = np.zeros(shards)  # seconds of the processor, of each

    def about(self, ids: Sequence[str], earlier: Working | None = None, beside: NDArray[np.int64] = NOTHING) -> Working:
        """A model of these items, and of those of an earlier one."""
        owners = shard_of(ids, len(self.shards)) if ids else NOTHING
        excerpts = list(earlier.excerpts) if earlier else []
        for number, shard in enumerate(self.shards):
            mine = [id_ for id_, owner in zip(ids, owners, strict=True) if owner == number]
            began = time.process_time()
            rows = shard.model.rows.find(mine)
            excerpts.append(cut_out(shard.model, rows[rows >= 0], shard.in_whole, beside))
            self.took[number] += time.process_time() - began
        return join(self.common, excerpts)

    def feed(self, events: Sequence[Event], now: datetime, count: int) -> tuple[list[Ranked], Profile, Took]:
        """A page, and what it took."""
        began = time.process_time()
        self.took[:] = 0
        person = self.about(list(dict.fromkeys(event.item for event in events if event.item)))
        profile = build_profile("p", events, person.model, now=now)
        wanted, owners = want(person.model, profile, count=CANDIDATES, adventurousness=ADVENTUROUSNESS)
        nominations = []
        for number, shard in enumerate(self.shards):
            start = time.process_time()
            nominations.append(nominate(shard.model, wanted))
            self.took[number] += time.process_time() - start
        picks = choose(nominations, wanted)
        ids = [self.shards[pick.shard].model.items[pick.row] for pick in picks]
        found = proposals(picks, ids, wanted, owners)
        working = self.about(ids, person, person.whole_rows(profile.rows))
        settings = RankSettings(count, ADVENTUROUSNESS, skip_seen=True)
        page = rank(pa.table({"id": ids}), working.model, profile, settings, proposals=found)
        total = time.process_time() - began
        return page, profile, Took(1e3 * (total - self.took.sum()), 1e3 * self.took.max())


def whole_feed(
    model: TasteModel, events: Sequence[Event], now: datetime, count: int, seed: int = 0
) -> tuple[list[Ranked], Profile, Took]:
    """The same from the whole model."""
    began = time.process_time()
    profile = build_profile("p", events, model, now=now)
    found = propose(model, profile, count=CANDIDATES, adventurousness=ADVENTUROUSNESS, seed=seed)
    settings = RankSettings(count, ADVENTUROUSNESS, skip_seen=True)
    page = rank(pa.table({"id": [one.item for one in found]}), model, profile, settings, proposals=found)
    return page, profile, Took(1e3 * (time.process_time() - began), 0.0)


def alike(shards: Sequence[int] = (2, 4, 16), every: int = 1) -> dict[str, Any]:
    """Pages for the demo's shoppers: what they share with the whole model's, and what is liked later."""
    histories = shoppers_histories()
    begin = first_test_day(histories)
    model = demo_model(histories, begin)
    people = [_before_and_after(history, begin) for history in list(histories.values())[::every]]
    people = [(before, later) for before, later in people if before and later]
    pages = [whole_feed(model, before, begin, SHOWN)[0] for before, _ in people]
    ways = {"whole": pages, "whole, drawn again": [whole_feed(model, b, begin, SHOWN, seed=1)[0] for b, _ in people]}
    with tempfile.TemporaryDirectory() as folder:
        for count in shards:
            split = LocalShards(model, Path(folder) / str(count), count)
            ways[f"{count} shards"] = [split.feed(before, begin, SHOWN)[0] for before, _ in people]
    rows = {name: _judged(found, pages, [later for _, later in people]) for name, found in ways.items()}
    print_table(
        f"lists of {SHOWN} for {len(people)} shoppers",
        ["from", "hit@20 later", "± (standard error)", "shared with the whole's", "told paths"],
        [[name, *row.values()] for name, row in rows.items()],
    )
    return {"people": len(people), "items": len(model.items), "lists": rows}


def _before_and_after(history: Sequence[Event], begin: datetime) -> tuple[list[Event], set[str]]:
    before = [event for event in history if event.time < begin - MEETING]
    met = {event.item for event in before}
    return before, {e.item for e in history if e.time >= begin and e.kind in LIKES and e.item} - met


def _judged(
    found: Sequence[Sequence[Ranked]], whole: Sequence[Sequence[Ranked]], later: Sequence[set[str]]
) -> dict[str, float]:
    hits = [any(one.id in liked for one in page) for page, liked in zip(found, later, strict=True)]
    shared = [
        len({one.id for one in page} & {one.id for one in other}) / SHOWN
        for page, other in zip(found, whole, strict=True)
    ]
    told = [one.reason.path is not None for page in found for one in page]
    return {
        "hit@20 later": float(np.mean(hits)),
        "error": float(np.std(hits) / np.sqrt(len(hits))),
        "shared": float(np.mean(shared)),
        "told paths": float(np.mean(told)),
    }


def cost(items: int, shards: Sequence[int] = (1, 4, 16), repeat: int = 15) -> dict[str, Any]:
    """Bytes on a node and processor time of a feed, for a made model."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        make_model(items, f"{folder}/whole")
        model = TasteModel.load(f"{folder}/whole")
        people = [made_history(model, theme) for theme in range(repeat)]
        rows = {
            "whole": {
                "node_mb": _megabytes(Path(folder) / "whole"),
                **_times([whole_feed(model, p, now, 24)[2] for p in people]),
            }
        }
        for count in shards:
            root = Path(folder) / str(count)
            began = time.perf_counter()
            split = LocalShards(model, root, count)
            split_s = time.perf_counter() - began
            largest = max(_megabytes(root / shard_name(n)) for n in range(count)) + _megabytes(root / "common")
            rows[f"{count} shards"] = {
                "node_mb": largest,
                **_times([split.feed(p, now, 24)[2] for p in people]),
                "split_s": split_s,
            }
            shutil.rmtree(root)
    print_table(
        f"a feed of {items:,} made items",
        ["", "MB on a node", "scorer ms", "longest shard ms", "seconds to split"],
        [[name, *row.values()] for name, row in rows.items()],
    )
    return {"items": items, "feeds": rows}


def _times(taken: Sequence[Took]) -> dict[str, float]:
    return {
        "scorer_cpu_ms": median(one.scorer for one in taken[2:]),
        "shard_cpu_ms": median(one.shard for one in taken[2:]),
    }


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20


def served(store: ReleaseStore, shards: int = 2, count: int = 200) -> dict[str, Any]:
    """Milliseconds of a feed over HTTP, one client, the model held whole and by deployments."""
    rows = {}
    for deployments in (0, shards):
        with tempfile.TemporaryDirectory(prefix="ws-") as folder:
            copy = Path(folder) / "store"
            shutil.copytree(str(store.uri).removeprefix("file://"), copy)
            for left in copy.glob("events.db*"):
                left.unlink()
            if deployments:
                _split(ReleaseStore(copy), deployments)

            def change(config: dict[str, Any], deployments: int = deployments) -> None:
                let_everybody_in(config)
                application = config["applications"][0]
                application["args"]["taste_shards"] = deployments
                application["deployments"] += [  # as small as the others of a laptop
                    {"name": f"TasteShard{n}", "ray_actor_options": {"num_cpus": 0.1}} for n in range(deployments)
                ]

            with serving(str(copy), TUNED, change) as url:
                feeds = asyncio.run(_feeds(url, count))
        name = f"{deployments} deployments" if deployments else "whole"
        rows[name] = {"p50_ms": float(np.median(feeds)), "p99_ms": float(np.percentile(feeds, 99))}
    print_table("a feed over HTTP, ms", ["", "p50", "p99"], [[name, *row.values()] for name, row in rows.items()])
    return {"feeds_each": count, "feeds": rows}


def _split(store: ReleaseStore, shards: int) -> None:
    taste = store.current().taste
    if taste is None:
        raise typer.BadParameter("the live release has no taste model; run `python -m batch.train_taste` first")
    save_shards(TasteModel.load(store.path(taste.path)), Path(store.path(shards_of(taste.path))), shards)


async def _feeds(url: str, count: int) -> NDArray[np.float64]:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        await take_turns(client, 10)
        return np.array([feed for _, feed in await take_turns(client, count)]) * 1e3


if __name__ == "__main__":
    typer.run(main)
