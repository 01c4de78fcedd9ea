"""First sentences that name what nothing tells: `The trim color of [1] is sand.`, where no read-out tells that colour.

The model is told that nothing is known of it (`navigator.asked_property`) and, of what is much like what it can tell,
names something all the same.
"""

import re

_GUESS = re.compile(
    r"(?:The [^.\[\]]{2,40} of (?P<of>\[\d{1,3}\])|(?P<has>\[\d{1,3}\])) (?:is|are|has) [^.\[\]]+(?:\.(?= |$)|$)"
)
_OPEN = re.compile(
    r"T(?:h(?:e(?: [^.\[\]]{0,45}(?:\[(?:\d{1,3}(?:\](?: [^.\[\]]*)?)?)?)?)?)?)?"
    r"|\[(?:\d{1,3}(?:\](?: (?:i|is|is [^.\[\]]*|h|ha|has|has [^.\[\]]*)?)?)?)?"
)


def may_guess(text: str) -> bool:
    """Whether what an answer begins with may yet become a sentence that names a property, and is none so far."""
    return not text or bool(_OPEN.fullmatch(text))


def mend_guess(text: str, untold: str) -> str:
    """A text that begins by naming what nothing tells, with a sentence that says so in its place.

    Args:
        untold: what that is: "trim color".
    """
    found = _GUESS.match(text)
    if found is None:
        return text
    return f"I can't make out the {untold} of {found['of'] or found['has']} in its picture.{text[found.end() :]}"
