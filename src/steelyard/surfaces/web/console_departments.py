"""The pages of both consoles about departments: the parts of a staff, who leads them, and who is in them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, Department, DepartmentId
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import SAVED, done, errors_of
from steelyard.surfaces.web.console_staff import NEEDS, Show, organisation
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest


def department_pages(show: Show, here: str, staff_here: str, roles_here: str) -> list[HTTPRouteHandler]:
    """List, make, change, remove; put somebody into one. `here` is the page's address, the others are those beside it."""
    return [*_keeping(show, here, staff_here, roles_here), *_changing(here, staff_here)]


def _keeping(show: Show, here: str, staff_here: str, roles_here: str) -> list[HTTPRouteHandler]:
    async def page(visit: Visit, typed: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
        found = await visit.db.ask(access.departments, *organisation(visit))
        return await show(
            visit,
            "web/departments.html",
            staff_here,
            status=422 if errors else 200,
            found=found,
            members=await visit.db.ask(access.staff, organisation(visit)[1]),
            department_id=ids.mint(),
            typed=typed,
            errors=errors or {},
            base=here,
            staff_href=staff_here,
            roles_href=roles_here,
        )

    @get("/departments", opt=NEEDS)
    async def department_list(visit: NamedDependency[Visit]) -> Response[Any]:
        if exports.wanted(visit):
            return _as_file(visit, await visit.db.ask(access.departments, *organisation(visit)))
        return await page(visit)

    @post("/departments", opt=NEEDS)
    async def make_department(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
        form = await entries_of(request)
        try:
            await visit.db.transact(_create, visit, form)
        except Invalid as refusal:
            return await page(visit, form, errors_of(visit, refusal.fields))
        return redirect(visit, here, (visit.say(SAVED), "good"))

    return [department_list, make_department]


async def _create(tx: Tx, visit: Visit, form: Entries) -> None:
    department_id, name = DepartmentId(form.uuid("department_id")), form.text("name", required=True)
    form.check()
    await access.create_department(tx, visit.actor, department_id, name)


def _changing(here: str, staff_here: str) -> list[HTTPRouteHandler]:
    @post("/departments/{department_id:uuid}", opt=NEEDS)
    async def change(visit: NamedDependency[Visit], request: WebRequest, department_id: FromPath[UUID]) -> Redirect:
        form = await entries_of(request)
        head = AccountId(form.uuid("head")) if form.text("head") else None
        form.check()
        name = form.text("name")
        return await done(
            visit,
            here,
            SAVED,
            lambda: visit.db.transact(access.change_department, visit.actor, DepartmentId(department_id), name, head),
        )

    @post("/departments/{department_id:uuid}/remove", opt=NEEDS)
    async def remove(visit: NamedDependency[Visit], department_id: FromPath[UUID]) -> Redirect:
        return await done(
            visit,
            here,
            N_("The department is gone; its people stay."),
            lambda: visit.db.transact(access.remove_department, visit.actor, DepartmentId(department_id)),
        )

    @post("/staff/{account_id:uuid}/department", opt=NEEDS)
    async def put(visit: NamedDependency[Visit], request: WebRequest, account_id: FromPath[UUID]) -> Redirect:
        form = await entries_of(request)
        into = DepartmentId(form.uuid("department")) if form.text("department") else None
        form.check()
        return await done(
            visit,
            staff_here,
            SAVED,
            lambda: visit.db.transact(access.set_department, visit.actor, AccountId(account_id), into),
        )

    return [change, remove, put]


def _as_file(visit: Visit, found: Sequence[Department]) -> Response[bytes]:
    rows = [(each.name, each.head, each.people) for each in found]
    return exports.sheet(visit, N_("Departments"), (N_("Department"), N_("Head"), N_("People")), rows)
