"""What keeps a session from being ready, and what should be looked at before: each finding stands beside its field."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec

from steelyard.channels import rooms
from steelyard.channels.live import queries
from steelyard.channels.live.model import Session
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`field` is where it stands (`host_id`, `goods`, `script`, `points:<product_id>`, `entry:<entry_id>` …), `what` an English
    msgid, formatted with `facts`; `forbids`: the session is not ready with it."""

    field: str
    what: str
    forbids: bool = True
    facts: dict[str, str] = msgspec.field(default_factory=dict[str, str])


async def look(read: Read, session: Session) -> list[Finding]:
    """All findings, those that forbid it first."""
    found = await _missing(read, session)
    return sorted(found, key=lambda each: not each.forbids)


async def _missing(read: Read, session: Session) -> list[Finding]:
    found: list[Finding] = []
    if session.cover is None:
        found.append(Finding(field="cover", what=N_("A session needs a cover.")))
    host = await rooms.host(read, session.merchant_id, session.host_id) if session.host_id else None
    if host is None:
        found.append(Finding(field="host_id", what=N_("A session needs a host.")))
    elif not host.speaks(await _day(read, session)):
        found.append(
            Finding(field="host_id", what=N_("The host is not verified, or has no training that counts on that day."))
        )
    if not any(good.shown for good in await queries.goods(read, session.merchant_id, session.session_id)):
        found.append(Finding(field="goods", what=N_("Nothing in the goods bag is shown.")))
    if session.ends_at <= datetime.now(UTC):
        found.append(Finding(field="ends_at", what=N_("Its time is over.")))
    return found


async def _day(read: Read, session: Session) -> date:
    """The day of the shop on which it begins."""
    merchant = await merchants.get(read, MerchantId(session.merchant_id))
    assert merchant is not None
    return session.starts_at.astimezone(ZoneInfo(merchant.time_zone)).date()
