"""The ways to pay that a buyer sees: what each is called, and which of them are offered for what is to be paid here."""

import msgspec

from steelyard.money import payments
from steelyard.money.payments import Device, Standing, Wanted
from steelyard.surfaces.web.callers import address_of
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.checkout import Payer

# What the apps that show pages themselves write into the name of their browser, in their own words.
_WECHAT = "MicroMessenger"
_ALIPAY = "AlipayClient"
_PHONES = ("Mobile", "Android", "iPhone")


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """`title` and `about` are msgids, or the operator's own words."""

    name: str
    title: str
    about: str
    icon: str


def device_of(visit: Visit) -> Device:
    """Where this page is shown."""
    browser = visit.connection.headers.get("user-agent", "")
    if _WECHAT in browser:
        return Device.WECHAT
    if _ALIPAY in browser:
        return Device.ALIPAY
    return Device.PHONE if any(mark in browser for mark in _PHONES) else Device.DESK


def payer_of(visit: Visit) -> Payer:
    return Payer(device=device_of(visit), address=address_of(visit))


def ways(
    visit: Visit, now: Standing, *, amount: int, currency: str, country: str = "", at_once: bool = False
) -> list[Way]:
    """How this amount (minor units; 0: whatever it comes to) can be paid here, the first of the operator's order first.

    `at_once`: it has an end of its own, and cannot wait for a transfer.
    """
    wanted = Wanted(amount=amount, currency=currency, country=country, device=device_of(visit))
    return [
        Way(
            name=channel.name,
            title=channel.terms.name,
            about=payments.note_of(now, channel),
            icon=channel.terms.icon,
        )
        for channel in payments.offered(payments.channels(visit.settings), now, wanted)
        if not (at_once and channel.terms.wait_hours)
    ]
