"""What the payer sees: the wallet on a phone, and a desk for the demo user with all trades and the switches for faults."""

from typing import Literal, get_args
from urllib.parse import unquote

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template

from steelyard.simulators.faults import (
    AnswerMode,
    BillMode,
    FaultsChange,
    RefundMode,
    Seconds,
    Share,
    WebhookMode,
    modes,
)
from steelyard.simulators.pages import page
from steelyard.simulators.problems import not_found
from steelyard.simulators.requests import language
from steelyard.simulators.walletpay import alipay, wechatpay
from steelyard.simulators.walletpay.book import Trade, TradeBook, WontDo
from steelyard.simulators.web import Foundation
from steelyard.simulators.webhooks import attempts_of, delivery_log

AnyRequest = Request[object, object, State]
SEE_OTHER = 303


class Choice(msgspec.Struct, frozen=True):
    do: Literal["pay", "leave"]
    back: str = ""


class FaultForm(msgspec.Struct, frozen=True):
    webhooks: WebhookMode
    answers: AnswerMode
    refunds: RefundMode
    delay_seconds: Seconds
    rate: Share
    bills: BillMode = "whole"


def _trade(trades: TradeBook, code: str) -> Trade:
    trade = trades.see(code)
    if trade is None:
        raise not_found("payment")
    return trade


@get("/scan")
async def scan(request: AnyRequest, code: FromQuery[str]) -> Redirect:
    """A phone has scanned this text."""
    text = unquote(code)
    own = text.removeprefix(alipay.CODE_BEGINS) if text.startswith(alipay.CODE_BEGINS) else wechatpay.code_of(text)
    return Redirect(f"/phone/{own}?lang={language(request)}", status_code=SEE_OTHER)


@get("/cgi-bin/mmpayweb-bin/checkmweb")
async def checkmweb(
    request: AnyRequest,
    prepay_id: FromQuery[str],
    trades: NamedDependency[TradeBook],
    redirect_url: FromQuery[str] = "",
) -> Template:
    """Where WeChat Pay's H5 sends a phone's browser; `redirect_url` is where it goes back to."""
    return _phone(request, _trade(trades, wechatpay.code_of(prepay_id)), redirect_url)


@get("/phone/{code:str}")
async def phone(request: AnyRequest, code: FromPath[str], trades: NamedDependency[TradeBook]) -> Template:
    return _phone(request, _trade(trades, code), "")


@post("/phone/{code:str}")
async def choose(
    request: AnyRequest,
    code: FromPath[str],
    data: URLEncodedBody[Choice],
    trades: NamedDependency[TradeBook],
    ground: NamedDependency[Foundation],
) -> Redirect:
    """Pay, once; or leave it. What is closed stays closed."""
    trade = _trade(trades, code)
    if data.do == "pay":
        try:
            trades.pay(trade.number)
        except WontDo:
            return Redirect(f"/phone/{code}?lang={language(request)}", status_code=SEE_OTHER)
        ground.pump.wake()
    back = data.back or trade.return_url
    return Redirect(_safe(back) or f"/phone/{code}?lang={language(request)}", status_code=SEE_OTHER)


def _safe(back: str | None) -> str | None:
    return back if back and back.startswith(("http://", "https://")) else None


def _phone(request: AnyRequest, trade: Trade, back: str) -> Template:
    return page(request, "phone.html", trade=trade, back=_safe(back) or trade.return_url)


@get("/refused")
async def refused(request: AnyRequest, why: FromQuery[str] = "") -> Template:
    return page(request, "error.html", status_code=400, status=400, code=why)


@get("/")
async def index(
    request: AnyRequest, trades: NamedDependency[TradeBook], ground: NamedDependency[Foundation]
) -> Template:
    await trades.expire_due()
    return page(
        request,
        "trades.html",
        trades=trades.latest(),
        faults=ground.faults.now,
        modes={**modes(), "bills": get_args(BillMode)},
        on=ground.faults.on,
    )


@get("/trades/{number:str}")
async def one(
    request: AnyRequest,
    number: FromPath[str],
    trades: NamedDependency[TradeBook],
    ground: NamedDependency[Foundation],
) -> Template:
    trade = trades.find(number)
    if trade is None:
        raise not_found("payment")
    refunds = trades.refunds_of(number)
    deliveries = [
        delivery
        for subject in (number, *(refund.number for refund in refunds))
        for delivery in delivery_log(ground.store, subject)
    ]
    deliveries.sort(key=lambda delivery: delivery.id)
    return page(
        request,
        "trade.html",
        trade=trade,
        refunds=refunds,
        deliveries=[(delivery, attempts_of(ground.store, delivery.id)) for delivery in deliveries],
    )


@post("/faults")
async def change_faults(
    request: AnyRequest, data: URLEncodedBody[FaultForm], ground: NamedDependency[Foundation]
) -> Redirect:
    ground.faults.change(FaultsChange(**msgspec.structs.asdict(data)))
    return Redirect(f"/?lang={language(request)}", status_code=SEE_OTHER)


PAGES = [scan, checkmweb, phone, choose, refused, index, one, change_faults]
