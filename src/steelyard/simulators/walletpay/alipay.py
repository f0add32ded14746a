"""Alipay's gateway as merchants' programs meet it: `/gateway.do`, one path for every method, RSA2 both ways.

Answers are `{"alipay_trade_…_response": {…}, "sign": "…"}`, signed over the bytes between the braces; refusals have the
status 200 and their code inside. Messages to the merchant are forms, sent again until their answer is the word `success`.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Literal
from urllib.parse import parse_qsl, urlencode

import httpx
import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from steelyard.simulators.store import Tx
from steelyard.simulators.walletpay import bills
from steelyard.simulators.walletpay.book import Order, Refund, Tell, Trade, TradeBook, Way, Why, WontDo
from steelyard.simulators.walletpay.keys import Keys
from steelyard.simulators.web import Foundation

APP_ID = "2021000000000001"
SELLER_ID = "2088000000000001"
BEIJING = timezone(timedelta(hours=8))
TIME = "%Y-%m-%d %H:%M:%S"
BILL_ADDRESS = "alipay.data.dataservice.bill.downloadurl.query"
CODE_BEGINS = "https://qr.alipay.com/bax"
SEE_OTHER = 303

AnyRequest = Request[object, object, State]

_WHY: dict[Why, tuple[str, str]] = {
    "different": ("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"),
    "closed": ("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
    "paid": ("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
    "unknown": ("ACQ.TRADE_NOT_EXIST", "交易不存在"),
    "not_paid": ("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
    "too_much": ("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限"),
    "too_late": ("ACQ.TRADE_HAS_FINISHED", "交易已完结"),
}
_STATUS = {"waiting": "WAIT_BUYER_PAY", "paid": "TRADE_SUCCESS", "closed": "TRADE_CLOSED"}


class Said(msgspec.Struct, frozen=True):
    """What a message tells, before it is signed and sent."""

    form: dict[str, str]


def tell(ground: Foundation) -> Tell:
    """Writes the messages: a payment's, and a refund's, which goes where the payment's went."""

    def told(tx: Tx, trade: Trade, refund: Refund | None) -> None:
        if refund is not None and refund.status != "succeeded":
            return
        form = {
            "app_id": APP_ID,
            "auth_app_id": APP_ID,
            "charset": "utf-8",
            "notify_type": "trade_status_sync",
            "version": "1.0",
            "seller_id": SELLER_ID,
            "buyer_id": "2088000000000002",
            "buyer_logon_id": "sim***@example.com",
            "out_trade_no": trade.number,
            "trade_no": trade.id,
            "trade_status": _status(trade),
            "total_amount": yuan(trade.total),
            "receipt_amount": yuan(trade.total),
            "buyer_pay_amount": yuan(trade.total),
            "invoice_amount": yuan(trade.total),
            "point_amount": "0.00",
            "subject": trade.subject,
            "gmt_create": clock(trade.created_at),
            "gmt_payment": clock(trade.paid_at) if trade.paid_at else "",
            "fund_bill_list": f'[{{"amount":"{yuan(trade.total)}","fundChannel":"ALIPAYACCOUNT"}}]',
        }
        if refund is not None and refund.settled_at is not None:
            form |= {
                "out_biz_no": refund.number,
                "refund_fee": yuan(trade.refunded),
                "gmt_refund": clock(refund.settled_at) + ".000",
            }
        ground.outbox.publish(tx, "trade_status_sync", trade.number, trade.notify_url, Said(form))

    return told


def envelope(keys: Keys) -> Callable[[str, int, bytes], tuple[dict[str, str], bytes]]:
    """A message as it goes over the wire: its id stays, its time is the time of sending, both are signed with the rest."""

    def wrapped(event: str, timestamp: int, body: bytes) -> tuple[dict[str, str], bytes]:
        form = msgspec.json.decode(msgspec.json.decode(body, type=dict[str, msgspec.Raw])["data"], type=Said).form
        form = form | {
            "notify_id": hashlib.sha256(event.encode()).hexdigest()[:34],
            "notify_time": clock(datetime.fromtimestamp(timestamp, UTC)),
        }
        signature = keys.sign(_in_order(form))
        content = urlencode(form | {"sign": signature, "sign_type": "RSA2"}).encode()
        return {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, content

    return wrapped


def heard(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and answer.text.strip() == "success"


@post("/gateway.do", status_code=200)
async def gateway(
    request: AnyRequest,
    trades: NamedDependency[TradeBook],
    keys: NamedDependency[Keys],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    """A method that a program calls."""
    asked = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    method = asked.get("method", "")
    refused = _not_the_merchants(asked, keys)
    if method == BILL_ADDRESS and not refused:
        answer = _answered(lambda _, given: _bill_address(ground, keys, trades, given))(trades, asked)
    else:
        answer = refused or _METHODS.get(method, _no_such_method)(trades, asked)
    ground.pump.wake()
    return _signed(keys, method, answer, named="app_cert_sn" in asked)


@get("/gateway.do")
async def pages(request: AnyRequest, trades: NamedDependency[TradeBook], keys: NamedDependency[Keys]) -> Redirect:
    """The methods that a browser is sent to: the trade is made when the payer comes."""
    asked = dict(parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True))
    way: Way = "phone" if asked.get("method") == "alipay.trade.wap.pay" else "page"
    if _not_the_merchants(asked, keys) or asked.get("method") not in ("alipay.trade.wap.pay", "alipay.trade.page.pay"):
        return Redirect("/refused?why=signature", status_code=SEE_OTHER)
    try:
        trade = trades.open(_order(asked, way))
    except WontDo as refused:
        earlier = trades.find(_content(asked).get("out_trade_no", ""))
        if earlier is None or refused.why == "different":
            return Redirect(f"/refused?why={refused.why}", status_code=SEE_OTHER)
        trade = earlier
    return Redirect(f"/phone/{trade.code}", status_code=SEE_OTHER)


def _bill_address(ground: Foundation, keys: Keys, trades: TradeBook, asked: Mapping[str, str]) -> dict[str, str]:
    """Where a day's bill can be had for 30 seconds. That there is none, and that it is not written yet, is said alike."""
    content, now = _content(asked), ground.clock.now()
    kinds: dict[str, bills.Kind] = {"trade": "trades", "signcustomer": "account"}
    kind, day = kinds.get(content.get("bill_type", "")), date.fromisoformat(content.get("bill_date", ""))
    if kind is None or not bills.over(day, now):
        raise Refusing("isv.invalid_arguments", "入参不合法")
    if ground.faults.bills() == "late" or not bills.ready(day, now) or not bills.moved(trades.store, day):
        raise Refusing("isp.bill_not_exist", "账单不存在")
    said = {"bizType": "trade" if kind == "trades" else "fnd", "bizDates": f"{day:%Y%m%d}", "fileType": "csv.zip"}
    query = urlencode(said | {"token": bills.token(keys.api_v3_key, kind, day, now)})
    return {"bill_download_url": f"{ground.settings.alipay_url}/downloadBillFile.resource?{query}"}


@get("/downloadBillFile.resource")
async def download_bill(
    token: FromQuery[str],
    trades: NamedDependency[TradeBook],
    keys: NamedDependency[Keys],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    """The bill behind an address. One whose time is over answers with a page that says so."""
    found = bills.behind(keys.api_v3_key, token, ground.clock.now())
    if found is None:
        return Response("<html>下载超时，请重新下载</html>".encode(), media_type="text/html;charset=utf-8")
    kind: bills.Kind = "trades" if found[0] == "trades" else "account"
    content = bills.alipay_zip(kind, found[1], bills.moved(trades.store, found[1]), SELLER_ID)
    if ground.faults.bills() == "damaged":
        content = bills.damaged(content)
    return Response(content, media_type="application/octet-stream")


def _precreate(trades: TradeBook, asked: Mapping[str, str]) -> dict[str, str]:
    trade = trades.open(_order(asked, "code"))
    return {"out_trade_no": trade.number, "qr_code": f"{CODE_BEGINS}{trade.code}"}


def _query(trades: TradeBook, asked: Mapping[str, str]) -> dict[str, str]:
    trade = _found(trades, asked)
    answer = {
        "out_trade_no": trade.number,
        "trade_no": trade.id,
        "trade_status": _status(trade),
        "total_amount": yuan(trade.total),
        "buyer_logon_id": "sim***@example.com",
        "receipt_amount": yuan(trade.total if trade.status == "paid" else 0),
        "point_amount": "0.00",
        "invoice_amount": "0.00",
        "buyer_pay_amount": yuan(trade.total if trade.status == "paid" else 0),
    }
    return answer | ({"send_pay_date": clock(trade.paid_at)} if trade.paid_at else {})


def _close(trades: TradeBook, asked: Mapping[str, str]) -> dict[str, str]:
    try:
        trade = trades.close(_found(trades, asked).number)
    except WontDo as refused:
        if refused.why == "paid":
            raise WontDo("not_paid") from refused  # ACQ.TRADE_STATUS_ERROR
        raise
    return {"out_trade_no": trade.number, "trade_no": trade.id}


def _refund(trades: TradeBook, asked: Mapping[str, str]) -> dict[str, str]:
    content = _content(asked)
    trade = _found(trades, asked)
    refund, fresh = trades.refund(
        trade=trade.number,
        number=content.get("out_request_no") or trade.number,
        amount=fen(content.get("refund_amount", "")),
        notify_url=None,
    )
    if fresh:
        refund = trades.settle_now(refund.number)
    if refund.status == "failed":
        raise Refusing("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")
    after = _found(trades, asked)
    return {
        "out_trade_no": trade.number,
        "trade_no": trade.id,
        "buyer_logon_id": "sim***@example.com",
        "fund_change": "Y" if fresh else "N",
        "refund_fee": yuan(after.refunded),
    }


def _refund_query(trades: TradeBook, asked: Mapping[str, str]) -> dict[str, str]:
    trade = _found(trades, asked)
    refund = trades.find_refund(_content(asked).get("out_request_no", ""))
    if refund is None or refund.trade != trade.number or refund.status != "succeeded":
        return {}
    return {
        "out_trade_no": trade.number,
        "trade_no": trade.id,
        "out_request_no": refund.number,
        "total_amount": yuan(trade.total),
        "refund_amount": yuan(refund.amount),
        "refund_status": "REFUND_SUCCESS",
    }


class Refusing(Exception):
    """A refusal with a sub code of its own."""

    def __init__(self, sub_code: str, sub_msg: str, code: str = "40004", msg: str = "Business Failed") -> None:
        super().__init__(sub_code)
        self.body = {"code": code, "msg": msg, "sub_code": sub_code, "sub_msg": sub_msg}


def _answered(method: Callable[[TradeBook, Mapping[str, str]], dict[str, str]]):
    def answer(trades: TradeBook, asked: Mapping[str, str]) -> dict[str, str]:
        try:
            return {"code": "10000", "msg": "Success", **method(trades, asked)}
        except Refusing as refused:
            return refused.body
        except WontDo as refused:
            sub_code, sub_msg = _WHY[refused.why]
            return Refusing(sub_code, sub_msg).body
        except (msgspec.DecodeError, InvalidOperation, ValueError, KeyError):
            return Refusing("ACQ.INVALID_PARAMETER", "参数无效").body

    return answer


_METHODS = {
    "alipay.trade.precreate": _answered(_precreate),
    "alipay.trade.query": _answered(_query),
    "alipay.trade.close": _answered(_close),
    "alipay.trade.refund": _answered(_refund),
    "alipay.trade.fastpay.refund.query": _answered(_refund_query),
}


def _no_such_method(_: TradeBook, __: Mapping[str, str]) -> dict[str, str]:
    return Refusing("isv.invalid-method", "不存在的方法名", "40002", "Invalid Arguments").body


def _not_the_merchants(asked: Mapping[str, str], keys: Keys) -> dict[str, str] | None:
    given = {name: value for name, value in asked.items() if name != "sign" and value}
    if asked.get("app_id") != APP_ID:
        return Refusing("isv.invalid-app-id", "无效的应用标识", "40002", "Invalid Arguments").body
    named = (asked.get("app_cert_sn", ""), asked.get("alipay_root_cert_sn", ""))
    if named not in (("", ""), (keys.app_serial, keys.roots_serial)):
        return Refusing("isv.invalid-app-cert-sn", "应用证书序列号不正确", "40002", "Invalid Arguments").body
    if not keys.is_merchants(_in_order(given), asked.get("sign", "")):
        return Refusing("isv.invalid-signature", "无效签名", "40002", "Invalid Arguments").body
    return None


def _signed(keys: Keys, method: str, answer: Mapping[str, str], *, named: bool) -> Response[bytes]:
    """`named`: with the number of the certificate that it is signed with, for a merchant that signs with certificates."""
    words = msgspec.json.encode(answer)
    known = method in _METHODS or method == BILL_ADDRESS
    name = f"{method.replace('.', '_')}_response" if known else "error_response"
    certificate = b'"alipay_cert_sn":"%s",' % keys.own_serial.encode() if named else b""
    body = b'{"%s":%s,%s"sign":"%s"}' % (name.encode(), words, certificate, keys.sign(words).encode())
    return Response(body, media_type="application/json;charset=utf-8")


def _order(asked: Mapping[str, str], way: Way) -> Order:
    content = _content(asked)
    expires = datetime.strptime(content["time_expire"], TIME).replace(tzinfo=BEIJING).timestamp()
    return Order(
        number=content["out_trade_no"],
        way=way,
        total=fen(content["total_amount"]),
        subject=content["subject"],
        expires_at=expires,
        notify_url=asked.get("notify_url"),
        return_url=asked.get("return_url"),
    )


class _Months(msgspec.Struct, frozen=True):
    """花呗分期, as a request says it."""

    hb_fq_num: Literal["3", "6", "12"]
    hb_fq_seller_percent: Literal["0", "100"]


class _Extended(msgspec.Struct, frozen=True):
    extend_params: _Months | None = None


def _content(asked: Mapping[str, str]) -> dict[str, str]:
    """What is asked. Payment in months has to be in its form; who pays it, and how, the simulated phone does not show."""
    said = asked.get("biz_content", "{}")
    msgspec.json.decode(said, type=_Extended)
    return {
        name: value
        for name, value in msgspec.json.decode(said, type=dict[str, object]).items()
        if isinstance(value, str)
    }


def _found(trades: TradeBook, asked: Mapping[str, str]) -> Trade:
    """Alipay makes the trade of a code when somebody scans it: until then, nobody finds it."""
    trade = trades.find(_content(asked).get("out_trade_no", ""))
    if trade is None or trade.seen_at is None:
        raise WontDo("unknown")
    return trade


def _status(trade: Trade) -> str:
    """A trade that was given back whole counts as closed here."""
    return "TRADE_CLOSED" if trade.refunded == trade.total else _STATUS[trade.status]


def _in_order(form: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={form[name]}" for name in sorted(form)).encode()


def yuan(fen: int) -> str:
    return str(Decimal(fen).scaleb(-2).quantize(Decimal("0.01")))


def fen(yuan: str) -> int:
    """Raises `ValueError` for what is no sum of whole fen above nothing."""
    value = Decimal(yuan).scaleb(2)
    if value != int(value) or value <= 0:
        raise ValueError(yuan)
    return int(value)


def clock(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime(TIME)
