"""What WeChat Pay (APIv3) says in its answers and messages, as far as we read it."""

import msgspec

from steelyard.money.payments.gateways.numbers import CURRENCY
from steelyard.money.payments.gateways.wechatpay_signing import Sealed


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """In fen. What the payer pays may be less: vouchers of the wallet are its own affair."""

    total: int = 0
    currency: str = CURRENCY
    refund: int = 0


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    mchid: str
    out_trade_no: str
    trade_state: str
    transaction_id: str | None = None
    amount: Amount | None = None


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """`status` in answers, `refund_status` in messages."""

    out_refund_no: str
    refund_id: str
    status: str = ""
    refund_status: str = ""
    mchid: str | None = None


class Code(msgspec.Struct, frozen=True):
    code_url: str


class Page(msgspec.Struct, frozen=True):
    h5_url: str


class Prepaid(msgspec.Struct, frozen=True):
    prepay_id: str


class Nothing(msgspec.Struct, frozen=True):
    """An answer without a body (204)."""


class Refused(msgspec.Struct, frozen=True):
    code: str = "refused"
    message: str = ""


class Certificate(msgspec.Struct, frozen=True):
    serial_no: str
    encrypt_certificate: Sealed


class Certificates(msgspec.Struct, frozen=True):
    data: list[Certificate]


class Event(msgspec.Struct, frozen=True):
    id: str
    event_type: str
    resource: Sealed
