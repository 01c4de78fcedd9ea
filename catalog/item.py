"""One thing for sale, as every room of the house sees it."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from catalog.errors import BadItem

Availability = Literal["in_stock", "out_of_stock", "preorder", "discontinued"]
"""A subset of schema.org's ItemAvailability."""

_AVAILABILITY_WORDS: dict[str, Availability] = {
    "instock": "in_stock",
    "available": "in_stock",
    "true": "in_stock",
    "1": "in_stock",
    "yes": "in_stock",
    "outofstock": "out_of_stock",
    "soldout": "out_of_stock",
    "unavailable": "out_of_stock",
    "false": "out_of_stock",
    "0": "out_of_stock",
    "no": "out_of_stock",
    "preorder": "preorder",
    "backorder": "preorder",
    "discontinued": "discontinued",
}

_LIST_SEPARATORS = ("|", ";", ",")
_PATH_SEPARATORS = (" > ", ">", "/", "|")


def _split(value: object, separators: tuple[str, ...]) -> object:
    """Turn "oak, brass" or None into a list of clean strings; leave other types for pydantic to judge."""
    if value is None:
        return ()
    if isinstance(value, str):
        separator = next((s for s in separators if s in value), None)
        parts: list[str] = value.split(separator) if separator else [value]
        return tuple(part.strip() for part in parts if part.strip())
    if isinstance(value, list | tuple):
        return tuple(part.strip() if isinstance(part, str) else part for part in value if part not in ("", None))
    return value


def _text(value: object) -> object:
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _optional_text(value: object) -> object:
    return None if value is None or value == "" else _text(value)


_CURRENCY = re.compile(r"^(?:[$€£¥]|[A-Z]{3})|(?:[$€£¥]|[A-Z]{3}|,-)$")


def _price(value: object) -> object:
    """Accept 1299, "1299.00", "$1,299.00", "1.299,00 €" and "EUR 12,5"; an empty string is no price.

    Of two separators the last is the decimal one. One alone is a decimal comma unless three digits follow it, as in
    "1,299", and a decimal point unless there are several.
    """
    if not isinstance(value, str):
        return value
    plain = _CURRENCY.sub("", "".join(value.split()))
    comma, point = plain.rfind(","), plain.rfind(".")
    if comma > point and (point >= 0 or (plain.count(",") == 1 and len(plain) - comma != 4)):
        plain = plain.replace(".", "").replace(",", ".")
    elif comma < 0 and plain.count(".") > 1:
        plain = plain.replace(".", "")
    return None if value.strip() == "" else plain.replace(",", "")


def _availability(value: object) -> object:
    if value is None or value == "":
        return "in_stock"
    word = str(value).rsplit("/", 1)[-1].lower().replace("_", "").replace(" ", "").replace("-", "")
    return _AVAILABILITY_WORDS.get(word, value)


def _attributes(value: object) -> object:
    """Flatten attribute values to text: numbers become "4.5", lists "a, b"; empty ones are dropped."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return value
    flat: dict[str, str] = {}
    for name, entry in value.items():
        if entry is None or entry == "" or entry == []:
            continue
        flat[str(name)] = ", ".join(map(str, entry)) if isinstance(entry, list | tuple) else str(entry)
    return flat


Words = Annotated[tuple[str, ...], BeforeValidator(lambda v: _split(v, _LIST_SEPARATORS))]
Path = Annotated[tuple[str, ...], BeforeValidator(lambda v: _split(v, _PATH_SEPARATORS))]
Text = Annotated[str, BeforeValidator(_text), StringConstraints(strip_whitespace=True, max_length=20_000)]
OptionalText = Annotated[str | None, BeforeValidator(_optional_text)]


class Item(BaseModel):
    """One thing for sale.

    Field values are forgiving on the way in (a price may be "$1,299.00", a category "Home > Chairs", colours
    "oak, black") because shops' exports are; what is stored is strict.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, BeforeValidator(_text), StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
    title: Annotated[
        str, BeforeValidator(_text), StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)
    ]
    description: Text = ""
    category: Path = Field(default=(), description="Path from the broadest to the narrowest, e.g. (Furniture, Chairs).")
    brand: OptionalText = None
    price: Annotated[Annotated[float, Field(ge=0, allow_inf_nan=False)] | None, BeforeValidator(_price)] = None
    currency: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None,
        BeforeValidator(_optional_text),
        Field(description="ISO 4217 code."),
    ] = None
    colors: Words = ()
    materials: Words = ()
    styles: Words = ()
    attributes: Annotated[dict[str, str], BeforeValidator(_attributes)] = Field(default_factory=dict)
    image: Annotated[OptionalText, Field(description="A path, or a URI that fsspec or httpx can read.")] = None
    url: Annotated[OptionalText, Field(description="The product's own page.")] = None
    availability: Annotated[Availability, BeforeValidator(_availability)] = "in_stock"

    @field_validator("id")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("has control characters")
        return value

    @property
    def in_stock(self) -> bool:
        return self.availability == "in_stock"


def parse_item(row: Mapping[str, Any]) -> Item:
    """Build an `Item` from one mapped row of a catalogue.

    Raises:
        BadItem: with code `missing_id`, `missing_title` or `invalid_field`, naming the field and the value.
    """
    for required in ("id", "title"):
        if row.get(required) is None or not str(row[required]).strip():
            raise BadItem(f"missing_{required}", f"the row has no {required}; map one with --map {required}=FIELD")
    try:
        return Item.model_validate(dict(row))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "row"
        raise BadItem("invalid_field", f"{field}: {first['msg']} (got {str(first.get('input'))[:80]!r})") from error


def embedding_text(item: Item) -> str:
    """The words that an encoder reads for an item, most telling first: title, kind, look, then description."""
    facts = [*item.category[-1:], *item.colors, *item.materials, *item.styles]
    parts = [item.title, ", ".join(facts), item.brand or "", item.description]
    return ". ".join(part for part in parts if part)
