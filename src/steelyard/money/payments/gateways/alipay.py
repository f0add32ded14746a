"""The payment channel Alipay (支付宝): the gateway of its open platform, with RSA2.

https://opendocs.alipay.com/open/270/105898 (page), …/203/107084 (phone), …/194/106078 (code), …/open/270/105902 (messages).
How requests are signed is in `alipay_signing.py`, how they are sent in `alipay_wire.py`, its bills are in `alipay_bills.py`.
On a phone the browser is sent to the wallet (`alipay.trade.wap.pay`); at a desk the buyer is shown a code to scan
(`alipay.trade.precreate`), or goes to Alipay's own page (`alipay.trade.page.pay`), as the installation has it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import InvalidOperation
from urllib.parse import parse_qsl, urlencode

import httpx
import msgspec

from steelyard.kernel import outside
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.settings import Settings
from steelyard.money.payments.bill_model import Bills, NoBill, NotYet
from steelyard.money.payments.gateways import alipay_bills
from steelyard.money.payments.gateways.alipay_huabei import extend_params, plans
from steelyard.money.payments.gateways.alipay_signing import Keys
from steelyard.money.payments.gateways.alipay_wire import DONE, GATEWAY, TIME, Outcome, Wire
from steelyard.money.payments.gateways.numbers import (
    BEIJING,
    CURRENCY,
    beijing,
    order_number,
    payment_of,
    refund_number,
    refund_of,
    scanned,
)
from steelyard.money.payments.model import (
    AnsweredRefundState,
    AnsweredState,
    ChannelAnswer,
    DueRefund,
    Instruction,
    News,
    OtherNews,
    PaymentNews,
    PaymentState,
    RefundAnswer,
    RefundNews,
    RefundState,
    Sought,
    Unknown,
)
from steelyard.money.payments.refusals import BadWebhook
from steelyard.money.payments.terms import Device, Fee, Handover, Terms, Thanks

SUBJECT_CHARACTERS_MAX = 256
NOTIFY_ID_CHARACTERS_MAX = 200
# Alipay says the same again for 25 hours until it hears "success"; what is older was kept back by somebody.
NOTIFY_HOURS_MAX = 26
NOTIFY_AHEAD_SECONDS_MAX = 300
# What is signed of a message is all of it but these two.
UNSIGNED = ("sign", "sign_type")

REFUND_STATES: dict[str, AnsweredRefundState] = {
    "REFUND_SUCCESS": RefundState.SUCCEEDED,
    "REFUND_FAIL": RefundState.FAILED,
}
NEVER_HEARD_OF = "ACQ.TRADE_NOT_EXIST"
ENDED_ALREADY = {"ACQ.TRADE_HAS_CLOSE", "ACQ.TRADE_HAS_SUCCESS", "ACQ.TRADE_HAS_FINISHED", "ACQ.TRADE_STATUS_ERROR"}

# A merchant's contract says its own fee; 6 per mille is the list price, kept when money goes back. A trade can be refunded for as
# long as the contract says, a year at most. One trade is of 100 million yuan at most (total_amount).
TERMS = Terms(
    name=N_("Alipay"),
    note=N_("Scan with Alipay, or go on in the app"),
    icon="scan-qr-code",
    currencies=frozenset({CURRENCY}),
    largest={CURRENCY: 10_000_000_000},
    refund_days=365,
    fee=Fee(millionths=6_000),
    statement="alipay",
    thanks=Thanks(status=200, body=b"success"),
)


class _Precreated(Outcome, frozen=True, kw_only=True):
    out_trade_no: str
    qr_code: str


class _Trade(Outcome, frozen=True, kw_only=True):
    """`send_pay_date` is there when it was paid: closed after that means that all of it was given back."""

    out_trade_no: str
    trade_no: str
    trade_status: str
    total_amount: str
    send_pay_date: str = ""


class _Refunded(Outcome, frozen=True, kw_only=True):
    trade_no: str = ""
    fund_change: str = "N"


class _RefundFound(Outcome, frozen=True, kw_only=True):
    trade_no: str = ""
    out_request_no: str = ""
    refund_status: str = ""


class Alipay:
    """A client of one application at Alipay. `client` is given by tests."""

    name = "alipay"

    bills_after = alipay_bills.AFTER

    def __init__(
        self,
        *,
        app_id: str,
        keys: Keys,
        url: str = GATEWAY,
        desk: str = "code",
        huabei: str = "",
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._desk, self._plans = desk, plans(huabei)
        self.terms = msgspec.structs.replace(TERMS, cashiers=(outside.origin(url),), instalments=self._plans)
        self._wire = Wire(app_id=app_id, keys=keys, url=url, client=client or outside.bare_client())

    @classmethod
    def set_up(cls, settings: Settings) -> "Alipay":
        """As this installation has it. Raises `rsa.UnusableKey`."""
        return cls(
            app_id=settings.alipay_app_id,
            keys=Keys.set_up(settings),
            url=settings.alipay_url,
            desk=settings.alipay_desk,
            huabei=settings.alipay_huabei,
        )

    async def collect(self, instruction: Instruction, webhook_url: str) -> ChannelAnswer | Unknown:
        if instruction.currency != CURRENCY:
            return ChannelAnswer(reference=None, state=PaymentState.DECLINED, failure="currency_not_supported")
        trade: dict[str, object] = {
            "out_trade_no": order_number(instruction.payment_id),
            "total_amount": str(Money(instruction.amount, CURRENCY).decimal()),
            "subject": (instruction.description or order_number(instruction.payment_id))[:SUBJECT_CHARACTERS_MAX],
            "time_expire": beijing(instruction.expires_at).strftime(TIME),
        }
        if instruction.instalments:
            trade["extend_params"] = extend_params(instruction.instalments, self._plans)
        match instruction.device:
            case Device.DESK if self._desk == "page":
                trade |= {"product_code": "FAST_INSTANT_TRADE_PAY"}
                return self._page("alipay.trade.page.pay", trade, instruction, webhook_url)
            case Device.DESK | Device.WECHAT:
                # In WeChat's browser Alipay's pages are blocked: a code is all that can be shown there.
                return await self._precreate(trade, instruction, webhook_url)
            case Device.PHONE | Device.ALIPAY:
                trade |= {"product_code": "QUICK_WAP_WAY", "quit_url": instruction.return_url}
                return self._page("alipay.trade.wap.pay", trade, instruction, webhook_url)

    def _page(self, method: str, trade: dict[str, object], instruction: Instruction, webhook_url: str) -> ChannelAnswer:
        """Where the browser goes: a signed address. Alipay hears of the trade when the buyer is there."""
        asked = self._wire.signed(method, trade, notify_url=webhook_url, return_url=instruction.return_url)
        address = f"{self._wire.url}?{urlencode(asked)}"
        return ChannelAnswer(reference=None, state=PaymentState.PENDING, cashier_url=address)

    async def _precreate(
        self, trade: dict[str, object], instruction: Instruction, webhook_url: str
    ) -> ChannelAnswer | Unknown:
        """A code to scan. A simulator says where its phone can be seen, too."""
        answer = await self._wire.ask("alipay.trade.precreate", trade, _Precreated, notify_url=webhook_url)
        match answer:
            case _Precreated():
                phone = scanned(self._wire.url, answer.qr_code) if self._wire.url != GATEWAY else None
                handed = Handover(device=instruction.device, qr=answer.qr_code, told=phone)
                return ChannelAnswer(reference=None, state=PaymentState.PENDING, handed=handed)
            case Outcome(sub_code=sub_code) if sub_code in ENDED_ALREADY:
                return Unknown(why=sub_code, refused=True)
            case Outcome():
                return ChannelAnswer(reference=None, state=PaymentState.DECLINED, failure=answer.failure)
            case Unknown():
                return answer

    async def query(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        answer = await self._wire.ask("alipay.trade.query", {"out_trade_no": order_number(sought.payment_id)}, _Trade)
        match answer:
            case _Trade():
                return _payment_answer(
                    answer.trade_no, answer.trade_status, answer.total_amount, paid=bool(answer.send_pay_date)
                )
            case Outcome(sub_code=sub_code) if sub_code == NEVER_HEARD_OF:
                return None
            case Outcome():
                return Unknown(why=answer.failure, refused=True)
            case Unknown():
                return answer

    async def cancel(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        """Close the trade (关单). A number that Alipay has never heard of cannot be closed beforehand: that is not known."""
        answer = await self._wire.ask("alipay.trade.close", {"out_trade_no": order_number(sought.payment_id)}, Outcome)
        if isinstance(answer, Unknown):
            return answer
        if answer.code == DONE:
            return ChannelAnswer(reference=None, state=PaymentState.CANCELLED)
        if answer.sub_code in ENDED_ALREADY:
            return await self.query(sought)
        return Unknown(why=answer.failure, refused=True)

    async def refund(self, due: DueRefund, webhook_url: str) -> RefundAnswer | Unknown:
        asked = {
            "out_trade_no": order_number(due.payment_id),
            "out_request_no": refund_number(due.refund_id, due.attempt),
            "refund_amount": str(Money(due.amount, CURRENCY).decimal()),
        }
        answer = await self._wire.ask("alipay.trade.refund", asked, _Refunded)
        match answer:
            case _Refunded(fund_change="Y"):
                return RefundAnswer(reference=answer.trade_no, state=RefundState.SUCCEEDED)
            case _Refunded():  # taken in, or repeated: how far it is, the question tells
                return RefundAnswer(reference=answer.trade_no, state=RefundState.SENT)
            case Outcome():
                return RefundAnswer(reference=None, state=RefundState.FAILED, failure=answer.failure)
            case Unknown():
                return answer

    async def query_refund(self, due: DueRefund) -> RefundAnswer | Unknown | None:
        asked = {
            "out_trade_no": order_number(due.payment_id),
            "out_request_no": refund_number(due.refund_id, due.attempt),
        }
        answer = await self._wire.ask("alipay.trade.fastpay.refund.query", asked, _RefundFound)
        match answer:
            case _RefundFound(refund_status=""):
                # Not received, or not done, also where it repeats the number: asked again under the same one.
                return None
            case _RefundFound():
                state = REFUND_STATES.get(answer.refund_status, RefundState.SENT)
                failure = answer.refund_status.lower() if state is RefundState.FAILED else None
                return RefundAnswer(reference=answer.trade_no, state=state, failure=failure)
            case Outcome(sub_code=sub_code) if sub_code == NEVER_HEARD_OF:
                return None
            case Outcome():
                return Unknown(why=answer.failure, refused=True)
            case Unknown():
                return answer

    async def bills(self, day: date) -> Bills | NoBill | NotYet | Unknown:
        return await alipay_bills.bills(self._wire, day)

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> News:
        said = _form(body)
        signed = "&".join(f"{name}={said[name]}" for name in sorted(said) if name not in UNSIGNED)
        if not self._wire.keys.fits(signed.encode(), said.get("sign", "")):
            raise BadWebhook(why="signature")
        try:
            at = datetime.strptime(said["notify_time"], TIME).replace(tzinfo=BEIJING).timestamp()
        except (KeyError, ValueError) as error:
            raise BadWebhook(why="malformed") from error
        if not -NOTIFY_AHEAD_SECONDS_MAX <= now - at <= NOTIFY_HOURS_MAX * 3600:
            raise BadWebhook(why="stale")
        return self.read_stored(said.get("notify_id", ""), said)

    def unpack(self, body: bytes) -> Mapping[str, object]:
        return {name: value for name, value in _form(body).items() if name not in UNSIGNED}

    def read_stored(self, event_id: str, body: Mapping[str, object]) -> News:
        said = {name: str(value) for name, value in body.items()}
        if not 0 < len(event_id) <= NOTIFY_ID_CHARACTERS_MAX:
            raise BadWebhook(why="malformed")
        if said.get("app_id") != self._wire.app_id:
            raise BadWebhook(why="another application's")
        payment_id = payment_of(said.get("out_trade_no", ""))
        refunded = refund_of(said.get("out_biz_no", "")) if "refund_fee" in said else None
        if refunded is not None:
            refund_id, attempt = refunded
            arrived = RefundAnswer(reference=said.get("trade_no"), state=RefundState.SUCCEEDED)
            return RefundNews(event_id=event_id, refund_id=refund_id, attempt=attempt, answer=arrived)
        if payment_id is None or "trade_status" not in said:
            return OtherNews(event_id=event_id)
        answer = _payment_answer(
            said.get("trade_no", ""), said["trade_status"], said.get("total_amount", ""), paid="gmt_payment" in said
        )
        if isinstance(answer, Unknown):
            raise BadWebhook(why=answer.why)
        return PaymentNews(event_id=event_id, payment_id=payment_id, answer=answer)

    async def close(self) -> None:
        await self._wire.client.aclose()


def _form(body: bytes) -> dict[str, str]:
    """A form in UTF-8, each name once. Raises `BadWebhook`."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:
        raise BadWebhook(why="malformed") from error
    if len({name for name, _ in pairs}) < len(pairs):
        raise BadWebhook(why="malformed")
    return dict(pairs)


def _payment_answer(trade_no: str, status: str, total: str, *, paid: bool) -> ChannelAnswer | Unknown:
    states: dict[str, AnsweredState] = {
        "WAIT_BUYER_PAY": PaymentState.PENDING,
        "TRADE_SUCCESS": PaymentState.CAPTURED,
        "TRADE_FINISHED": PaymentState.CAPTURED,  # paid, and past the time to be refunded
        # Closed is what was never paid, and what was given back whole.
        "TRADE_CLOSED": PaymentState.CAPTURED if paid else PaymentState.CANCELLED,
    }
    state = states.get(status)
    if state is None:
        return Unknown(why=f"unreadable: {status}")
    try:
        amount = Money.of(total, CURRENCY).amount
    except (InvalidOperation, ValueError):
        return Unknown(why="unreadable: the amount")
    return ChannelAnswer(reference=trade_no or None, state=state, amount=amount, currency=CURRENCY)
