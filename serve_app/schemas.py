"""The shapes of requests and answers of the HTTP API."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, model_validator

from catalog.filters import Filters, Id
from catalog.item import Availability
from catalog.search import Sort
from taste.events import Name

MAX_LIMIT = 100
DEFAULT_LIMIT = 24


def _one_line(text: str) -> str:
    """What people paste has tabs, line breaks and invisible characters; none of them is a word."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class Shape(BaseModel):
    """Base of every shape: unknown fields are refused, so that a typo is an error and not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Region(Shape):
    """A rectangle of the picture, in fractions of its width and height, origin at the top left."""

    x0: Annotated[float, Field(ge=0, le=1, description="Left edge.", examples=[0.1])] = 0.0
    y0: Annotated[float, Field(ge=0, le=1, description="Top edge.", examples=[0.25])] = 0.0
    x1: Annotated[float, Field(ge=0, le=1, description="Right edge.", examples=[0.6])] = 1.0
    y1: Annotated[float, Field(ge=0, le=1, description="Bottom edge.", examples=[0.9])] = 1.0

    @model_validator(mode="after")
    def _not_empty(self) -> "Region":
        if self.x0 >= self.x1 or self.y0 >= self.y1:
            raise ValueError("is empty: x0 must be left of x1 and y0 above y1")
        return self


class Picture(Shape):
    """A picture to search by: its bytes, or where to fetch it; exactly one of the two."""

    data: str | None = Field(
        default=None,
        description="The file (JPEG, PNG, WebP, GIF, AVIF, ...) in base64; a `data:` URI is fine too.",
        examples=["data:image/png;base64,iVBORw0KGgo..."],
    )
    url: str | None = Field(
        default=None,
        max_length=4096,
        description="An http or https address on the public internet.",
        examples=["https://example.com/armchair.jpg"],
    )

    @model_validator(mode="after")
    def _one(self) -> "Picture":
        if (self.data is None) == (self.url is None):
            raise ValueError("needs either data or url, not both and not neither")
        return self


class SearchRequest(Shape):
    """What to look for. Everything is optional and combines; with nothing given, the catalogue is browsed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "text": "oak armchair with soft cushions",
                    "filters": {"price_max": 400, "in_stock": True},
                    "limit": 12,
                },
                {"text": "but in green", "picture": {"url": "https://example.com/armchair.jpg"}},
                {"item_ids": ["chair-0042"], "filters": {"materials": ["oak", "ash"]}},
            ]
        },
    )

    text: Annotated[str, StringConstraints(max_length=2000), AfterValidator(_one_line)] | None = Field(
        default=None,
        description="Words, in any order or as a sentence.",
        examples=["oak armchair with soft cushions"],
    )
    picture: Picture | None = Field(default=None, description="Find what looks like this picture.")
    region: Region | None = Field(default=None, description="Look only at this part of the picture.")
    item_ids: Annotated[
        tuple[Id, ...],
        Field(
            max_length=20,
            description="Find more like these items; they themselves are left out.",
            examples=[["chair-0042"]],
        ),
    ] = ()
    filters: Filters = Field(default=Filters(), description="Conditions that every item meets.")
    sort: Sort = Field(
        default="relevance",
        description="Order by price instead: the best matches of a query, or all items when only filters are given.",
    )
    user_id: Name | None = Field(
        default=None,
        description="Who searches: good answers are ordered by this person's taste, and what they hid is left out.",
        examples=["user-7"],
    )
    adventurousness: Annotated[
        float,
        Field(ge=0, le=1, description="With a user_id: from 0, more of what they like, to 1, what lies beyond it."),
    ] = 0.3
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items per page.")] = DEFAULT_LIMIT
    cursor: Annotated[
        str | None,
        Field(max_length=1000, description="`next_cursor` of the page before; repeat the other fields as they were."),
    ] = None

    @model_validator(mode="after")
    def _region_of_something(self, info: ValidationInfo) -> "SearchRequest":
        uploaded = bool(info.context and info.context.get("uploaded"))
        if uploaded and self.picture:
            raise ValueError("picture is uploaded already; leave it out of the query")
        if self.region and not self.picture and not uploaded:
            raise ValueError("region needs a picture")
        return self


class Reason(Shape):
    """One ranked list that the item was found in."""

    by: str = Field(description="`words`, `meaning`, `picture` or `similar`.", examples=["picture"])
    rank: int = Field(description="Place in that list, from 1.", examples=[3])


class ItemOut(Shape):
    """One thing for sale."""

    id: str = Field(description="Stable id of the item.", examples=["chair-0042"])
    title: str = Field(description="Name of the item.", examples=["Oak lounge chair"])
    description: str = Field(description="Plain text; may be empty.")
    category: tuple[str, ...] = Field(
        description="From the broadest to the narrowest.", examples=[["Furniture", "Chairs"]]
    )
    brand: str | None = Field(description="Who makes it.")
    price: float | None = Field(description="In `currency`; null if unknown.", examples=[349.0])
    currency: str | None = Field(description="ISO 4217 code.", examples=["EUR"])
    colors: tuple[str, ...] = Field(description="Colours.", examples=[["green"]])
    materials: tuple[str, ...] = Field(description="Materials.", examples=[["oak", "wool"]])
    styles: tuple[str, ...] = Field(description="Styles.", examples=[["scandinavian"]])
    attributes: dict[str, str] = Field(description="Everything else that the catalogue says.")
    availability: Availability = Field(description="Whether it can be had.")
    url: str | None = Field(description="The product's own page.")
    image_url: str | None = Field(
        description="Path of a small picture in this API; null if there is none.",
        examples=["/v1/items/chair-0042/image"],
    )


class FoundItem(ItemOut):
    """An item of a result, with how well it fits and why it is there."""

    score: float = Field(description="From 0 to 1; 1 is first place in every list. Comparable within one answer only.")
    why: tuple[Reason, ...] = Field(description="The lists that it was found in.")
    reason: str = Field(
        description="The same in words; empty when nothing was asked for.", examples=["looks like your picture"]
    )


class SearchResponse(Shape):
    """One page of results."""

    items: tuple[FoundItem, ...] = Field(description="Best first.")
    next_cursor: str | None = Field(description="Send it with the same request for the next page; null at the end.")
    release: str = Field(description="The release that answered.", examples=["20260131-154500-3fa9"])
    missing_item_ids: tuple[str, ...] = Field(
        default=(), description="Those of `item_ids` that this release does not have."
    )


class ItemResponse(Shape):
    """One item."""

    item: ItemOut
    release: str = Field(description="The release that answered.")


class FacetValue(Shape):
    """One value that can be filtered by."""

    value: str = Field(description="In lower case; filters do not mind case.", examples=["oak"])
    count: int = Field(description="Items that have it.", examples=[312])


class PriceRange(Shape):
    """The prices of the catalogue."""

    min: float
    max: float
    currency: str | None = Field(description="ISO 4217 code of the first priced item.")


class FacetsResponse(Shape):
    """What can be filtered by, most frequent first."""

    release: str = Field(description="The release that answered.")
    items: int = Field(description="Items in the catalogue.")
    categories: tuple[FacetValue, ...]
    brands: tuple[FacetValue, ...]
    colors: tuple[FacetValue, ...]
    materials: tuple[FacetValue, ...]
    styles: tuple[FacetValue, ...]
    in_stock: int = Field(description="Items in stock.")
    price: PriceRange | None = Field(description="Null if no item has a price.")


class ReleaseResponse(Shape):
    """The release that is live here."""

    release: str = Field(description="Its id.", examples=["20260131-154500-3fa9"])
    encoder: str = Field(description="Version of the encoder that made its vectors.")
    items: int = Field(description="Items in it.")
    created: str = Field(description="When it was made, ISO 8601.")
    assistant: bool = Field(default=False, description="Whether there is an assistant to chat with.")


class Health(Shape):
    """A healthy answer."""

    status: Literal["ok"] = "ok"
    release: str | None = Field(default=None, description="The release that is live here.")
    assistant: bool | None = Field(default=None, description="Whether there is an assistant to chat with.")
