"""A conversation while it grows, and the items that it may show next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from navigator import phrasing
from navigator.intent import ShoppingIntent
from navigator.knowledge import Known, Shelf
from navigator.prompt import Exchange


@dataclass
class State:
    """A conversation while it grows."""

    shelf: Shelf
    rng: Random
    exchanges: list[Exchange] = field(default_factory=list)
    intent: ShoppingIntent = field(default_factory=lambda: ShoppingIntent(action="chat"))
    wants: dict[str, str] = field(default_factory=dict)
    worded: dict[str, str] = field(default_factory=dict)
    """The same wishes as the person said them: "green" for sage, "oak or ash" for either."""
    unmet: tuple[str, str] | None = None
    """A wish for a look that nothing of the kind has, as it was said: told with everything that is found for it."""
    beyond: str = ""
    """How things should be in words that no catalogue has: playful. They are looked for as words."""
    kind: str = ""
    shown: list[Known] = field(default_factory=list)

    def begin(self, intent: ShoppingIntent, wants: dict[str, str], worded: dict[str, str], kind: str) -> None:
        """A new search takes the place of the last one."""
        self.intent, self.wants, self.worded, self.kind, self.unmet = intent, wants, worded, kind, None
        self.beyond = ""

    @property
    def was_over_limit(self) -> bool:
        """Whether all that was shown last costs more than it was to cost."""
        limit = self.exchanges[-1].intent if self.exchanges else None
        high = limit.price_max if limit else None
        return high is not None and bool(self.shown) and all((one.item.price or 0.0) > high for one in self.shown)

    def add(
        self, user: str, intent: ShoppingIntent, shown: Sequence[Known], answer: str, notes: tuple[str, ...] = ()
    ) -> None:
        said = phrasing.roughen(self.rng, user)
        self.exchanges.append(Exchange(said, intent, tuple(known.shown for known in shown), answer, notes))
        if shown:
            self.shown = list(shown)


def results(state: State, target: Known, high: float | None, low: float | None, excluded: str | None) -> list[Known]:
    """What a search might find: mostly the kind asked for, the best matches among them, in no telling order."""
    rng = state.rng
    pool = [known for known in state.shelf.of_kind(target.kind) if excluded not in known.facts.values()]
    pool = [known for known in pool if high is None or (known.item.price or 0) <= high]
    pool = [known for known in pool if low is None or (known.item.price or 0) >= low]
    pool.sort(key=lambda known: (-sum(known.facts.get(n) == v for n, v in state.wants.items()), rng.random()))
    if rng.random() < 0.04:
        return []
    size = rng.choice((1, 1, 2, 2, 3, 4, 8))
    best, rest = pool[: max(1, size // 2)], pool[max(1, size // 2) :]
    return mixed(rng, [*best, *rng.sample(rest, min(len(rest), size - len(best)))])


def dearer(state: State, kind: str, wants: Mapping[str, str], high: float) -> list[Known]:
    """What is shown where a kind of thing with these looks always costs more than `high`: the least expensive first.

    Empty where some cost less, or where nothing has these looks.
    """
    pool = [known for known in state.shelf.of_kind(kind) if known.item.price is not None]
    pool = [known for known in pool if all(known.facts.get(name) == value for name, value in wants.items())]
    pool.sort(key=lambda known: known.item.price or 0.0)
    if not pool or (pool[0].item.price or 0.0) <= high:
        return []
    return pool[: state.rng.choice((1, 2, 2, 3, 4, 8))]


def partners_of(shelf: Shelf, anchor: Known, rng: Random) -> list[Known]:
    """Items that stand on a board with the anchor, or share its style, of other kinds first."""
    boards = [board for board in shelf.boards if any(shelf.known[i] is anchor for i in board)]
    if boards:
        partners = [shelf.known[i] for i in rng.choice(boards) if shelf.known[i] is not anchor]
    else:
        pool = rng.sample(list(shelf.known), min(len(shelf.known), 60))
        partners = [known for known in pool if known.kind != anchor.kind and facts_in_common(known, anchor) > 0]
    rng.shuffle(partners)
    return partners


def facts_in_common(one: Known, other: Known) -> int:
    return sum(other.facts.get(name) == value for name, value in one.facts.items())


def mixed(rng: Random, known: Sequence[Known]) -> list[Known]:
    return rng.sample(list(known), len(known))


def refer_to(state: State, number: int) -> str:
    """A way to point at an item that is true of it alone."""
    known = state.shown[number - 1]
    looks = [value for name, value in known.facts.items() if name in ("color", "material", "pattern")]
    alone = [look for look in looks if sum(look in other.facts.values() for other in state.shown) == 1]
    name = known.item.title.split(",")[0] if sum(known.item.title == o.item.title for o in state.shown) == 1 else None
    name = name if name and len(name) < 30 else None
    look = state.rng.choice(alone) if alone else None
    return phrasing.reference(state.rng, number, len(state.shown), name, look)
