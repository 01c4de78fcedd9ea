"""Messages that name nothing that the shop knows, and items that somebody would rather not have."""

import asyncio
from dataclasses import replace

import pytest

from navigator.finding import Means, choose, find
from navigator.intent import LAST_PAGE, ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.mending import items_that_stay, mend
from navigator.pointing import items_meant
from navigator.prompt import Exchange
from tests.navigator.small_shop import LEXICON, SOFAS
from tests.navigator.test_finding import LEXICON as SHELVED
from tests.navigator.test_finding import Shelves, thing
from tests.navigator.test_set_parts import PAIR, SET

TAUGHT = Lexicon(LEXICON.values, seen=("color", "legs", "drawer", "striped"))
LIST = (Exchange("sofas", ShoppingIntent(action="search", categories=("sofa",)), SOFAS, "Have a look at [1]."),)
TOGETHER = (Exchange("a sofa and a rug, 900 together", SET, PAIR, "Together: [1] and [2]."),)


@pytest.mark.parametrize(
    ("message", "asks"),
    [
        ("what kinds of things do you sell?", True),
        ("what do you have", True),
        ("what can I buy here?", True),
        ("what's in the shop", True),
        ("just browsing", True),
        ("what's popular right now", True),
        ("what's the best sofa", False),
        ("what do you have in oak?", False),
        ("what can you do?", False),
        ("what sofas do you have?", False),
        ("what else do you have?", False),
    ],
)
def test_whoever_asks_what_there_is_sees_something_of_everything(message, asks):
    """Nothing is ranked by `sell`."""
    read = ShoppingIntent(action="search", query=message)
    assert (mend(read, message, (), TAUGHT) == ShoppingIntent(action="search")) is asks


@pytest.mark.parametrize(
    ("message", "read_as", "categories"),
    [
        ("i need curtains", {}, ("curtain",)),
        ("do you have any garden gnomes?", {}, ("garden gnome",)),
        ("looking for a hammock please", {}, ("hammock",)),
        ("do you sell projectors", {"action": "chat", "query": ""}, ("projector",)),
        ("i want a drone", {"action": "chat", "query": ""}, ("drone",)),
        ("looking for a sewing machine under 200", {"categories": ("singing machine",)}, ("sewing machine",)),
        ("got any corkscrews", {"categories": ("velvet",), "materials": ("velvet",)}, ("corkscrew",)),
        ("what harmonicas do you have", {"categories": ("harmony",)}, ("harmonica",)),
        ("do you have a return policy?", {"action": "chat", "query": ""}, ()),
        ("do you have a warranty?", {"action": "chat", "query": ""}, ()),
        ("i want a refund", {"action": "chat", "query": ""}, ()),
        ("i have a dog", {"action": "chat", "query": ""}, ()),
        ("i need help", {}, ()),
        ("i want some inspiration", {}, ()),
        ("i need a gift", {}, ()),
        ("do you have anything nice", {}, ()),
        ("i need stripes", {}, ()),
        ("something for my plants", {}, ()),
        ("show me a couch", {"categories": ("sofa",)}, ("sofa",)),
        ("what about a kayak", {"action": "refine", "categories": ("drone",)}, ("kayak",)),
        ("i need a different size", {"action": "refine", "query": ""}, ()),
        ("i need a place to sit", {"categories": ("armchair",)}, ("armchair",)),
    ],
)
def test_a_thing_that_no_catalogue_names_is_looked_for_by_its_name(message, read_as, categories):
    """So that it can be said not to be there, instead of eight things at random, or of what sounds like it."""
    intent = mend(ShoppingIntent(**{"action": "search", "query": message} | read_as), message, (), TAUGHT)
    assert intent.categories == categories
    assert intent.action == "search" if categories else intent.action in ("search", read_as.get("action"))
    assert not intent.materials


def test_no_word_of_a_vague_wish_is_lost():
    """The model kept the balcony and forgot the plants."""
    read = ShoppingIntent(action="search", query="something to put on the balcony")
    assert "plants" in mend(read, "something to put my plants on the balcony", (), TAUGHT).query


def test_a_part_is_no_material():
    """With a drawer: what only pictures show is ranked by."""
    intent = mend(ShoppingIntent(action="refine", materials=("drawer",)), "with a drawer", LIST, TAUGHT)
    assert (intent.materials, intent.query) == ((), "drawer")


def test_an_order_of_prices_is_no_word_to_rank_by():
    read = ShoppingIntent(action="refine", query="sofa, expensive", sort="price_low")
    assert mend(read, "that's too expensive", LIST, TAUGHT).query == "sofa"


def test_a_kind_that_the_shop_does_not_have_goes_with_nothing():
    """`Ok, a coat rack then` looks for one; to go with the first it is company."""
    read = ShoppingIntent(action="complete", categories=("coat rack",), item_refs=(1,))
    assert mend(read, "ok then a coat rack", LIST, TAUGHT).action == "search"
    assert mend(read, "a coat rack to go with the first", LIST, TAUGHT).action == "complete"


def test_a_question_about_another_kind_looks_for_it():
    """What colours do your rugs come in? is not about the sofas on show, nor about things found for no kind at all."""
    asked = ShoppingIntent(action="ask", item_refs=(1,))
    for history in (
        LIST,
        (replace(TOGETHER[0], intent=ShoppingIntent(action="search"), shown=PAIR[:1]),),
    ):
        intent = mend(asked, "what colours do your rugs come in?", history, TAUGHT)
        assert (intent.action, intent.categories) == ("search", ("rugs",))
    assert mend(asked, "what colours do your sofas come in?", LIST, TAUGHT).action == "ask"


@pytest.mark.parametrize(
    ("message", "gone"),
    [
        ("I don't like the rug", "rugs"),
        ("not keen on the rug", "rugs"),
        ("another rug please", "rugs"),
        ("swap the second", "rugs"),
        ("I hate the sofa", "sofas"),
        ("I don't like the rug, a grey one", ""),
        ("no rug then", ""),
        ("I don't like rugs and sofas", ""),
    ],
)
def test_one_thing_of_a_set_is_exchanged(message, gone):
    """The others stay; the one that was disliked is not found again."""
    read = ShoppingIntent(action="ask", item_refs=(2,))
    intent = mend(read, message, TOGETHER, TAUGHT)
    assert (intent.categories == SET.categories and intent.rejected != ()) is bool(gone)
    if gone:
        assert [word.casefold() for word in intent.rejected] == [gone]
        stays = items_that_stay(intent, message, TOGETHER, PAIR, TAUGHT)
        assert [entry.item.id.casefold() for entry in stays] == [{"rugs": "sofas", "sofas": "rugs"}[gone]]


def test_an_item_of_a_list_is_left_out():
    """By its number; the search is the one before."""
    intent = mend(ShoppingIntent(action="ask", item_refs=(2,)), "I don't like the second one", LIST, TAUGHT)
    assert (intent.action, intent.categories, intent.rejected) == ("refine", ("sofa",), ("Sofa 1",))
    for message in (
        "would you say the second is nice?",
        "another one like the second",
        "is there another like the second",
        "not the second but the third",
        "another question, is the second one in stock?",
        "can I change the height of the second one?",
        "not sure about the second one, tell me more",
    ):
        assert mend(ShoppingIntent(action="ask"), message, LIST, TAUGHT).rejected == ()


def test_a_sum_may_leave_one_out():
    """What would it all cost without the lamp: of the set, whatever was asked about in between."""
    three = (
        *PAIR,
        replace(PAIR[0], item=PAIR[0].item.model_copy(update={"id": "l", "category": ("Home", "Floor lamps")})),
    )
    about = Exchange("is the rug wool?", ShoppingIntent(action="ask", item_refs=(2,)), three[1:2], "[1] is wool.")
    history = (replace(TOGETHER[0], shown=three), about)
    for message, ids in (
        ("what would it all cost without the lamp?", "SofasRugs"),
        ("what does it all cost?", "SofasRugsl"),
    ):
        intent = mend(ShoppingIntent(action="ask"), message, history, TAUGHT)
        assert "".join(one.item.id for one in items_meant(intent, message, history, TAUGHT)) == ids


def test_whatever_goes_with_it_is_no_set():
    """A whole room was read where somebody pointed at a sofa: neither one, nor more sofas."""
    read = ShoppingIntent(action="complete", categories=("sofa", "coffee table", "floor lamp", "rug"))
    intent = mend(read, "what goes with this", (), TAUGHT, pointed=True)
    assert (intent.action, intent.categories) == ("complete", ())


def test_what_is_named_after_a_look_around_is_a_new_search():
    """A vague wish is narrowed by a kind; to have seen something of everything is no wish."""
    search = ShoppingIntent(action="search", categories=("rug",))
    around = (replace(LIST[0], intent=ShoppingIntent(action="search")),)
    assert mend(search, "rugs", around, TAUGHT).action == "search"
    wish = (replace(LIST[0], intent=ShoppingIntent(action="search", query="something soft")),)
    assert mend(search, "rugs", wish, TAUGHT).action == "refine"


@pytest.mark.parametrize(
    ("message", "more"),
    [
        ("show me more", True),
        ("more", True),
        ("what else do you have?", True),
        ("can I see some others please", True),
        ("next", True),
        ("any other ones?", True),
        ("are there more of these?", True),
        ("more like the second", False),
        ("more expensive", False),
        ("others in oak", False),
        ("something else", True),
    ],
)
def test_more_is_more_of_the_same(message, more):
    """The search of before, and what comes after the items that were seen; a change of it begins with the first."""
    intent = mend(ShoppingIntent(action="ask"), message, LIST, TAUGHT)
    assert (intent.page == 1) is more
    if more:
        assert (intent.action, intent.categories) == ("refine", ("sofa",))
        again = (*LIST, replace(LIST[0], intent=intent))
        assert mend(ShoppingIntent(action="ask"), message, again, TAUGHT).page == 2
        last = (replace(LIST[0], intent=intent.model_copy(update={"page": LAST_PAGE})),)
        assert mend(ShoppingIntent(action="ask"), message, last, TAUGHT).page == LAST_PAGE
        changed = mend(ShoppingIntent(action="refine", materials=("velvet",)), "in velvet", again, TAUGHT)
        assert (changed.page, changed.materials) == (0, ("velvet",))


@pytest.mark.parametrize(("page", "ids", "told"), [(0, "ab", ()), (1, "cd", ()), (2, "e", ()), (3, "ab", ("page",))])
def test_a_page_goes_on_where_the_last_one_ended(page, ids, told):
    """After the last one the first is shown again, and that is said."""
    shelves = Shelves(tuple(thing(name, "Sofas", 100) for name in "abcde"))
    means = Means(shelves.look, shelves.goes_with, shelves.order)

    async def shown():
        intent = ShoppingIntent(action="refine", categories=("sofa",), page=page)
        return await choose(await find(intent, (), SHELVED, means), intent, means, 2)

    final = asyncio.run(shown())
    assert "".join(entry.item.id for entry in final.shown) == ids
    assert tuple(relaxed.field for relaxed in final.relaxed) == told


def test_paging_goes_deeper_than_one_search():
    """That there is no further one is not said where only the search was too shallow."""
    shelves = Shelves(tuple(thing(str(number), "Sofas", 100) for number in range(70)))
    means = Means(shelves.look, shelves.goes_with, shelves.order)

    async def shown(page):
        intent = ShoppingIntent(action="refine", categories=("sofa",), page=page)
        return await choose(await find(intent, (), SHELVED, means), intent, means, 8)

    pages = [asyncio.run(shown(page)) for page in range(10)]
    assert [entry.item.id for final in pages[:9] for entry in final.shown] == [str(number) for number in range(70)]
    assert [bool(final.relaxed) for final in pages] == [False] * 9 + [True]


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("best gift for a friend who loves tea", "tea"),
        ("a present for my mum who is into plants", "plants"),
        ("I need a present for my dad, he likes reading", "reading"),
        ("a gift for my mum", "a gift for my mum"),
        ("present", "present"),
    ],
)
def test_what_somebody_likes_is_looked_for_and_not_the_word_present(query, left):
    """No product's words speak of friends; what the friend loves is what there is to find."""
    assert mend(ShoppingIntent(action="search", query=query), query, (), LEXICON).query == left


@pytest.mark.parametrize(
    ("message", "query"), [("for the bedroom", "cozy bedroom"), ("it's for my guest room", "cozy guest room")]
)
def test_a_room_alone_is_one_more_word_of_a_vague_wish(message, query):
    """Nothing on show is what it is to go with."""
    history = (Exchange("something cozy", ShoppingIntent(action="search", query="cozy"), SOFAS, "[1]"),)
    read = ShoppingIntent(action="complete", item_refs=(1,))
    intent = mend(read, message, history, LEXICON)
    assert (intent.action, intent.query, intent.item_refs) == ("refine", query, ())
