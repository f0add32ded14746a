"""A browser without a screen: keeps cookies, sends forms with their token, follows no redirect by itself."""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx
from litestar import Litestar

from steelyard.surfaces.web.security import CSRF_COOKIE
from tests.support.world import PASSWORD, Person

BASE = "http://shop.test"
Fields = dict[str, str] | Sequence[tuple[str, str]]


class Browser:
    """One visitor of an application under test."""

    def __init__(self, app: Litestar, language: str = "en") -> None:
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url=BASE,
            headers={"accept": "text/html", "accept-language": language},
        )

    async def get(self, path: str, **params: str) -> httpx.Response:
        return await self.http.get(path, params=params or None)

    async def post(
        self, path: str, fields: Mapping[str, str | list[str]] | None = None, *, token: bool = True
    ) -> httpx.Response:
        """Send a form, with the token that a page would have put into it."""
        if CSRF_COOKIE not in self.http.cookies:
            await self.get("/sign-in")
        given = {"_csrf_token": self.http.cookies[CSRF_COOKIE]} if token else {}
        return await self.http.post(path, data={**given, **(fields or {})})

    async def upload(
        self, path: str, fields: Mapping[str, str | list[str]], files: Mapping[str, tuple[str, bytes]]
    ) -> httpx.Response:
        """Send a form with files."""
        if CSRF_COOKIE not in self.http.cookies:
            await self.get("/sign-in")
        given = {"_csrf_token": self.http.cookies[CSRF_COOKIE], **fields}
        return await self.http.post(path, data=given, files=dict(files))

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        """Where a redirect (303) leads."""
        assert answer.status_code == 303, (answer.status_code, answer.text[:2_000])
        return await self.get(answer.headers["location"].removeprefix(BASE))

    async def sign_in(self, person: Person, password: str = PASSWORD) -> httpx.Response:
        return await self.post("/sign-in", {"email": person.email, "password": password})

    async def close(self) -> None:
        await self.http.aclose()


@asynccontextmanager
async def browsing(app: Litestar, language: str = "en") -> AsyncGenerator[Browser]:
    """A browser for the length of a block."""
    browser = Browser(app, language)
    try:
        yield browser
    finally:
        await browser.close()


def words(page: httpx.Response) -> str:
    """What a page says, without its tags."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page.text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def hidden(page: httpx.Response, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page.text)
    assert found is not None, f"no field {name}"
    return found[1]
