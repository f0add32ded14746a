"""The house, the browser, and people who open windows in it."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.journeys.house import House, running
from tests.journeys.variants import EVERY, LANGUAGES, WIDTHS, Variant, chosen
from tests.journeys.visitor import ALIVE, SECONDS_MAX, Visitor
from tests.support.tries import SECOND_TRY
from tools import browser as browsers

expect.set_options(timeout=SECONDS_MAX * 1000)

Visit = Callable[..., Awaitable[Visitor]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.journey)
            item.add_marker(SECOND_TRY)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each journey is made in two variants that differ in everything; with --every-variant in all of them."""
    if "variant" in metafunc.fixturenames:
        every = metafunc.config.getoption("every_variant")
        variants = EVERY if every else chosen(metafunc.function.__name__)
        metafunc.parametrize("variant", variants, ids=str)


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    with running() as house:
        yield house


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    path = browsers.find()
    if path is None:
        pytest.fail(browsers.HOW_TO_GET_ONE)
    async with async_playwright() as playwright:
        open_browser = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
        )
        yield open_browser
        await open_browser.close()


@pytest.fixture
def width(variant: Variant) -> str:
    """phone or desk."""
    return variant.width


@pytest.fixture(scope="session")
def shots() -> Path | None:
    """Where the pictures go: STEELYARD_SHOTS. Without it none are taken."""
    wanted = os.environ.get("STEELYARD_SHOTS")
    if not wanted:
        return None
    folder = Path(wanted)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
async def visit(
    house: House, browser: Browser, variant: Variant, shots: Path | None, request: pytest.FixtureRequest
) -> AsyncIterator[Visit]:
    """`await visit()`: somebody opens a window of the test's variant. At the end nothing may have gone wrong in any."""
    house.limits_forgotten()
    visitors: list[Visitor] = []
    folder = shots and shots / f"{request.node.originalname.removeprefix('test_')[:60]}-{variant}"
    if folder is not None:
        folder.mkdir(exist_ok=True)

    async def opened(locale: str = variant.language, *, scripts: bool = True, beside: Visitor | None = None) -> Visitor:
        size = WIDTHS[variant.width]
        context = (
            beside.context
            if beside
            else await browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                locale=LANGUAGES[locale],
                java_script_enabled=scripts,
                reduced_motion="reduce",
                color_scheme="dark" if variant.theme == "dark" else "light",
            )
        )
        if scripts and not beside:
            await context.add_init_script(ALIVE)
        page = await context.new_page()
        page.set_default_timeout(SECONDS_MAX * 1000)
        visitors.append(Visitor(context, page, house.url, locale, folder, scripts=scripts))
        return visitors[-1]

    yield opened
    for visitor in visitors:
        await visitor.close()
