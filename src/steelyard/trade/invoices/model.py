"""Invoices, their titles and states."""

from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.model import OrderId, OrderState

TitleId = NewType("TitleId", UUID)
InvoiceId = NewType("InvoiceId", UUID)

TITLES_PER_BUYER_MAX = 20
NAME_CHARACTERS_MAX = 100
NUMBER_CHARACTERS_MAX = 40
REASON_CHARACTERS_MAX = 300
DOCUMENT_BYTES_MAX = 4 * 1024 * 1024
INVOICES_PER_ORDER_MAX = 20
COUNTED_MAX = 100
FIELD_CHARACTERS_MAX = 100
ROWS_PER_TABLE_MAX = 1_000
FILES_AT_ONCE_MAX = 50
# An order that was paid for and not called off.
INVOICED_STATES = frozenset({OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.COMPLETED})


class InvoiceState(StrEnum):
    """`outdated`: a red letter is due, since money was given back or another title is wanted; `reversed`: red letters have taken
    all of it back."""

    REQUESTED = "requested"
    ISSUED = "issued"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OUTDATED = "outdated"
    REVERSED = "reversed"


MACHINE = Machine(
    "invoice",
    {InvoiceState.REQUESTED},
    {
        InvoiceState.REQUESTED: {InvoiceState.ISSUED, InvoiceState.REFUSED, InvoiceState.WITHDRAWN},
        InvoiceState.ISSUED: {InvoiceState.OUTDATED},
        InvoiceState.REFUSED: set(),
        InvoiceState.WITHDRAWN: set(),
        InvoiceState.OUTDATED: {InvoiceState.ISSUED, InvoiceState.REVERSED},
        InvoiceState.REVERSED: set(),
    },
)


class Title(msgspec.Struct, frozen=True, kw_only=True):
    """To whom an invoice is written: a person, or a company with its unified social credit code (GB 32100). `special`: a special
    VAT invoice (增值税专用发票), for which the other four are needed, too."""

    company: bool = False
    name: str = ""
    tax_number: str = ""
    special: bool = False
    address: str = ""
    phone: str = ""
    bank: str = ""
    account: str = ""


class SavedTitle(msgspec.Struct, frozen=True, kw_only=True):
    title_id: TitleId
    company: bool
    name: str
    tax_number: str
    is_default: bool
    special: bool = False
    address: str = ""
    phone: str = ""
    bank: str = ""
    account: str = ""

    @property
    def title(self) -> Title:
        return Title(
            company=self.company, name=self.name, tax_number=self.tax_number, special=self.special, address=self.address,
            phone=self.phone, bank=self.bank, account=self.account,
        )  # fmt: skip


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` is what was paid for the order and not given back, in minor units. A red letter `reverses` another by its
    amount; `reversed` is what red letters have taken back of this one. `filed`: its file was handed in."""

    merchant_id: MerchantId
    invoice_id: InvoiceId
    order_id: OrderId
    order_code: str
    buyer_id: BuyerId
    state: InvoiceState
    company: bool
    name: str
    tax_number: str
    amount: int
    currency: str
    number: str
    issued_on: date | None
    reason: str
    requested_at: datetime
    answered_at: datetime | None
    special: bool = False
    address: str = ""
    phone: str = ""
    bank: str = ""
    account: str = ""
    reverses: InvoiceId | None = None
    reversed: int = 0
    due_by: datetime
    filed: bool = False
    original: str | None = None

    @property
    def left(self) -> int:
        """What it still says: its amount without what red letters took back."""
        return self.amount - self.reversed

    @property
    def serial(self) -> str:
        """What it is called in the tax software, at most 20 characters."""
        return self.invoice_id.hex[-20:]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The classification codes of a shop's goods and freight (商品和服务税收分类编码): 19 digits, or empty."""

    goods_code: str = ""
    freight_code: str = ""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    content_type: str
    content: bytes

    @property
    def ending(self) -> str:
        return ENDINGS[self.content_type]


PDF, OFD, JPEG, PNG = "application/pdf", "application/ofd", "image/jpeg", "image/png"
ENDINGS = {PDF: "pdf", OFD: "ofd", JPEG: "jpg", PNG: "png"}


class NotInvoiced(Refusal):
    """Invoices are for orders that were paid and whose money has not all been given back."""

    code = "not_invoiced"
    title = N_("There is nothing to invoice")
    detail = N_("An invoice is for an order that is paid, and for what was not refunded of it.")


class InvoicedAlready(Refusal):
    """An order has one invoice at a time."""

    code = "invoiced_already"
    title = N_("An invoice was asked for already")
    detail = N_("Each order has one invoice at a time.")


class RedFirst(Refusal):
    """What was issued is taken back before the same money is invoiced again."""

    code = "red_letter_first"
    title = N_("A red letter comes first")
    detail = N_("An earlier invoice of this order is to be reversed first: issue its red letter, then this invoice.")


class NumberTaken(Refusal):
    """A number is of one invoice."""

    code = "invoice_number_taken"
    title = N_("This number is taken")
    detail = N_("Another invoice of the shop has the number {number}.")


class RedLetterDue(Refusal):
    """What was given back has to be taken back on paper, too: a red letter is neither refused nor withdrawn."""

    code = "red_letter_due"
    title = N_("A red letter is due")
    detail = N_("It can be neither refused nor withdrawn: money was given back, or another title is wanted.")


class DocumentRefused(Refusal):
    """An invoice is a PDF, an OFD or a picture of at most 4 MB."""

    code = "document_refused"
    status = 422
    title = N_("This file cannot be used")
    detail = N_("Please upload the invoice as PDF, OFD, JPEG or PNG of at most 4 MB.")


def kind_of(content: bytes) -> str:
    """The content type that the first bytes say. Raises `DocumentRefused`."""
    if not content or len(content) > DOCUMENT_BYTES_MAX:
        raise DocumentRefused()
    if content.startswith(b"%PDF-"):
        return PDF
    # An OFD is a ZIP whose directory names OFD.xml.
    if content.startswith(b"PK\x03\x04") and b"OFD.xml" in content:
        return OFD
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    raise DocumentRefused()
