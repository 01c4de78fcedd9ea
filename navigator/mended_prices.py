"""The prices of an intent, held against the numbers that a message has."""

import re

from navigator.intent import ShoppingIntent, Sort
from navigator.plain_words import Said

_PRICE_WORDS = re.compile(
    r",?\s*\b(?:(?:too|so|less|more|most|least|a bit|the)\s+)*"
    r"(?:expensive|cheap(?:er|est)?|pric[ie]e?y?|affordable|dear(?:er|est)?|(?:high|low)(?:est)?(?: to (?:high|low))?"
    r"|ascending|descending)\b",
    re.IGNORECASE,
)
_CURRENCIES = re.compile(r"\b(?:euros?|dollars|bucks|quid|pounds|eur|usd|gbp)\b", re.IGNORECASE)

_AN_AMOUNT = re.compile(r",? at [€$£](\d[\d.,]*)")
"""What a model now and then adds to a query from the answer before it."""


def mended_prices(intent: ShoppingIntent, plainly: Said, base: ShoppingIntent | None) -> dict[str, object]:
    """The limits of price that an intent is to have, by field: those that a message sets, else those read, if heard.

    Args:
        plainly: what the message plainly says.
        base: the last search.
    """
    # Several things, or a room, which names none of those that furnish it.
    several = intent.action == "complete" and len(plainly.kinds or intent.categories) > 1
    if not plainly.limits and several and not plainly.kinds and intent.price_max in plainly.amounts:
        return {"budget_total": intent.price_max, "price_max": None}
    if not plainly.limits:
        return _heard_price(intent, plainly, base)
    together = base is not None and base.budget_total is not None and plainly.price_min is None and not plainly.kinds
    if plainly.budget is not None or together or several:
        return {"budget_total": plainly.budget or plainly.price_max, "price_max": None}
    # What is said to be the highest price is not the lowest.
    low = None if intent.price_min == plainly.price_max else intent.price_min
    return {
        "price_min": plainly.price_min if plainly.price_min is not None else low,
        "price_max": plainly.price_max if plainly.price_max is not None else intent.price_max,
        "budget_total": None,
    }


def _heard_price(intent: ShoppingIntent, plainly: Said, base: ShoppingIntent | None) -> dict[str, object]:
    """A highest price that is none of a message's numbers, nor the one before, is its one number, or none.

    A lowest one is the one before, and so is a budget, beside sizes.
    """
    changed: dict[str, object] = {}
    for limit in ("price_min", "budget_total") if plainly.sizes else ("price_min",):
        before = getattr(base, limit, None)
        if getattr(intent, limit) not in (None, before, *plainly.amounts):
            changed[limit] = before
    high = base.price_max if base is not None else None
    if intent.price_max is not None and intent.price_max not in (*plainly.amounts, high):
        changed["price_max"] = plainly.amounts[0] if len(plainly.amounts) == 1 else high
    return changed


def without_price_words(query: str, message: str, plainly: Said, sort: Sort) -> str:
    """Words to rank by, without those that tell prices, or ask for an order of them: euros, too expensive."""
    query = _AN_AMOUNT.sub(lambda found: found[0] if found[1] in message else "", query)
    if plainly.limits or plainly.amounts:
        query = " ".join(_CURRENCIES.sub(" ", query).split())
    return _PRICE_WORDS.sub(" ", query).strip(" ,") if sort in ("price_low", "price_high") else query
