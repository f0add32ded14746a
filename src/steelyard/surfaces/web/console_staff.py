"""The pages of both consoles about people: who is on the staff, what they may do, and what they did.

Each console makes its own handlers of them (`staff_pages`, `audit_pages`): same pages, own frame and own people.
"""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import LOCALES, N_
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, AccountKind, AuditEntry, Permission, Role, StaffMember
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest


class Show(Protocol):
    """A console's way to show a page in its frame; templates of both consoles are addressed from the root."""

    async def __call__(
        self, visit: Visit, template: str, here: str, /, *, status: int = 200, **values: Any
    ) -> Response[str]: ...


class People(msgspec.Struct, frozen=True, kw_only=True):
    members: Sequence[StaffMember]
    roles: Sequence[Role]
    permissions: Sequence[Permission]


async def people(read: Read, kind: AccountKind, merchant_id: UUID | None) -> People:
    return People(
        members=await access.staff(read, merchant_id),
        roles=await access.roles(read, kind),
        permissions=await access.permissions(read, kind),
    )


def _organisation(visit: Visit) -> tuple[AccountKind, UUID | None]:
    """Whose staff the signed-in person is; the guard saw to it that it is one."""
    assert visit.account is not None
    return visit.account.kind, visit.account.merchant_id


NEEDS = {"permission": "staff.manage"}


def staff_pages(show: Show, here: str) -> list[HTTPRouteHandler]:
    """List and invite; give roles, disable, enable, send the invitation again."""
    return [*_inviting(show, here), *_changing(here)]


def _inviting(show: Show, here: str) -> list[HTTPRouteHandler]:
    async def page(visit: Visit, typed: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
        found = await visit.db.ask(people, *_organisation(visit))
        return await show(
            visit,
            "web/staff.html",
            here,
            status=422 if errors else 200,
            found=found,
            base=here,
            typed=typed,
            errors=errors or {},
            account_id=ids.mint(),
            me=visit.account,
        )

    @get("/staff", opt=NEEDS)
    async def staff_list(visit: NamedDependency[Visit]) -> Response[Any]:
        return await page(visit)

    @post("/staff", opt=NEEDS)
    async def invite(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
        form = await entries_of(request)
        try:
            await visit.db.transact(_invite, visit, form)
        except Invalid as refusal:
            return await page(visit, form, errors_of(visit, refusal.fields))
        except Refusal as refusal:
            return await page(visit, form, {"email": told(visit, refusal)})
        message = visit.say(N_("The invitation to {email} is on its way."), email=form.text("email"))
        return redirect(visit, here, (message, "good"))

    return [staff_list, invite]


async def _invite(tx: Tx, visit: Visit, form: Entries) -> None:
    account_id = AccountId(form.uuid("account_id"))
    name, email = form.text("name", required=True), form.text("email", required=True)
    locale, roles = form.text("locale"), form.all("roles")
    if not roles:
        form.refuse("roles", N_("Please choose at least one role"))
    form.check()
    await access.invite(
        tx,
        visit.actor,
        account_id=account_id,
        name=name,
        email=email,
        locale=locale if locale in LOCALES else visit.locale,
        roles=roles,
    )


def _changing(here: str) -> list[HTTPRouteHandler]:
    @post("/staff/{account_id:uuid}/roles", opt=NEEDS)
    async def set_roles(visit: NamedDependency[Visit], request: WebRequest, account_id: FromPath[UUID]) -> Redirect:
        roles = (await entries_of(request)).all("roles")
        return await done(
            visit,
            here,
            N_("The roles are changed."),
            lambda: visit.db.transact(access.set_roles, visit.actor, AccountId(account_id), roles),
        )

    @post("/staff/{account_id:uuid}/disable", opt=NEEDS)
    async def disable(visit: NamedDependency[Visit], account_id: FromPath[UUID]) -> Redirect:
        message = N_("The account is disabled: it is signed out everywhere, and its keys are revoked.")
        return await done(
            visit, here, message, lambda: visit.db.transact(access.disable, visit.actor, AccountId(account_id))
        )

    @post("/staff/{account_id:uuid}/enable", opt=NEEDS)
    async def enable(visit: NamedDependency[Visit], account_id: FromPath[UUID]) -> Redirect:
        message = N_("The account may sign in again.")
        return await done(
            visit, here, message, lambda: visit.db.transact(access.enable, visit.actor, AccountId(account_id))
        )

    @post("/staff/{account_id:uuid}/invite-again", opt=NEEDS)
    async def invite_again(visit: NamedDependency[Visit], account_id: FromPath[UUID]) -> Redirect:
        message = N_("The invitation is on its way once more.")
        return await done(
            visit, here, message, lambda: visit.db.transact(access.invite_again, visit.actor, AccountId(account_id))
        )

    return [set_roles, disable, enable, invite_again]


def audit_pages(show: Show, here: str) -> list[HTTPRouteHandler]:
    """What staff did, the newest first."""

    @get("/audit", opt={"permission": "audit.read"})
    async def audit_log(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
        merchant_id = _organisation(visit)[1]
        if exports.wanted(visit):
            return _audit_file(visit, await visit.db.ask(_whole_audit_log, merchant_id))
        found: Page[AuditEntry] = await visit.db.ask(
            access.audit_log, merchant_id=merchant_id, cursor=cursor, limit=ROWS_PER_PAGE
        )
        return await show(
            visit,
            "web/audit.html",
            here,
            page_of_log=found,
            next_href=address(here, cursor=found.next) if found.next else "",
            start_href=here if cursor else "",
        )

    return [audit_log]


async def _whole_audit_log(read: Read, merchant_id: UUID | None) -> Sequence[AuditEntry]:
    return await exports.everything(
        lambda cursor: access.audit_log(read, merchant_id=merchant_id, cursor=cursor, limit=ITEMS_PER_PAGE_MAX)
    )


def _audit_file(visit: Visit, entries: Sequence[AuditEntry]) -> Response[bytes]:
    columns = [visit.say(word) for word in (N_("When"), N_("Who"), N_("What"), N_("On what"), N_("Details"))]
    rows = [
        (
            entry.at,
            entry.account_name or visit.say(N_("the house itself")),
            entry.action,
            entry.subject,
            "; ".join(f"{name}: {value}" for name, value in entry.facts.items()),
        )
        for entry in entries
    ]
    return exports.csv_answer(visit, visit.say(N_("Audit log")), columns, rows)
