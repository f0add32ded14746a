"""A checkout under way, and what it costs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import SkuCard
from steelyard.goods.promotions.model import Code, Given, Reckoning, Share
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.logistics.freight.model import DeliveryOption
from steelyard.money.wallets.model import Purse, Tender
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.trade.groups.model import Gathered, Gathering
from steelyard.trade.orders.model import NewBooking, PurchaseId

CheckoutId = NewType("CheckoutId", UUID)

CHECKOUT_HOURS = 6
FIELD_CHARACTERS_MAX = 200
SHOP = "shop"
LIVE = "live"
# A program that is asked before a checkout has a client.
AGENT = "ucp"


def at_shop(client: str) -> bool:
    """Whether a checkout is of our own pages: the storefront's, a replay's, or those of a live room. Others are of programs."""
    return client == SHOP or client.startswith((f"{SHOP}:", f"{LIVE}:"))


class CheckoutState(StrEnum):
    """Open: being filled in. Placed: a purchase waits for its payment. Completed: paid. Cancelled: given up."""

    OPEN = "open"
    PLACED = "placed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`seen_price`: what the buyer was last told a piece costs, in minor units. `confirmed`: that it cannot be returned without
    a reason, where the law wants that said. `group`: it is bought in a team. `source`: from where it was put into the cart."""

    line_id: str
    sku_id: UUID
    quantity: int
    seen_price: int | None = None
    confirmed: bool = False
    group: Gathering | None = None
    source: str = ""


class InvoiceWish(msgspec.Struct, frozen=True, kw_only=True):
    """To whom the invoices of a purchase are to be written, once it is paid: a person, or a company with its number."""

    company: bool = False
    name: str = ""
    tax_number: str = ""


class Discount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a promotion takes off a checkout: by line id, and by the merchant whose freight it is. `code`: the one that was
    entered for it; `by_piece`: each piece is reduced by itself, not the lines in proportion to what they cost."""

    promotion_id: UUID
    name: Text
    amount: int
    code: str | None = None
    by_piece: bool = False
    lines: dict[str, int] = {}
    freight: dict[str, int] = {}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer says: a change replaces all of it. `deliveries` maps a merchant's id to the chosen template's id,
    `notes` to what the buyer writes to the shop; `codes` are those of coupons, in capitals; `purses` are what of the buyer's
    own is to pay what it can."""

    lines: Sequence[Line]
    contact: Contact = Contact()
    address: Address = Address()
    deliveries: dict[str, UUID] = {}
    notes: dict[str, str] = {}
    invoice: InvoiceWish | None = None
    codes: Sequence[str] = ()
    purses: Sequence[Purse] = ()
    locale: str = "zh-Hans"


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    checkout_id: CheckoutId
    buyer_id: BuyerId
    purchase_id: PurchaseId
    client: str
    state: CheckoutState
    currency: str
    locale: str
    lines: list[Line]
    contact: Contact
    address: Address
    deliveries: dict[str, UUID]
    notes: dict[str, str]
    invoice: InvoiceWish | None
    codes: list[str]
    discounts: list[Discount]
    purses: list[Purse]
    from_cart: bool
    created_at: datetime
    expires_at: datetime

    @property
    def draft(self) -> Draft:
        return Draft(
            lines=self.lines,
            contact=self.contact,
            address=self.address,
            deliveries=self.deliveries,
            notes=self.notes,
            invoice=self.invoice,
            codes=self.codes,
            purses=self.purses,
            locale=self.locale,
        )


class ProblemCode(StrEnum):
    EMPTY = "empty"
    ITEM_UNAVAILABLE = "item_unavailable"
    OUT_OF_STOCK = "out_of_stock"
    NOT_ENOUGH = "not_enough"
    PRICE_MOVED = "price_moved"
    CONTACT_MISSING = "contact_missing"
    ADDRESS_MISSING = "address_missing"
    ADDRESS_INCOMPLETE = "address_incomplete"
    UNDELIVERABLE = "address_undeliverable"
    SHOP_AWAY = "shop_away"
    LIMIT_REACHED = "limit_reached"
    BUYERS_LIMIT = "buyers_limit"
    TOO_MANY = "too_many"
    TOO_FEW = "too_few"
    FLASH_GONE = "flash_gone"
    PRESALE_ALONE = "presale_alone"
    PRESALE_LIMIT = "presale_limit"
    PRESALE_GONE = "presale_gone"
    GROUP_ALONE = "group_alone"
    GROUP_LIMIT = "group_limit"
    GROUP_OVER = "group_over"
    TEAM_CLOSED = "team_closed"
    IN_TEAM_ALREADY = "in_team_already"


# News that the buyer is told; the others have to be mended before the purchase can be placed.
NEWS = frozenset({ProblemCode.PRICE_MOVED, ProblemCode.FLASH_GONE, ProblemCode.PRESALE_GONE})


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the way, or should be known: of a line, of a merchant's part, or of the whole."""

    code: ProblemCode
    line_id: str | None = None
    merchant_id: MerchantId | None = None
    facts: dict[str, int | str] = {}

    @property
    def news(self) -> bool:
        return self.code in NEWS

    @property
    def blocking(self) -> bool:
        return not self.news


class QuoteLine(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts are minor units; `tax` is inside or on top of `amount` as `tax_inclusive` says. `discount` is what promotions
    take off it, by their `shares`. `flash`: its pieces are those of a flash sale; `gift`: it comes for nothing."""

    line_id: str
    card: SkuCard
    quantity: int
    unit_price: int
    seen_price: int | None
    free: int
    tax: int
    tax_millionths: int
    tax_inclusive: bool
    tax_name: Text
    discount: int = 0
    shares: Sequence[Share] = ()
    flash: bool = False
    confirmed: bool = False
    gift: Given | None = None

    @property
    def amount(self) -> int:
        return self.unit_price * self.quantity - self.discount

    @property
    def subsidy(self) -> int:
        """Of the discount, what the platform pays the merchant."""
        return sum(share.platform for share in self.shares)


class QuoteGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant's part: its lines, how it can be sent, and the way that was chosen (none: it cannot be sent there). `gifts`
    are sent with it for nothing, and are in no sum."""

    shop: ShopCard
    lines: Sequence[QuoteLine]
    options: Sequence[DeliveryOption]
    chosen: DeliveryOption | None
    freight_tax: int
    freight_tax_inclusive: bool
    freight_tax_millionths: int = 0
    freight_off: int = 0
    freight_shares: Sequence[Share] = ()
    gifts: Sequence[QuoteLine] = ()

    @property
    def sent(self) -> list[QuoteLine]:
        """All that is sent: what is bought, and what comes with it."""
        return [*self.lines, *self.gifts]

    @property
    def goods(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def discount(self) -> int:
        """What promotions take off the goods."""
        return sum(line.discount for line in self.lines)

    @property
    def freight(self) -> int:
        return self.chosen.fee - self.freight_off if self.chosen else 0

    @property
    def tax_added(self) -> int:
        return sum(line.tax for line in self.lines if not line.tax_inclusive) + (
            0 if self.freight_tax_inclusive else self.freight_tax
        )

    @property
    def tax_included(self) -> int:
        return sum(line.tax for line in self.lines if line.tax_inclusive) + (
            self.freight_tax if self.freight_tax_inclusive else 0
        )

    @property
    def total(self) -> int:
        return self.goods + self.freight + self.tax_added


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What it costs now. Lines whose goods are gone are not in `groups` but among the problems. `reckoning` says which
    promotions count, and why; there is none where nothing is offered. `codes`: what each code of the draft is.
    `gathered`: what buying it in a team comes to; `booking`: it is bought in a presale."""

    currency: str
    groups: Sequence[QuoteGroup]
    problems: Sequence[Problem]
    reckoning: Reckoning | None = None
    codes: Sequence[Code] = ()
    booking: NewBooking | None = None
    gathered: Gathered | None = None

    @property
    def goods(self) -> int:
        return sum(group.goods for group in self.groups)

    @property
    def discount(self) -> int:
        return sum(group.discount for group in self.groups)

    @property
    def freight_off(self) -> int:
        return sum(group.freight_off for group in self.groups)

    @property
    def off_by_platform(self) -> int:
        """Of all that is taken off, what promotions of the platform take off, whoever pays for it."""
        applied = self.reckoning.applied if self.reckoning else ()
        return sum(each.off for each in applied if each.promotion.merchant_id is None)

    @property
    def freight(self) -> int:
        return sum(group.freight for group in self.groups)

    @property
    def tax_added(self) -> int:
        return sum(group.tax_added for group in self.groups)

    @property
    def tax_included(self) -> int:
        return sum(group.tax_included for group in self.groups)

    @property
    def total(self) -> int:
        return sum(group.total for group in self.groups)

    @property
    def deposit(self) -> int:
        """What is paid first, where it is bought in a presale with a deposit."""
        return self.booking.deposit if self.booking else 0

    @property
    def blocking(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.blocking]


class CheckoutView(msgspec.Struct, frozen=True, kw_only=True):
    """`own` is what is in the buyer's purses, `tenders` what those that are ticked pay."""

    checkout: Checkout
    quote: Quote
    own: Mapping[Purse, int] = {}
    tenders: Sequence[Tender] = ()

    @property
    def rest(self) -> int:
        """What a channel collects now."""
        return self.quote.deposit or self.quote.total - sum(tender.amount for tender in self.tenders)

    @property
    def ready(self) -> bool:
        """Whether it could be placed as it stands."""
        return self.checkout.state is CheckoutState.OPEN and not self.quote.blocking


class CheckoutNotReady(Refusal):
    """A checkout is placed when nothing stands in the way; `problems` says what does."""

    code = "checkout_not_ready"
    status = 422
    title = N_("Something is still missing")
    detail = N_("Please look at the points that are marked.")


class CheckoutClosed(Refusal):
    """A checkout that is cancelled, completed or too old is not changed or placed any more."""

    code = "checkout_closed"
    title = N_("This checkout is closed")
    detail = N_("It is “{state}”. Please start again from your cart.")


class TotalMoved(Refusal):
    """Nobody pays another sum than the one they were shown."""

    code = "total_moved"
    title = N_("The total has changed")
    detail = N_("It was {expected} and is {total} now. Please look at it again before you pay.")


class SoldOut(Refusal):
    """What is promised to others cannot be promised again; `shortages` lists line, wanted and free pieces."""

    code = "out_of_stock"
    title = N_("Somebody was faster")
    detail = N_("Not everything is in stock any more. Please look at your quantities.")


class MixedPurchase(Refusal):
    """What is paid at once is in one currency."""

    code = "mixed_currencies"
    status = 422
    title = N_("These goods are sold in different currencies")
    detail = N_("Please buy them separately, one currency at a time.")
