"""What pictures show is told of items by the Navigator's own read-outs, whatever the items' texts say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from catalog.item import Item
from navigator.asked_property import Asked, asked_property, lacks
from navigator.config import NavigatorConfig
from navigator.errors import BadCheckpoint
from navigator.finding import Means, choose, find
from navigator.grounding import Grounding
from navigator.guesses import may_guess, mend_guess
from navigator.intent import ShoppingIntent
from navigator.learnt import load_learnt
from navigator.lexicon import Lexicon
from navigator.notes import notes_of
from navigator.part_looks import with_part_looks
from navigator.plain_words import said
from navigator.projector import Projector
from navigator.prompt import Shown
from navigator.sets import Candidate
from navigator.settled import settled_by
from navigator.sight import Sight, open_sight
from tests.navigator.small_sight import SIGHT, VALUES, seen

WEIGHTS = Path(__file__).parents[2] / "navigator" / "weights"
ASK = ShoppingIntent(action="ask", item_refs=(1,))
_FLOATS = st.floats(-50, 50, width=32)
LEXICON = Lexicon(
    {"category": ("tables", "armchairs"), "color": ("sage", "forest green", "black"), "material": ("oak",)},
    seen=(
        "legs",
        "hairpin",
        "tapered",
        "black",
        "trim",
        "color",
        "striped",
        "round",
        "drawers",
        "seat",
        "top",
        "upholstered",
    ),
    told_which=True,
    sight=SIGHT,
)


def table(name: str, looks: dict[str, str], sure: float = 12.0, **more) -> Shown:
    item = Item(id=name, title=f"{name.title()} table", category=("Home", "Tables"), currency="EUR", **more)
    return seen(item, looks, sure)


@pytest.mark.parametrize(
    ("look", "chances"),
    [
        ("hairpin legs", [1, 0]),
        ("hairpin", [1, 0]),
        ("black legs", [1, 0]),
        ("dark legs", [1, 0]),
        ("sage", [0, 1]),
        ("green", [0, 1]),
        ("window pane", [0, 1]),
        ("window-pane", [0, 1]),
        ("round", [1, 0]),  # its top is
        ("drawers", [0, 1]),
        ("a drawer", None),
        ("drawer", [0, 1]),
        ("wooden seat", [0.5, 0.5]),
        ("table", None),  # is what they are
        ("cabinet", None),
        ("waterproof", None),
        ("", None),
    ],
)
def test_a_look_is_seen(look, chances):
    """By its own name, by a broader one, or by what there are several of; no look is what a thing is."""
    one = table("ansel", {"legs": "hairpin", "legs color": "black", "top": "round", "color": "black"})
    other = table("birk", {"color": "sage", "silhouette": "window-pane", "front": "drawers and doors"})
    found = SIGHT.chance(look, [one, other])
    assert (found is None) == (chances is None)
    if chances is not None:
        np.testing.assert_allclose(found, chances, atol=0.03)
    assert SIGHT.chance(look, []) is None


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("a table with drawers", ("drawers",)),
        ("black hairpin legs table", ("hairpin legs",)),  # colours have a filter
        ("round table with black legs", ("round", "black legs")),
        ("bar table", ()),
        ("something striped, striped!", ("striped",)),
        ("sage green", ()),
    ],
)
def test_looks_are_heard_in_a_wish(text, looks):
    assert SIGHT.looks_in(text) == looks


@given(
    st.text(max_size=40) | st.lists(st.sampled_from([word for pair in VALUES for word in pair]), max_size=6),
    st.lists(
        st.lists(st.floats(-50, 50, width=32), min_size=len(VALUES), max_size=len(VALUES)), min_size=1, max_size=3
    ),
)
def test_chances_are_chances(text, vectors):
    """Of any text and any vectors: between 0 and 1, and of what a text names each look is told."""
    shown = [Shown(Item(id="a", title="A"), np.array([vector], np.float32)) for vector in vectors]
    for look in SIGHT.looks_in(text if isinstance(text, str) else " ".join(text)):
        chances = SIGHT.chance(look, shown)
        assert chances is not None and chances.shape == (len(shown),)
        assert (chances >= 0).all() and (chances <= 1.0001).all()


def test_the_shipped_read_outs_are_those_of_its_projector(tmp_path):
    """A checkpoint's sight sees what weighs the words of its soft tokens: the same value of each property first."""
    learnt = load_learnt(WEIGHTS)
    own = {name: tensor for name, tensor in learnt.tensors.items() if name.startswith("item_projector.")}
    save_file(own, tmp_path / "model.safetensors")
    config = NavigatorConfig(read_out=learnt.about["read_out"])
    sight = open_sight(tmp_path, config)
    assert sight is not None and sight.values == tuple(map(tuple, config.read_out))
    shape = learnt.shape
    projector = Projector(shape.item_dim, shape.projector_rank, shape.projector_dim, 576, 1, shape.tokens_per_item)
    state = {name.removeprefix("item_projector."): tensor for name, tensor in own.items()}
    projector.load_state_dict(state, strict=False)  # what is all zero is not saved
    vectors = torch.randn(4, shape.item_dim) * 0.05 + projector.input_mean
    weights = projector._said((vectors - projector.input_mean) @ projector.input_map).detach().numpy()
    for row, vector in enumerate(vectors):
        for name in sight.names:
            columns = [column for column, (of, value) in enumerate(sight.values) if of == name and value]
            value, chance = sight.likeliest(name, Shown(Item(id="a", title="A"), vector[None].numpy()))
            assert 0 < chance <= 1
            if weights[row, columns].max() > 1e-9:  # else having none of it leaves nothing to compare
                assert value == sight.values[columns[int(weights[row, columns].argmax())]][1]


def test_several_vectors_an_item_or_no_read_outs_are_no_sight(tmp_path):
    assert open_sight(tmp_path, NavigatorConfig(read_out=[["color", "black"]], vectors_per_item=4)) is None
    assert open_sight(tmp_path, NavigatorConfig()) is None


def test_a_checkpoint_without_its_read_outs_says_so(tmp_path):
    save_file({"other": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(BadCheckpoint, match="has no item_projector"):
        open_sight(tmp_path, NavigatorConfig(read_out=[["color", "black"]]))


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("which one has hairpin legs?", ("hairpin legs: [2] only",)),
        ("which is striped?", ("striped: [1] only",)),  # faintly so, and no other at all
        ("any of them with drawers?", ("drawers: none",)),
        ("which one is green?", ("green: [1] and [3] only",)),  # the first by its catalogue
        ("which one has wooden legs", ()),
        ("which table do you like?", ()),
        ("which isn't striped?", ()),
    ],
)
def test_which_of_several_look_so(question, told):
    """What the catalogue leaves open is told by pictures; they take nothing back that it states."""
    shown = [
        table("ansel", {"color": "black"}, colors=("sage",)),
        table("birk", {"color": "black", "legs": "hairpin"}),
        table("corin", {"color": "forest green", "legs": "tapered"}),
    ]
    vector = shown[0].vectors.copy()
    vector[0, VALUES.index(("pattern", "striped"))] = 8.0
    shown[0] = Shown(shown[0].item, vector)
    assert notes_of(question, ASK, shown, (), LEXICON) == told


@pytest.mark.parametrize(
    ("question", "asked", "note"),
    [
        ("what colour is the trim?", Asked("trim color", None), "nothing known of trim color"),
        ("what color trim does it have", Asked("trim color", None), "nothing known of trim color"),
        ("what legs does it have?", Asked("legs", "hairpin"), "[1] legs hairpin"),
        ("what colour are the legs?", Asked("legs color", None), "nothing known of legs color"),
        ("what is the seat made of?", Asked("seat material", "oak"), "[1] seat material oak"),
        ("what are the legs made of?", None, None),  # their shape is no answer
        ("what colour is it?", Asked("color", "black"), "[1] color black"),
        ("what colour is the upholstery?", Asked("color", "black"), "[1] color black"),
        ("what is the seat like?", Asked("seat", "slatted"), "[1] seat slatted"),  # of seats it has no number
        ("what kind of top is it?", Asked("top", None), "nothing known of top"),  # it has none
        ("is it striped?", None, None),
    ],
)
def test_a_property_that_is_asked_for_is_told_as_it_is_seen(question, asked, note):
    """Of one item: what read-outs see of it; that nothing is known where none tells, or they are of three minds."""
    one = table("ansel", {"legs": "hairpin", "color": "black", "seat material": "oak", "seat": "slatted"})
    vector = one.vectors.copy()
    for value in ("", "black", "sage"):
        vector[0, VALUES.index(("legs color", value))] = 0.0
    vector[0, VALUES.index(("legs color", "sage"))] = -0.001
    one = Shown(one.item, vector)
    lexicon = replace(LEXICON, sight=replace(SIGHT, values=(*VALUES, ("legs color", "red")), **_widened()))
    assert asked_property(question, ASK, [one], lexicon) == asked
    assert notes_of(question, ASK, [one], (), lexicon) == ((note,) if note else ())
    assert asked_property(question, ASK, [one, one], lexicon) is None
    assert asked_property(question, ShoppingIntent(action="search"), [one], lexicon) is None
    assert asked_property(question, ASK, [one], replace(lexicon, sight=None)) is None


def _widened() -> dict[str, np.ndarray]:
    """The read-outs' map with a column more, of a red that nothing shows."""
    return {
        "map": np.hstack([SIGHT.map, np.zeros((len(VALUES), 1), np.float32)]),
        "bias": np.append(SIGHT.bias, np.float32(0)),
    }


@pytest.mark.parametrize("stated", [{"attributes": {"trim_color": "red"}}, {"colors": ("red",)}])
def test_what_the_catalogue_states_is_known(stated):
    question = "what colour is the trim?" if "attributes" in stated else "what colour is it?"
    assert asked_property(question, ASK, [table("ansel", {}, **stated)], LEXICON) is None


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("The trim color of [1] is sand.", "I can't make out the trim color of [1] in its picture."),
        (
            "The trim of [1] is piped. It costs $90.",
            "I can't make out the trim color of [1] in its picture. It costs $90.",
        ),
        ("[1] has sand trim", "I can't make out the trim color of [1] in its picture."),
        ("The shop's data doesn't say that about [1].", "The shop's data doesn't say that about [1]."),
        ("Sorry, no idea.", "Sorry, no idea."),
        ("", ""),
    ],
)
def test_a_guess_is_not_shown(answer, shown):
    assert mend_guess(answer, "trim color") == shown
    for end in range(len(answer)):
        if shown != answer and not answer[:end].endswith("."):
            assert may_guess(answer[: min(end, answer.index(".") if "." in answer else end)])


class _Shelf:
    """A few tables, ranked as they come, that meet stated conditions as the item table does."""

    def __init__(self, *items: Shown) -> None:
        self.items = items

    async def look(self, wish, count):
        from navigator.wish import meets

        return [Candidate(one, 1 / (n + 2)) for n, one in enumerate(self.items) if meets(wish, one.item)][:count]

    async def goes_with(self, item_id, count):
        return []

    async def order(self, candidates, reorder):
        return list(candidates)

    async def shown(self, lexicon=LEXICON, **intent) -> list[str]:
        means = Means(self.look, self.goes_with, self.order)
        asked = ShoppingIntent(action="search", categories=("table",), **intent)
        final = await choose(await find(asked, (), lexicon, means), asked, means, 8)
        return [entry.item.id for entry in final.shown]


async def test_what_shows_a_look_comes_first():
    """A table with drawers before tables, whatever their titles say; of what is sorted, those alone."""
    shelf = _Shelf(
        table("ansel", {}, price=50),
        table("birk", {"front": "drawers and doors"}, price=300),
        table("corin", {}, price=80, description="With two drawers."),
        table("drumo", {"front": "drawers and doors"}, price=90),
    )
    assert await shelf.shown(query="table with drawers") == ["birk", "corin", "drumo", "ansel"]
    assert await shelf.shown(query="cheapest table with drawers", sort="price_low") == ["corin", "drumo", "birk"]
    assert await shelf.shown(query="table") == ["ansel", "birk", "corin", "drumo"]
    blind = Lexicon(LEXICON.values, seen=LEXICON.seen)
    assert await shelf.shown(blind, query="table with drawers") == ["ansel", "birk", "corin", "drumo"]


async def test_colours_that_no_catalogue_states_are_seen():
    """An item without a stated colour is found by the one that its picture surely shows; a stated one stands."""
    shelf = _Shelf(
        table("ansel", {"color": "sage"}, colors=("black",)),
        table("birk", {"color": "sage"}),
        table("corin", {"color": "sage"}, sure=1.0),
        table("drumo", {"color": "black"}, colors=("sage",)),
    )
    assert await shelf.shown(query="sage table", colors=("sage",)) == ["drumo", "birk"]
    assert await shelf.shown(query="green table", colors=("green",)) == ["drumo", "birk"]


async def test_what_pictures_show_is_refused_too():
    """No table in green, though its catalogue states no colour; nor one with drawers, though it does not say so."""
    shelf = _Shelf(
        table("ansel", {"color": "sage"}),
        table("birk", {"color": "black", "front": "drawers and doors"}),
        table("corin", {"color": "black"}),
        table("drumo", {"color": "sage"}, colors=("black",)),
    )
    assert await shelf.shown(query="table", exclude=("green",)) == ["birk", "corin", "drumo"]
    assert await shelf.shown(query="table", exclude=("drawers",)) == ["ansel", "corin", "drumo"]
    assert await shelf.shown(query="table", exclude=("waterproof",)) == ["ansel", "birk", "corin", "drumo"]


def test_a_sight_reads_one_vector_an_item():
    assert isinstance(SIGHT, Sight) and SIGHT.names[:2] == ("kind", "color")


@pytest.mark.parametrize(
    ("message", "read", "query", "left"),
    [
        ("a table with black legs", {"colors": ["black"]}, "black legs", {}),
        ("black table with black legs", {"colors": ["black"]}, "black legs", {"colors": ("black",)}),
        ("table with legs in sage", {"colors": ["sage"], "query": "legs"}, "sage legs", {}),
        ("table with an oak seat", {"materials": ["oak"]}, "oak seat", {}),
        ("a table in oak", {"materials": ["oak"]}, "", {"materials": ("oak",)}),
        ("a table without black legs", {"exclude": ["black"]}, "", {"exclude": ("black legs",)}),
        ("my chairs have black legs, a table in black", {"colors": ["black"]}, "", {"colors": ("black",)}),
        ("a table with drawers, not in oak", {"exclude": ["oak"]}, "drawers", {"exclude": ("oak",)}),
    ],
)
def test_the_look_of_a_part_is_no_look_of_the_whole(message, read, query, left):
    """The black of black legs is ranked by, and makes no table black; refused, it refuses no black table."""
    intent = ShoppingIntent(action="search", categories=("table",), **read)
    mended = with_part_looks(intent, message, said(message, LEXICON, 0), None, LEXICON)
    assert mended.query == query
    assert {slot: getattr(mended, slot) for slot in left} == left
    assert all(not getattr(mended, slot) for slot in ("colors", "materials") if slot not in left)


async def test_legs_that_are_refused_are_not_shown():
    shelf = _Shelf(table("ansel", {"legs color": "black"}), table("birk", {"color": "black"}, colors=("black",)))
    assert await shelf.shown(exclude=("black legs",)) == ["birk"]


async def test_a_look_that_nothing_has_is_told():
    """Nothing striped, and nothing with hairpin legs; but of what no table could have nothing is said."""
    shelf = _Shelf(table("ansel", {"legs": "tapered"}), table("birk", {"legs": "tapered"}))
    means = Means(shelf.look, shelf.goes_with, shelf.order)
    for query, told in [
        ("striped table", ["nothing is striped: shown in other looks"]),
        ("table with hairpin legs", ["nothing with hairpin legs: shown without"]),
        ("table with tapered legs", []),
        ("table with drawers", []),
    ]:
        found = await find(ShoppingIntent(action="search", query=query, categories=("table",)), (), LEXICON, means)
        assert [one.text for one in found.relaxed] == told


def test_an_answer_claims_no_look_that_a_picture_lacks():
    """What was asked for and is not there is no reason to show an item; nor is a list of what nobody asked for one."""
    shown = [table("ansel", {"legs": "tapered", "pattern": "striped"}, price=90)]
    tells = lacks(shown, LEXICON)
    assert tells is not None and lacks(shown, Lexicon({})) is None

    def answer(text: str, **more) -> str:
        items = [entry.item for entry in shown]
        grounding = Grounding(items, wished="striped table with hairpin legs", lacks=tells, **more)
        return "".join(map(grounding.feed, text)) + grounding.finish()

    said_so = "[1] is what you asked for: striped and hairpin legs, at €90."
    assert answer(said_so) == "[1] is what you asked for: striped, at €90."
    assert answer("[1] fits: hairpin legs, at €90.") == "[1] comes closest, at €90."
    assert answer("Nothing here is with hairpin legs. See [1].") == "Nothing here has hairpin legs. See [1]."
    settled = settled_by(("doors: [1] only",))
    assert answer("dips: none of them.", asked="which have doors?", settled=settled) == "doors: [1]."
    assert answer("The trim color of [1] is red.", untold="trim color").startswith("I can't make out the trim color")
