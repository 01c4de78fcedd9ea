"""What a message is for, where it plainly says so: a search, a change of one, a question, company for something.

Rules in groups, by what the person has before them; the first that knows has the last word, else what was read stands.
"""

from dataclasses import dataclass

from navigator.intent import Action, ShoppingIntent
from navigator.lexicon import Lexicon, plain
from navigator.plain_words import SHORT, Said
from navigator.set_parts import is_set


@dataclass(frozen=True)
class Heard:
    """A message, and what came before it.

    Args:
        intent: the message as it was read; plainly: what it plainly says.
        base: the last intent that looked for something.
        shown: most items that were on show; pointed: whether some were clicked on.
        one: whether one kind of thing is named, and no other.
        kinds: of the items that were found last, in lower case.
        alone: whether the last answer was about one item alone.
    """

    intent: ShoppingIntent
    plainly: Said
    base: ShoppingIntent | None
    lexicon: Lexicon
    shown: int
    pointed: bool
    one: bool
    kinds: frozenset[str] = frozenset()
    alone: bool = False


def mended_action(heard: Heard) -> Action:
    """What a message is for."""
    action = heard.intent.action
    if heard.plainly.orders:
        return "chat"  # add it to my cart
    if heard.plainly.service and heard.plainly.asks and not heard.plainly.kinds:
        return "chat"  # how much is delivery?
    for group in (_of_a_set, _on_an_empty_page, _by_what_is_named, _about_items_on_show, _by_a_few_words):
        if (mended := group(heard)) is not None:
            action = mended
            break
    return "similar" if heard.pointed and action == "search" and not heard.plainly.kinds else action


def those_ones(plainly: Said, base: ShoppingIntent, lexicon: Lexicon) -> tuple[str, ...]:
    """Of the kinds that were looked for, the one meant: of lamps, by `the floor ones`, floor lamps."""
    before = {value for word in base.categories for value in lexicon.resolve("category", word)}
    for word in plainly.ones:
        for head in dict.fromkeys(plain(category)[-1] for category in base.categories):
            name = f"{word} {head}"
            if lexicon.knows("category", name) and set(lexicon.resolve("category", name)) < before:
                return (name,)
    return ()


def _of_a_set(heard: Heard) -> Action | None:
    """Who speaks of all the things of the set on show, and names none of them, changes that set: `around 1500`."""
    intent, base = heard.intent, heard.base
    if base is None or not is_set(base) or heard.plainly.kinds or intent.item_refs:
        return None
    now, before = ({heard.lexicon.resolve("category", thing) for thing in one.categories} for one in (intent, base))
    return "complete" if now == before and intent.action in ("search", "refine") else None


def _on_an_empty_page(heard: Heard) -> Action | None:
    """Of nothing on show, nothing is asked and nothing is changed."""
    plainly, read = heard.plainly, heard.intent.action
    changes = read in ("ask", "compare", "refine")
    if not (heard.shown or heard.pointed) and changes and (plainly.kinds or plainly.named):
        return "search"
    if read == "chat" and not heard.shown and plainly.kinds and not plainly.asks and plainly.words <= SHORT:
        return "search"  # I want a pouf
    return None


def _by_what_is_named(heard: Heard) -> Action | None:
    """Kinds of thing, named or narrowed."""
    plainly, base, read = heard.plainly, heard.base, heard.intent.action
    wished = (base.query, *base.colors, *base.materials, *base.styles) if base and not base.categories else ()
    if read == "search" and any(wished) and plainly.kinds and not plainly.asks:
        return "refine"  # what was vague until now has a name
    if read == "complete" and heard.one and not (plainly.gathers or heard.pointed):
        return _named_alone(heard)
    if read == "search" and heard.alone and heard.one and plainly.matches and _unlike_before(heard, base):
        return "complete"  # and is there a matching bowl?
    if read == "refine" and _another_kind_alone(heard):
        return "search"  # a sofa was looked for, and now: I want a lamp for my desk
    if read == "complete" and _none_of_the_shop(heard) and not (plainly.gathers or heard.pointed):
        return "search"  # ok, a coat rack then
    if heard.shown and base is not None and not plainly.kinds and those_ones(plainly, base, heard.lexicon):
        return "refine"
    if read == "search" and base is not None and plainly.narrows and plainly.words <= SHORT:
        return "refine"  # only the lamps
    return None


def _none_of_the_shop(heard: Heard) -> bool:
    """Whether all that a message looks for are kinds of thing that the catalogue does not know."""
    words = heard.intent.categories
    return bool(words) and not heard.plainly.kinds and not any(heard.lexicon.resolve("category", w) for w in words)


def _another_kind_alone(heard: Heard) -> bool:
    """Whether a message names one kind of thing, none of those that were looked for, and likens it to nothing."""
    plainly, base = heard.plainly, heard.base
    if not heard.one or base is None or is_set(base) or heard.pointed:
        return False
    bound = plainly.refs or plainly.likens or plainly.gathers or plainly.either or plainly.narrows
    return not bound and _unlike_before(heard, base)


def _about_items_on_show(heard: Heard) -> Action | None:
    """Questions, and wishes that sound like one."""
    plainly, read = heard.plainly, heard.intent.action
    if read == "ask" and plainly.refs and plainly.company:
        return "complete"
    if read == "ask" and plainly.refs and plainly.otherwise:
        return "similar"  # does the second one come in other colours?
    if read == "ask" and plainly.likens and plainly.requests:
        return "similar"  # could I see more along the lines of number one?
    refers = bool(plainly.refs or plainly.likens or plainly.company)
    asks = read in ("ask", "compare", "chat", "similar")
    if heard.shown and plainly.requests and plainly.looks and not refers and asks:
        return "refine"  # `would you have it in oak?` asks for another, however politely
    if read == "chat" and plainly.kinds and plainly.offered and not refers:
        return "search"  # are your baskets handmade?
    if plainly.kinds and plainly.requests and not refers and (read == "chat" or _of_another_kind(heard)):
        return "search"  # do you have a matching cup?
    if plainly.offered and not refers and _of_another_kind(heard):
        return "search"  # what colours do your sofas come in?
    settled = bool(plainly.named or plainly.refused or plainly.limits or plainly.kinds or plainly.likens)
    if not (heard.shown and plainly.refs) or settled or read not in ("refine", "similar"):
        return None
    if len(plainly.refs) > 1:
        return "compare"  # the cheapest of 1, 3 and 4
    return "ask" if plainly.asks and not plainly.requests else None


def _of_another_kind(heard: Heard) -> bool:
    """Whether a question names kinds of thing that the last search was not about: how many rugs do you have?"""
    base = heard.base
    return (
        heard.intent.action == "ask" and base is not None and bool(heard.plainly.kinds) and _unlike_before(heard, base)
    )


def _unlike_before(heard: Heard, base: ShoppingIntent | None) -> bool:
    """Whether none of the kinds that a message names is one of those that were looked for before, or else found."""
    if base is None:
        return False
    resolve = heard.lexicon.resolve
    sought = {value.casefold() for word in base.categories for value in resolve("category", word)}
    named = [{value.casefold() for value in resolve("category", kind)} for kind in heard.plainly.kinds]
    before = sought or heard.kinds
    return bool(before) and all(before.isdisjoint(kinds) for kinds in named)


def _by_a_few_words(heard: Heard) -> Action | None:
    """A bare word or limit after a list changes the search."""
    plainly, read = heard.plainly, heard.intent.action
    if not heard.shown or plainly.asks or plainly.refs or plainly.likens or plainly.words > SHORT:
        return None
    if read == "complete":
        return "refine" if plainly.looks and not plainly.kinds else None
    if read in ("ask", "compare", "chat", "similar") and (plainly.looks or plainly.kinds):
        return "refine"
    return None


def _named_alone(heard: Heard) -> Action:
    """What a message is that names one kind of thing, and nothing that it goes with: a search, or one narrowed."""
    base, plainly, lexicon = heard.base, heard.plainly, heard.lexicon
    if base is None:
        return "search"
    before = {value for word in base.categories for value in lexicon.resolve("category", word)}
    same = not before or bool(before & set(lexicon.resolve("category", plainly.kinds[0])))
    return "refine" if same or plainly.narrows or plainly.either else "search"
