"""Shoppers: people who look around the running shop, search, fill carts, buy or leave, and some of whom come back.

They are a program of their own and know nothing of the house but its pages: they follow links and send forms, as a browser
without JavaScript does, and pay at the simulated cashier. They go nowhere but to this machine.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from html.parser import HTMLParser
from random import Random
from urllib.parse import urlsplit

import httpx
import msgspec

log = logging.getLogger(__name__)

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# So many pages a second all of them together ask for, however many they are.
PAGES_A_SECOND_MAX = 8.0
PAUSE_SECONDS = (1.5, 7.0)
AWAY_SECONDS = (4.0, 30.0)
WAIT_SECONDS = 3.0
SHOPPERS_MAX = 200
# The parts of a hundred: of visitors who search, of those who look at a product and take it, of those who go on to pay,
# of those who pay, and of those who come back as themselves.
SEARCHES, TAKES, CHECKS_OUT, PAYS, RETURNS = 0.4, 0.38, 0.62, 0.88, 0.5
WORDS = (
    "皮鞋",
    "运动鞋",
    "雨伞",
    "茶壶",
    "钢笔",
    "积木",
    "台灯",
    "墨镜",
    "挂锁",
    "剃须刀",
    "backpack",
    "mug",
    "umbrella",
    "loafer",
)
_PLACES = (
    ("浙江省", "温州市", "鹿城区"),
    ("上海市", "上海市", "徐汇区"),
    ("广东省", "深圳市", "南山区"),
    ("四川省", "成都市", "武侯区"),
)
_NAMES = ("林小满", "何星星", "高阿木", "罗豆豆", "梁糖糖", "宋元宝", "唐麦子", "许小舟")
_PRODUCT = re.compile(r"/products/[0-9a-f-]{36}/")


class NotHere(Exception):
    """The shop is not on this machine: shoppers are for a demo, never for somebody's shop."""


class Form(msgspec.Struct):
    """A form of a page with what it holds as it stands."""

    method: str
    action: str
    fields: dict[str, str]


class Page(HTMLParser):
    """What a shopper sees of a page: where its links lead, and its forms."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._open = False
        self._select: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name"), given.get("value") or ""
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        elif tag == "form":
            self.forms.append(Form(given.get("method") or "get", given.get("action") or "", {}))
            self._open = True
        elif not self._open or "form" in given or "disabled" in given:
            return
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or self._select not in self._fields):
            self._fields[self._select] = value
        elif tag in ("input", "textarea") and name:
            picked = given.get("type") not in ("checkbox", "radio") or "checked" in given
            if picked:
                self._fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False
        elif tag == "select":
            self._select = None

    @property
    def _fields(self) -> dict[str, str]:
        return self.forms[-1].fields

    def form(self, begins: str) -> Form | None:
        """The form whose action begins so."""
        return next((form for form in self.forms if urlsplit(form.action).path.startswith(begins)), None)


class Tally(msgspec.Struct):
    """What the shoppers have done so far."""

    visits: int = 0
    pages: int = 0
    carts: int = 0
    purchases: int = 0
    paid: int = 0


class Street:
    """Where all shoppers walk: it lets only so many pages a second through."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        _stays_here(httpx.URL(base_url))
        self.base_url = base_url
        self.tally = Tally()
        self._transport = transport
        self._next = 0.0

    def client(self) -> httpx.AsyncClient:
        """A browser that nobody has used before."""

        async def stays_here(request: httpx.Request) -> None:
            _stays_here(request.url)

        return httpx.AsyncClient(
            base_url=self.base_url,
            follow_redirects=True,
            timeout=20,
            transport=self._transport,
            headers={"accept-language": "zh-CN,zh;q=0.9", "user-agent": "Mozilla/5.0 (simulated shopper; Mobile)"},
            event_hooks={"request": [stays_here]},
        )

    async def turn(self) -> None:
        """Wait until it is somebody's turn."""
        loop = asyncio.get_running_loop()
        at = max(self._next, loop.time())
        self._next = at + 1 / PAGES_A_SECOND_MAX
        await asyncio.sleep(at - loop.time())
        self.tally.pages += 1


def _stays_here(url: httpx.URL) -> None:
    if url.host not in LOOPBACK:
        raise NotHere(url.host)


class Shopper:
    """One of them: `number` is their name, and `chance` what they feel like."""

    def __init__(self, street: Street, number: int, chance: Random) -> None:
        self._street, self._number, self._chance = street, number, chance
        self._client = street.client()
        self._at = httpx.URL(street.base_url)

    async def close(self) -> None:
        await self._client.aclose()

    async def visit(self, pause: Callable[[], float]) -> None:
        """One visit: look around, perhaps take something, perhaps buy it."""
        if self._chance.random() > RETURNS:
            await self._client.aclose()
            self._client = self._street.client()
        self._street.tally.visits += 1
        page = await self._get("/")
        page = await self._look_for_something(page)
        for _ in range(self._chance.randint(1, 4)):
            await asyncio.sleep(pause())
            found = [link for link in page.links if _PRODUCT.match(link)]
            if not found:
                return
            page = await self._get(self._chance.choice(found))
            if self._chance.random() < TAKES and await self._take(page, pause):
                return

    async def _look_for_something(self, page: Page) -> Page:
        if self._chance.random() < SEARCHES:
            return await self._get(f"/search?q={self._chance.choice(WORDS)}")
        categories = [link for link in page.links if link.startswith("/c/")]
        return await self._get(self._chance.choice(categories)) if categories else page

    async def _take(self, page: Page, pause: Callable[[], float]) -> bool:
        """Put what is shown into the cart; whether the visit ends with it."""
        form = page.form("/cart/lines")
        if form is None:
            return False
        self._street.tally.carts += 1
        if self._chance.random() > CHECKS_OUT:
            await self._send(form, {})
            return False
        checkout = await self._send(form, {"then": "checkout"})
        await asyncio.sleep(pause())
        return await self._buy(checkout)

    async def _buy(self, page: Page) -> bool:
        form = page.form("/checkout/")
        if form is None or "email" not in form.fields:
            return False
        region, city, district = _PLACES[self._number % len(_PLACES)]
        said = {
            "email": f"visitor{self._number}@steelyard.test",
            "name": _NAMES[self._number % len(_NAMES)],
            "phone": f"1990001{self._number:04d}",
            "region": region,
            "city": city,
            "district": district,
            "street": f"演示路 {1 + self._number} 号",
            "then": "place",
        }
        cashier = await self._send(form, said)
        self._street.tally.purchases += 1
        pay = cashier.form("/cashier/")
        if pay is None:
            return True
        feels = self._chance.random()
        if feels < PAYS:
            await self._send(pay, {"do": "approve"})
            self._street.tally.paid += 1
        elif feels < PAYS + 0.06:
            await self._send(pay, {"do": "decline"})
        return True

    async def _get(self, link: str) -> Page:
        await self._street.turn()
        return self._seen(await self._client.get(link))

    async def _send(self, form: Form, said: dict[str, str]) -> Page:
        await self._street.turn()
        target = self._at.join(form.action)
        return self._seen(await self._client.post(target, data={**form.fields, **said}))

    def _seen(self, answer: httpx.Response) -> Page:
        self._at = answer.url
        return Page(answer.text)


async def walk(base_url: str, number: int, *, seed: int = 1) -> None:
    """So many shoppers come and go until they are stopped. Raises `NotHere`."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    street = Street(base_url)
    walking = [_come_and_go(street, n, seed) for n in range(min(number, SHOPPERS_MAX))]
    await asyncio.gather(*walking, _tell(street))


async def _come_and_go(street: Street, number: int, seed: int) -> None:
    chance = Random(f"{seed}/pace/{number}")  # noqa: S311  # moods, no secrets
    shopper = Shopper(street, number, Random(f"{seed}/shopper/{number}"))  # noqa: S311  # moods, no secrets
    try:
        while True:
            await asyncio.sleep(chance.uniform(*AWAY_SECONDS))
            try:
                await shopper.visit(lambda: chance.uniform(*PAUSE_SECONDS))
            except httpx.HTTPError as error:
                log.info("the shop does not answer: %s", type(error).__name__)
                await asyncio.sleep(WAIT_SECONDS)
    finally:
        await shopper.close()


async def _tell(street: Street) -> None:
    while True:
        await asyncio.sleep(60)
        tally = street.tally
        log.info(
            "%d visits, %d pages, %d carts, %d purchases, %d paid",
            tally.visits, tally.pages, tally.carts, tally.purchases, tally.paid,
        )  # fmt: skip
