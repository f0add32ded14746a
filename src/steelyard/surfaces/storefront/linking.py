"""Short addresses of campaign links: they lead into the house, saying where they stood."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.errors import NotFound
from steelyard.operations import behaviour
from steelyard.operations.behaviour import LinkClick
from steelyard.surfaces.web import footfall
from steelyard.surfaces.web.pages import local_path
from steelyard.surfaces.web.visit import Visit


@get("/l/{code:str}")
async def followed(visit: NamedDependency[Visit], code: FromPath[str]) -> Redirect:
    """Where the link leads: always a page of ours, whatever else the address says. That it was followed is counted; a page that
    was fetched by a program, or for somebody who asks not to be followed, is not."""
    link = await visit.db.ask(behaviour.link_of, code.replace("\x00", ""))
    if link is None:
        raise NotFound()
    scan = visit.connection.query_params.get("qr") == "1"
    click = LinkClick(merchant_id=link.merchant_id, link_id=link.link_id, at=datetime.now(UTC), scan=scan)
    footfall.follow(visit, click)
    said = {
        "utm_source": link.source,
        "utm_medium": link.medium,
        "utm_campaign": link.campaign,
        "utm_content": link.content,
        "link": link.code,
        "qr": link.code if scan else "",
    }
    query = urlencode({name: value for name, value in said.items() if value})
    answer = Redirect(f"{local_path(link.path, '/')}?{query}", status_code=302)
    answer.headers["cache-control"] = "no-store"
    return answer


HANDLERS = [followed]
