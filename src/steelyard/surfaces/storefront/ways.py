"""The ways to pay that a buyer sees: what each is called, and which of them are offered for what is to be paid here."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import groupby
from secrets import compare_digest

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.money import payments
from steelyard.money.payments import Device, Standing, Wanted
from steelyard.surfaces.web.callers import address_of
from steelyard.surfaces.web.security import CSRF_COOKIE
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.checkout import Payer

# What the apps that show pages themselves write into the name of their browser, in their own words.
_WECHAT = "MicroMessenger"
_ALIPAY = "AlipayClient"
MONTHS_DIGITS_MAX = 2
_PHONES = ("Mobile", "Android", "iPhone")


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """`title` and `about` are msgids, or the operator's own words. In instalments: `monthly` is what is paid each month, in minor
    units, and `surcharge` what the buyer bears of it beside the amount."""

    name: str
    title: str
    about: str
    icon: str
    monthly: Sequence[int] = ()
    surcharge: int = 0
    currency: str = ""

    @property
    def steps(self) -> list[tuple[int, int]]:
        """How many months cost how much, one after the other."""
        return [(len(list(same)), amount) for amount, same in groupby(self.monthly)]


# What a buyer chooses: a channel, and behind this in how many months it is to be paid.
IN_MONTHS = ":"


def chosen(said: str) -> tuple[str, int]:
    """The channel, and the months in which it is to be paid (0: at once), of what a form says."""
    channel, _, months = said.partition(IN_MONTHS)
    return channel, int(months) if months.isascii() and months.isdigit() and len(months) <= MONTHS_DIGITS_MAX else 0


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


def wechat_state(visit: Visit, about: str) -> str:
    """A word of this browser's session for the way to WeChat and back: nobody is led back here with somebody else's code. Empty
    without a session."""
    own = visit.connection.cookies.get(CSRF_COOKIE, "")
    return sha256(f"wechat {about} {own}".encode()).hexdigest() if own else ""


def came_by_itself(visit: Visit, about: str) -> bool:
    """Whether who comes back from WeChat is who was sent there."""
    own, said = wechat_state(visit, about), visit.connection.query_params.get("state", "")
    return bool(own) and compare_digest(own.encode(), said.encode())


def ways(visit: Visit, now: Standing, wanted: Wanted, *, plans: bool = False) -> list[Way]:
    """How this can be paid here, the first of the operator's order first; with its `plans` to pay in months, where asked for."""
    here = msgspec.structs.replace(wanted, device=device_of(visit))
    found: list[Way] = []
    for channel in payments.offered(payments.channels(visit.settings), now, here):
        title, icon = channel.terms.name, channel.terms.icon
        found.append(Way(name=channel.name, title=title, about=payments.note_of(now, channel), icon=icon))
        found += [
            Way(
                name=f"{channel.name}{IN_MONTHS}{plan.months}",
                title=title,
                about="",
                icon="calendar-clock",
                monthly=plan.monthly(here.amount),
                surcharge=plan.surcharge(here.amount),
                currency=here.currency,
            )
            for plan in channel.terms.instalments
            if plans and not here.at_once and here.amount and plan.takes(here.amount, here.currency)
        ]
    return found


# Why none of the ways to pay is offered, the one first that the buyer can do most about.
_NONE_LEFT = {
    "phone": N_("Please enter a phone number in the address: without one it cannot be paid on delivery."),
    "amount": N_("The ways to pay that there are do not take this amount. Please buy more, or less, at once."),
    "goods": N_("No way to pay is offered for all of these goods together. Please buy them one shop after the other."),
    "country": N_("No way to pay is offered for deliveries to this country."),
    "device": N_("No way to pay can be used on this device. Please open the page on another one."),
    "currency": N_("No way to pay takes this currency."),
}


def none_left(visit: Visit, now: Standing, wanted: Wanted) -> str:
    """Why nothing is offered for this, where that can be said."""
    here = msgspec.structs.replace(wanted, device=device_of(visit))
    reasons = {payments.why_not(channel, now, here) for channel in payments.channels(visit.settings).values()}
    return next((visit.say(words) for why, words in _NONE_LEFT.items() if why in reasons), "")
