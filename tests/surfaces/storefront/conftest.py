"""A storefront with a small world in it, its payment channel simulated in this process."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.kernel.files import Files
from steelyard.kernel.settings import Settings
from steelyard.money.payments import gateways
from steelyard.money.payments.gateways.simpay import Simpay
from steelyard.simulators import payments as simulated_payments
from tests.simulators.world import Simulated, settings_in, simulate
from tests.support.application import application
from tests.support.browser import BASE, Browser
from tests.support.consoles import database_url, world
from tests.support.world import World, picture

__all__ = ["database_url", "world"]

KEY, SECRET = "sim-key", "sim-secret"


@pytest.fixture
async def channel(tmp_path: Path) -> AsyncIterator[Simulated]:
    """The payment channel; its cashier is `channel.browser`. Webhooks go nowhere: the shop has to ask."""
    simulated = simulate(simulated_payments, settings_in(tmp_path / "sim", api_key=KEY))
    # Its clock is ours, so that what we instruct has not expired there.
    simulated.clock.at = time.time()
    yield simulated
    await simulated.close()


@pytest.fixture
async def app(
    db: Database, database_url: str, world: World, channel: Simulated, tmp_path: Path
) -> AsyncIterator[Litestar]:
    settings = Settings(
        home=tmp_path / "home",
        database_url=database_url,
        base_url=BASE,
        simpay_url="http://simulated.test",
        pool_size=4,
        kept_page_seconds=0,
    )
    gateways._offered[settings] = {"simpay": Simpay("http://simulated.test", KEY, SECRET, client=channel.http)}
    for slug in world.items:
        Files(settings.home).put(picture(slug), "image/svg+xml")
    yield application(settings, db)
    del gateways._offered[settings]


@pytest.fixture
async def guest(app: Litestar) -> AsyncIterator[Browser]:
    browser = Browser(app)
    yield browser
    await browser.close()


@pytest.fixture
async def other(app: Litestar) -> AsyncIterator[Browser]:
    browser = Browser(app)
    yield browser
    await browser.close()


@pytest.fixture
async def buyer(app: Litestar, world: World) -> AsyncIterator[Browser]:
    browser = Browser(app)
    answer = await browser.sign_in(world.buyer)
    assert answer.status_code == 303, answer.text
    yield browser
    await browser.close()
