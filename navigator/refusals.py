"""What a message refuses, and what need not be any more: no oak, shouldn't be velvet, forget the lamp."""

import re

from navigator.lexicon import Kind, Lexicon
from navigator.named_things import Looks, named_looks, named_things

NEGATION = re.compile(
    r"\b(?:not|no|never|without|nothing|neither|except|(?:any|every)thing but|any colou?r but|instead of|nor|other than"
    r"|leave out|take out|avoid|hates?|allergic to|can'?t stand|don'?t (?:like|want|show me)|enough of|get rid of)\s+"
    r"(?:(?:in|a|an|any|too|the|made of|made from)\s+)*(.*)"
)
DROPPED = re.compile(r"\b(?:forget|drop|skip)\s+(?:about\s+)?(?:the\s+)?(.*)")
_NO_REFUSAL = re.compile(
    r"(?:more|over|less|wait|idea|matter|too|only|just|thanks|problem|rush|hurry|worries|preference|doubt|under|below"
    r"|(?:longer|higher|lower|wider|deeper|taller|bigger|cheaper) than|the (?:cheap|dear|pric)i?est)\b"
)

_BE = r"(?:be|come|have|use|contain|look)(?: (?:in|made of|made from|like))?"
_MUST_NOT = re.compile(rf"\b(?:should|must|may|can|could)(?:n'?t| not|not) {_BE}\b")
_IS_NOT = re.compile(r"(?<=\w )(?<!why )(?:is|are)n'?t\b(?! there\b)(?: in| made of)?")
_NEED_NOT = re.compile(
    r"\b(?:(?:it |that |they )?(?:do|does)(?:n'?t| not) (?:have|need) (?:it |them )?to be(?: in| made of)?"
    r"|need(?:n'?t| not) be(?: in| made of)?|not necessarily(?: in)?|(?:i |we )?(?:don'?t|do not) (?:really )?need)\b"
)
_NOTHING_BUT = re.compile(r"\b(?:nothing|none|not anything) (?:but|except|other than|else (?:but|than))\b")
_WHY_NOT = re.compile(r"\bwhy not\b|\b(?:not sure|(?:do not|don'?t) know|undecided|unsure) (?:whether|if|between)\b")
_PREFERRED = (
    re.compile(r"\b(?:rather|prefer|sooner) (?P<this>(?:[^\W\d_]+[ -]){1,3})(?:than|over|to) (?P<that>(?:\w+ ?){1,2})"),
    re.compile(r"(?P<this>(?:\b[^\W\d_]+[ -]){1,2})(?:rather|sooner) than (?P<that>(?:\w+ ?){1,2})"),
)
"""Rather oak than walnut, walnut rather than oak."""
_IF_NOT = re.compile(r",? if not (?P<that>(?:\w+ ?){1,2})")
"""Oak, if not walnut: either will do."""
_LEFT_OUT = (
    re.compile(r"\b(?:leave|take|keep) (?:all )?(?:the )?([\w -]+?)(?: ones)? (?:out|away)\b"),
    re.compile(
        r"\b(?:the )?([\w-]+) (?:ones )?(?:(?:is|are) (?:out|not for (?:me|us)|a no)|(?:won'?t|wouldn'?t) do)\b"
    ),
)
_TOO = re.compile(r"\b(?:not )?too (?:much )?((?:[^\W\d_]+-)*[^\W\d_]+)")


def in_plain_terms(text: str, lexicon: Lexicon) -> str:
    """A text in lower case with its refusals as `not`, `without`, `forget`, and no `not` where nothing is refused."""

    def of_looks(found: re.Match[str], instead: str) -> str:
        both = all(named_looks(said, lexicon) for said in found.groupdict().values())
        return found.expand(instead) if both else found[0]

    text = _NOTHING_BUT.sub("only", _WHY_NOT.sub("maybe", text))
    text = _IS_NOT.sub("not", text)
    text = _MUST_NOT.sub("not", _NEED_NOT.sub("forget", text))
    for preferred in _PREFERRED:
        text = preferred.sub(lambda found: of_looks(found, r"\g<this>, not \g<that>"), text)
    text = _IF_NOT.sub(lambda found: of_looks(found, r" or \g<that>"), text)
    for left_out in _LEFT_OUT:
        text = left_out.sub(r"without \1", text)
    return _TOO.sub(lambda found: f"without {found[1]}" if named_looks(found[1], lexicon) else found[0], text)


def refused_words(text: str) -> tuple[str, ...]:
    """The two words nearest to each refusal in a text in plain terms, whatever they name."""
    found = (NEGATION.search(clause) for clause in re.split(r"[.;!?,]|\bbut\b", text))
    tails = (negation[1].split()[:2] for negation in found if negation and not _NO_REFUSAL.match(negation[1]))
    return tuple(word for tail in tails for word in tail)


def taken_out(pattern: re.Pattern[str], text: str, lexicon: Lexicon) -> tuple[Looks, tuple[str, ...], str]:
    """What a message refuses or drops: looks, and kinds of thing; and the rest of it.

    Args:
        pattern: NEGATION or DROPPED.
        text: in plain terms.
    """
    refused: list[tuple[Kind, str]] = []
    kinds: list[str] = []
    rest = []
    for clause in re.split(r"[.;!?,]|(?<!thing )(?<!color )(?<!colour )\bbut\b", text):
        negation = pattern.search(clause)
        if negation is None or _NO_REFUSAL.match(negation[1]):
            rest.append(clause)
            continue
        rest.append(clause[: negation.start()])
        tail = re.split(r"\b(?:so|because|since|my|just|please|pls)\b", negation[1])[0].split()
        # The nearest words are what is refused: `no oak or black`, not all that is said after it.
        refused += named_looks(" ".join(tail[:4]), lexicon)
        things, _ = named_things(" ".join(tail[:3]), lexicon)
        kinds += [thing.kind for thing in things[:1] if " ".join(tail).startswith(thing.kind)]
    return tuple(refused), tuple(kinds), " , ".join(rest)
