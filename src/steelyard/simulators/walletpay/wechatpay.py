"""WeChat Pay's API v3 as merchants' programs meet it: signed requests, signed answers, sealed messages, certificates.

A request without the merchant's signature is 401 SIGN_ERROR. Messages are sent again until their answer is 200 or 204.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal
from urllib.parse import quote, urlencode

import httpx
import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.simulators.store import Tx
from steelyard.simulators.walletpay.book import Order, Refund, Tell, Trade, TradeBook, Way, Why, WontDo
from steelyard.simulators.walletpay.keys import Keys
from steelyard.simulators.web import Foundation

MCHID = "1900000001"
APPID = "wx0000000000000001"
SCHEME = "WECHATPAY2-SHA256-RSA2048 "
BEIJING = timezone(timedelta(hours=8))
CODE_BEGINS = "weixin://wxpay/bizpayurl?pr="
PREPAY_BEGINS = "wx"
TOLERANCE_SECONDS = 300
NUMBER_CHARACTERS = range(6, 33)

AnyRequest = Request[object, object, State]

_WHY: dict[Why, tuple[int, str, str]] = {
    "different": (400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致"),
    "closed": (400, "ORDER_CLOSED", "该订单已关闭"),
    "paid": (400, "ORDER_PAID", "该订单已支付"),
    "unknown": (404, "ORDER_NOT_EXIST", "订单不存在"),
    "not_paid": (403, "REQUEST_BLOCKED", "订单未支付，不能退款"),
    "too_much": (400, "INVALID_REQUEST", "申请退款金额超过可退金额"),
    "too_late": (400, "INVALID_REQUEST", "订单已超过可退款的最大期限"),
}
_STATES = {"waiting": ("NOTPAY", "订单未支付"), "paid": ("SUCCESS", "支付成功"), "closed": ("CLOSED", "订单已关闭")}
_REFUND_STATES = {"pending": "PROCESSING", "succeeded": "SUCCESS", "failed": "ABNORMAL"}


class _Amount(msgspec.Struct, frozen=True, kw_only=True):
    total: int
    currency: str = "CNY"
    refund: int = 0


class _Payer(msgspec.Struct, frozen=True):
    openid: str


class _Prepay(msgspec.Struct, frozen=True, kw_only=True):
    appid: str
    mchid: str
    description: str
    out_trade_no: str
    notify_url: str
    amount: _Amount
    time_expire: datetime | None = None
    payer: _Payer | None = None
    scene_info: dict[str, Any] | None = None


class _Close(msgspec.Struct, frozen=True):
    mchid: str


class _RefundAsked(msgspec.Struct, frozen=True, kw_only=True):
    out_trade_no: str
    out_refund_no: str
    amount: _Amount
    notify_url: str | None = None


class Said(msgspec.Struct, frozen=True):
    """What a message tells, before it is sealed, signed and sent."""

    kind: str
    about: str
    summary: str
    words: dict[str, Any]


def tell(ground: Foundation) -> Tell:
    def told(tx: Tx, trade: Trade, refund: Refund | None) -> None:
        if refund is None:
            said = Said("TRANSACTION.SUCCESS", "transaction", "支付成功", _transaction(trade))
            ground.outbox.publish(tx, said.kind, trade.number, trade.notify_url, said)
            return
        state = _REFUND_STATES[refund.status]
        words = _refund(refund, trade) | {"mchid": MCHID, "refund_status": state}
        del words["status"]
        said = Said(f"REFUND.{state}", "refund", "退款成功" if state == "SUCCESS" else "退款异常", words)
        ground.outbox.publish(tx, said.kind, refund.number, refund.notify_url, said)

    return told


def envelope(keys: Keys) -> Callable[[str, int, bytes], tuple[dict[str, str], bytes]]:
    """A message as it goes over the wire, sealed and signed anew each time it is sent."""

    def wrapped(event: str, timestamp: int, body: bytes) -> tuple[dict[str, str], bytes]:
        parts = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        said = msgspec.json.decode(parts["data"], type=Said)
        content = msgspec.json.encode(
            {
                "id": event,
                "create_time": _clock(datetime.fromtimestamp(timestamp, UTC)),
                "resource_type": "encrypt-resource",
                "event_type": said.kind,
                "summary": said.summary,
                "resource": {"original_type": said.about, **keys.seal(msgspec.json.encode(said.words), said.about)},
            }
        )
        return {"content-type": "application/json", **_signature(keys, timestamp, event, content)}, content

    return wrapped


def heard(answer: httpx.Response) -> bool:
    return answer.status_code in (200, 204)


class Refusing(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


@post("/v3/pay/transactions/{way:str}", status_code=200)
async def prepay(
    request: AnyRequest,
    way: FromPath[str],
    trades: NamedDependency[TradeBook],
    keys: NamedDependency[Keys],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    body = await request.body()

    def work() -> dict[str, str]:
        asked = msgspec.json.decode(body, type=_Prepay)
        if asked.mchid != MCHID or asked.appid != APPID:
            raise Refusing(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
        if len(asked.out_trade_no) not in NUMBER_CHARACTERS or asked.amount.total < 1 or asked.amount.currency != "CNY":
            raise Refusing(400, "PARAM_ERROR", "参数错误")
        if way == "jsapi" and asked.payer is None:
            raise Refusing(400, "PARAM_ERROR", "缺少payer.openid")
        if way == "h5" and "h5_info" not in (asked.scene_info or {}):
            raise Refusing(400, "PARAM_ERROR", "缺少scene_info")
        trade = trades.open(_order(asked, way, ground.clock.now()))
        match trade.way:
            case "code":
                return {"code_url": f"{CODE_BEGINS}{trade.code}"}
            case "inside":
                return {"prepay_id": f"{PREPAY_BEGINS}{trade.code}"}
            case "phone" | "page":
                query = urlencode({"prepay_id": f"{PREPAY_BEGINS}{trade.code}", "package": trade.id[-10:]})
                return {"h5_url": f"{ground.settings.wechatpay_url}/cgi-bin/mmpayweb-bin/checkmweb?{query}"}

    return answer(request, body, keys, ground, work)


@get("/v3/pay/transactions/out-trade-no/{number:str}")
async def query(
    request: AnyRequest,
    number: FromPath[str],
    trades: NamedDependency[TradeBook],
    keys: NamedDependency[Keys],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    await trades.expire_due()
    return answer(request, b"", keys, ground, lambda: _transaction(_found(trades, number)))


@post("/v3/pay/transactions/out-trade-no/{number:str}/close", status_code=200)
async def close(
    request: AnyRequest,
    number: FromPath[str],
    trades: NamedDependency[TradeBook],
    keys: NamedDependency[Keys],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    body = await request.body()

    def work() -> None:
        if msgspec.json.decode(body, type=_Close).mchid != MCHID:
            raise Refusing(400, "MCH_NOT_EXISTS", "商户号不存在")
        trades.close(number)

    return answer(request, body, keys, ground, work)


@post("/v3/refund/domestic/refunds", status_code=200)
async def refund(
    request: AnyRequest,
    trades: NamedDependency[TradeBook],
    keys: NamedDependency[Keys],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    body = await request.body()

    def work() -> dict[str, Any]:
        asked = msgspec.json.decode(body, type=_RefundAsked)
        trade = _found(trades, asked.out_trade_no, "RESOURCE_NOT_EXISTS")
        if asked.amount.total != trade.total:
            raise Refusing(400, "PARAM_ERROR", "订单金额与原订单不一致")
        made, _ = trades.refund(
            trade=trade.number,
            number=asked.out_refund_no,
            amount=asked.amount.refund,
            notify_url=asked.notify_url or trade.notify_url,
        )
        return _refund(made, trade)

    told = answer(request, body, keys, ground, work)
    ground.pump.wake()
    return told


@get("/v3/refund/domestic/refunds/{number:str}")
async def query_refund(
    request: AnyRequest,
    number: FromPath[str],
    trades: NamedDependency[TradeBook],
    keys: NamedDependency[Keys],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    def work() -> dict[str, Any]:
        found = trades.find_refund(number)
        if found is None:
            raise Refusing(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return _refund(found, _found(trades, found.trade))

    return answer(request, b"", keys, ground, work)


@get("/v3/certificates")
async def certificates(
    request: AnyRequest, keys: NamedDependency[Keys], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    """The platform's certificate, sealed: whoever has the APIv3 key can take it for true."""

    def work() -> dict[str, Any]:
        sealed = keys.seal(keys.certificate.encode(), "certificate")
        return {"data": [{"serial_no": keys.serial, "encrypt_certificate": sealed}]}

    return answer(request, b"", keys, ground, work)


def answer(
    request: AnyRequest, body: bytes, keys: Keys, ground: Foundation, work: Callable[[], dict[str, Any] | None]
) -> Response[bytes]:
    """Do the work if the merchant has signed for it, and sign what is answered."""
    status, words = 200, b""
    try:
        check(request, body, keys, ground.clock.now())
        done = work()
        status, words = (204, b"") if done is None else (200, msgspec.json.encode(done))
    except Refusing as no:
        status, words = no.status, msgspec.json.encode({"code": no.code, "message": no.message})
    except WontDo as no:
        status, code, message = _WHY[no.why]
        words = msgspec.json.encode({"code": code, "message": message})
    except msgspec.DecodeError as error:
        status, words = 400, msgspec.json.encode({"code": "PARAM_ERROR", "message": str(error)})
    signature = _signature(keys, int(ground.clock.now()), f"{time.monotonic_ns():x}", words)
    return Response(words, status_code=status, headers=signature, media_type="application/json")


def check(request: AnyRequest, body: bytes, keys: Keys, now: float) -> None:
    """Raises `Refusing` what the merchant has not signed."""
    header = request.headers.get("authorization", "")
    said = dict(part.split("=", 1) for part in header.removeprefix(SCHEME).split(",") if "=" in part)
    said = {name.strip(): value.strip('"') for name, value in said.items()}
    query = request.scope["query_string"].decode()
    path = request.url.path + (f"?{query}" if query else "")
    lines = (request.method, path, said.get("timestamp", ""), said.get("nonce_str", ""), body.decode())
    known = (said.get("mchid"), said.get("serial_no")) == (MCHID, keys.merchant_serial)
    fresh = said.get("timestamp", "").isdigit() and abs(now - int(said["timestamp"])) <= TOLERANCE_SECONDS
    content = "".join(f"{line}\n" for line in lines).encode()
    if not (header.startswith(SCHEME) and known and fresh and keys.is_merchants(content, said.get("signature", ""))):
        raise Refusing(401, "SIGN_ERROR", "签名错误")


def _signature(keys: Keys, timestamp: int, nonce: str, content: bytes) -> dict[str, str]:
    signed = keys.sign(f"{timestamp}\n{nonce}\n".encode() + content + b"\n")
    return {
        "wechatpay-timestamp": str(timestamp),
        "wechatpay-nonce": nonce,
        "wechatpay-serial": keys.serial,
        "wechatpay-signature": signed,
        "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
    }


def _order(asked: _Prepay, way: str, now: float) -> Order:
    ways: dict[str, Way] = {"native": "code", "h5": "phone", "jsapi": "inside"}
    if way not in ways:
        raise Refusing(404, "RESOURCE_NOT_EXISTS", "接口不存在")
    expires = asked.time_expire.timestamp() if asked.time_expire else now + 7_200
    return Order(
        number=asked.out_trade_no,
        way=ways[way],
        total=asked.amount.total,
        subject=asked.description,
        expires_at=expires,
        notify_url=asked.notify_url,
        payer=asked.payer.openid if asked.payer else None,
    )


def _found(
    trades: TradeBook, number: str, code: Literal["ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"] | None = None
) -> Trade:
    trade = trades.find(number)
    if trade is None:
        raise Refusing(404, code, "订单不存在") if code else WontDo("unknown")
    return trade


def _transaction(trade: Trade) -> dict[str, Any]:
    state, words = ("REFUND", "转入退款") if trade.refunded + trade.refunding else _STATES[trade.status]
    kinds = {"code": "NATIVE", "phone": "MWEB", "page": "MWEB", "inside": "JSAPI"}
    said: dict[str, Any] = {
        "appid": APPID,
        "mchid": MCHID,
        "out_trade_no": trade.number,
        "trade_state": state,
        "trade_state_desc": words,
        "trade_type": kinds[trade.way],
        "attach": "",
        "promotion_detail": [],
    }
    if trade.paid_at is None:
        return said
    return said | {
        "transaction_id": trade.id,
        "bank_type": "OTHERS",
        "success_time": _clock(trade.paid_at),
        "payer": {"openid": trade.payer or "simulated-openid"},
        "amount": {
            "total": trade.total,
            "payer_total": trade.total,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
    }


def _refund(refund: Refund, trade: Trade) -> dict[str, Any]:
    said: dict[str, Any] = {
        "refund_id": refund.id,
        "out_refund_no": refund.number,
        "transaction_id": trade.id,
        "out_trade_no": trade.number,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": _clock(refund.created_at),
        "status": _REFUND_STATES[refund.status],
        "amount": {
            "total": trade.total,
            "refund": refund.amount,
            "payer_total": trade.total,
            "payer_refund": refund.amount,
            "settlement_refund": refund.amount,
            "settlement_total": trade.total,
            "discount_refund": 0,
            "currency": "CNY",
        },
    }
    done = refund.status == "succeeded" and refund.settled_at is not None
    return said | ({"success_time": _clock(refund.settled_at)} if done and refund.settled_at else {})


def code_of(text: str) -> str:
    """The trade's code in what a phone has scanned, or was sent to."""
    return quote(text.rpartition("=")[2].removeprefix(PREPAY_BEGINS), safe="")


def _clock(at: datetime) -> str:
    return at.astimezone(BEIJING).replace(microsecond=0).isoformat()


API = [prepay, query, close, refund, query_refund, certificates]
