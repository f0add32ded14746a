"""The house's own pages: the home page and topics, put together of blocks."""

from litestar import get
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations.merchandising.model import HOME, HOUSE
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.composing import Place, composer_pages, topic_page
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit

PERMISSION = "catalog.manage"


def place_of(_: Visit, name: str) -> Place:
    """`home`, or a topic by its address. Raises `NotFound`."""
    if name == HOME:
        return Place(owner_id=HOUSE, page=HOME, here=f"{frame.PAGES}/home", shown_at="/")
    return Place(owner_id=HOUSE, page=topic_page(name), here=f"{frame.PAGES}/{name}", shown_at=f"/topics/{name}")


@get("/pages", opt={"permission": PERMISSION})
async def pages(visit: NamedDependency[Visit]) -> Redirect:
    """The home page; or the topic that is to be begun."""
    wanted = visit.connection.query_params.get("topic", "").strip().lower()
    if not wanted:
        return redirect(visit, f"{frame.PAGES}/home")
    try:
        return redirect(visit, place_of(visit, wanted).here)
    except NotFound:
        message = visit.say(N_("Please use small letters, digits and hyphens"))
        return redirect(visit, f"{frame.PAGES}/home", (message, "bad"))


HANDLERS = [
    pages,
    *composer_pages(frame.show, PERMISSION, place_of, lambda visit: visit.db, "/pages/{name:str}"),
]
