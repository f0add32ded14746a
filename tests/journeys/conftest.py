"""The house, the browser, and people who open windows in it."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from zlib import crc32

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.journeys.house import House, running
from tests.journeys.variants import EVERY, LANGUAGES, WIDTHS, Variant, chosen
from tests.journeys.visitor import ALIVE, SECONDS_MAX, Visitor
from tests.support.tries import SECOND_TRY
from tools import browser as browsers

expect.set_options(timeout=SECONDS_MAX * 1000)

Visit = Callable[..., Awaitable[Visitor]]
Closely = Callable[[str], bool]


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
        if "windows" in metafunc.fixturenames and not every:
            variants = variants[:1]  # the other one is opened beside it
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
def closely(variant: Variant, request: pytest.FixtureRequest) -> Closely:
    """Whether axe, which takes two thirds of a journey, looks at a page in this variant: of two, each has its half."""
    if request.config.getoption("every_variant") or "windows" in request.fixturenames:
        return lambda _: True
    turn = chosen(request.function.__name__).index(variant)
    return lambda name: crc32(name.encode()) % 2 == turn


@pytest.fixture
async def visit(
    house: House,
    browser: Browser,
    variant: Variant,
    closely: Closely,
    shots: Path | None,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Visit]:
    """`await visit()`: somebody opens a window of the test's variant, or of `seen`. At the end nothing may have gone wrong in
    any."""
    house.limits_forgotten()
    visitors: list[Visitor] = []
    folder = shots and shots / f"{request.node.originalname.removeprefix('test_')[:60]}-{variant}"
    if folder is not None:
        folder.mkdir(exist_ok=True)

    async def opened(
        locale: str | None = None, *, scripts: bool = True, beside: Visitor | None = None, seen: Variant = variant
    ) -> Visitor:
        size, language = WIDTHS[seen.width], locale or seen.language
        context = (
            beside.context
            if beside
            else await browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                locale=LANGUAGES[language],
                java_script_enabled=scripts,
                reduced_motion="reduce",
                color_scheme="dark" if seen.theme == "dark" else "light",
            )
        )
        if scripts and not beside:
            await context.add_init_script(ALIVE)
        page = await context.new_page()
        page.set_default_timeout(SECONDS_MAX * 1000)
        visitors.append(Visitor(context, page, house.url, language, folder, scripts=scripts, closely=closely))
        return visitors[-1]

    yield opened
    for visitor in visitors:
        await visitor.close()


@pytest.fixture
async def windows(visit: Visit, request: pytest.FixtureRequest) -> list[Visitor]:
    """A window of each variant that a walk is made in, whose pages they share; with --every-variant one sees all of them."""
    if request.config.getoption("every_variant"):
        return [await visit()]
    return [await visit(seen=variant) for variant in chosen(request.function.__name__)]
