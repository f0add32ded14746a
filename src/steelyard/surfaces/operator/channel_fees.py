"""What a channel keeps of payments, as its contract says: a share and a fixed part by currency, from a day on."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.money import currencies, payments
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console import SAVED, done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

DECIDES: dict[str, Any] = {"permission": "settings.manage"}
PERCENT_IN_MILLIONTHS = 10_000
MILLIONTHS_MAX = 1_000_000


def share_of(typed: str) -> int | None:
    """A percentage such as 2.9 in millionths; none for what is no such number, or finer than a millionth."""
    try:
        found = Decimal(typed.replace("%", "").replace(",", ".").strip() or "0") * PERCENT_IN_MILLIONTHS
    except InvalidOperation:
        return None
    if not found.is_finite() or found != found.to_integral_value() or not 0 <= found <= MILLIONTHS_MAX:
        return None
    return int(found)


async def agree(
    tx: Tx, actor: Actor, channel: str, currency: str, valid_from: date | None, millionths: int, fixed: int
) -> None:
    account_id = actor.account.account_id if actor.account else None
    await payments.agree_fee(
        tx, channel, currency, valid_from=valid_from, millionths=millionths, fixed=fixed, set_by=account_id
    )
    facts = {"currency": currency, "millionths": millionths, "fixed": fixed, "from": str(valid_from or "")}
    await access.audit(tx, actor, "channels.fee", channel, facts)


@post("/channels/{name:str}/fee", opt=DECIDES)
async def agree_about(visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]) -> Redirect:
    """Write down what the contract says from today on, or from a day to come."""
    if name not in payments.channels(visit.settings):
        raise NotFound()
    form, here = await entries_of(request), f"{frame.CHANNELS}/{name}#fees"
    currency, typed = form.text("currency"), form.text("from")
    if currency not in {each.currency for each in await visit.db.ask(currencies.all)}:
        raise NotFound()
    day, millionths = day_of(typed), share_of(form.text("percent"))
    fixed = form.money("fixed", currency, required=False) or 0
    try:
        form.check()
    except Invalid:
        return redirect(visit, here, (visit.say(N_("Please enter an amount such as 12.50")), "bad"))
    if millionths is None:
        return redirect(visit, here, (visit.say(N_("Please enter a percentage such as 2.9")), "bad"))
    if typed and day is None:
        return redirect(visit, here, (visit.say(N_("Please choose a day to come.")), "bad"))
    return await done(
        visit, here, SAVED, lambda: visit.db.transact(agree, visit.actor, name, currency, day, millionths, fixed)
    )


async def withdraw(tx: Tx, actor: Actor, channel: str, currency: str, valid_from: date) -> None:
    if await payments.withdraw_fee(tx, channel, currency, valid_from):
        await access.audit(tx, actor, "channels.withdraw_fee", channel, {"currency": currency, "from": str(valid_from)})


@post("/channels/{name:str}/fee/withdraw", opt=DECIDES)
async def withdraw_about(visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]) -> Redirect:
    """What was agreed for a day to come does not come."""
    form = await entries_of(request)
    currency, day = form.text("currency"), day_of(form.text("valid_from"))
    if day is None:
        raise NotFound()
    return await done(
        visit,
        f"{frame.CHANNELS}/{name}#fees",
        N_("The plan is withdrawn."),
        lambda: visit.db.transact(withdraw, visit.actor, name, currency, day),
    )


HANDLERS = [agree_about, withdraw_about]
