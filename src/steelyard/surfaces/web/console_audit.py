"""The audit log of both consoles: what staff did and what became different by it, found by who, what, on what and when."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, AuditEntry, AuditFilter, StaffMember
from steelyard.surfaces.components.page import TIMEZONE
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.audit_details import Reader, raw, reader
from steelyard.surfaces.web.audit_words import ACTIONS
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.console_staff import Show, organisation
from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.visit import Visit

SUBJECT_CHARACTERS_MAX = 200
# Where an entry's subject has a page of its own; the empty word where it has none.
SubjectHref = Callable[[AuditEntry], str]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The filters as they stand in the address."""

    who: str = ""
    action: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""

    @property
    def count(self) -> int:
        return sum(1 for value in (self.who, self.action, self.subject, self.since, self.until) if value)

    @property
    def query(self) -> dict[str, str]:
        """As an address says them again."""
        return {"who": self.who, "action": self.action, "on": self.subject, "from": self.since, "to": self.until}


class Log(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[AuditEntry]
    staff: Sequence[StaffMember]
    actions: Sequence[str]
    reader: Reader


async def log(read: Read, visit: Visit, which: AuditFilter, cursor: str | None) -> Log:
    kind, merchant_id = organisation(visit)
    page = await access.audit_log(read, merchant_id, cursor, ROWS_PER_PAGE, which=which)
    return Log(
        page=page,
        staff=await access.staff(read, merchant_id),
        actions=await access.audited_actions(read),
        reader=await reader(read, visit.locale, kind, merchant_id, page.items),
    )


def no_subject_page(_entry: AuditEntry) -> str:
    return ""


def audit_pages(show: Show, here: str, href: SubjectHref = no_subject_page) -> list[HTTPRouteHandler]:
    """What staff did, the newest first; `?format=csv` as a file."""

    @get("/audit", opt={"permission": "audit.read"})
    async def audit_log(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
        asked = _asked(visit)
        which = _filter(asked)
        if exports.wanted(visit):
            return _file(visit, *await visit.db.ask(_whole, visit, which))
        found = await visit.db.ask(log, visit, which, cursor)
        return await show(
            visit,
            "web/audit.html",
            here,
            found=found,
            page_of_log=found.page,
            asked=asked,
            words=ACTIONS,
            told=found.reader.details,
            called=found.reader.called,
            raw=raw,
            base=here,
            areas=sorted({action.partition(".")[0] for action in found.actions}),
            subject_href=href,
            next_href=address(here, **asked.query, cursor=found.page.next) if found.page.next else "",
            start_href=address(here, **asked.query) if cursor else "",
        )

    return [audit_log]


def _asked(visit: Visit) -> Asked:
    query = visit.connection.query_params
    return Asked(
        who=query.get("who", ""),
        action=query.get("action", ""),
        subject=query.get("on", "").strip()[:SUBJECT_CHARACTERS_MAX],
        since=query.get("from", ""),
        until=query.get("to", ""),
    )


def _filter(asked: Asked) -> AuditFilter:
    """What cannot be read is no filter: an address is never an error."""
    who, since, until = as_uuid(asked.who), _midnight(asked.since), _midnight(asked.until)
    return AuditFilter(
        account_id=AccountId(who) if who else None,
        action=asked.action or None,
        subject=asked.subject or None,
        since=since,
        until=until + timedelta(days=1) if until else None,
    )


def _midnight(day: str) -> datetime | None:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return None
    if not date.min.year + 1 < found.year < date.max.year - 1:
        return None
    return datetime.combine(found, time(), ZoneInfo(TIMEZONE)).astimezone(UTC)


async def _whole(read: Read, visit: Visit, which: AuditFilter) -> tuple[Sequence[AuditEntry], Reader]:
    kind, merchant_id = organisation(visit)
    found = await exports.everything(
        lambda cursor: access.audit_log(read, merchant_id, cursor, ITEMS_PER_PAGE_MAX, which=which)
    )
    return found, await reader(read, visit.locale, kind, merchant_id, found)


def _file(visit: Visit, entries: Sequence[AuditEntry], its: Reader) -> Response[bytes]:
    words = (N_("When"), N_("Who"), N_("What"), N_("On what"), N_("Details"))
    rows = [
        (
            entry.at,
            entry.account_name or visit.say(N_("the house itself")),
            visit.say(ACTIONS[entry.action]) if entry.action in ACTIONS else entry.action,
            its.called(entry.subject),
            visit.say(N_("; ")).join(its.lines(entry)),
        )
        for entry in entries
    ]
    return exports.csv_answer(visit, visit.say(N_("Audit log")), [visit.say(word) for word in words], rows)
