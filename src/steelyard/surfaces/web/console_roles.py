"""The pages of both consoles about roles: those that come with the house, and those that an organisation makes itself."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import AccountKind, Permission, Role
from steelyard.surfaces.web import exports, seen
from steelyard.surfaces.web.console import SAVED, done, errors_of
from steelyard.surfaces.web.console_staff import NEEDS, Show, organisation
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.permission_words import grouped
from steelyard.surfaces.web.visit import Visit, WebRequest

NAME_CHARACTERS_MAX = 60


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    roles: Sequence[Role]
    permissions: Sequence[Permission]

    def find(self, role_id: str) -> Role:
        """Raises `NotFound`."""
        role = next((each for each in self.roles if each.role_id == role_id), None)
        if role is None:
            raise NotFound()
        return role


async def roles_of(read: Read, kind: AccountKind, merchant_id: UUID | None) -> Roles:
    return Roles(
        roles=await access.roles(read, kind, merchant_id),
        permissions=await access.permissions(read, kind),
    )


def role_pages(show: Show, here: str, staff_here: str, departments_here: str) -> list[HTTPRouteHandler]:
    """List, make, change, remove. `here` is the page's address, `staff_here` the navigation's entry it belongs to, and
    `departments_here` beside it."""
    return [*_looking(show, here, staff_here, departments_here), *_keeping(show, here, staff_here)]


def _looking(show: Show, here: str, staff_here: str, departments_here: str) -> list[HTTPRouteHandler]:
    @get("/roles", opt=NEEDS)
    async def role_list(visit: NamedDependency[Visit]) -> Response[Any]:
        found = await visit.db.ask(roles_of, *organisation(visit))
        names = {each.permission: each.description for each in found.permissions}
        if exports.wanted(visit):
            return _as_file(visit, found, names)
        return await show(
            visit,
            "web/roles.html",
            staff_here,
            found=found,
            names=names,
            base=here,
            staff_href=staff_here,
            departments_href=departments_here,
        )

    @get("/roles/new", opt=NEEDS)
    async def new_role(visit: NamedDependency[Visit]) -> Response[Any]:
        return await _form(show, visit, here, staff_here, role_id=str(ids.mint()), fresh=True)

    @get("/roles/{role_id:str}", opt=NEEDS)
    async def role_page(visit: NamedDependency[Visit], role_id: FromPath[str]) -> Response[Any]:
        found = await visit.db.ask(roles_of, *organisation(visit))
        role = found.find(role_id)
        return await _form(
            show, visit, here, staff_here, role_id=role_id, role=role, name=role.name, chosen=role.permissions
        )

    return [role_list, new_role, role_page]


def _as_file(visit: Visit, found: Roles, names: Mapping[str, Text]) -> Response[bytes]:
    rows = [
        (
            role.name,
            role.built_in,
            visit.say(N_(", ")).join(
                names.get(each, Text({"en": each})).in_language(visit.locale) for each in role.permissions
            ),
            role.holders,
        )
        for role in found.roles
    ]
    return exports.sheet(visit, N_("Roles"), (N_("Role"), N_("Built in"), N_("May"), N_("People")), rows)


def _keeping(show: Show, here: str, staff_here: str) -> list[HTTPRouteHandler]:
    @post("/roles/{role_id:str}", opt=NEEDS)
    async def save_role(
        visit: NamedDependency[Visit], request: WebRequest, role_id: FromPath[str]
    ) -> Response[Any] | Redirect:
        """Make the role of this id, or change it."""
        form = await entries_of(request)
        if not form.flag("fresh"):
            (await visit.db.ask(roles_of, *organisation(visit))).find(role_id)
        name, chosen = form.words("name", required=True, most=NAME_CHARACTERS_MAX), form.all("permissions")
        try:
            form.check()
            await visit.db.transact(_save, visit, form, role_id, name, chosen)
        except Invalid as refusal:
            fresh = form.flag("fresh")
            errors = errors_of(visit, refusal.fields)
            return await _form(
                show, visit, here, staff_here, role_id=role_id, name=name, chosen=chosen, errors=errors, fresh=fresh
            )
        return redirect(visit, here, (visit.say(SAVED), "good"))

    @post("/roles/{role_id:str}/remove", opt=NEEDS)
    async def remove_role(visit: NamedDependency[Visit], role_id: FromPath[str]) -> Redirect:
        return await done(
            visit,
            here,
            N_("The role is gone."),
            lambda: visit.db.transact(access.remove_role, visit.actor, role_id),
        )

    return [save_role, remove_role]


def _mark(name: Text, permissions: Sequence[str]) -> str:
    return seen.mark(name, sorted(permissions))


async def _save(tx: Tx, visit: Visit, form: Entries, role_id: str, name: Text, chosen: Sequence[str]) -> None:
    if form.flag("fresh"):
        await access.create_role(tx, visit.actor, str(form.uuid("role_id")), name, chosen)
    else:
        await seen.hold(tx, f"role {role_id}")
        now = (await roles_of(tx, *organisation(visit))).find(role_id)
        seen.compare(form, _mark(now.name, now.permissions), _mark(name, chosen))
        await access.change_role(tx, visit.actor, role_id, name, chosen)


async def _form(
    show: Show,
    visit: Visit,
    here: str,
    staff_here: str,
    *,
    role_id: str,
    role: Role | None = None,
    name: Text | None = None,
    chosen: Sequence[str] = (),
    errors: dict[str, str] | None = None,
    fresh: bool = False,
) -> Response[Any]:
    known = await visit.db.ask(roles_of, *organisation(visit))
    stored = None if fresh else known.find(role_id)
    return await show(
        visit,
        "web/role.html",
        staff_here,
        status=422 if errors else 200,
        role_id=role_id,
        role=role,
        name=name or Text(),
        chosen=set(chosen),
        seen=_mark(stored.name, stored.permissions) if stored else "",
        areas=grouped(known.permissions),
        errors=errors or {},
        fresh=fresh,
        base=here,
        locked=role is not None and role.built_in,
        mine=visit.actor.permissions,
    )
