"""Several things wanted together: each has its own looks, and a change of one leaves the others."""

from dataclasses import replace

import numpy as np
import pytest

from catalog.item import Item
from navigator.carry import carry
from navigator.intent import ShoppingIntent
from navigator.mending import items_that_stay, mend
from navigator.prompt import Exchange, Shown
from tests.navigator.small_shop import LEXICON, SOFAS

SET = ShoppingIntent(action="complete", categories=("sofa", "rug"), budget_total=900)
PAIR = tuple(
    Shown(Item(id=kind, title=kind, category=("Home", kind)), np.ones((1, 4), np.float32)) for kind in ("Sofas", "Rugs")
)
TOGETHER = (Exchange("a sofa and a rug, 900 together", SET, SOFAS[:2], "Together: [1] and [2]."),)


@pytest.mark.parametrize(
    ("message", "categories", "materials"),
    [
        ("a velvet sofa and an oak lamp, 900 total", ("velvet sofa", "oak lamp"), ()),
        ("a sofa and an oak lamp, 900 total", ("sofa", "oak lamp"), ()),
        ("a velvet sofa, rug and lamp, 900 total", ("sofa", "rug", "lamp"), ("velvet",)),
        ("velvet sofa, a rug, a lamp, 900 total", ("velvet sofa", "rug", "lamp"), ()),
    ],
)
def test_looks_are_of_the_thing_they_stand_before(message, categories, materials):
    """Of several things each may have its own looks; what stands before a bare list is said of all of it."""
    bare = tuple(word.split()[-1] for word in categories)
    named = tuple(word for word in ("velvet", "oak") if word in message)
    intent = ShoppingIntent(action="complete", categories=bare, materials=named, budget_total=900)
    mended = mend(intent, message, (), LEXICON)
    assert (mended.categories, mended.materials, mended.budget_total) == (categories, materials, 900)


@pytest.mark.parametrize(
    ("message", "read_as", "categories"),
    [
        ("the rug should be grey", {"colors": ("grey",)}, ("sofa", "grey rug")),
        ("a grey rug, please", {"colors": ("grey",), "categories": ("rug",)}, ("sofa", "grey rug")),
        ("a cheaper rug please", {"sort": "price_low"}, ("sofa", "rug")),
        ("both in grey", {"colors": ("grey",)}, ("sofa", "rug")),
    ],
)
def test_a_change_of_one_thing_of_a_set_leaves_the_others(message, read_as, categories):
    """What is said of the rug is the rug's alone, and the sofa on show stays."""
    history = (replace(TOGETHER[0], shown=PAIR),)
    intent = carry(mend(ShoppingIntent(action="refine", **read_as), message, history, LEXICON), history)
    assert (intent.categories, intent.budget_total) == (categories, 900)
    assert intent.colors == (("grey",) if message.startswith("both") else ())
    stays = items_that_stay(intent, message, history, PAIR, LEXICON)
    assert stays == (() if message.startswith("both") else PAIR[:1])


@pytest.mark.parametrize("message", ["no rug then", "without the rug", "forget the rug", "leave the rug out"])
def test_a_thing_may_leave_a_set(message):
    """What is not wanted any more goes, and what is left is what was on show."""
    base = ShoppingIntent(action="complete", categories=("sofa", "rug", "lamp"), budget_total=900)
    history = (Exchange("a sofa, a rug and a lamp, 900 together", base, PAIR, "Together: [1] and [2]."),)
    read_as = ShoppingIntent(action="refine", exclude=("rug",))
    intent = carry(mend(read_as, message, history, LEXICON), history)
    assert (intent.categories, intent.exclude, intent.budget_total) == (("sofa", "lamp"), (), 900)
    assert items_that_stay(intent, message, history, PAIR, LEXICON) == PAIR[:1]


def test_the_limit_of_one_thing_of_a_set_is_its_own():
    """`A rug under 100` is no limit for the lamp that is asked for next."""
    base = ShoppingIntent(action="refine", categories=("sofa", "rug"), budget_total=900, price_max=100)
    history = (Exchange("the rug under 100", base, PAIR, "Together: [1] and [2]."),)
    read_as = ShoppingIntent(action="refine", categories=("sofa",), colors=("grey",))
    intent = carry(mend(read_as, "a grey sofa please", history, LEXICON), history)
    assert (intent.categories, intent.price_max, intent.budget_total) == (("grey sofa", "rug"), None, 900)


def test_the_look_of_one_thing_is_changed_once_more():
    """A walnut lamp, and then an oak one; what all were to be like stays as it was, and a set without a budget one."""
    base = ShoppingIntent(action="complete", categories=("sofa", "walnut lamp"), colors=("white",))
    history = (Exchange("a sofa and a walnut lamp, all in white", base, SOFAS[:2], "Together: [1] and [2]."),)
    read_as = ShoppingIntent(action="refine", materials=("oak",), categories=("lamp",))
    intent = carry(mend(read_as, "an oak lamp instead", history, LEXICON), history)
    assert (intent.action, intent.categories) == ("complete", ("sofa", "oak lamp"))
    assert (intent.colors, intent.materials) == (("white",), ())


def test_of_several_things_none_is_lost():
    """A change that speaks of one of the things, or of none, is about all of them; `only` says otherwise."""

    def changed(message: str, **intent) -> tuple[str, ...]:
        return mend(ShoppingIntent(**intent), message, TOGETHER, LEXICON).categories

    assert changed("make the rug a grey one", action="complete", categories=("rug",)) == ("sofa", "grey rug")
    assert changed("nothing white", action="refine") == ("sofa", "rug")
    assert changed("only the rug", action="refine", categories=("rug",)) == ("rug",)
    wish = ("armchair", "rug")
    for message in ("we have 900 for an armchair and a rug", "For my corner: an armchair, a rug"):
        intent = ShoppingIntent(action="complete", categories=wish)
        assert set(mend(intent, message, (), LEXICON).categories) == set(wish)


@pytest.mark.parametrize("read_as", ["search", "refine"])
def test_what_is_to_be_spent_on_a_set_is_its_budget(read_as):
    """A set without a budget gets one, whatever the message calls it; no piece of it may cost all of it."""
    asked = ShoppingIntent(action="complete", categories=("sofa", "rug"))
    history = (replace(TOGETHER[0], intent=asked, shown=PAIR),)
    read = ShoppingIntent(action=read_as, categories=("sofa", "rug"), price_max=1500)
    intent = carry(mend(read, "something cozy please, budget is around 1500", history, LEXICON), history)
    assert (intent.action, intent.budget_total, intent.price_max) == ("complete", 1500, None)


def test_what_goes_with_a_piece_of_a_set_is_no_change_of_it():
    """A rug that goes with the sofa is looked for beside the sofa, and nothing else."""
    read = ShoppingIntent(action="complete", categories=("rug",), item_refs=(1,))
    message = "ok and what about a rug that goes with the first sofa?"
    history = (replace(TOGETHER[0], shown=PAIR),)
    intent = carry(mend(read, message, history, LEXICON), history)
    assert (intent.action, intent.categories, intent.item_refs) == ("complete", ("rug",), (1,))


def test_a_set_is_made_cheaper_as_a_whole():
    """`Make it cheaper` is about no piece of it, whatever was read."""
    history = (replace(TOGETHER[0], shown=PAIR),)
    read = ShoppingIntent(action="complete", categories=("sofa", "rug"), item_refs=(1,), sort="price_low")
    intent = mend(read, "make it cheaper", history, LEXICON)
    assert (intent.categories, intent.item_refs, intent.sort) == (("sofa", "rug"), (), "price_low")
