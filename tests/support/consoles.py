"""A marketplace with both consoles, for tests of them: the whole application on a small world."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.kernel.files import Files
from steelyard.kernel.settings import Settings
from tests.support.application import application
from tests.support.browser import BASE, Browser
from tests.support.seeded import SeededServer
from tests.support.world import Person, World, picture, seeded

POOL_SIZE = 4


@pytest.fixture
def database_url(seeded_server: SeededServer) -> Iterator[str]:
    """A database of this test's own, with the small world in it: without it, `world` writes it down for each test anew."""
    with seeded_server.database() as url:
        yield url


@pytest_asyncio.fixture
async def world(db: Database, seeded_server: SeededServer) -> World:
    there: bool = await db.ask(lambda read: read.value("SELECT EXISTS (SELECT FROM merchants)"))
    return seeded_server.world if there else await seeded(db)


@pytest_asyncio.fixture
async def app(db: Database, database_url: str, world: World, tmp_path: Path) -> Litestar:
    settings = Settings(
        home=tmp_path / "home", database_url=database_url, base_url=BASE, pool_size=POOL_SIZE, kept_page_seconds=0
    )
    for slug in world.items:
        Files(settings.home).put(picture(slug), "image/svg+xml")
    return application(settings, db)


async def signed_in(app: Litestar, person: Person, language: str = "en") -> Browser:
    """A browser in which this person has signed in."""
    browser = Browser(app, language)
    answer = await browser.sign_in(person)
    assert answer.status_code == 303, answer.text[:2_000]
    return browser


@pytest_asyncio.fixture
async def owner(app: Litestar, world: World) -> AsyncIterator[Browser]:
    """The owner of the tea shop."""
    browser = await signed_in(app, world.tea.owner)
    yield browser
    await browser.close()


@pytest_asyncio.fixture
async def chief(app: Litestar, world: World) -> AsyncIterator[Browser]:
    """The operator's administrator."""
    browser = await signed_in(app, world.operator)
    yield browser
    await browser.close()
