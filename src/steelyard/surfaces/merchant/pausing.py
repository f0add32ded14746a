"""The shop away for a while: from when until when, what buyers read, and whether it takes orders meanwhile."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, Pause
from steelyard.surfaces.components.page import TIMEZONE
from steelyard.surfaces.merchant import frame, shop
from steelyard.surfaces.web import seen
from steelyard.surfaces.web.console import errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import moment_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "shop.edit"}
ZONE = ZoneInfo(TIMEZONE)


async def pause(
    tx: Tx, actor: Actor, merchant_id: MerchantId, wanted: Pause | None, form: Entries | None = None
) -> None:
    await seen.hold(tx, f"pause {merchant_id}")
    before = await merchants.pause_of(tx, merchant_id)
    if form is not None:
        meant = wanted
        if wanted is not None and before is not None and not form.text("begins_at", most=30):
            # "At once" is another moment with every click.
            meant = msgspec.structs.replace(wanted, begins_at=before.begins_at)
        seen.compare(form, shop.pause_mark(before), shop.pause_mark(meant))
    await merchants.pause(tx, merchant_id, wanted)
    action = "shop.pause" if wanted else "shop.back"
    await access.audit(tx, actor, action, str(merchant_id), before=_told(before), after=_told(wanted))


def _told(what: Pause | None) -> dict[str, object]:
    if what is None:
        return {}
    return {
        "begins_at": what.begins_at.isoformat(), "ends_at": what.ends_at.isoformat(), "notice": what.notice,
        "sells": what.sells,
    }  # fmt: skip


@post("/shop/pause", opt=NEEDS)
async def go_away(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """The shop goes away and comes back by itself."""
    form = await entries_of(request)
    begins = _moment(form, "begins_at", datetime.now(UTC))
    ends = _moment(form, "ends_at", None)
    notice = form.words("away_notice", most=300)
    try:
        form.check()
        assert begins is not None
        assert ends is not None
        wanted = Pause(begins_at=begins, ends_at=ends, notice=notice, sells=form.text("sells") == "yes")
        await visit.merchant_db.transact(pause, visit.actor, visit.merchant_id, wanted, form)
    except Invalid as refusal:
        return await shop.page(visit, typed=form, errors=errors_of(visit, refusal.fields))
    message = N_("Your shop goes away, and comes back by itself.")
    return redirect(visit, f"{frame.SHOP}#pause", (visit.say(message), "good"))


def _moment(form: Entries, name: str, otherwise: datetime | None) -> datetime | None:
    """Beijing time, as it was typed."""
    typed = form.text(name, required=otherwise is None, most=30)
    if not typed:
        return otherwise
    moment = moment_of(typed)
    if moment is None:
        form.refuse(name, N_("Please enter a day and an hour"))
        return otherwise
    return moment


@post("/shop/back", opt=NEEDS)
async def come_back(visit: NamedDependency[Visit]) -> Redirect:
    """The shop is back at once, or does not go away after all."""
    await visit.merchant_db.transact(pause, visit.actor, visit.merchant_id, None)
    return redirect(visit, f"{frame.SHOP}#pause", (visit.say(N_("Your shop takes orders again.")), "good"))


HANDLERS = [go_away, come_back]
