"""What agents send. What we do not need is not named here, and passed over; what we made ourselves is never believed."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

LINES_MAX = 200
IDS_PER_LOOKUP_MAX = 50
METHODS_MAX = 200

Word = Annotated[str, Meta(max_length=200)]
Sentence = Annotated[str, Meta(max_length=500)]


class Item(msgspec.Struct, frozen=True):
    id: Word


class LineItem(msgspec.Struct, frozen=True):
    """`id` is ours: it is there on update, for lines that stay."""

    item: Item
    quantity: Annotated[int, Meta(ge=1, le=9_999)] = 1
    id: Word | None = None


class Buyer(msgspec.Struct, frozen=True, omit_defaults=True):
    first_name: Word | None = None
    last_name: Word | None = None
    full_name: Word | None = None
    email: Sentence | None = None
    phone_number: Word | None = None


class Destination(msgspec.Struct, frozen=True, omit_defaults=True):
    """A shipping address; without a type it is one, too."""

    id: Word | None = None
    type: Word | None = None
    first_name: Word | None = None
    last_name: Word | None = None
    full_name: Word | None = None
    phone_number: Word | None = None
    address_country: Word | None = None
    address_region: Word | None = None
    address_locality: Word | None = None
    street_address: Sentence | None = None
    extended_address: Sentence | None = None
    postal_code: Word | None = None


class Group(msgspec.Struct, frozen=True):
    id: Word | None = None
    selected_option_id: Word | None = None


class Method(msgspec.Struct, frozen=True):
    type: Word = "shipping"
    id: Word | None = None
    line_item_ids: list[Word] = []
    destinations: Annotated[list[Destination], Meta(max_length=20)] = []
    selected_destination_id: Word | None = None
    groups: Annotated[list[Group], Meta(max_length=METHODS_MAX)] = []


class Fulfillment(msgspec.Struct, frozen=True):
    methods: Annotated[list[Method], Meta(max_length=METHODS_MAX)] = []


class Discounts(msgspec.Struct, frozen=True):
    """The codes that are entered: all of them, each time."""

    codes: Annotated[list[Word], Meta(max_length=100)] = []


class CheckoutRequest(msgspec.Struct, frozen=True):
    """Create and update: the whole checkout as the agent wants it."""

    line_items: Annotated[list[LineItem], Meta(min_length=1, max_length=LINES_MAX)]
    buyer: Buyer | None = None
    fulfillment: Fulfillment | None = None
    context: dict[str, Any] | None = None
    cart_id: Word | None = None
    discounts: Discounts | None = None


class ConversionRequest(msgspec.Struct, frozen=True):
    """A checkout made of a cart: the cart's lines count, whatever else is sent."""

    cart_id: Word
    fulfillment: Fulfillment | None = None
    buyer: Buyer | None = None
    context: dict[str, Any] | None = None
    discounts: Discounts | None = None


class CartRequest(msgspec.Struct, frozen=True):
    line_items: Annotated[list[LineItem], Meta(min_length=1, max_length=LINES_MAX)]
    buyer: Buyer | None = None
    context: dict[str, Any] | None = None
    discounts: Discounts | None = None


class Credential(msgspec.Struct, frozen=True):
    type: Word = ""
    token: Sentence | None = None


class Instrument(msgspec.Struct, frozen=True):
    id: Word
    handler_id: Word
    type: Word = ""
    credential: Credential = Credential()


class Payment(msgspec.Struct, frozen=True):
    instruments: Annotated[list[Instrument], Meta(max_length=10)] = []


class CompleteRequest(msgspec.Struct, frozen=True):
    payment: Payment


class PriceFilter(msgspec.Struct, frozen=True):
    min: Annotated[int, Meta(ge=0)] | None = None
    max: Annotated[int, Meta(ge=0)] | None = None


class Filters(msgspec.Struct, frozen=True):
    categories: list[Word] = []
    price: PriceFilter | None = None


class Pagination(msgspec.Struct, frozen=True):
    cursor: Sentence | None = None
    limit: Annotated[int, Meta(ge=1)] | None = None


class SearchRequest(msgspec.Struct, frozen=True):
    """`cursor` is also taken at the top, where some platforms put it."""

    query: Sentence | None = None
    filters: Filters | None = None
    pagination: Pagination | None = None
    cursor: Sentence | None = None
    context: dict[str, Any] | None = None


class LookupRequest(msgspec.Struct, frozen=True):
    ids: Annotated[list[Word], Meta(min_length=1)]
    context: dict[str, Any] | None = None


class Selected(msgspec.Struct, frozen=True):
    name: Word
    label: Word
    id: Word | None = None


class ProductRequest(msgspec.Struct, frozen=True):
    id: Word
    selected: list[Selected] = []
    preferences: list[Word] = []
    context: dict[str, Any] | None = None
