"""Finding items by words, vectors and filters in a real LanceDB table."""

import functools
import operator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog.errors import InvalidInput, NotFound, VersionMismatch
from catalog.filters import Facets, Filters, facet_terms
from catalog.search import MAX_DEPTH, ItemSearch, Probe, fuse
from catalog.table import vectors_from_arrow


@pytest.fixture
async def search(shop):
    return await ItemSearch.open(shop[0], "items", tag="v1", encoder_version="enc-1")


async def test_the_nearest_vector_comes_first(shop, search):
    """A picture's own vector finds its item first, and the vector comes along in the table."""
    _, _, vectors = shop
    found = await search.find([Probe("picture", column="image_vector", vector=vectors["image_vector"][8])], limit=5)
    assert found["id"].to_pylist()[0] == "p8"
    assert found["score"].to_pylist()[0] == 1.0
    assert found["why"].to_pylist()[0] == [{"by": "picture", "rank": 1}]
    np.testing.assert_allclose(vectors_from_arrow(found["image_vector"])[0], vectors["image_vector"][8], atol=1e-6)


async def test_an_item_without_a_picture_is_never_found_by_picture(shop, search):
    """A missing picture is not similar to anything."""
    probe = Probe("picture", column="image_vector", vector=shop[2]["image_vector"][0])
    assert "p3" not in (await search.find([probe], limit=60))["id"].to_pylist()


async def test_words_find_titles(search):
    """Full text finds the one title that has the word."""
    found = await search.find([Probe("words", text="number17")])
    assert found["id"].to_pylist() == ["p17"]


@pytest.mark.parametrize("text", ['"number17"', '"chair number17', 'number17"', '"Red" number17', '"number17 lamp"'])
async def test_quotation_marks_are_no_syntax(search, text):
    """What people put in quotation marks is found as if it stood without."""
    assert "p17" in (await search.find([Probe("words", text=text)]))["id"].to_pylist()
    for marks in ('"', '""', '" "'):
        await search.find([Probe("words", text=marks)])


async def test_how_it_is_asked_finds_nothing(search):
    """An item is not found by the `the` of a question: only what has the one word that says something is."""
    found = await search.find([Probe("words", text="can you find me something in the number17 style")])
    assert found["id"].to_pylist() == ["p17"]


async def test_two_lists_agree_on_the_first(shop, search):
    """An item that both words and picture point at beats items that only one of them finds."""
    probes = [
        Probe("words", text="Red Chair"),
        Probe("picture", column="image_vector", vector=shop[2]["image_vector"][12]),
    ]
    found = await search.find(probes, limit=10)
    assert found["id"].to_pylist()[0] == "p12"  # p12 is a red chair
    assert {why["by"] for why in found["why"].to_pylist()[0]} == {"words", "picture"}


async def test_pages_join_without_overlap(shop, search):
    """Paging through a ranking gives each item once, in the order of one long page."""
    probes = [Probe("text", column="text_vector", vector=shop[2]["text_vector"][0])]
    whole = (await search.find(probes, limit=60))["id"].to_pylist()
    pages = [(await search.find(probes, limit=20, offset=o))["id"].to_pylist() for o in (0, 20, 40)]
    assert functools.reduce(operator.iadd, pages, []) == whole


async def test_too_deep_is_refused(search):
    """A page below the limit asks for filters instead of reading the catalogue."""
    with pytest.raises(InvalidInput, match="filters"):
        await search.find([], limit=10, offset=MAX_DEPTH)


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        (Filters(categories=("SOFAS",)), lambda i: "Sofas" in i.category),
        (Filters(categories=("home",), colors=("red", "Blue")), lambda i: i.colors[0] in ("red", "blue")),
        (Filters(brands=('o\'hara "&" söhne',)), lambda i: i.brand.startswith("O'Hara")),
        (Filters(price_min=100, price_max=200), lambda i: 100 <= i.price <= 200),
        (Filters(in_stock=True), lambda i: i.in_stock),
        (Filters(in_stock=False), lambda i: not i.in_stock),
        (Filters(attributes={"season": ("Summer",)}), lambda i: i.attributes["season"] == "summer"),
        (
            Filters(exclude=Facets(colors=("red",), categories=("Lamps",))),
            lambda i: i.colors[0] != "red" and i.category[1] != "Lamps",
        ),
        (Filters(exclude_ids=("p1", "p2")), lambda i: i.id not in ("p1", "p2")),
    ],
)
async def test_filters_hold_for_every_item_and_lose_none(shop, search, filters, holds):
    """Each filter gives just the items that meet it, for a vector query, a word query and browsing."""
    _, items, vectors = shop
    expected = {item.id for item in items if holds(item)}
    browsed = await search.find([], filters, limit=60)
    by_vector = await search.find(
        [Probe("text", column="text_vector", vector=vectors["text_vector"][0])], filters, limit=60
    )
    by_words = await search.find([Probe("words", text="reading kitchen")], filters, limit=60)
    assert (
        set(browsed["id"].to_pylist())
        == set(by_vector["id"].to_pylist())
        == set(by_words["id"].to_pylist())
        == expected
    )


HOSTILE = st.one_of(
    st.sampled_from(
        [
            "x') OR 1=1 --",
            "']) OR true --",
            "\\'",
            '"; DROP TABLE items; --',
            "%",
            "*",
            "red'] ) OR array_has_any(facets, ['color:red",
        ]
    ),
    st.text(min_size=1, max_size=40),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    word=HOSTILE,
    field=st.sampled_from(
        [
            "categories",
            "brands",
            "colors",
            "materials",
            "styles",
            "attributes",
            "attribute name",
            "exclude",
            "exclude_ids",
        ]
    ),
)
async def test_hostile_filter_values_match_nothing_more(search, word, field):
    """Whatever a filter value holds, it is only ever compared: it finds only what it names, and breaks nothing."""
    try:
        if field == "attributes":
            filters = Filters(attributes={"season": (word,)})
        elif field == "attribute name":
            filters = Filters(attributes={word: ("summer",)})
        elif field == "exclude":
            filters = Filters(exclude=Facets(colors=(word,)))
        else:
            filters = Filters(**{field: (word,)})
    except ValidationError:
        return
    found = await search.find([], filters, limit=60)
    clean = word.strip().casefold()
    if clean in (
        "red",
        "blue",
        "green",
        "black",
        "season",
        "summer",
        "winter",
        "nord",
        "home",
        "chairs",
        "sofas",
        "lamps",
    ) or word.startswith("p"):
        return
    assert found.num_rows == (60 if field in ("exclude", "exclude_ids") else 0)


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_words_can_be_searched(search, text):
    """Full text has no query syntax that a person's words could break."""
    await search.find([Probe("words", text=text)])


async def test_get_keeps_the_order_asked(search):
    """Items come back in the order of their ids, unknown ones left out."""
    found = await search.get(["p9", "nope", "p2", "p9"])
    assert found["id"].to_pylist() == ["p9", "p2"]


async def test_facet_counts_add_up(shop, search):
    """The filter panel's numbers are those of the catalogue."""
    counts = await search.facet_counts(["color", "brand"])
    assert dict(counts["color"]) == {"red": 15, "blue": 15, "green": 15, "black": 15}
    assert sum(n for _, n in counts["brand"]) == 60


async def test_opening_the_wrong_thing_is_refused(shop):
    """A missing tag, a missing table and another encoder's table each say what is wrong."""
    with pytest.raises(NotFound):
        await ItemSearch.open(shop[0], "items", tag="v9")
    with pytest.raises(NotFound):
        await ItemSearch.open(shop[0], "nothing")
    with pytest.raises(VersionMismatch, match="enc-1"):
        await ItemSearch.open(shop[0], "items", encoder_version="enc-2")


@given(st.lists(st.lists(st.integers(0, 30), unique=True, max_size=20), min_size=1, max_size=4))
def test_fusion_ranks_by_agreement(lists):
    """Fusion loses no candidate, doubles none, keeps scores in 0..1 and descending, and first everywhere scores 1."""
    hits = fuse([Probe(by=str(i), text="x") for i in range(len(lists))], lists)
    assert sorted(hit.row_id for hit in hits) == sorted(set().union(*map(set, lists)))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True) and all(0 < s <= 1 for s in scores)
    if all(ranked and ranked[0] == lists[0][0] for ranked in lists):
        assert hits[0].row_id == lists[0][0] and hits[0].score == pytest.approx(1.0)


def test_an_inverted_price_range_is_refused():
    """A filter that nothing can meet is an error, not an empty page."""
    with pytest.raises(ValidationError, match="price_min"):
        Filters(price_min=10, price_max=5)


def test_facets_are_compared_without_case(shop):
    """The table's terms and a filter's terms are folded alike."""
    terms = facet_terms(shop[1][0])
    assert "color:red" in terms and "category:home" in terms and "attribute.season:winter" in terms
