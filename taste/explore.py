"""What to show beyond what is asked for: more of a person's interests, and what lies just outside them.

The frontier of an interest is what walks from its items reach although it is nothing like them: joined by a board, a
person or a concept, not by looks. Items are drawn from it in proportion to how often walks came by, so that the feed
differs from day to day; walks stray farther the more adventurous the person feels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from taste.graph import shared_nodes
from taste.model import TasteModel
from taste.nominate import NOT_SHOWN, Pick, Source, Wanted, choose, nominate, want
from taste.profile import Interest, Profile, common_concepts


@dataclass(frozen=True)
class Path:
    """How an item outside a person's interests is joined to one of them.

    Attributes:
        interest: id of the interest that it starts from, and `name` what to call it.
        item: id of the interest's item that the walk started at.
        via: how the two are joined: a board's id, a concept, or people who like both.
        toward: what the person would discover: "Japandi beds".
    """

    interest: str
    name: str
    item: str
    via: Literal["board", "concept", "people"]
    through: str | None
    toward: str
    sentence: str


@dataclass(frozen=True)
class Proposal:
    """An item worth considering for a person.

    Attributes:
        support: the log of visits, or a score.
        start: of an item beyond the person's interests, the interest and the id of the item that its walk started at;
            `path_of` tells the path, which takes longer than finding it and is wanted for few.
    """

    item: str
    source: Source
    support: float
    start: tuple[Interest, str] | None = None


def propose(
    model: TasteModel,
    profile: Profile,
    *,
    count: int = 300,
    adventurousness: float = 0.3,
    exclude: frozenset[str] = frozenset(),
    shown: tuple[NDArray[np.unsignedinteger], int] = NOT_SHOWN,
    seed: int = 0,
) -> list[Proposal]:
    """Candidates for a person's feed, hidden and excluded items left out.

    The caller fetches these ids from the item table and hands the rows to `taste.rank.rank`, with the proposals.

    Args:
        adventurousness: in [0, 1]; the share that comes from beyond the person's interests grows with it.
        exclude: ids shown on earlier pages, or no longer in stock.
        shown: prefixes of the hashes of ids that are not wanted either, and their bits.
        seed: another seed draws other items from the frontier; the date makes a feed new each day.
    """
    wanted, owners = want(
        model, profile, count=count, adventurousness=adventurousness, exclude=exclude, shown=shown, seed=seed
    )
    picks = choose([nominate(model, wanted)], wanted)
    return proposals(picks, [model.items[pick.row] for pick in picks], wanted, owners)


def proposals(picks: Sequence[Pick], ids: Sequence[str], wanted: Wanted, owners: Sequence[Interest]) -> list[Proposal]:
    """Picks by the ids of their items, with the interests that they lie beyond."""
    starts = [None if pick.start is None else (owners[pick.start], wanted.starts[pick.start]) for pick in picks]
    return [
        Proposal(id_, pick.source, pick.support, start) for pick, id_, start in zip(picks, ids, starts, strict=True)
    ]


def interest_name(interest: Interest) -> str:
    """What to call an interest in a sentence: "Japandi sofas", or the title of the item that stands for it."""
    return concepts_name(interest.concepts) or interest.title


def concepts_name(concepts: Sequence[str]) -> str:
    """ "style:Japandi", "category:Sofas" → "Japandi sofas"; a look comes before what it is the look of."""
    by_kind: dict[str, str] = {}
    for concept in concepts:
        kind, _, value = concept.partition(":")
        by_kind.setdefault(kind, value)
    look = by_kind.get("style") or by_kind.get("color") or by_kind.get("material") or by_kind.get("brand") or ""
    category = by_kind.get("category", "")
    if look and not category[1:2].isupper():  # inside a sentence: "Japandi sofas", yet "oak TV benches"
        category = category[:1].lower() + category[1:]
    return f"{look} {category}".strip()


def path_of(model: TasteModel, proposal: Proposal) -> Path | None:
    """Say how a proposed item is joined to the interest that it was reached from; None where it is part of one."""
    if proposal.start is None:
        return None
    interest, item = proposal.start
    start = model.rows[item]
    target = model.rows[proposal.item]
    name = interest_name(interest)
    toward = concepts_name(_own_concepts(model, target, interest)) or model.titles[target]
    board = next(iter(shared_nodes(model.graph.links["boards"].out, start, target)), None)
    concept = next(iter(shared_nodes(model.graph.links["concepts"].out, start, target)), None)
    if board is not None:
        sentence = f"Because your taste for {name} meets {toward} on a board"
        return Path(interest.id, name, item, "board", model.graph.names["boards"][board], toward, sentence)
    if concept is not None:
        through = model.graph.names["concepts"][concept]
        sentence = f"Because {name} and {toward} share {through.partition(':')[2]}"
        return Path(interest.id, name, item, "concept", through, toward, sentence)
    sentence = f"Because people who like {name} also like {toward}"
    return Path(interest.id, name, item, "people", None, toward, sentence)


def _own_concepts(model: TasteModel, row: int, interest: Interest) -> list[str]:
    """An item's concepts that the interest does not have, the rarest of each kind."""
    return [c for c in common_concepts(model, np.array([row]), limit=8) if c not in interest.concepts]
