"""What a person wants from this turn, as the model reads it out of the conversation."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Action = Literal["search", "refine", "similar", "compare", "complete", "ask", "chat"]
Sort = Literal["relevance", "price_low", "price_high", "newest", "smallest", "largest"]
BY_SIZE = frozenset[Sort](("smallest", "largest"))
"""Orders by the sizes that the catalogue states."""

Side = Literal["width", "depth", "height", "length", "breadth", "diameter", "size"]
"""Length and breadth are the longer and the shorter side of what lies or stands, where a catalogue names neither; the
size is the greatest of all."""

BY_RULES = frozenset(("rejected", "sizes", "page"))
"""Fields of an intent that rules read, and the model does not write."""

LAST_PAGE = 49
"""Nobody pages further, and each page is searched deeper than the one before."""

LARGEST_CM = 100_000.0
"""A kilometre: beyond it a number is no size."""

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[tuple[Word, ...], Field(max_length=6)]
Price = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]


class SizeLimit(BaseModel):
    """How large one side of an item may be, or has to be, in centimetres."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    side: Side
    least: Annotated[float, Field(ge=0, le=LARGEST_CM, allow_inf_nan=False)] | None = None
    most: Annotated[float, Field(ge=0, le=LARGEST_CM, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> "SizeLimit":
        if self.least is None and self.most is None:
            raise ValueError("a limit of size has a `least`, a `most`, or both")
        return self


class ShoppingIntent(BaseModel):
    """One turn's wish.

    Written by the model as compact JSON that leaves out whatever is empty; the order of the fields is the order in
    which it writes them, the action first, because the rest depends on it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action = Field(
        description="search: something new. refine: the last search, changed. similar: like an item. compare: items "
        "against each other. complete: what goes with an item, or several things at once. ask: about items. chat: none "
        "of these."
    )
    query: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = Field(
        default="", description="What to look for beyond the slots below, in the person's words."
    )
    categories: Words = Field(default=(), description="Kinds of thing, singular.")
    colors: Words = ()
    materials: Words = ()
    styles: Words = ()
    price_min: Price | None = Field(default=None, description="Least price of one item.")
    price_max: Price | None = Field(default=None, description="Highest price of one item.")
    budget_total: Price | None = Field(default=None, description="Highest price of several things together.")
    exclude: Words = Field(default=(), description="What must not be: colours, materials, kinds, brands.")
    item_refs: Annotated[tuple[Annotated[int, Field(ge=1, le=64)], ...], Field(max_length=8)] = Field(
        default=(), description="Numbers of the items on show that are meant, as in `the second one`."
    )
    sort: Sort = "relevance"
    rejected: Annotated[tuple[Title, ...], Field(max_length=12)] = Field(
        default=(), description="Titles of items that were shown and are not wanted. The model does not write them."
    )
    page: Annotated[int, Field(ge=0, le=LAST_PAGE)] = Field(
        default=0, description="Of what is found, how many lots were seen before. The model does not write it."
    )
    sizes: Annotated[tuple[SizeLimit, ...], Field(max_length=4)] = Field(
        default=(), description="Limits of size, in cm. Read from the message by rules; the model does not write them."
    )

    @model_validator(mode="after")
    def _prices_in_order(self) -> "ShoppingIntent":
        if self.price_min is not None and self.price_max is not None and self.price_min > self.price_max:
            low, high = self.price_max, self.price_min
            object.__setattr__(self, "price_min", low)
            object.__setattr__(self, "price_max", high)
        return self

    def compact(self) -> str:
        """As JSON: no white space, nothing that is empty, whole prices as integers."""
        return self._json(frozenset(), whole_prices=False)

    def written(self) -> str:
        """The JSON that the model writes, and reads of what came before: `compact` without what rules read."""
        return self._json(BY_RULES)

    def _json(self, without: frozenset[str], whole_prices: bool = True) -> str:
        fields = self.model_dump(mode="json", exclude_defaults=True, exclude=set(without))
        whole = {
            name: round(value) if isinstance(value, float) and (whole_prices or value.is_integer()) else value
            for name, value in fields.items()
        }
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def parse_intent(text: str, *, shown: int) -> ShoppingIntent | None:
    """Read what the model wrote; None if it was cut off or is no intent.

    Args:
        text: the model's JSON.
        shown: items on show; references beyond them are dropped.
    """
    try:
        intent = ShoppingIntent.model_validate_json(text)
    except ValueError:
        return None
    refs = tuple(dict.fromkeys(ref for ref in intent.item_refs if ref <= shown))
    return intent.model_copy(update={"item_refs": refs})


def intent_schema() -> dict[str, Any]:
    """JSON schema for constrained decoding: every field but the action may be left out, none may be added."""
    word = {"type": "string", "pattern": _text(40)}
    words = {"type": "array", "items": word, "minItems": 1, "maxItems": 6}
    # Whole numbers of at most seven digits are what people say, and no runaway number can fill the answer.
    price = {"type": "integer", "minimum": 0, "maximum": 9_999_999}
    properties: dict[str, Any] = {
        "action": {"enum": list(Action.__args__)},  # type: ignore[attr-defined]
        "query": {"type": "string", "pattern": _text(120)},
        "categories": words,
        "colors": words,
        "materials": words,
        "styles": words,
        "price_min": price,
        "price_max": price,
        "budget_total": price,
        "exclude": words,
        "item_refs": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": 64},
            "minItems": 1,
            "maxItems": 8,
        },
        "sort": {"enum": ["price_low", "price_high", "newest", "smallest", "largest"]},
    }
    return {"type": "object", "properties": properties, "required": ["action"], "additionalProperties": False}


def _text(longest: int) -> str:
    """Pattern of a text without control characters, and without what JSON would have to escape."""
    return rf'^[^"\\\x00-\x1f]{{1,{longest}}}$'
