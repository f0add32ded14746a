"""The two wallets of China, Alipay and WeChat Pay: their merchants' interfaces word for word, played with simulated money.

alipay_app(settings), wechatpay_app(settings)     the applications, each a program of its own

`alipay.py` answers to Alipay's `/gateway.do`, `wechatpay.py` to WeChat Pay's `/v3/…`; both sign and verify as their models do,
with keys made at the first start (`keys.py`). What is owed and paid is in `book.py`, what the payer sees in `phone.py`. A
code is scanned by opening `/scan?code=…`. Refunds arrive after a moment at WeChat Pay, at once at Alipay; under the fault
`refunds=fail` those fail whose amount ends in 13 fen. A day's bills (`bills.py`, `wechatpay_bills.py`) are there from 9 in the
morning of the next, Beijing time. Not played: vouchers, instalments, the code of a payer that a shop scans, payouts.
"""

from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from steelyard.simulators.clock import Clock
from steelyard.simulators.serving import Listener
from steelyard.simulators.settings import Settings
from steelyard.simulators.walletpay import alipay, phone, wechatpay, wechatpay_bills
from steelyard.simulators.walletpay.alipay import APP_ID
from steelyard.simulators.walletpay.book import Tell, TradeBook, WontDo
from steelyard.simulators.walletpay.keys import Keys, folder_of, keys
from steelyard.simulators.walletpay.schema import SCHEMA
from steelyard.simulators.walletpay.wechatpay import APPID, MCHID
from steelyard.simulators.web import ClientMaker, Foundation, assemble, misbehave

__all__ = [
    "APPID",
    "APP_ID",
    "MCHID",
    "TradeBook",
    "WontDo",
    "alipay_app",
    "alipay_listener",
    "folder_of",
    "keys",
    "wechatpay_app",
    "wechatpay_listener",
]

ALIPAY_IDS = "2026"
WECHATPAY_IDS = "4200"


def alipay_app(settings: Settings, *, clock: Clock | None = None, client: ClientMaker | None = None) -> Litestar:
    """Alipay as an ASGI application; tests bring their own clock and the client that sends messages."""
    own = keys(settings.home, "alipay")
    ground = Foundation(
        "alipay",
        settings,
        SCHEMA,
        clock=clock,
        client=client,
        envelope=alipay.envelope(own),
        heard=alipay.heard,
    )
    return _app(ground, own, alipay.tell(ground), ALIPAY_IDS, [alipay.gateway, alipay.pages, alipay.download_bill])


def wechatpay_app(settings: Settings, *, clock: Clock | None = None, client: ClientMaker | None = None) -> Litestar:
    """WeChat Pay as an ASGI application."""
    own = keys(settings.home, "wechatpay")
    ground = Foundation(
        "wechatpay",
        settings,
        SCHEMA,
        clock=clock,
        client=client,
        envelope=wechatpay.envelope(own),
        heard=wechatpay.heard,
    )
    return _app(ground, own, wechatpay.tell(ground), WECHATPAY_IDS, [*wechatpay.API, *wechatpay_bills.API])


def _app(ground: Foundation, own: Keys, tell: Tell, ids: str, api: Sequence[ControllerRouterHandler]) -> Litestar:
    trades = TradeBook(
        ground.store, ground.clock, ground.faults, tell, refund_seconds=ground.settings.refund_seconds, ids=ids
    )
    ground.works(trades.expire_due, trades.settle_due)

    def provide_trades() -> TradeBook:
        return trades

    def provide_keys() -> Keys:
        return own

    signed = Router("/", route_handlers=list(api), before_request=misbehave)
    made = assemble(
        ground,
        api=[],
        page_routes=phone.PAGES,
        open_api=[signed],
        dependencies={
            "trades": Provide(provide_trades, sync_to_thread=False),
            "keys": Provide(provide_keys, sync_to_thread=False),
        },
    )
    made.state.trades = trades
    return made


def alipay_listener(settings: Settings) -> Listener:
    return Listener(alipay_app(settings), settings.host, settings.alipay_port)


def wechatpay_listener(settings: Settings) -> Listener:
    return Listener(wechatpay_app(settings), settings.host, settings.wechatpay_port)
