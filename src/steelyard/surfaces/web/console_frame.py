"""The frame around every page of a console: its navigation, the way that leads here, saved views."""

from collections.abc import Sequence
from typing import Any, Literal

from litestar import Response

from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.surfaces.components.page import Asking, Crumb, Link
from steelyard.surfaces.web.console import Place, navigation
from steelyard.surfaces.web.console_views import query_of, views
from steelyard.surfaces.web.pages import Frame, render
from steelyard.surfaces.web.visit import Visit


async def framed(
    visit: Visit,
    template: str,
    here: str,
    places: Sequence[Place],
    *,
    surface: Literal["merchant", "operator"],
    crumbs: Sequence[tuple[str, str | None]],
    status: int,
    search: str,
    back: str = "",
    asking: Asking | None = None,
    values: dict[str, Any],
) -> Response[str]:
    """A page of the console at `/surface`; `here` is the navigation's entry that it belongs to, `back` where its mark
    leads, if not to the console's first page. A list's page offers to save what it is narrowed down to."""
    home = f"/{surface}"
    is_list = here and visit.connection.url.path.rstrip("/") == here
    frame = Frame(
        surface=surface,
        nav=navigation(visit, places, here),
        breadcrumb=[Crumb(label, href) for label, href in crumbs],
        search=search,
        search_action=f"{home}/find",
        home_href=back or home,
        asking=asking,
        viewer_links=[Link(visit.say(N_("To the storefront")), "/")],
        views=await views(visit, home) if is_list else (),
        views_action=f"{home}/views" if is_list else "",
        views_query=query_of(visit) if is_list else "",
    )
    path = template if "/" in template else f"{surface}/{template}"
    return await render(visit, path, frame, status=status, may=visit.actor.may, money=Money, **values)
