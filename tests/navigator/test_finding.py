"""From an intent to what is shown: the catalogue's own words, what gives way, sets in a budget, what carries over."""

from collections.abc import Sequence

import numpy as np
import pytest

from catalog.item import Item
from navigator.carry import carried_picture, carry
from navigator.finding import Means, choose, find
from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.prompt import Exchange, Shown
from navigator.relax import relaxations
from navigator.sets import Candidate, choose_set
from navigator.wish import Wish, meets, read_wish

LEXICON = Lexicon(
    {
        "category": ("sofas", "dining chairs", "armchairs", "table lamps", "cushions", "bed frames", "rugs"),
        "color": ("sage", "forest green", "mustard", "black", "grey"),
        "material": ("oak", "smoked oak", "velvet", "leather", "brass"),
        "style": ("mid-century", "japandi"),
        "brand": ("nord",),
    },
    groups=("furniture", "lighting", "sofa"),
)


def thing(name: str, kind: str, price: float, **more) -> Shown:
    item = Item(id=name, title=f"{name} {kind}", category=("Home", kind), price=price, currency="EUR", **more)
    return Shown(item, np.ones((1, 8), np.float32))


SHELF = [
    thing("a", "Sofas", 900, colors=("mustard",), materials=("velvet",), styles=("mid-century",)),
    thing("b", "Sofas", 500, colors=("black",), materials=("leather",)),
    thing("c", "Sofas", 400, materials=("velvet",)),
    thing("d", "Rugs", 120, colors=("sage",)),
    thing("e", "Rugs", 300, colors=("grey",)),
    thing("f", "Table lamps", 60, colors=("forest green",), availability="out_of_stock"),
]


class Shelves:
    """A catalogue in memory that meets stated conditions as the item table does."""

    def __init__(self, items: Sequence[Shown] = tuple(SHELF), together: Sequence[str] = ()) -> None:
        self.items, self.together = items, together
        self.looked: list[Wish] = []

    async def look(self, wish: Wish, count: int) -> list[Candidate]:
        self.looked.append(wish)
        return [Candidate(one, 1 / (n + 2)) for n, one in enumerate(self.items) if meets(wish, one.item)][:count]

    async def goes_with(self, item_id: str, count: int) -> list[Candidate]:
        return [Candidate(one, 0.5) for one in self.items if one.item.id in self.together]

    async def order(self, candidates, reorder):
        return candidates

    async def ids(self, intent: ShoppingIntent, meant: Sequence[Shown] = ()) -> tuple[list[str], dict[str, str]]:
        means = Means(self.look, self.goes_with, self.order)
        final = await choose(await find(intent, meant, LEXICON, means), intent, means, 8)
        return [one.item.id for one in final.shown], {one.field: one.text for one in final.relaxed}


@pytest.mark.parametrize(
    ("kind", "word", "values"),
    [
        ("category", "sofa", ("sofas",)),
        ("category", "Couch", ("sofas",)),
        ("category", "chair", ("dining chairs", "armchairs")),
        ("category", "lamp", ("table lamps",)),
        ("category", "round dining chair", ("dining chairs",)),
        ("category", "armchiar", ("armchairs",)),
        ("category", "bed", ("bed frames",)),
        ("category", "desk lamp", ("table lamps",)),
        ("material", "dark wood", ("smoked oak",)),
        ("style", "retro", ("mid-century",)),
        ("category", "furniture", ("furniture",)),
        ("category", "piano", ()),
        ("color", "green", ("sage", "forest green")),
        ("color", "dark grey", ("grey",)),
        ("color", "gray", ("grey",)),
        ("color", "mustard yellow", ("mustard",)),
        ("color", "taupe-ish", ()),
        ("material", "Oak", ("oak",)),
        ("material", "wood", ("oak", "smoked oak")),
        ("style", "mid century", ("mid-century",)),
        ("style", "Japandi", ("japandi",)),
    ],
)
def test_words_become_the_catalogues_own(kind, word, values):
    """Plurals, case, compounds, broad words and slips are understood; what nothing answers to is no condition."""
    assert LEXICON.resolve(kind, word) == values


def test_an_unknown_word_stays_in_the_text():
    """`Piano stool in unobtainium` must not filter everything away."""
    wish = read_wish(ShoppingIntent(action="search", query="stool", materials=("unobtainium",)), LEXICON)
    assert wish.wanted == {}
    assert "unobtainium" in wish.text


def test_a_word_in_the_wrong_slot_still_counts():
    """Velvet among the colours is the material."""
    wish = read_wish(ShoppingIntent(action="search", colors=("velvet",)), LEXICON)
    assert wish.wanted == {"material": ("velvet",)}


async def test_a_colour_that_only_pictures_tell():
    """Where items state the colour, those are shown; where none does, those that leave it open, and it is said."""
    wanted = ShoppingIntent(action="search", categories=("sofa",), colors=("mustard",))
    assert await Shelves().ids(wanted) == (["a"], {})
    shown, relaxed = await Shelves().ids(wanted.model_copy(update={"colors": ("sage",)}))
    assert shown == ["c"]
    assert relaxed == {"colors": "nothing is said to be sage: chosen by their pictures"}


async def test_the_main_colour_is_what_counts():
    """A black sofa, and not a grey one with black legs; that one only where nothing is black, and it is said."""
    legs = thing("h", "Sofas", 300, colors=("grey", "black"))
    wanted = ShoppingIntent(action="search", query="sofa", colors=("black",))
    assert await Shelves((legs, *SHELF)).ids(wanted) == (["b"], {})
    shown, relaxed = await Shelves((legs,)).ids(wanted)
    assert shown == ["h"]
    assert relaxed == {"colors": "nothing is mainly black: shown with some black"}


async def test_cheaper_than_the_one_meant():
    """`Like this but cheaper` shows what costs less, not what is cheap among what costs more."""
    wanted = ShoppingIntent(action="similar", item_refs=(1,), sort="price_low")
    assert (await Shelves().ids(wanted, [SHELF[1]]))[0] == ["c"]


def rug(name: str, *sides: str, price: float = 100.0) -> Shown:
    return thing(name, "Rugs", price, attributes=dict(zip(("width_cm", "length_cm"), sides, strict=False)))


async def test_a_bigger_one():
    """The largest come first, those of unknown size last; of what is bigger than one, none is smaller than it."""
    rugs = Shelves((rug("mat", "60", "90"), rug("bare"), rug("wide", "200", "300"), rug("runner", "80", "240")))
    wanted = ShoppingIntent(action="refine", categories=("rug",), sort="largest")
    assert (await rugs.ids(wanted))[0] == ["wide", "runner", "mat", "bare"]
    assert (await rugs.ids(wanted.model_copy(update={"sort": "smallest"})))[0] == ["mat", "runner", "wide", "bare"]
    than = wanted.model_copy(update={"item_refs": (4,)})
    assert (await rugs.ids(than, [rugs.items[3]]))[0] == ["wide"]
    following = (["runner", "mat", "bare"], {"sort": "nothing larger: shown the next in size"})
    assert await rugs.ids(than, [rugs.items[2]]) == following


async def test_a_picture_of_a_sofa_looks_for_sofas():
    """What looks most like it says what it is; where that is of all kinds, all kinds are shown."""
    shelves = Shelves(SHELF[::-1])
    means = Means(shelves.look, shelves.goes_with, shelves.order)
    await find(ShoppingIntent(action="search"), (), LEXICON, means, picture=True)
    assert "category" not in shelves.looked[-1].wanted
    shelves.items = SHELF[:4]
    await find(ShoppingIntent(action="search"), (), LEXICON, means, picture=True)
    assert shelves.looked[-1].wanted["category"] == ("sofas",)


async def test_a_kind_that_is_not_sold_is_said():
    """Coasters are not in this shop, which is told whatever the words find; a present is no kind of thing."""
    wanted = ShoppingIntent(action="search", query="coasters", categories=("coaster",))
    assert (await Shelves().ids(wanted))[1] == {"categories": "no coaster in this shop"}
    assert not (await Shelves().ids(wanted.model_copy(update={"categories": ("present",)})))[1]
    told_of = thing("i", "Sets", 20, description="Six cork coasters.")
    assert not (await Shelves((told_of,)).ids(wanted))[1]


async def test_where_no_kind_is_known_some_of_each_are_shown():
    """A piano that is not sold, or a gift for which nothing prevails: not eight sofas, but the best of each kind first.
    Whoever names a kind or an order gets just that, and so does who describes what sofas are found for."""
    gift = ShoppingIntent(action="search", query="a gift")
    piano = ShoppingIntent(action="search", categories=("piano",))
    assert (await Shelves().ids(piano))[0][:4] == ["a", "d", "b", "e"]
    assert (await Shelves().ids(gift))[0][:4] == ["a", "b", "c", "d"]
    mirror, lamp = thing("m", "Mirrors", 80), thing("l", "Table lamps", 70)
    assert (await Shelves((lamp, SHELF[3], SHELF[4], mirror)).ids(gift))[0] == ["l", "d", "m", "e"]
    assert (await Shelves().ids(ShoppingIntent(action="search", categories=("sofa",))))[0] == ["a", "b", "c"]
    by_price = piano.model_copy(update={"sort": "price_high"})
    assert (await Shelves().ids(by_price))[0][:3] == ["a", "b", "c"]


async def test_the_least_important_condition_gives_way_and_is_told():
    """Nothing is both: the style goes before the material, the price before the kind."""
    wanted = ShoppingIntent(action="search", categories=("sofa",), materials=("leather",), styles=("japandi",))
    shown, relaxed = await Shelves().ids(wanted)
    assert shown[0] == "b"
    assert relaxed.keys() == {"styles"}
    cheap = ShoppingIntent(action="search", categories=("sofa",), price_max=300)
    shown, relaxed = await Shelves().ids(cheap)
    assert set(shown) == {"a", "b", "c"}
    assert shown == ["c", "b", "a"], "what comes next to the limit stands first"
    assert relaxed == {"price_max": "nothing under €300: shown without the price limit"}


async def test_of_a_set_only_what_is_too_dear_goes_by_price():
    """Where no sofa is cheap enough the least expensive one is chosen; the rug stays the one that fits best."""
    rugs = (thing("r", "Rugs", 90), thing("s", "Rugs", 40))
    wanted = ShoppingIntent(action="complete", categories=("sofa", "rug"), price_max=100)
    shown, relaxed = await Shelves((SHELF[0], SHELF[2], *rugs)).ids(wanted)
    assert shown == ["c", "r"]
    assert relaxed.keys() == {"price_max"}


async def test_the_kind_of_thing_gives_way_last():
    """Nothing meets any two of three wishes: a sofa of another look is shown, and no rug in sage."""
    wanted = ShoppingIntent(
        action="search", categories=("sofa",), colors=("sage",), materials=("oak",), styles=("japandi",), price_max=450
    )
    shown, relaxed = await Shelves((SHELF[1], SHELF[2], SHELF[3])).ids(wanted)
    assert shown == ["c"]
    assert relaxed.keys() == {"colors", "materials", "styles"}
    assert (await Shelves((SHELF[3],)).ids(wanted))[1].keys() >= {"categories"}


def test_one_condition_gives_way_before_two():
    """The least important first, then any two, then more of what says how a thing is, and only then what it is."""
    tried = list(relaxations(("style", "color", "price", "category")))
    assert tried[:6] == [("style",), ("color",), ("price",), ("style", "color"), ("style", "price"), ("color", "price")]
    assert tried[6:8] == [("style", "color", "price"), ("category",)]
    assert tried[-1] == ("category", "style", "color", "price")
    assert len(set(tried)) == len(tried)


async def test_exclusions_never_give_way():
    """`Not leather` holds even where it leaves nothing, and in words that no value has."""
    wanted = ShoppingIntent(action="search", categories=("sofa",), materials=("leather",), exclude=("black",))
    assert "b" not in (await Shelves().ids(wanted))[0]
    unstated = thing("g", "Sofas", 100, description="With a chaise and hairpin legs.")
    shelves = Shelves((*SHELF, unstated))
    assert "g" not in (await shelves.ids(ShoppingIntent(action="search", query="sofa", exclude=("hairpin legs",))))[0]


async def test_sold_out_is_shown_last_and_said():
    """What cannot be had now is shown only where nothing else fits."""
    shown, relaxed = await Shelves().ids(ShoppingIntent(action="search", categories=("lamp",)))
    assert shown == ["f"]
    assert relaxed.keys() == {"in_stock"}


async def test_a_set_is_one_of_each_within_the_budget():
    """Sofa and rug for 700: the pair that fits, not the best of each."""
    wanted = ShoppingIntent(action="complete", categories=("sofa", "rug"), budget_total=700)
    shown, relaxed = await Shelves().ids(wanted)
    assert shown == ["b", "d"]
    assert relaxed == {}
    shown, relaxed = await Shelves().ids(wanted.model_copy(update={"budget_total": 100}))
    assert shown == ["c", "d"]
    assert "€520" in relaxed["budget_total"]


async def test_a_thing_of_a_set_has_its_own_looks():
    """A velvet sofa and a rug: no rug is of velvet, and none has to be."""
    shown, relaxed = await Shelves().ids(ShoppingIntent(action="complete", categories=("velvet sofa", "grey rug")))
    assert shown == ["a", "e"]
    assert relaxed == {}


async def test_what_stays_of_a_set_is_not_looked_for():
    """The sofa on show stays, though there are cheaper ones, and the rug has what is left of the budget."""
    wanted = ShoppingIntent(action="complete", categories=("sofa", "rug"), budget_total=1100, sort="price_low")
    shelves = Shelves()
    shown, _ = await shelves.ids(wanted, [SHELF[0]])
    assert shown == ["a", "d"]
    assert all(wish.wanted["category"] == ("rugs",) for wish in shelves.looked)
    shown, relaxed = await Shelves().ids(wanted.model_copy(update={"budget_total": 1000}), [SHELF[0]])
    assert shown == ["a", "d"]
    assert "€1,020" in relaxed["budget_total"]


async def test_a_set_says_what_is_not_sold():
    """The shop has no piano: it says so, and shows the rest."""
    shown, relaxed = await Shelves().ids(ShoppingIntent(action="complete", categories=("rug", "piano")))
    assert shown == ["d"]
    assert relaxed == {"categories": "no piano in this shop"}


async def test_more_like_one_keeps_its_kind():
    """`More like that` in another material: of its kind, changed as asked, and not itself."""
    shelves = Shelves()
    shown, _ = await shelves.ids(ShoppingIntent(action="similar", materials=("velvet",)), [SHELF[1]])
    assert shown == ["a", "c"]
    assert shelves.looked[0].like == ("b",)


async def test_what_goes_with_one():
    """People's own combinations come first, within the budget together; without any, other kinds that look alike."""
    wanted = ShoppingIntent(action="complete", budget_total=430)
    shown, _ = await Shelves(together=("d", "e", "b")).ids(wanted, [SHELF[0]])
    assert shown == ["b"] or sum(one.item.price for one in SHELF if one.item.id in shown) <= 430
    shown, _ = await Shelves().ids(ShoppingIntent(action="complete"), [SHELF[0]])
    assert shown
    assert not {"a", "b", "c"} & set(shown)


def test_sets_are_chosen_by_score_within_the_budget():
    """The best sum of scores that fits wins over a greedy choice of the best first."""
    groups = [
        [Candidate(SHELF[0], 0.9), Candidate(SHELF[2], 0.5)],
        [Candidate(SHELF[4], 0.9), Candidate(SHELF[3], 0.4)],
    ]
    chosen, fits = choose_set(groups, 1000)
    assert ([one.shown.item.id for one in chosen], fits) == (["c", "e"], True)


def test_exclusions_and_budget_carry_over():
    """A refinement keeps what nobody took back, and not the look that was changed."""
    before = ShoppingIntent(
        action="search", query="sofa", categories=("sofa",), colors=("black",), price_max=500, exclude=("leather",)
    )
    history = [Exchange("sofa", before)]
    kept = carry(ShoppingIntent(action="refine", colors=("green",)), history)
    assert (kept.categories, kept.price_max, kept.exclude, kept.colors) == (("sofa",), 500, ("leather",), ("green",))
    back = carry(ShoppingIntent(action="refine", materials=("leather",)), history)
    assert back.exclude == ()
    assert carry(ShoppingIntent(action="search", query="lamp"), history).exclude == ()
    assert carry(ShoppingIntent(action="refine", sort="price_high"), history).price_max is None


def test_a_bigger_one_stays_bigger():
    """Who then wants it in oak has not become content with a small one; a lamp is another matter."""
    shown = Exchange("bigger", ShoppingIntent(action="refine", categories=("table",), sort="largest"), tuple(SHELF))
    oak = ShoppingIntent(action="refine", categories=("table",), materials=("oak",))
    assert carry(oak, [shown]).sort == "largest"
    assert carry(oak.model_copy(update={"sort": "price_low"}), [shown]).sort == "price_low"
    assert carry(oak.model_copy(update={"categories": ("lamp",)}), [shown]).sort == "relevance"


def test_a_picture_carries_over_until_something_new_is_asked():
    """`Cheaper ones like that` is still about the picture; after a new search it is not."""
    history = [Exchange("like this", ShoppingIntent(action="search")), Exchange("and?", ShoppingIntent(action="ask"))]
    cheaper = ShoppingIntent(action="refine", sort="price_low")
    assert carried_picture(cheaper, history, [True, False]) == 0
    assert carried_picture(ShoppingIntent(action="search", query="rug"), history, [True, False]) is None
    later = [*history, Exchange("a rug", ShoppingIntent(action="search", query="rug"))]
    assert carried_picture(cheaper, later, [True, False, False]) is None
