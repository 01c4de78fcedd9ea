"""What a message plainly says holds, whatever was read of it."""

import pytest

from navigator.intent import ShoppingIntent
from navigator.lexicon import Lexicon
from navigator.mending import mend
from navigator.number_words import in_digits
from navigator.plain_words import said
from navigator.prompt import Exchange
from navigator.wish import read_wish
from tests.navigator.small_shop import LEXICON, SOFAS

FIRST = ShoppingIntent(action="search", categories=("sofa",), colors=("green",), price_max=900)
HISTORY = (Exchange("a green sofa under 900", FIRST, SOFAS, "Have a look at [1]."),)


def read(message: str, **intent) -> ShoppingIntent:
    return mend(ShoppingIntent(**intent), message, HISTORY, LEXICON)


@pytest.mark.parametrize(
    ("message", "refs"),
    [
        ("the second one, please", (2,)),
        ("how much is the 3rd?", (3,)),
        ("compare the first two", (1, 2)),
        ("which is softer, 2 or 4", (2, 4)),
        ("what is number four made of", (4,)),
        ("I'd take the last one", (5,)),
        ("cheapest first", ()),
        ("price low first please", ()),
        ("it's for my first apartment", ()),
        ("the seventh", ()),
        ("a table for 2 or 3 people", ()),
        ("with 2 or 3 drawers", ()),
        ("it's for the second bedroom", ()),
        ("a second sofa", ()),
        ("anything second hand?", ()),
        ("no. one with a drawer", ()),
        ("compare no. 2 and no. 3", (2, 3)),
        ("more like 2", (2,)),
        ("I'd like 2 lamps", ()),
    ],
)
def test_ordinals_point_at_what_is_on_show(message, refs):
    assert said(message, LEXICON, 5).refs == refs


@pytest.mark.parametrize(
    ("message", "refused", "named"),
    [
        ("no leather and no velvet", ["leather", "velvet"], []),
        ("anything but white", ["white"], []),
        ("not in black, grey is fine", ["black"], ["grey"]),
        ("no more than 300, oak", [], ["oak"]),
        ("no wait, white", [], ["white"]),
        ("dark walnut, not oak", ["oak"], ["walnut"]),
        ("forget the velvet", [], []),
        ("it shouldn't be velvet", ["velvet"], []),
        ("never leather", ["leather"], []),
        ("neither oak nor walnut", ["oak", "walnut"], []),
        ("rather oak than walnut", ["walnut"], ["oak"]),
        ("I prefer oak over walnut", ["walnut"], ["oak"]),
        ("oak rather than walnut", ["walnut"], ["oak"]),
        ("nothing but oak", [], ["oak"]),
        ("oak, if not walnut", [], ["oak", "walnut"]),
        ("why not in black?", [], ["black"]),
        ("not sure whether oak or walnut", [], ["oak", "walnut"]),
        ("it does not have to be oak", [], []),
        ("no rush, oak is fine", [], ["oak"]),
        ("no problem oak is fine", [], ["oak"]),
    ],
)
def test_negations_refuse(message, refused, named):
    plainly = said(message, LEXICON, 0)
    assert [word for _, word in plainly.refused] == refused
    assert [word for _, word in plainly.named] == named


def test_a_bare_word_changes_the_search():
    """`walnut?` after a list is no question about the items, and green still holds."""
    got = read("walnut?", action="ask")
    assert (got.action, got.materials, got.colors) == ("refine", ("walnut",), ("green",))
    assert read("is the second one walnut?", action="ask").action == "ask"
    assert read("under 500", action="ask").price_max == 500


def test_what_is_refused_is_not_wanted():
    """`Nothing white` read as white; and what was wished for a moment ago is not refused by itself."""
    got = read("nothing white", action="refine", colors=("white",))
    assert (got.colors, got.exclude) == (("green",), ("white",))
    assert not read("or black", action="refine", colors=("black",), exclude=("green",)).exclude


def test_looks_hold_until_they_are_taken_back():
    """A limit keeps the colour; another colour, or any, does not; a new search starts afresh."""
    assert read("not velvet though", action="refine", exclude=("velvet",)).colors == ("green",)
    assert read("grey rather", action="refine", colors=("grey",)).colors == ("grey",)
    assert read("any colour is fine", action="refine").colors == ()
    assert read("now show me rugs", action="search", categories=("rug",)).colors == ()


def test_things_that_are_there_already_are_not_wished_for():
    """A short message adds what was missed in it; a long one, or one about what somebody has, does not."""
    assert read("sofa, leather", action="search", categories=("sofa",)).materials == ("leather",)
    assert not read("a rug for my oak floor", action="search", categories=("rug",)).materials
    long = "a rug that would look nice under an old oak table in the hall"
    assert not read(long, action="search", categories=("rug",)).materials


def test_a_missed_reference_is_put_in():
    assert read("what is the second one made of", action="ask").item_refs == (2,)
    assert read("like the third", action="similar", item_refs=(1,)).item_refs == (3,)


@pytest.mark.parametrize(
    ("message", "kinds"),
    [
        ("chairs for the dining table", ("chairs",)),
        ("a rug to go under my sofa", ("rug",)),
        ("I have a grey sofa and need a rug", ("rug",)),
        ("sofa, rug and floor lamp for a corner, 900 together", ("sofa", "rug", "floor lamp")),
        ("a nightstand", ("nightstand",)),
        ("with a wooden frame", ()),
        ("do you have couches", ("couches",)),
    ],
)
def test_what_is_looked_for_is_told_from_what_is_there(message, kinds):
    assert said(message, LEXICON, 0).kinds == kinds


def test_kinds_that_were_said_are_looked_for():
    """Chairs for a table are no table; what was read more narrowly stays; of several, none is missing."""
    got = read("chairs for the dining table", action="search", categories=("dining table",))
    assert got.categories == ("chairs",)
    assert read("a little table", action="search", categories=("side table",)).categories == ("side table",)
    both = read("a corner: sofa and rug, 900 total", action="complete", categories=("corner", "sofa"), budget_total=900)
    assert both.categories == ("sofa", "rug")


def test_what_nobody_said_is_left_out():
    """A kind that neither the message nor the catalogue knows, an exclusion out of nowhere, an order unasked."""
    got = read("in grey", action="refine", categories=("sidechair",), exclude=("cricket",), sort="price_low")
    assert (got.categories, got.exclude, got.sort) == (("sofa",), (), "relevance")
    assert read("coasters please", action="search", categories=("coaster",)).categories == ("coaster",)
    assert read("cheaper ones", action="refine", sort="price_low").sort == "price_low"
    assert read("a rug for the living room", action="refine", sort="largest").sort == "relevance"
    assert read("it won't fit in there", action="refine", sort="smallest").sort == "smallest"
    assert read("a bigger rug to go with it", action="complete", sort="largest").sort == "relevance"
    assert read("mostly the sofa corner", action="refine", exclude=("rug",)).exclude == ()


def test_no_look_is_added_to_the_one_that_was_named():
    """Whoever says `industrial style` thought of no other; a value that is the same one, or was there before, stays."""
    assert read("industrial style", action="refine", styles=("mid-century", "industrial")).styles == ("industrial",)
    assert read("the green one", action="refine", colors=("sage", "green")).colors == ("sage", "green")
    either = read("oak or walnut", action="refine", materials=("oak", "walnut", "leather"))
    assert either.materials == ("oak", "walnut")
    wish = "something for a study that my father would have liked, all industrial and proper"
    assert read(wish, action="search", styles=("industrial", "mid-century")).styles == ("industrial",)


def test_a_look_that_nothing_speaks_of_is_left_out():
    """Neither the message nor the catalogue knows `rhymes`; what the catalogue lacks but somebody said stays."""
    read_so = read("any velvet?", action="refine", materials=("velvet", "rhymes"), colors=("orange",))
    assert read_so.materials == ("velvet",)
    assert "rhymes" not in read("a vase, nothing loud", action="search", materials=("rhymes",)).materials
    assert read("a sofa in turquoise", action="search", colors=("turquoise",)).colors == ("turquoise",)


def test_a_limit_is_of_one_item_unless_it_is_of_all():
    got = read("max 120", action="complete", budget_total=120, item_refs=(1,))
    assert (got.action, got.price_max, got.budget_total, got.item_refs) == ("refine", 120, None, ())
    room = read("a whole living room for 2000 euros", action="complete", categories=("sofa", "rug"), price_max=2000)
    assert (room.action, room.price_max, room.budget_total) == ("complete", None, 2000)
    of_all = (Exchange("sofa and rug", FIRST.model_copy(update={"budget_total": 900}), SOFAS, "[1]."),)
    got = mend(ShoppingIntent(action="refine"), "make it 1200 max", of_all, LEXICON)
    assert (got.price_max, got.budget_total) == (None, 1200)


@pytest.mark.parametrize(
    ("message", "action", "categories"),
    [
        ("something to put my plants in", "search", ("sofa",)),
        ("a whole living room please", "complete", ("sofa", "rug")),
        ("we are moving to a new flat", "complete", ("sofa", "rug")),
        ("a sofa and a rug", "complete", ("sofa", "rug")),
    ],
)
def test_several_things_are_named_or_furnish_a_room(message, action, categories):
    """Who wants somewhere to put plants does not want a mirror besides, whatever was read."""
    intent = mend(ShoppingIntent(action="complete", categories=("sofa", "rug")), message, (), LEXICON)
    assert (intent.action, intent.categories) == (action, categories)


def test_one_thing_alone_has_a_price_and_no_budget():
    """What was to be spent on three things that nobody wants is what the one may cost."""
    read_as = ShoppingIntent(action="complete", categories=("sofa", "rug"), budget_total=45)
    intent = mend(read_as, "something to put my plants in", (), LEXICON)
    assert (intent.price_max, intent.budget_total) == (None, None), "of a price nothing was said"
    priced = mend(read_as, "something to put my plants in for 45 euros", (), LEXICON)
    assert (priced.price_max, priced.budget_total) == (45, None)


def test_a_sum_is_of_all_on_show():
    """`What's the total now?` is about everything, whichever item was spoken of last; the price of one is its own."""
    assert read("what's the total now", action="ask", item_refs=(4,)).item_refs == ()
    assert read("what do both cost together", action="ask", item_refs=(1, 2)).item_refs == (1, 2)
    assert read("how much is the fourth?", action="ask", item_refs=(4,)).item_refs == (4,)


def test_what_is_pointed_at_is_what_is_looked_for():
    wanted = ShoppingIntent(action="search", query="this but cheaper")
    assert mend(wanted, "this but cheaper", (), LEXICON, pointed=True).action == "similar"
    assert mend(wanted, "a rug for it", (), LEXICON, pointed=True).action == "search"


def test_a_picture_is_what_this_means():
    """`Something like this` beside an upload is no item on show, unless it is named by its number."""
    read = ShoppingIntent(action="similar", item_refs=(1,))
    assert mend(read, "something like this", HISTORY, LEXICON, picture=True).item_refs == ()
    assert mend(read, "something like this", HISTORY, LEXICON).item_refs == (1,)
    assert mend(read, "is this like the second one?", HISTORY, LEXICON, picture=True).item_refs == (2,)


def test_a_name_for_what_was_vague_goes_on_with_it():
    """A present under 30, and then: a mug. The limit holds, since nothing else was looked for."""
    vague = (Exchange("a present", ShoppingIntent(action="search", query="present", price_max=30), SOFAS, "[1]."),)
    assert mend(ShoppingIntent(action="search", categories=("rug",)), "a rug maybe", vague, LEXICON).action == "refine"


@pytest.mark.parametrize(
    ("message", "kinds", "action"),
    [
        ("shelves for the home office", ("shelf",), "search"),
        ("a rug to go with my grey sofa", ("rug",), "search"),
        ("something to go with my grey sofa", (), "complete"),
        ("a bed and two nightstands", ("bed", "nightstand"), "complete"),
    ],
)
def test_one_thing_alone_completes_nothing(message, kinds, action):
    """With nothing on show, one kind of thing is searched for: nobody here has seen what it shall go with."""
    assert mend(ShoppingIntent(action="complete", categories=kinds), message, (), LEXICON).action == action


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ("floor lamps", "search"),
        ("only armchairs", "refine"),
        ("sofas in either", "refine"),
        ("a rug for it", "complete"),
        ("rugs and floor lamps", "complete"),
    ],
)
def test_one_kind_named_alone_completes_nothing(message, action):
    """With things on show, too: what is to go with them says so, and `only` narrows."""
    assert read(message, action="complete", item_refs=(4,)).action == action


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ("how much is the second one", "ask"),
        ("cheapest of 1, 3 and 4", "compare"),
        ("the second one in oak", "refine"),
        ("the third, but under 500", "refine"),
    ],
)
def test_what_is_asked_of_an_item_looks_for_nothing(message, action):
    """A number and a question, and no wish beside it."""
    assert read(message, action="refine", item_refs=(2,)).action == action


def test_superlatives_sort():
    assert read("the cheapest first", action="ask").sort == "price_low"
    assert read("most expensive sofa", action="search", categories=("sofa",)).sort == "price_high"


def test_another_material_takes_the_place_of_the_first():
    oak = (Exchange("oak", ShoppingIntent(action="search", categories=("sofa",), materials=("oak",)), SOFAS, "[1]."),)
    both = ShoppingIntent(action="refine", materials=("oak", "walnut"))
    assert mend(both, "nah, walnut", oak, LEXICON).materials == ("walnut",)
    assert mend(both, "or walnut", oak, LEXICON).materials == ("oak", "walnut")


def test_what_stands_before_a_thing_describes_it():
    """However long the message is; what stands before something else does not."""
    long = "I would so much like to find a velvet sofa for our hall with the oak floor"
    assert read(long, action="search", categories=("sofa",)).materials == ("velvet",)


def test_a_change_changes_nothing_else():
    """A limit brings no colour with it, and dark wood makes no armchair of a sofa."""
    got = read("under 500", action="refine", categories=("armchair",), colors=("black",))
    assert (got.categories, got.colors, got.price_max) == (("sofa",), ("green",), 500)
    assert read("in oak", action="refine", categories=("armchair",), materials=("oak",)).categories == ("sofa",)
    assert read("a rug in oak tones", action="refine", categories=("rug",)).categories == ("rug",)


def test_a_narrower_kind_is_kept():
    """`A tall black one` after lamps is read as floor lamps, and stays that, though the message names none."""
    lexicon = Lexicon({**LEXICON.values, "category": ("floor lamps", "table lamps", "rugs")})
    first = ShoppingIntent(action="search", categories=("lamp",))
    before = (Exchange("a lamp", first, SOFAS, "[1] fits."),)

    def read_as(kind: str) -> tuple[str, ...]:
        read = ShoppingIntent(action="refine", categories=(kind,), colors=("black",))
        return mend(read, "a tall black one", before, lexicon).categories

    assert (read_as("floor lamp"), read_as("rug")) == (("floor lamp",), ("lamp",))


@pytest.mark.parametrize(
    ("message", "kinds"),
    [
        ("the floor ones", ("floor lamp",)),
        ("a standing one, black", ("standing lamp",)),
        ("a nice one", ("lamp",)),
        ("the dining ones", ("lamp",)),
    ],
)
def test_those_ones_are_of_the_kind_before(message, kinds):
    """Of the lamps on show, and read as a question or as rugs, `the floor ones` are floor lamps; nice is no kind."""
    lexicon = Lexicon({**LEXICON.values, "category": ("floor lamps", "table lamps", "rugs", "dining chairs")})
    first = ShoppingIntent(action="search", categories=("lamp",))
    before = (Exchange("a lamp", first, SOFAS, "[1] fits."),)
    read = mend(ShoppingIntent(action="refine", categories=("lamp",)), message, before, lexicon)
    assert read.categories == kinds
    if len(kinds[0].split()) > 1:
        assert mend(ShoppingIntent(action="ask", item_refs=(1,)), message, before, lexicon).action == "refine"


def test_a_look_said_on_its_own_is_meant():
    """However long the message: between commas, or behind the thing. Not of what is there already."""
    long = "a sofa that the children can jump on all day, white or grey"
    assert read(long, action="search", categories=("sofa",)).colors == ("white", "grey")
    behind = "please show me the sofas that you have in velvet"
    assert read(behind, action="search", categories=("sofa",)).materials == ("velvet",)
    assert not read("a rug for our living room which is all in oak", action="search", categories=("rug",)).materials


def test_a_brand_that_is_named_is_asked_for():
    """As a condition; one that is a usual word is only ranked by, and that behind `by` alone."""
    lexicon = Lexicon({**LEXICON.values, "brand": ("Velourie", "North")})
    searched = ShoppingIntent(action="search", query="anything")

    def brand(message: str) -> tuple[str, ...]:
        return read_wish(mend(searched, message, (), lexicon), lexicon).wanted.get("brand", ())

    assert brand("do you have anything by velourie?") == brand("Velourie stuff") == ("Velourie",)
    assert mend(searched, "lamps by North", (), lexicon).query == "North anything"
    assert "North" not in mend(searched, "a picture of the north", (), lexicon).query


def test_what_somebody_has_is_not_looked_for():
    """`I have a grey sofa and would like a rug for it` read as both."""
    both = ShoppingIntent(action="complete", categories=("sofa", "rug"))
    assert mend(both, "I have a grey sofa and would like a rug for it", (), LEXICON).categories == ("rug",)
    assert said("my old sofa is ugly, I need a sofa", LEXICON, 0).kinds == ("sofa",)


def test_of_two_that_one_could_not_decide_between_one_is_named():
    """Sofas or armchairs, and then: the armchairs. A set for one budget stays a set."""
    either = ShoppingIntent(action="search", categories=("sofa", "armchair"), materials=("oak",))
    before = (Exchange("sofas or armchairs in oak", either, SOFAS, "[1] fits."),)
    read = mend(
        ShoppingIntent(action="complete", categories=("armchair", "sofa")), "the armchairs then", before, LEXICON
    )
    assert (read.action, read.categories, read.materials) == ("refine", ("armchair",), ("oak",))


def test_a_part_that_is_asked_for_is_no_kind():
    """`With a drawer` is still about sofas, and says something of them; `only the lamps` keeps what held."""
    read_as = read("with a drawer please", action="refine", categories=("drawer",))
    assert (read_as.categories, read_as.query) == (("sofa",), "drawer")
    kept = read("only the armchairs", action="search", categories=("armchair",))
    assert (kept.action, kept.colors) == ("refine", ("green",))


def test_a_price_is_one_that_was_said():
    """Coffee table 250, read as up to 150; without any number the limit is the one before."""
    assert read("then a rug 250", action="refine", categories=("rug",), price_max=150).price_max == 250
    assert read("in oak please", action="refine", materials=("oak",), price_max=150).price_max == 900
    assert read("under 300", action="refine", price_max=300).price_max == 300
    unsaid = ShoppingIntent(action="search", categories=("dining table",), price_max=600)
    assert mend(unsaid, "an oak dining table with 6 chairs", (), LEXICON).price_max is None


def test_a_wish_is_no_small_talk():
    """`I want a rug` on an empty page, read as talk; a question stays one."""
    talk = ShoppingIntent(action="chat")
    assert mend(talk, "i want a rug", (), LEXICON).action == "search"
    assert mend(talk, "what is a rug?", (), LEXICON).action == "chat"


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("under a hundred", "under 100"),
        ("two fifty at most", "250 at most"),
        ("fifteen hundred for all", "1500 for all"),
        ("a thousand two hundred and fifty", "1250"),
        ("two chairs, one lamp", "two chairs, one lamp"),
        ("max 1.5k", "max 1500"),
        ("thirty-five euros", "35 euros"),
    ],
)
def test_sums_in_words(said, digits):
    """Prices are spoken as often as typed; how many chairs there are is no price."""
    assert in_digits(said) == digits


@pytest.mark.parametrize(
    "message",
    [
        "Might you have any in walnut, by any chance? We have a lot of that at home",
        "I would much rather it were grey, if that is at all possible for you to find",
        "Are there any of them that cost less than six hundred euros, please?",
        "Could we perhaps keep everything below 700, as we also need a rug?",
        "Would you please put the least expensive ones on top of the list for me?",
        "how many do you have under 800?",
        "please leave the velvet ones out from now on, if you would be so kind",
    ],
)
def test_a_polite_request_changes_the_search(message):
    """However long and whatever it was read as, a wish with a look or a limit in it asks for other items."""
    for action in ("ask", "chat"):
        assert read(message, action=action).action == "refine"


@pytest.mark.parametrize(
    "message",
    [
        "please leave the velvet ones out",
        "velvet is out, the cat",
        "I'm allergic to velvet",
        "velvet won't do for us I'm afraid",
        "we hate velvet",
    ],
)
def test_ways_of_saying_no(message):
    """What is refused is refused, wherever the no stands."""
    intent = read(message, action="refine", materials=("velvet",))
    assert intent.exclude == ("velvet",)
    assert intent.materials == ()


@pytest.mark.parametrize(
    "message",
    ["Could you tell me whether it is really oak?", "which of them are made of walnut, please?", "is number 2 grey?"],
)
def test_a_question_stays_one(message):
    """A question about what is on show, however polite, looks for nothing."""
    assert read(message, action="ask").action == "ask"


@pytest.mark.parametrize(
    ("message", "action", "categories"),
    [
        ("bed, upholstered, light", "search", ("bed",)),
        ("a light bed", "search", ("bed",)),
        ("a bed and a light, 900 in total", "complete", ("bed", "light")),
    ],
)
def test_a_light_bed_is_no_lamp(message, action, categories):
    """A word that may be a look is a thing only where it stands as one."""
    intent = mend(ShoppingIntent(action="complete", categories=("bed", "light")), message, (), LEXICON)
    assert (intent.action, intent.categories) == (action, categories)


def test_a_refused_price_is_the_highest():
    """Something must not cost more than so much: that is no lowest price."""
    intent = read("it shouldn't cost more than 300 euros", action="refine", price_min=300)
    assert (intent.price_min, intent.price_max) == (None, 300)
    assert said("that should not be more than 80", LEXICON, 5).price_min is None


@pytest.mark.parametrize(
    ("message", "kinds"),
    [
        ("white dining table for 6 people with armchairs, 1200 in total", ("dining table", "armchairs")),
        ("a sofa with a rug, 900 all together", ("sofa", "rug")),
        ("a rug to go with my sofa, 900 in total", ("rug",)),
        ("a sofa with my rug, 900 total", ("sofa",)),
        ("a sofa with a rug under it", ("sofa",)),
    ],
)
def test_things_that_cost_so_much_together_are_all_looked_for(message, kinds):
    """`A table with chairs, 1200 in total` is both; without a sum, or with what is there already, it is one."""
    assert said(message, LEXICON, 0).kinds == kinds


@pytest.mark.parametrize("history", [HISTORY, ()])
def test_asking_for_a_thing_is_no_small_talk(history):
    """`Do you have a matching rug?` looks for one, whatever is on show."""
    intent = mend(ShoppingIntent(action="chat"), "do you have a matching rug", history, LEXICON)
    assert (intent.action, intent.categories) == ("search", ("rug",))


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ("how many rugs do you have?", "search"),
        ("how many of the sofas can be had now?", "ask"),
        ("how many sofas do you have in stock?", "ask"),
        ("how wide are the rugs?", "ask"),
    ],
)
def test_a_question_about_things_that_are_not_on_show(message, action):
    """Who asks for rugs beside sofas is shown rugs; of what is on show, a question stays one."""
    assert read(message, action="ask").action == action


@pytest.mark.parametrize(
    ("message", "sort"),
    [
        ("price high to low", "price_high"),
        ("price low to high", "price_low"),
        ("most expensive first", "price_high"),
        ("from cheapest to most expensive", "price_low"),
        ("from the most expensive to the cheapest", "price_high"),
        ("not the cheapest", None),
        ("no longer black", None),
        ("a longer one", "largest"),
        ("small", "smallest"),
        ("something big please", "largest"),
        ("a small vase", None),
    ],
)
def test_orders_are_the_ones_named(message, sort):
    assert said(message, LEXICON, 0).sort == sort


def test_what_need_not_be_is_dropped():
    assert [word for _, word in said("it doesn't need to be oak", LEXICON, 0).dropped] == ["oak"]
    assert [word for _, word in said("I don't need leather", LEXICON, 0).dropped] == ["leather"]
