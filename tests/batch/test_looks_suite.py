"""Looks that only pictures show, wished for: which of the items that have them a turn would show."""

from types import SimpleNamespace

from batch.looks_suite import looks, wished
from batch.navigator_data import Catalogue
from catalog.item import Item
from navigator.finding import Means
from navigator.knowledge import Known, Shelf
from navigator.lexicon import Lexicon
from navigator.sets import Candidate
from navigator.wish import meets
from tests.navigator.small_sight import SIGHT, seen


def known(name: str, looks: dict[str, str], **more) -> Known:
    item = Item(id=name, title=f"{name.title()} table", category=("Home", "Tables"), **more)
    return Known(seen(item, looks), "table", {**looks, "color": "sage"})


TRAIN = [known(f"plain-{n}", {}) for n in range(9)] + [known("ansel", {"legs": "hairpin"})]
TEST = [
    known("birk", {"legs": "hairpin"}),
    known("corin", {"legs": "hairpin"}, description="With hairpin legs."),
    known("drumo", {"legs": "hairpin"}, availability="out_of_stock"),
]
HIDDEN = {"birk": ("legs", "color"), "drumo": ("legs",)}
CATALOGUE = Catalogue(Shelf(TRAIN), Shelf(TEST), "v1", len(SIGHT.mean))


def test_what_is_wished_for():
    """Looks of held-out items in stock that no text tells, each once with its kind; none that a filter has."""
    (wish,) = wished(CATALOGUE, HIDDEN)
    assert (wish.intent.query, wish.intent.categories) == ("table with hairpin legs", ("table",))
    assert (wish.having, wish.untold) == ({"ansel", "birk", "corin"}, {"birk"})


async def test_read_outs_find_what_words_do_not():
    """Among tables that come as the search ranks them, the last ones are shown by what their pictures show."""
    shelf = [entry.shown for entry in (*TRAIN[:9], *TEST, TRAIN[9])]

    async def look(wish, count):
        return [Candidate(one, 1 / (n + 2)) for n, one in enumerate(shelf) if meets(wish, one.item)][:count]

    async def as_found(candidates, reorder):
        return list(candidates)

    async def nothing(item_id, count):
        return []

    search = SimpleNamespace(
        lexicon=Lexicon({"category": ("tables",)}, sight=SIGHT),
        means=lambda: Means(look, nothing, as_found),
        release=SimpleNamespace(id="r1"),
    )
    said: list[tuple[int, int]] = []
    found = await looks(search, CATALOGUE, HIDDEN, lambda done, total: said.append((done, total)))
    assert found.scores["with read-outs"] == {"untold found": 1.0, "of the first eight": 1.0, "wishes": 1}
    assert found.scores["by words alone"] == {"untold found": 0.0, "of the first eight": 0.0, "wishes": 1}
    assert found.failures == () and said[-1] == (2, 2)
