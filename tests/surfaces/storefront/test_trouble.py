"""What people are told when something is wrong that is none of their business."""

import asyncpg
import pytest
from jinja2 import TemplateNotFound
from litestar import Litestar

from tests.support.browser import Browser, words


class _Broken:
    """A database that answers, and a page that is broken."""

    def __init__(self, error: Exception) -> None:
        self.batchers: dict[object, object] = {}
        self._error = error

    async def ask(self, *_: object) -> None:
        raise self._error

    transact = ask


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


@pytest.mark.parametrize(
    "error", [TemplateNotFound("cart.html"), FileNotFoundError(2, "No such file or directory", "/files/paper.pdf")]
)
async def test_a_page_or_a_file_that_is_not_there_is_our_fault_and_no_database_that_is_away(
    guest: Browser, app: Litestar, error: Exception
) -> None:
    app.state.db = _Broken(error)

    answer = await guest.get("/cart")

    assert answer.status_code == 500
    assert "retry-after" not in answer.headers


async def test_programs_are_told_the_same(guest: Browser, app: Litestar) -> None:
    app.state.db = _Away()

    answer = await guest.http.get("/api/v1/orders", headers={"authorization": "Bearer sk_something"})

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_a_page_that_was_open_too_long_says_so(guest: Browser) -> None:
    answer = await guest.http.post("/cart/clear-invalid", data={"_csrf_token": "old"}, headers={"accept": "text/html"})

    assert answer.status_code == 403
    assert "This page has been open for too long" in words(answer)
