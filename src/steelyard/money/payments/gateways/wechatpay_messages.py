"""What WeChat Pay (APIv3) says in its answers and messages, as far as we read it."""

import httpx
import msgspec

from steelyard.money.payments.gateways.numbers import CURRENCY
from steelyard.money.payments.gateways.wechatpay_signing import Sealed
from steelyard.money.payments.model import (
    AnsweredRefundState,
    AnsweredState,
    ChannelAnswer,
    PaymentState,
    RefundAnswer,
    RefundState,
    Unknown,
)
from steelyard.money.payments.terms import Handover

STATES: dict[str, AnsweredState] = {
    "NOTPAY": PaymentState.PENDING,
    "USERPAYING": PaymentState.PENDING,
    "ACCEPT": PaymentState.PENDING,
    "SUCCESS": PaymentState.CAPTURED,
    "REFUND": PaymentState.CAPTURED,  # paid, and some of it has been given back since
    "CLOSED": PaymentState.CANCELLED,
    "REVOKED": PaymentState.CANCELLED,
    "PAYERROR": PaymentState.DECLINED,
}
REFUND_STATES: dict[str, AnsweredRefundState] = {
    "PROCESSING": RefundState.SENT,
    "SUCCESS": RefundState.SUCCEEDED,
    "CLOSED": RefundState.FAILED,
    "ABNORMAL": RefundState.FAILED,
}


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


def refused(answer: httpx.Response) -> Refused:
    try:
        return msgspec.json.decode(answer.content, type=Refused)
    except msgspec.DecodeError:
        return Refused()


def refund_answer(refund: Refund) -> RefundAnswer | Unknown:
    said = refund.status or refund.refund_status
    state = REFUND_STATES.get(said)
    if state is None:
        return Unknown(why=f"unreadable: {said}")
    failure = said.lower() if state is RefundState.FAILED else None
    return RefundAnswer(reference=refund.refund_id, state=state, failure=failure)


def no_word(code: str) -> Unknown:
    """WeChat Pay says readably that it does not say, such as when it was asked too often; only of its own trouble it is to
    rest."""
    return Unknown(why=code, refused=code != "SYSTEM_ERROR")


def waits(*, cashier_url: str | None = None, handed: Handover | None = None) -> ChannelAnswer:
    """An order that is made, and waits to be paid."""
    return ChannelAnswer(reference=None, state=PaymentState.PENDING, cashier_url=cashier_url, handed=handed)
