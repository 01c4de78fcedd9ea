"""Items found by what only their pictures show: desks with drawers, of which no text says so."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from batch.local_search import LocalSearch
from batch.navigator_data import Catalogue
from batch.suite_report import Report
from navigator.finding import choose, find
from navigator.intent import ShoppingIntent
from navigator.knowledge import phrase
from navigator.lexicon import Lexicon

SHOWN = 8
"""Items that a turn shows."""

_STATED = frozenset(["color", "material", "style"])
"""Looks that a catalogue has filters for."""


@dataclass(frozen=True)
class Wish:
    """A kind of thing in a look.

    Args:
        intent: as a message that asks for it would be read.
        having: ids of all items in stock that are so.
        untold: of these the held-out ones of which no text says so.
    """

    intent: ShoppingIntent
    having: frozenset[str]
    untold: frozenset[str]


async def looks(
    search: LocalSearch, catalogue: Catalogue, hidden: Mapping[str, tuple[str, ...]], say: Callable[[int, int], None]
) -> Report:
    """Each look of a held-out item that no text tells, wished for with its kind; what a turn would show.

    Args:
        hidden: names of what no text tells, by item id.
        say: is told (searches done, of all).

    Returns:
        By the words and with read-outs besides: the share of held-out items found of which no text says so, and the
        share of all that are so among the first, of as many as could be.
    """
    wishes = wished(catalogue, hidden)
    ways = {"with read-outs": search.lexicon, "by words alone": replace(search.lexicon, sight=None)}
    scores: dict[str, Mapping[str, float | int]] = {}
    samples: dict[str, dict[str, float]] = {}
    failures: list[dict[str, Any]] = []
    for number, (way, lexicon) in enumerate(ways.items()):
        found, among = {}, {}
        for done, wish in enumerate(wishes, 1):
            shown = await _shown(search, lexicon, wish.intent)
            most = min(SHOWN, len(wish.untold))
            found[wish.intent.query] = len(wish.untold & set(shown)) / most
            among[wish.intent.query] = len(wish.having & set(shown)) / min(SHOWN, len(wish.having))
            say(number * len(wishes) + done, len(ways) * len(wishes))
            if found[wish.intent.query] < 1 and lexicon.sight is not None:
                failures.append({"query": wish.intent.query, "missing": sorted(wish.untold - set(shown))})
        scores[way] = {
            "untold found": sum(found.values()) / max(len(found), 1),
            "of the first eight": sum(among.values()) / max(len(among), 1),
            "wishes": len(wishes),
        }
        if lexicon.sight is not None:
            samples = {"untold found": found, "of the first eight": among}
    return Report("looks", search.release.id, scores, samples, tuple(failures))


def wished(catalogue: Catalogue, hidden: Mapping[str, tuple[str, ...]]) -> list[Wish]:
    """A wish for each look of a kind of thing that only pictures of held-out items show."""
    having: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for known in (*catalogue.train.known, *catalogue.test.known):
        if known.item.in_stock:
            for name, value in known.facts.items():
                having[known.kind, name, value].add(known.item.id)
    untold: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for known in catalogue.test.known:
        names = set(hidden.get(known.item.id, ())) & known.facts.keys() - _STATED
        for name in names if known.item.in_stock else ():
            untold[known.kind, name, known.facts[name]].add(known.item.id)
    return [_wish(*key, frozenset(having[key]), frozenset(ids)) for key, ids in sorted(untold.items())]


def _wish(kind: str, name: str, value: str, having: frozenset[str], untold: frozenset[str]) -> Wish:
    look = phrase(name, value)
    query = f"{look} {kind}" if look == value else f"{kind} with {look}"
    return Wish(ShoppingIntent(action="search", query=query, categories=(kind,)), having, untold)


async def _shown(search: LocalSearch, lexicon: Lexicon, intent: ShoppingIntent) -> list[str]:
    means = search.means()
    final = await choose(await find(intent, (), lexicon, means), intent, means, SHOWN)
    return [entry.item.id for entry in final.shown]
