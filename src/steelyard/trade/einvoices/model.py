"""E-invoices: their parties, lines and sums, in the words of EN 16931. Amounts are minor units."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec
from stdnum.eu import vat

from steelyard.goods.taxes.model import EU
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.model import OrderId

EInvoiceId = NewType("EInvoiceId", UUID)

NAME_CHARACTERS_MAX = 200
MISSING_MAX = 100
# Greece writes its VAT numbers with EL.
VAT_PREFIXES = {"GR": "EL"}


class Kind(StrEnum):
    """UNTDID 1001: 380 and 381."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Issuer(StrEnum):
    MERCHANT = "merchant"
    PLATFORM = "platform"


class Category(StrEnum):
    """VAT categories (UNCL 5305) that are used here: standard and reduced rates, zero-rated, exempt, outside the scope."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    OUTSIDE = "O"


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A seller or a buyer. `vat_number` has the prefix of its member state (BT-31, BT-48); `tax_number` is another one
    (BT-32)."""

    name: str
    country: str
    street: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""
    email: str = ""
    vat_number: str = ""
    tax_number: str = ""
    trading_name: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line (BG-25): `quantity` pieces for `net` (BT-131), after `discount` was taken off; both without tax. `tax` is what
    it bears."""

    name: str
    quantity: int
    net: int
    tax: int
    category: Category
    millionths: int
    code: str = ""
    details: str = ""
    discount: int = 0
    line: int = 0

    @property
    def price(self) -> int:
        """What all its pieces cost before the discount, without tax."""
        return self.net + self.discount


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What is charged for the whole document (BG-21), such as freight, without its `tax`."""

    reason: str
    code: str
    net: int
    tax: int
    category: Category
    millionths: int


class Subtotal(msgspec.Struct, frozen=True, kw_only=True):
    """The VAT breakdown of a category and rate (BG-23)."""

    category: Category
    millionths: int
    net: int
    tax: int


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice or a credit note. It is paid already, whatever way: `payment_code` is UNCL 4461. `about` is the invoice that a
    credit note is about (its number and day)."""

    kind: Kind
    number: str
    issued_on: date
    currency: str
    seller: Party
    buyer: Party
    items: Sequence[Item]
    charges: Sequence[Charge] = ()
    order: str = ""
    about: tuple[str, date] | None = None
    note: str = ""
    payment_code: str = "68"
    payment_name: str = ""
    delivered_on: date | None = None
    delivered_to: Party | None = None
    first: date | None = None
    last: date | None = None

    @property
    def subtotals(self) -> list[Subtotal]:
        """The VAT breakdown, the highest rate first."""
        sums: dict[tuple[Category, int], tuple[int, int]] = {}
        for part in (*self.items, *self.charges):
            net, tax = sums.get((part.category, part.millionths), (0, 0))
            sums[part.category, part.millionths] = (net + part.net, tax + part.tax)
        return [
            Subtotal(category=category, millionths=millionths, net=net, tax=tax)
            for (category, millionths), (net, tax) in sorted(sums.items(), key=lambda each: (-each[0][1], each[0][0]))
        ]

    @property
    def lines_net(self) -> int:
        """BT-106."""
        return sum(item.net for item in self.items)

    @property
    def charges_net(self) -> int:
        """BT-108."""
        return sum(charge.net for charge in self.charges)

    @property
    def net(self) -> int:
        """BT-109."""
        return self.lines_net + self.charges_net

    @property
    def tax(self) -> int:
        """BT-110."""
        return sum(each.tax for each in self.subtotals)

    @property
    def total(self) -> int:
        """BT-112, and what was paid (BT-113)."""
        return self.net + self.tax


class SellerTerms(msgspec.Struct, frozen=True, kw_only=True):
    """As whom a merchant issues e-invoices, and whether by itself."""

    legal_name: str
    vat_number: str
    street: str
    city: str
    postal_code: str
    country: str
    email: str
    automatic: bool

    def checked(self) -> "SellerTerms":
        """With the VAT number as it is written. Raises `Invalid`."""
        wrong: dict[str, str] = {}
        number = self.vat_number.upper().replace(" ", "")
        if not vat.is_valid(number) or number[:2] not in {VAT_PREFIXES.get(country, country) for country in EU}:
            wrong["vat_number"] = N_(
                "Please check the VAT number: it begins with the letters of its country, such as DE."
            )
        needed = {
            "legal_name": self.legal_name, "street": self.street, "city": self.city, "postal_code": self.postal_code,
        }  # fmt: skip
        for name, said in needed.items():
            if not said.strip():
                wrong[name] = N_("Please fill this in")
            elif len(said) > NAME_CHARACTERS_MAX:
                wrong[name] = N_("This is too long")
        if self.country not in EU:
            wrong["country"] = N_("Please choose a country of the EU.")
        if "@" not in self.email or len(self.email) > NAME_CHARACTERS_MAX:
            wrong["email"] = N_("Please enter an e-mail address.")
        if wrong:
            raise Invalid(wrong)
        return msgspec.structs.replace(self, vat_number=number)

    def party(self, trading_name: str) -> Party:
        return Party(
            name=self.legal_name,
            country=self.country,
            street=self.street,
            city=self.city,
            postal_code=self.postal_code,
            email=self.email,
            vat_number=self.vat_number,
            trading_name=trading_name,
        )


class EInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """An e-invoice in a list."""

    merchant_id: MerchantId
    einvoice_id: EInvoiceId
    issuer: Issuer
    kind: Kind
    number: str
    issued_on: date
    order_id: OrderId | None
    order_code: str | None
    month: date | None
    currency: str
    net: int
    tax: int
    issued_at: datetime

    @property
    def total(self) -> int:
        """Below nothing, as it counts, for a credit note."""
        return sum(self.counted[:2])

    @property
    def counted(self) -> tuple[int, int, int]:
        """Net, tax and total, as they count."""
        sign = 1 if self.kind is Kind.INVOICE else -1
        return sign * self.net, sign * self.tax, sign * (self.net + self.tax)


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """An order that went to the EU and has no e-invoice."""

    order_id: OrderId
    code: str
    shipped_at: datetime
    total: int
    currency: str
    country: str


class NotEInvoiced(Refusal):
    """An e-invoice is for an order to the EU that has left the house whole, cost something, was taxed, and whose seller has
    said its VAT number. Imported orders carry no tax."""

    code = "not_einvoiced"
    title = N_("There is no e-invoice for this order")
    detail = N_(
        "An e-invoice is for an order that was sent to the EU, cost something and was taxed, from a shop that has entered "
        "its VAT number."
    )


class RulesBroken(Refusal):
    """What would be issued breaks a rule of EN 16931; `rules` says which."""

    code = "einvoice_rules_broken"
    title = N_("The e-invoice would break a rule")
    detail = N_("EN 16931 does not allow it: {rules}")
