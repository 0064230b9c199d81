"""The shapes of the API: what comes in is checked by them, what goes out is theirs."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

from django.http import Http404
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from pinboard.discovery.keyset import LARGEST_ID
from pinboard.exceptions import PinboardError
from pinboard.tag_names import names_in
from users.names import clean_name, clean_title

T = TypeVar("T")
_DIGITS = re.compile(r"[0-9]{1,19}")
_CURRENCY = r"^[A-Z]{3}$"


def read_id(value: object) -> int:
    """A key as a number or as its digits; ValueError for all that can be no key."""
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and _DIGITS.fullmatch(value):
        number = int(value)
    else:
        raise ValueError(_("This is no id."))
    if not 0 < number <= LARGEST_ID:
        raise ValueError(_("This is no id."))
    return number


def path_id(text: str) -> int:
    try:
        return read_id(text)
    except ValueError as error:
        raise Http404 from error


def _named(text: str) -> str:
    name = clean_title(text)
    if not name:
        raise ValueError(_("This is needed."))
    return name


Id = Annotated[int, BeforeValidator(read_id)]
Title = Annotated[
    str, StringConstraints(max_length=200, min_length=1), AfterValidator(_named)
]
MaybeTitle = Annotated[
    str, StringConstraints(max_length=200), AfterValidator(clean_title)
]
Currency = Annotated[str, StringConstraints(pattern=_CURRENCY)]
Visibility = Literal["public", "secret", "link"]
Availability = Literal["in_stock", "sold_out", "unknown"]


Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000)]
Brand = Annotated[str, StringConstraints(max_length=80), AfterValidator(clean_name)]
Price = Annotated[int, Field(ge=0, lt=10**14, strict=True)]
Address = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)
]


class Problem(Schema):
    code: str
    message: str
    fields: dict[str, list[str]] | None = None


class ErrorOut(Schema):
    error: Problem
    request_id: str


class PageOut(Schema, Generic[T]):
    items: list[T]
    next: str | None


class ActiveOut(Schema):
    active: bool
    count: int


class BoardIn(Schema):
    title: Title
    description: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=1000)
    ] = ""
    visibility: Visibility = "public"


class BoardOut(Schema):
    id: int
    url: str
    title: str
    description: str
    visibility: str
    owner: str
    pin_count: int
    follower_count: int
    created_at: datetime


def _tags(value: object) -> object:
    """A list, or one line with commas as in a form."""
    try:
        if isinstance(value, str):
            return names_in(value)
        if isinstance(value, list) and all(isinstance(text, str) for text in value):
            return names_in("\n".join(value))  # a comma parts two here as well
    except PinboardError as error:
        raise ValueError(str(error.for_user)) from error
    raise ValueError(_("Send a list of texts."))


Tags = Annotated[list[str], BeforeValidator(_tags)]


class PinIn(Schema):
    """`image` comes as a file of a multipart form, `url` in JSON: one of the two."""

    board: Id
    url: Address | None = None
    title: MaybeTitle = ""
    description: Description = ""
    alt: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    tags: Tags = []
    product: Id | None = None


class SaveIn(Schema):
    board: Id


class PinError(Schema):
    code: str
    message: str


class Via(Schema):
    pin: int | None
    pinner: str


class RenditionOut(Schema):
    width: int
    height: int
    url: str
    type: str


class ImageOut(Schema):
    width: int
    height: int
    dominant: str
    renditions: list[RenditionOut]


class ProductOut(Schema):
    id: int
    url: str
    title: str
    price_minor: int | None
    currency: str | None
    availability: str
    shop: str
    shop_name: str
    price_at: datetime | None


class PointOut(Schema):
    """A product at a point of the picture: from the left and from the top, in
    ten-thousandths of its size."""

    id: int
    title: str
    price_minor: int | None
    currency: str | None
    availability: str
    shop: str
    x: int
    y: int
    buy_url: str | None
    disclosure: str | None


class PinOut(Schema):
    id: int
    url: str
    state: str
    error: PinError | None
    title: str
    description: str
    alt: str
    tags: list[str]
    board: int
    pinner: str
    via: Via | None
    image: ImageOut | None
    product: ProductOut | None
    buy_url: str | None
    disclosure: str | None
    products: list[PointOut]
    like_count: int
    save_count: int
    comment_count: int
    liked: bool
    created_at: datetime


class TagOut(Schema):
    key: str
    url: str
    name: str
    pin_count: int


class CommentIn(Schema):
    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)
    ]
    reply_to: Id | None = None


class CommentOut(Schema):
    id: int
    url: str
    text: str
    author: str
    reply_to: int | None
    created_at: datetime


class PersonOut(Schema):
    id: int
    url: str
    username: str
    name: str
    bio: str
    follower_count: int
    following_count: int


class ProductIn(Schema):
    sku: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)
    ]
    title: Title
    url: Address
    shop: str | None = None
    description: LongText = ""
    brand: Brand = ""
    gtin: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,14}$")] = ""
    price_minor: Price | None = None
    currency: Currency | None = None
    availability: Availability = "unknown"


class ProductPatch(Schema):
    """What is left out stays as it is."""

    title: Title | None = None
    url: Address | None = None
    description: LongText | None = None
    brand: Brand | None = None
    price_minor: Price | None = None
    currency: Currency | None = None
    availability: Availability | None = None


class Totals(Schema):
    currency: str
    on_its_way: int
    approved: int
    paid: int
    returned: int


class Clicks(Schema):
    counted: int
    not_counted: int


class EarningsOut(Schema):
    totals: list[Totals]
    clicks: Clicks


class ShareOut(Schema):
    role: str
    person: str | None
    bp: int
    amount_minor: int


class CommissionOut(Schema):
    id: str
    url: str
    order_id: str
    line_id: str
    state: str
    word: str
    currency: str
    rate_bp: int
    gross_minor: int
    fee_minor: int
    net_minor: int
    return_reason: str
    shares: list[ShareOut]
    created_at: datetime
