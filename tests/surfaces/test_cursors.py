"""A list's page under a cursor that we never wrote: people are led to the first page, in all three surfaces."""

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from steelyard.surfaces.web.problems import FOR_PROGRAMS
from tests.support.browser import browsing
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.world import World

__all__ = ["app", "database_url", "world"]

NONSENSE = "cursor=nonsense&after=nonsense"
CURSORS_OF_OTHER_LISTS = "cursor=WzEsMiwzXQ&after=WyJhIl0"


def pages(app: Litestar, prefix: str) -> list[str]:
    """The addresses of a surface that name nothing."""
    return [
        route.path
        for route in app.routes
        if isinstance(route, HTTPRoute)
        and any("GET" in handler.http_methods for handler in route.route_handlers)
        and "{" not in route.path
        and not route.path.startswith(FOR_PROGRAMS)
        and (route.path.startswith(prefix) if prefix else not route.path.startswith(("/merchant", "/operator")))
    ]


@pytest.mark.parametrize("question", [NONSENSE, CURSORS_OF_OTHER_LISTS])
@pytest.mark.parametrize("prefix", ["", "/merchant", "/operator"])
async def test_nonsense_in_place_of_a_cursor_does_no_harm_on_any_page(
    app: Litestar, world: World, prefix: str, question: str
) -> None:
    person = {"": world.buyer, "/merchant": world.tea.owner, "/operator": world.operator}[prefix]
    browser = await signed_in(app, person)

    led, wrong = 0, list[str]()
    for path in pages(app, prefix):
        usual, odd = await browser.get(path), await browser.get(f"{path}?{question}")
        if odd.status_code == 303 and usual.status_code == 200:
            led += 1
            if odd.headers["location"].removeprefix("http://shop.test") != path:
                wrong.append(f"{path} leads to {odd.headers['location']}")
        elif odd.status_code != usual.status_code:
            wrong.append(f"{path}: {odd.status_code} in place of {usual.status_code}")
    await browser.close()

    assert not wrong
    assert led > 3, "the lists of this surface were among them"


async def test_the_rest_of_what_was_asked_is_kept(app: Litestar, world: World) -> None:
    async with browsing(app) as guest:
        answer = await guest.get("/orders?state=to-pay&after=nonsense&q=%E9%9E%8B")
        to_a_program = await guest.http.get("/orders?after=nonsense", headers={"accept": "application/json"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/orders?state=to-pay&q=%E9%9E%8B")
    assert to_a_program.status_code == 422
