"""The two wallets as our channels, in one process: their messages land in a list, to be delivered as a test likes."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from steelyard.money import payments
from steelyard.money.payments import Channel
from steelyard.money.payments.gateways.alipay import Alipay
from steelyard.money.payments.gateways.alipay_signing import Keys as AlipayKeys
from steelyard.money.payments.gateways.numbers import order_number
from steelyard.money.payments.gateways.wechat_account import WechatAccount
from steelyard.money.payments.gateways.wechatpay import Wechatpay
from steelyard.money.payments.gateways.wechatpay_signing import Keys
from steelyard.simulators import walletpay
from steelyard.simulators.settings import API_KEY_DEMO
from steelyard.simulators.settings import Settings as SimulatorSettings
from steelyard.simulators.walletpay import alipay, wechatpay
from steelyard.simulators.web import foundation
from tests.money.outside import Outside, Post
from tests.simulators.world import ManualClock

ALIPAY, WECHATPAY = "http://127.0.0.1:8107", "http://127.0.0.1:8108"  # as a simulator calls itself


class Named(Protocol):
    payment_id: payments.PaymentId


class Wallet(Outside):
    """A simulated wallet: besides what `Outside` can, its payer pays."""

    async def pay(self, deal: Named) -> None:
        trade = self.book.find(order_number(deal.payment_id))
        assert trade is not None
        self.book.see(trade.code)
        self.book.pay(trade.number)

    async def look(self, deal: Named) -> None:
        """The payer has scanned the code, or opened the page, and not paid yet."""
        trade = self.book.find(order_number(deal.payment_id))
        assert trade is not None
        self.book.see(trade.code)

    @property
    def book(self) -> walletpay.TradeBook:
        return self.app.state.trades


OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


def told(request: httpx.Request) -> httpx.Response:
    """WeChat says who came with the code "good", once its secret fits; nobody came with any other."""
    asked = request.url.params
    known = (asked["secret"], asked["code"], asked["grant_type"]) == ("shh", "good", "authorization_code")
    return httpx.Response(200, json={"openid": OPENID} if known else {"errcode": 40029, "errmsg": "invalid code"})


def merchant(home: Path, wallet: str, client: httpx.AsyncClient) -> Channel:
    """Our client, with the keys that the simulated wallet has given its merchant."""
    folder = walletpay.folder_of(home, wallet)
    if wallet == "alipay":
        return Alipay(
            app_id=alipay.APP_ID,
            keys=AlipayKeys.of_keys(folder / "merchant_private.pem", folder / "platform" / "public.pem"),
            url=f"{ALIPAY}/gateway.do",
            huabei="3:merchant:18000 6:buyer:45000 12:buyer:75000",
            client=client,
        )
    keys = Keys.read(
        mchid=wechatpay.MCHID,
        serial=walletpay.keys(home, wallet).merchant_serial,
        private_key=folder / "merchant_private.pem",
        api_v3_key=folder / "api_v3_key",
        platform=folder / "platform",
    )
    strangers = httpx.AsyncClient(transport=httpx.MockTransport(told))
    account = WechatAccount(appid=wechatpay.APPID, secret="shh", client=strangers)
    return Wechatpay(appid=wechatpay.APPID, keys=keys, url=WECHATPAY, account=account, client=client)


def answered_by(
    gateway: Channel, patch: pytest.MonkeyPatch, handler: Callable[[httpx.Request], httpx.Response]
) -> None:
    """From now on a function answers instead of the wallet."""
    owner, name = (gateway._wire, "client") if isinstance(gateway, Alipay) else (gateway, "_client")
    patch.setattr(owner, name, httpx.AsyncClient(transport=httpx.MockTransport(handler)))


@asynccontextmanager
async def wallet(name: str, home: Path) -> AsyncIterator[tuple[Wallet, Channel]]:
    """A wallet under a clock turned by hand that shows the real time at first: our requests carry that."""
    settings, clock = SimulatorSettings(home=home), ManualClock()
    clock.at = float(int(time.time()))
    outside = Wallet(None, clock, httpx.AsyncClient())

    def take(request: httpx.Request) -> httpx.Response:
        outside.posts.append(Post(str(request.url), dict(request.headers), request.content))
        return httpx.Response(200, content=b"success")

    make = walletpay.alipay_app if name == "alipay" else walletpay.wechatpay_app
    outside.app = make(settings, clock=clock, client=lambda: httpx.AsyncClient(transport=httpx.MockTransport(take)))
    await outside.http.aclose()
    outside.http = httpx.AsyncClient(
        transport=httpx.ASGITransport(outside.app),
        base_url=ALIPAY if name == "alipay" else WECHATPAY,
        headers={"authorization": f"Bearer {API_KEY_DEMO}"},
    )
    programs = httpx.AsyncClient(transport=httpx.ASGITransport(outside.app))
    yield outside, merchant(home, name, programs)
    await outside.http.aclose()
    await programs.aclose()
    foundation(outside.app).store.close()
