"""All simulators by their names, and several of them in one process: what `steelyard simulate` starts."""

import asyncio
from collections.abc import Callable, Sequence

from steelyard.simulators import bank, carriers, mail, payments, stripe, walletpay
from steelyard.simulators.serving import Listener, PortTaken, StoppedUnexpectedly, serve_apps
from steelyard.simulators.settings import Settings
from steelyard.simulators.web import Program

__all__ = ["LISTENERS", "PortTaken", "Settings", "StoppedUnexpectedly", "addresses", "serve"]

LISTENERS: dict[Program, Callable[[Settings], Listener]] = {
    "payments": payments.listener,
    "carriers": carriers.listener,
    "bank": bank.listener,
    "mail": mail.listener,
    "alipay": walletpay.alipay_listener,
    "wechatpay": walletpay.wechatpay_listener,
    "stripe": stripe.listener,
}


def addresses(settings: Settings) -> dict[Program, str]:
    """Where each simulator's page is."""
    return {
        "payments": settings.payments_url,
        "carriers": settings.carriers_url,
        "bank": settings.bank_url,
        "mail": settings.mail_url,
        "alipay": settings.alipay_url,
        "wechatpay": settings.wechatpay_url,
        "stripe": settings.stripe_url,
    }


async def serve(
    names: Sequence[Program],
    settings: Settings,
    *,
    stop: asyncio.Event | None = None,
    ready: Callable[[], object] | None = None,
) -> None:
    """Run these simulators until `stop` is set, or until SIGINT or SIGTERM when none is given.

    `ready` is called once all listen. Raises PortTaken.
    """
    await serve_apps([LISTENERS[name](settings) for name in names], stop=stop, ready=ready)
