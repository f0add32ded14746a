"""Every page of the house is opened by somebody: from where they begin, by the links they see, each kind of page once.

Whatever the page, it is accessible, no wider than the window, and nothing on it fails. A page that nobody can reach by a link,
or that the demo has nothing to show on, is named below with its reason; any other makes these tests fail.

Two people walk together, in two variants that differ in everything, and share the pages between them.
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit
from zlib import crc32

import msgspec
import pytest
from litestar.routes import HTTPRoute

from steelyard.app import create_app
from steelyard.kernel.settings import Settings
from steelyard.surfaces.web.problems import FOR_PROGRAMS
from tests.journeys import steps
from tests.journeys.house import House
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.timeout(1_800)

PAGES_PER_WALK_MAX = 250
CONSOLES = ("/merchant", "/operator")
# What is no page: files, pictures, answers for scripts and programs.
NO_PAGE = re.compile(
    r"^/(assets|media|health|api|ucp|\.well-known|sitemap|robots|language|theme|regions?)\b|/papers/|/content$|/trailer/|\.(csv|pdf|xml|txt|json|zip|xlsx|png)$"
)
_PARAMETER = re.compile(r"\{(\w+):(\w+)\}")
_KINDS = {"uuid": r"[0-9a-f-]{36}", "int": r"\d+", "str": r"[^/]+", "path": r".+"}
_LINKS = """
() => [...document.querySelectorAll('a[href]')]
    .filter(link => !link.hasAttribute('download') && link.origin === location.origin && link.protocol.startsWith('http'))
    .map(link => link.pathname + link.search)
"""


class Map(msgspec.Struct, frozen=True):
    """The addresses of the house: which kind of page an address is of."""

    kinds: dict[str, re.Pattern[str]]

    @classmethod
    def of_the_house(cls, home: Path) -> "Map":
        kinds: dict[str, re.Pattern[str]] = {}
        for route in create_app(Settings(home=home, database_url="postgresql://nowhere")).routes:
            if isinstance(route, HTTPRoute) and "GET" in route.methods and not _is_no_page(route.path):
                kinds[route.path] = re.compile(_PARAMETER.sub(lambda p: _KINDS[p[2]], route.path))
        return cls(kinds)

    def kind(self, path: str) -> str | None:
        """The route with the fewest parameters that the path is of."""
        fitting = [kind for kind, pattern in self.kinds.items() if pattern.fullmatch(path)]
        return min(fitting, key=lambda kind: kind.count("{"), default=None)


def _is_no_page(path: str) -> bool:
    return bool(NO_PAGE.search(path)) or path.startswith(FOR_PROGRAMS)


@pytest.fixture(scope="session")
def house_map(tmp_path_factory: pytest.TempPathFactory) -> Map:
    return Map.of_the_house(tmp_path_factory.mktemp("map"))


async def walk(windows: Sequence[Visitor], house_map: Map, starts: Iterable[str], within: tuple[str, ...]) -> set[str]:
    """Open one page of each kind that can be reached from `starts`, by links to addresses under one of `within`, each in one
    of the windows; returns the kinds that were opened. All that is wrong is told at the end."""
    waiting, opened, wrong = deque(starts), set[str](), list[str]()
    while waiting:
        address = waiting.popleft()
        path = urlsplit(address).path
        kind = house_map.kind(path)
        if kind is None or kind in opened or not path.startswith(within) or _is_no_page(path):
            continue
        opened.add(kind)
        assert len(opened) <= PAGES_PER_WALK_MAX, sorted(opened)
        visitor = windows[crc32(kind.encode()) % len(windows)]
        await visitor.goto(address)
        try:
            await visitor.look(_name(kind))
        except AssertionError as found:
            wrong.append(str(found))  # the others are looked at all the same
        waiting.extend(await visitor.page.evaluate(_LINKS))
    assert not wrong, "\n".join(wrong)
    return opened


def _name(kind: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", _PARAMETER.sub(r"\1", kind).lower()).strip("-") or "home"


def not_reached(house_map: Map, opened: set[str], prefix: str) -> list[str]:
    return sorted(kind for kind in house_map.kinds if (kind + "/").startswith(prefix + "/") and kind not in opened)


# Pages without a link to them in the demo, or that a link is used up by, and why.
LED_TO_BY_MAIL = {"/password/{token:str}", "/invitation/{token:str}", "/account/email/{token:str}"} | {
    "/m/p/{token:str}"
}


async def test_every_page_of_the_storefront_for_a_guest(windows: list[Visitor], house_map: Map) -> None:
    for guest in windows:
        await steps.choose(guest, "zoufang")
    opened = await walk(windows, house_map, ["/", "/cart", "/categories", "/sign-in", "/find-order"], ("/",))
    assert {"/", "/c/{slug:str}", "/search", "/cart", "/categories", "/sign-in", "/register", "/forgot"} <= opened
    assert {"/live", "/live/{slug:str}", "/live/{slug:str}/goods", "/live/{slug:str}/share"} <= opened
    replay = "/live/{slug:str}/replay/{replay_id:uuid}"
    assert {"/live/{slug:str}/replays", replay, f"{replay}/chapters/{{chapter:int}}"} <= opened


async def test_every_page_of_the_storefront_for_a_buyer(house: House, windows: list[Visitor], house_map: Map) -> None:
    for buyer in windows:
        await steps.sign_in(buyer, house, "buyer@steelyard.test", to="/account")
    opened = await walk(windows, house_map, ["/account", "/orders", "/"], ("/",))
    missing = [
        kind
        for kind in house_map.kinds
        if kind.startswith(("/account", "/orders", "/purchases")) and kind not in opened
    ]
    assert set(missing) <= LED_TO_BY_MAIL | NOT_SHOWN_TO_A_BUYER, missing


async def test_every_page_of_the_merchant_console(house: House, windows: list[Visitor], house_map: Map) -> None:
    for merchant in windows:
        await steps.sign_in(merchant, house, "merchant@steelyard.test", to="/merchant")
    opened = await walk(windows, house_map, ["/merchant"], ("/merchant",))
    assert set(not_reached(house_map, opened, "/merchant")) <= NOT_SHOWN_TO_A_MERCHANT


async def test_every_page_of_the_operator_console(house: House, windows: list[Visitor], house_map: Map) -> None:
    for operator in windows:
        await steps.sign_in(operator, house, "operator@steelyard.test", to="/operator")
    opened = await walk(windows, house_map, ["/operator"], ("/operator",))
    assert set(not_reached(house_map, opened, "/operator")) <= NOT_SHOWN_TO_AN_OPERATOR


NOT_SHOWN_TO_A_BUYER = {
    "/purchases/{code:str}/return",  # where the cashier sends back to: see the deal
    "/purchases/{code:str}/paid",  # the part of the cashier's page that watches for the payment
    "/purchases/{code:str}/wechat",  # where WeChat's own browser comes back to
    "/account/gift-cards/{sale_id:uuid}/wechat",  # likewise
    "/orders/{code:str}/invoice/{invoice_id:uuid}",  # a file
    "/account/privacy/exports/{export_id:uuid}",  # a file
    "/orders/{code:str}/address",  # not of the order that the walk comes by first: see the buyer's journeys
    "/orders/{code:str}/after-sales",  # likewise
}
# Files, and pages that one comes to by doing something: journeys of their own look at these.
NOT_SHOWN_TO_A_MERCHANT: set[str] = {
    "/merchant/analysis",  # leads on to the first of them
    "/merchant/invoices/{invoice_id:uuid}/file",
    "/merchant/money/expected",
    "/merchant/products/export",
    "/merchant/products/template",
    "/merchant/products/{product_id:uuid}/attributes",
    "/merchant/orders/ship/done",
    "/merchant/products/imports/{change_id:uuid}",
    "/merchant/promotions/{promotion_id:uuid}/edit",  # only of one that has not begun
    "/merchant/journeys/{journey_id:uuid}/boxes/{box:str}/condition",  # of a branch only: see the journey that is drawn
    "/merchant/segments/{segment_id:uuid}/edit",  # not of those that levels keep, and the walk comes by one of these
    "/merchant/decoration/{name:str}/goods",  # what the picker of goods asks: an answer for its script
    # Of a session on air only, and the walk comes by one that is still planned: see the journey of the live room.
    "/merchant/live/{session_id:uuid}/desk/draw",
    "/merchant/live/{session_id:uuid}/desk/drop",
    "/merchant/live/{session_id:uuid}/desk/price/{product_id:uuid}",
}
# It leads on to the home page's, or to the topic that it is asked for.
# What the picker of goods asks is an answer for its script. One kind of figures is opened, and only those by channel lead to
# refunds.
NOT_SHOWN_TO_AN_OPERATOR = {
    "/operator/analysis",  # leads on to the first of them
    "/operator/lifecycle/shops",  # leads on to the shop that its form asks for
    "/operator/pages",
    "/operator/pages/{name:str}/goods",
    "/operator/segments/{segment_id:uuid}/edit",  # not of those that levels keep, and the walk comes by one of these
    "/operator/surveys/interviews/{list_id:uuid}",  # the demo's list of people is a shop's
    "/operator/figures/refunds",
    "/operator/promotions/{promotion_id:uuid}/edit",  # only of one that has not begun
    "/operator/settlement/hosts/{merchant_id:uuid}/{payee_id:uuid}",  # only when a host is owed something
}
