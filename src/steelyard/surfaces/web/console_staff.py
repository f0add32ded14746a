"""The pages of both consoles about people: who is on the staff, and what they may do.

Each console makes its own handlers of them (`staff_pages`; `role_pages` and `audit_pages` beside this file): same pages,
own frame and own people.
"""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import LOCALES, N_
from steelyard.parties import access
from steelyard.parties.access.model import (
    CHIEF_ROLE,
    AccountId,
    AccountKind,
    Department,
    Permission,
    Role,
    StaffMember,
    WrongLogin,
)
from steelyard.surfaces.web import exports, seen
from steelyard.surfaces.web.console import done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest


class Show(Protocol):
    """A console's way to show a page in its frame; templates of both consoles are addressed from the root."""

    async def __call__(
        self, visit: Visit, template: str, here: str, /, *, status: int = 200, **values: Any
    ) -> Response[str]: ...


class People(msgspec.Struct, frozen=True, kw_only=True):
    members: Sequence[StaffMember]
    departments: Sequence[Department]
    roles: Sequence[Role]
    permissions: Sequence[Permission]


async def people(read: Read, kind: AccountKind, merchant_id: UUID | None) -> People:
    return People(
        members=await access.staff(read, merchant_id),
        departments=await access.departments(read, kind, merchant_id),
        roles=await access.roles(read, kind, merchant_id),
        permissions=await access.permissions(read, kind),
    )


def organisation(visit: Visit) -> tuple[AccountKind, UUID | None]:
    """Whose staff the signed-in person is; the guard saw to it that it is one."""
    assert visit.account is not None
    return visit.account.kind, visit.account.merchant_id


NEEDS = {"permission": "staff.manage"}
# Where who may not manage the staff any more finds work.
HOMES = {AccountKind.MERCHANT: "/merchant", AccountKind.OPERATOR: "/operator"}


def staff_pages(show: Show, here: str, roles_href: str, departments_href: str) -> list[HTTPRouteHandler]:
    """List and invite; give roles, disable, enable, sign out, send the invitation again. The others are where the
    console's `role_pages` and `department_pages` are."""
    return [*_inviting(show, here, roles_href, departments_href), *_changing(here), *_leaving(show, here)]


def _inviting(show: Show, here: str, roles_href: str, departments_href: str) -> list[HTTPRouteHandler]:
    async def page(visit: Visit, typed: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
        found = await visit.db.ask(people, *organisation(visit))
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
            seen={member.account_id: seen.mark(sorted(member.roles)) for member in found.members},
            may_hand_over=_is_owner(visit, found),
            roles_href=roles_href,
            departments_href=departments_href,
            department=as_uuid(visit.connection.query_params.get("department", "")),
        )

    @get("/staff", opt=NEEDS)
    async def staff_list(visit: NamedDependency[Visit]) -> Response[Any]:
        if exports.wanted(visit):
            return _as_file(visit, await visit.db.ask(people, *organisation(visit)))
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


def _as_file(visit: Visit, found: People) -> Response[bytes]:
    names = {role.role_id: role.name.in_language(visit.locale) for role in found.roles}
    parts = {each.department_id: each.name for each in found.departments}
    words = (
        N_("Name"),
        N_("E-mail address"),
        N_("Department"),
        N_("Roles"),
        N_("Joined"),
        N_("Disabled"),
        N_("Last seen"),
    )
    rows = [
        (
            member.name,
            member.email,
            parts.get(member.department_id) if member.department_id else None,
            ", ".join(names.get(role, str(role)) for role in member.roles),
            member.joined,
            member.disabled_at,
            member.seen_at,
        )
        for member in found.members
    ]
    return exports.csv_answer(visit, visit.say(N_("Staff")), [visit.say(word) for word in words], rows)


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


async def _set_roles(tx: Tx, visit: Visit, form: Entries, account_id: AccountId) -> None:
    roles = form.all("roles")
    await seen.hold(tx, f"roles of {account_id}")
    for member in await access.staff(tx, organisation(visit)[1]):
        if member.account_id == account_id:
            seen.compare(form, seen.mark(sorted(member.roles)), seen.mark(sorted(roles)))
    await access.set_roles(tx, visit.actor, account_id, roles)


def _changing(here: str) -> list[HTTPRouteHandler]:
    @post("/staff/{account_id:uuid}/roles", opt=NEEDS)
    async def set_roles(visit: NamedDependency[Visit], request: WebRequest, account_id: FromPath[UUID]) -> Redirect:
        form = await entries_of(request)
        return await done(
            visit,
            here,
            N_("The roles are changed."),
            lambda: visit.db.transact(_set_roles, visit, form, AccountId(account_id)),
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

    @post("/staff/{account_id:uuid}/end-sessions", opt=NEEDS)
    async def end_sessions(visit: NamedDependency[Visit], account_id: FromPath[UUID]) -> Redirect:
        message = N_("The account is signed out everywhere.")
        return await done(
            visit,
            here,
            message,
            lambda: visit.db.transact(access.end_sessions_of_staff, visit.actor, AccountId(account_id)),
        )

    return [set_roles, disable, enable, invite_again, end_sessions]


def _leaving(show: Show, here: str) -> list[HTTPRouteHandler]:
    """Taking an invitation back, and handing the house over."""

    @post("/staff/{account_id:uuid}/withdraw", opt=NEEDS)
    async def withdraw(visit: NamedDependency[Visit], account_id: FromPath[UUID]) -> Redirect:
        message = N_("The invitation is withdrawn: its link opens nothing any more.")
        return await done(
            visit,
            here,
            message,
            lambda: visit.db.transact(access.withdraw_invitation, visit.actor, AccountId(account_id)),
        )

    async def page(
        visit: Visit, account_id: UUID, typed: Entries | None = None, errors: dict[str, str] | None = None
    ) -> Response[Any]:
        found = await visit.db.ask(people, *organisation(visit))
        heir = next((each for each in found.members if each.account_id == account_id), None)
        if heir is None or not heir.joined or heir.disabled_at is not None or not _is_owner(visit, found):
            raise NotFound()
        return await show(
            visit,
            "web/staff_transfer.html",
            here,
            crumbs=[(visit.say(N_("Staff")), here), (visit.say(N_("Hand over")), None)],
            status=422 if errors else 200,
            heir=heir,
            roles=[role for role in found.roles if role.role_id != CHIEF_ROLE[organisation(visit)[0]]],
            base=here,
            typed=typed or Entries({}, {}),
            errors=errors or {},
        )

    @get("/staff/{account_id:uuid}/transfer", opt=NEEDS)
    async def transfer_page(visit: NamedDependency[Visit], account_id: FromPath[UUID]) -> Response[Any]:
        return await page(visit, account_id)

    @post("/staff/{account_id:uuid}/transfer", opt=NEEDS)
    async def transfer(
        visit: NamedDependency[Visit], request: WebRequest, account_id: FromPath[UUID]
    ) -> Response[Any] | Redirect:
        """Somebody else is the owner from now on; the password says that it is really the owner who wants it."""
        form = await entries_of(request)
        assert visit.account is not None
        try:
            role, password = form.text("role", required=True), form.text("password", required=True, most=256)
            form.check()
            await access.confirm_password(visit.db, visit.account, password)
            await visit.db.transact(access.transfer_ownership, visit.actor, AccountId(account_id), role)
        except Invalid as refusal:
            return await page(visit, account_id, form, errors_of(visit, refusal.fields))
        except WrongLogin:
            return await page(visit, account_id, form, {"password": visit.say(N_("This is not your password."))})
        return redirect(visit, HOMES[visit.account.kind], (visit.say(N_("You have handed over.")), "good"))

    return [withdraw, transfer_page, transfer]


def _is_owner(visit: Visit, found: People) -> bool:
    kind, _ = organisation(visit)
    return any(
        each.account_id == visit.account.account_id and CHIEF_ROLE[kind] in each.roles
        for each in found.members
        if visit.account is not None
    )
