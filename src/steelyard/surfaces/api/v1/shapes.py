"""What /api/v1 takes, beyond what our modules call themselves. Amounts are minor units (fen, cents)."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from steelyard.goods.catalog.model import Attribute, Option, ProductView
from steelyard.goods.pricing.model import Price
from steelyard.kernel.text import Text
from steelyard.logistics.parcels.model import Parcel
from steelyard.money.ledger.model import TrialLine
from steelyard.trade.aftersales.model import OrderRefund
from steelyard.trade.orders.model import Order, OrderLine
from steelyard.trade.settlement.model import Entry, Statement

Pieces = Annotated[int, Meta(ge=1, le=9_999)]
Stock = Annotated[int, Meta(ge=0, le=10_000_000)]
Amount = Annotated[int, Meta(ge=0, le=10**13)]
Cursor = str | None


class OrderDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An order with its lines, its parcels and what was given back of it."""

    order: Order
    lines: list[OrderLine]
    parcels: list[Parcel]
    refunds: list[OrderRefund]


class ShipLine(msgspec.Struct, frozen=True, kw_only=True):
    line: int
    quantity: Pieces


class ShipRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that leaves now. Without lines it holds all that is still to be sent."""

    carrier: str
    number: str
    lines: Annotated[list[ShipLine], Meta(min_length=1, max_length=500)] | None = None


class CancelRequest(msgspec.Struct, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class RefundLine(msgspec.Struct, frozen=True, kw_only=True):
    line: int
    quantity: Pieces


class RefundAsk(msgspec.Struct, frozen=True, kw_only=True):
    """`freight` is what to give back of the delivery; `restock` puts the pieces back into stock."""

    lines: Annotated[list[RefundLine], Meta(max_length=200)] = []
    freight: Amount = 0
    note: Annotated[str, Meta(max_length=500)] = ""
    restock: bool = False


class ProductDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A product with its variants, their prices and free pieces by SKU id."""

    product: ProductView
    prices: dict[str, Price]
    free: dict[str, int]


class NewVariant(msgspec.Struct, frozen=True, kw_only=True):
    """`choice` is, for each option of the product in order, the index of the chosen value; `price` and `compare_at`
    are in the merchant's currency."""

    code: Annotated[str, Meta(min_length=1, max_length=100)]
    price: Amount
    compare_at: Amount | None = None
    choice: list[int] = []
    barcode: str = ""
    weight_grams: Annotated[int, Meta(ge=0, le=10_000_000)] = 0


class ProductRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A new product. `category` is a category's address, as in `hand-tools`."""

    category: str
    slug: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")]
    title: Text
    variants: Annotated[list[NewVariant], Meta(min_length=1, max_length=600)]
    description: Text = msgspec.field(default_factory=Text)
    options: list[Option] = []
    attributes: list[Attribute] = []
    tax_class: str = "standard"
    on_shelf: bool = False


class ProductPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different; what is left out stays."""

    category: str | None = None
    title: Text | None = None
    description: Text | None = None
    attributes: list[Attribute] | None = None
    tax_class: str | None = None


class ShelfRequest(msgspec.Struct, frozen=True, kw_only=True):
    product_ids: Annotated[list[UUID], Meta(min_length=1, max_length=100)]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """The products that moved; what was there already, or cannot go there, is not among them."""

    product_ids: list[UUID]


class StockLine(msgspec.Struct, frozen=True, kw_only=True):
    """Without a warehouse, the merchant's first open one."""

    sku_id: UUID
    quantity: Stock
    warehouse_id: UUID | None = None


class StockRequest(msgspec.Struct, frozen=True, kw_only=True):
    lines: Annotated[list[StockLine], Meta(min_length=1, max_length=1_000)]
    note: Annotated[str, Meta(max_length=200)] = ""


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """`document` names the movements."""

    document: UUID


class PriceLine(msgspec.Struct, frozen=True, kw_only=True):
    sku_id: UUID
    amount: Amount
    compare_at: Amount | None = None


class PricesRequest(msgspec.Struct, frozen=True, kw_only=True):
    prices: Annotated[list[PriceLine], Meta(min_length=1, max_length=1_000)]


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """The SKUs whose price is another one now."""

    sku_ids: list[UUID]


class StatementDetail(msgspec.Struct, frozen=True, kw_only=True):
    statement: Statement
    entries: list[Entry]
    next: str | None


class TrialBalance(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts by kind; in each currency the debits equal the credits."""

    lines: list[TrialLine]


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The settlement day; today unless given. A day to come is not settled."""

    day: date | None = None


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    statements: list[Statement]
