"""The words of a query that say something about an item: `something to put laundry in` is about laundry.

In a catalogue nearly every description has an `in`, and what matches nothing but that is no match at all. The index
keeps such words, for there are items that are named by them; only questions lose them.
"""

import re

_GRAMMAR = """
    a about all also am an and any anything are as at be been but by can could did do does done for from had has have he
    her here him his how i if in into is it its just let like may me might my no not of off on one ones only or other
    our out over own please she should so some somebody someone something somewhere than that the their them then there
    these they thing things this those to too up us very was we were what when where which while who whom whose why
    will with without would you your yours
"""
_ASKING = """
    ask buy come find get give go goes got keep look looking make need needs put see show take think use want wants
"""
_STOP_WORDS = frozenset(f"{_GRAMMAR} {_ASKING}".split())
_WORD = re.compile(r"[^\W_]+")


def content_words(text: str) -> str:
    """A query without the words that say nothing of an item; the query itself where it has no others."""
    kept = _WORD.sub(lambda found: "" if found[0].casefold() in _STOP_WORDS else found[0], text)
    return " ".join(kept.split()) if _WORD.search(kept) else text
