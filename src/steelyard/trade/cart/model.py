"""What lies in a cart."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import SkuCard
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId, ShopCard

LINES_PER_CART_MAX = 120
QUANTITY_PER_LINE_MAX = 999
# So long after it was put in, what is bought is bought because of where it was put in.
SOURCE_COUNTS = timedelta(hours=24)


class LineProblem(StrEnum):
    """Why a line cannot be bought as it lies there; `price_moved` is news, not a hindrance."""

    OFF_SHELF = "off_shelf"
    SHOP_AWAY = "shop_away"
    SOLD_OUT = "sold_out"
    NOT_ENOUGH = "not_enough"
    PRICE_MOVED = "price_moved"


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """`price` is the price now, in minor units; `seen_price` the one when it was put in; `free` the pieces to be had;
    `source` from where it was put in last, as long as that counts (`SOURCE_COUNTS`)."""

    sku_id: UUID
    merchant_id: MerchantId
    card: SkuCard | None
    quantity: int
    selected: bool
    price: int | None
    seen_price: int
    currency: str
    free: int
    problem: LineProblem | None
    source: str = ""

    @property
    def buyable(self) -> bool:
        return self.problem in (None, LineProblem.PRICE_MOVED)

    @property
    def amount(self) -> int:
        return (self.price or 0) * self.quantity


class CartGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of one shop."""

    shop: ShopCard
    lines: Sequence[CartLine]


class CartView(msgspec.Struct, frozen=True, kw_only=True):
    """`totals` are the selected, buyable lines' sums by currency: what is paid at once is in one currency."""

    groups: Sequence[CartGroup]
    totals: dict[str, int]

    @property
    def lines(self) -> list[CartLine]:
        return [line for group in self.groups for line in group.lines]

    @property
    def chosen(self) -> list[CartLine]:
        """What checking out would buy."""
        return [line for line in self.lines if line.selected and line.buyable]


class NotForSale(Refusal):
    """Only what is on the shelf, with a price, goes into a cart."""

    code = "not_for_sale"
    title = N_("This is not for sale any more")
    detail = N_("The shop has taken it off the shelf. Please choose something else.")


class CartFull(Refusal):
    """A cart has a limit."""

    code = "cart_full"
    title = N_("Your cart is full")
    detail = N_("A cart holds up to {limit} different goods. Please remove something first.")
