"""What a search may be narrowed to: a typed model that becomes a predicate of the item table.

Every value reaches the query language as an escaped literal, and names of columns are constants of this file. So no
caller's text is ever part of a query.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from catalog.item import Item


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("has control characters")
    return value


Word = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_printable),
]
Id = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(_printable)]
WordList = Annotated[tuple[Word, ...], Field(max_length=50)]

_FIELDS = {"category": "categories", "brand": "brands", "color": "colors", "material": "materials", "style": "styles"}


class Conditions(Protocol):
    """What items must meet and must not be, with values by kind: category, brand, color, material, style."""

    @property
    def wanted(self) -> Mapping[Any, tuple[str, ...]]: ...
    @property
    def excluded(self) -> Mapping[Any, tuple[str, ...]]: ...
    @property
    def price_min(self) -> float | None: ...
    @property
    def price_max(self) -> float | None: ...
    @property
    def in_stock(self) -> bool: ...
    @property
    def without(self) -> tuple[str, ...]:
        """Ids that are not to be found."""
        ...


class Facets(BaseModel):
    """Named properties of items. Compared without regard to case; a category matches at any level of its path."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    categories: WordList = ()
    brands: WordList = ()
    colors: WordList = ()
    materials: WordList = ()
    styles: WordList = ()

    def terms(self) -> dict[str, list[str]]:
        """{kind: facet terms as stored in the table}; kinds without values are left out."""
        values = {kind: getattr(self, field) for kind, field in _FIELDS.items()}
        return {kind: [_term(kind, word) for word in words] for kind, words in values.items() if words}


class Filters(Facets):
    """Conditions that every found item meets: all of the kinds given, and any one of the values within a kind."""

    attributes: Annotated[dict[Word, WordList], Field(max_length=20)] = Field(
        default_factory=dict, description='Values by attribute name, e.g. {"season": ["summer"]}.'
    )
    price_min: Annotated[float | None, Field(ge=0, allow_inf_nan=False, description="Inclusive.")] = None
    price_max: Annotated[float | None, Field(ge=0, allow_inf_nan=False, description="Inclusive.")] = None
    in_stock: bool | None = Field(default=None, description="True: only items in stock; false: only the others.")
    exclude: Facets = Field(default=Facets(), description="Items with any of these are left out.")
    exclude_ids: Annotated[tuple[Id, ...], Field(max_length=1000)] = ()

    @classmethod
    def of(cls, conditions: Conditions) -> "Filters":
        """Conditions as the item table is asked for them."""
        return cls(
            **_by_field(conditions.wanted),
            price_min=conditions.price_min,
            price_max=conditions.price_max,
            in_stock=True if conditions.in_stock else None,
            exclude=Facets(**_by_field(conditions.excluded)),
            exclude_ids=conditions.without,
        )

    @model_validator(mode="after")
    def _price_range(self) -> "Filters":
        if self.price_min is not None and self.price_max is not None and self.price_min > self.price_max:
            raise ValueError(f"price_min {self.price_min:g} is above price_max {self.price_max:g}")
        return self

    def to_sql(self) -> str | None:
        """The predicate for LanceDB, or None if nothing is filtered."""
        wanted = list(self.terms().values())
        wanted += [[_term(f"attribute.{name}", word) for word in words] for name, words in self.attributes.items()]
        unwanted = [term for terms in self.exclude.terms().values() for term in terms]
        clauses = [_has_any(terms) for terms in wanted if terms]
        if unwanted:
            clauses.append(f"NOT {_has_any(unwanted)}")
        if self.price_min is not None:
            clauses.append(f"price >= {_literal(self.price_min)}")
        if self.price_max is not None:
            clauses.append(f"price <= {_literal(self.price_max)}")
        if self.in_stock is not None:
            clauses.append(f"{'' if self.in_stock else 'NOT '}{_has_any([_term('availability', 'in_stock')])}")
        if self.exclude_ids:
            clauses.append(f"NOT {id_in(self.exclude_ids)}")
        return " AND ".join(clauses) or None


def id_in(ids: Iterable[str]) -> str:
    """The predicate `id IN (...)`."""
    return f"(id IN ({', '.join(map(_literal, ids))}))"


def facet_terms(item: Item) -> list[str]:
    """The terms under which the table's `facets` column knows an item."""
    terms = {_term("category", part) for part in item.category}
    terms |= {_term("color", word) for word in item.colors}
    terms |= {_term("material", word) for word in item.materials}
    terms |= {_term("style", word) for word in item.styles}
    terms |= {_term(f"attribute.{name}", value) for name, value in item.attributes.items()}
    terms.add(_term("availability", item.availability))
    if item.brand:
        terms.add(_term("brand", item.brand))
    return sorted(terms)


def _term(kind: str, word: str) -> str:
    return f"{kind}:{word.strip()}".casefold()


def _by_field(values: Mapping[Any, tuple[str, ...]]) -> dict[str, Any]:
    return {field: values.get(kind, ()) for kind, field in _FIELDS.items()}


def _has_any(terms: list[str]) -> str:
    return f"array_has_any(facets, [{', '.join(map(_literal, terms))}])"


def _literal(value: str | float) -> str:
    """A literal of standard SQL, in which a quote is doubled and a backslash is itself.

    LanceDB's own `lit(value).to_sql()` leaves a quote after a backslash as it is, which ends the literal early.
    """
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(float(value))
