"""What a query asks about is looked for, and not how it asks."""

import pytest

from catalog.stop_words import content_words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("something to put laundry in", "laundry"),
        ("I need a lamp for the desk, please", "lamp desk,"),
        ("Where can I find oak shelves?", "oak shelves?"),
        ("brass lamp", "brass lamp"),
        ("t-shirt no. 7", "t-shirt . 7"),
    ],
)
def test_only_what_says_something_of_an_item_is_left(query, words):
    assert content_words(query) == words


@pytest.mark.parametrize("query", ["the The", "what is it?", "", '"', "…"])
def test_a_query_of_such_words_alone_stays_whole(query):
    """It may be the name of something, and nothing else is known of what is meant."""
    assert content_words(query) == query
