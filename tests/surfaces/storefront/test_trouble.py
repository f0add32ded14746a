"""What people are told when something is wrong that is none of their business."""

import asyncpg
import pytest
from litestar import Litestar

from tests.support.browser import Browser, words


class _Away:
    """A database that does not answer."""

    def __init__(self) -> None:
        self.batchers: dict[object, object] = {}

    async def ask(self, *_: object) -> None:
        raise asyncpg.CannotConnectNowError("the database system is starting up")

    transact = ask


@pytest.mark.parametrize("path", ["/", "/cart", "/search?q=tea", "/find-order"])
async def test_while_the_database_is_away_everybody_is_asked_to_come_back(
    guest: Browser, app: Litestar, path: str
) -> None:
    app.state.db = _Away()

    answer = await guest.get(path)

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "We cannot answer at the moment" in words(answer)
    assert answer.headers["content-type"].startswith("text/html")


async def test_programs_are_told_the_same(guest: Browser, app: Litestar) -> None:
    app.state.db = _Away()

    answer = await guest.http.get("/api/v1/orders", headers={"authorization": "Bearer sk_something"})

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_a_page_that_was_open_too_long_says_so(guest: Browser) -> None:
    answer = await guest.http.post("/cart/clear-invalid", data={"_csrf_token": "old"}, headers={"accept": "text/html"})

    assert answer.status_code == 403
    assert "This page has been open for too long" in words(answer)
