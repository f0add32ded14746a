"""Saved views of a console's lists: saved from the list, shown as chips above it, removed where they are shown."""

from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access import ViewId
from steelyard.surfaces.components.page import Flash, Undo, View
from steelyard.surfaces.web.console import told
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.guards import ANY_STAFF
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": ANY_STAFF}
# Where in a list one is, and as what it is asked for, is no part of a view.
LEFT_OUT = {"cursor", "format"}


def query_of(visit: Visit) -> str:
    """What the list is filtered by, as a view would keep it."""
    asked = [(name, value) for name, value in parse_qsl(visit.connection.url.query) if name not in LEFT_OUT and value]
    return urlencode(asked)


async def views(visit: Visit, home: str) -> list[View]:
    """The views of the list that is asked for."""
    path, now = visit.connection.url.path, query_of(visit)
    found = await visit.db.ask(access.views_of, visit.actor, path)
    me = visit.account.account_id if visit.account else None
    return [
        View(
            view.name,
            f"{path}?{view.query}" if view.query else path,
            view.query == now,
            f"{home}/views/{view.view_id}/remove" if view.account_id == me else "",
        )
        for view in found
    ]


def view_pages(home: str) -> list[HTTPRouteHandler]:
    """Save and remove. They are everybody's own, so there is nothing to permit and nothing for the audit log."""

    @post("/views", opt=NEEDS)
    async def save_view(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
        form = await entries_of(request)
        path, query = local_path(form.text("path"), home), form.text("query")
        back = f"{path}?{query}" if query else path
        try:
            await visit.db.transact(
                access.save_view,
                visit.actor,
                view_id=ViewId(form.uuid("view_id")),
                path=path,
                query=query,
                name=form.text("name"),
                shared=form.flag("shared"),
            )
        except Refusal as refusal:
            return redirect(visit, back, (told(visit, refusal), "bad"))
        return redirect(visit, back, (visit.say(N_("The view is saved.")), "good"))

    @post("/views/{view_id:uuid}/remove", opt=NEEDS)
    async def remove_view(visit: NamedDependency[Visit], view_id: FromPath[UUID]) -> Redirect:
        removed = await visit.db.transact(access.remove_view, visit.actor, ViewId(view_id))
        fields = {
            "path": removed.path,
            "query": removed.query,
            "name": removed.name,
            "shared": "yes" if removed.shared else "",
        }
        message = visit.say(N_("The view “{name}” is removed."), name=removed.name)
        return redirect(visit, removed.path, Flash(message, undo=Undo(visit.say(N_("Undo")), f"{home}/views", fields)))

    return [save_view, remove_view]
