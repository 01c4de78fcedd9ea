"""Pages, orders and facets of a search: what a shop's page relies on."""

import numpy as np
import pytest

from catalog.filters import Filters
from catalog.search import ItemSearch, Probe, SearchSettings


@pytest.fixture
async def search(shop):
    uri, _, _ = shop
    return await ItemSearch.open(uri, "items", settings=SearchSettings(candidates=10))


def _probes(vectors):
    return [
        Probe(by="words", text="red chair"),
        Probe(by="picture", column="image_vector", vector=vectors["image_vector"][5]),
        Probe(by="meaning", column="text_vector", vector=vectors["text_vector"][40]),
    ]


@pytest.mark.parametrize("size", [1, 7, 25])
async def test_pages_of_any_size_cut_the_same_ranking(search, shop, size):
    """A shopper who pages on sees every item once: none twice, none left out, whatever the size of a page."""
    _, _, vectors = shop
    whole = (await search.find(_probes(vectors), limit=60))["id"].to_pylist()
    paged = []
    for offset in range(0, 60, size):
        found = await search.find(_probes(vectors), limit=min(size, 60 - offset), offset=offset)
        paged += found["id"].to_pylist()
    assert paged == whole
    assert len(set(whole)) == len(whole) == 60


@pytest.mark.parametrize(("sort", "descending"), [("price_asc", False), ("price_desc", True)])
@pytest.mark.parametrize("browse", [True, False])
async def test_sorting_by_price(search, shop, sort, descending, browse):
    """By price means over everything that was asked for, not within a page."""
    _, items, vectors = shop
    probes = [] if browse else _probes(vectors)
    prices = []
    for offset in (0, 20, 40):
        prices += (await search.find(probes, limit=20, offset=offset, sort=sort))["price"].to_pylist()
    assert prices == sorted((item.price for item in items), reverse=descending)


async def test_vectors_stay_behind_when_not_wanted(search, shop):
    """An answer without vectors is the same answer."""
    _, _, vectors = shop
    bare = await search.find(_probes(vectors), limit=5, with_vectors=False)
    full = await search.find(_probes(vectors), limit=5)
    assert not set(search.vector_columns) & set(bare.column_names)
    assert bare["id"] == full["id"]
    assert np.isclose(bare["score"].to_numpy(), full["score"].to_numpy()).all()


async def test_price_range(search):
    """The filter panel's slider goes from the lowest to the highest price of the catalogue."""
    assert await search.price_range() == (0.0, 590.0, "EUR")
    assert (await search.find([], Filters(price_min=580), limit=5)).num_rows == 2


async def test_unknown_ids_are_left_out(search):
    """Asking for items that are gone is an empty answer, not an error."""
    assert (await search.get(["gone", "p1", "p1"]))["id"].to_pylist() == ["p1"]
    assert (await search.get(["gone"])).num_rows == 0


async def test_browsing_shows_some_of_everything_and_each_item_once(search, shop):
    """The first page of a whole catalogue is not all of one kind, and its pages together are the catalogue."""
    _, items, _ = shop
    pages = [await search.find([], limit=12, offset=offset) for offset in range(0, 60, 12)]
    ids = [item_id for page in pages for item_id in page["id"].to_pylist()]
    assert sorted(ids) == sorted(item.id for item in items)
    numbers = sorted(int(item_id[1:]) for item_id in pages[0]["id"].to_pylist())
    assert max(b - a for a, b in zip([0, *numbers], [*numbers, 60], strict=True)) <= 15
