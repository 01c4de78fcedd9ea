"""How usual English words are, by the dictionary's corpus of films' subtitles."""

from functools import lru_cache

from spellchecker import SpellChecker


def count(word: str) -> int:
    """How often a word stands in the corpus, which has some billion words; 0 for what is no word. Lower case."""
    return _dictionary().word_frequency.dictionary.get(word, 0)


def words() -> list[str]:
    """All words of the dictionary, in alphabetical order."""
    return sorted(_dictionary().word_frequency.dictionary)


@lru_cache
def _dictionary() -> SpellChecker:
    return SpellChecker(language="en", distance=1)
