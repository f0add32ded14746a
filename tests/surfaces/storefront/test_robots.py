"""What robots are told, and how answers travel."""

import gzip
import re
from xml.etree import ElementTree as Xml

import httpx
import msgspec
import pytest
from litestar import Litestar

from steelyard.surfaces.web import compression
from tests.support.browser import BASE, Browser
from tests.support.world import World

SPACE = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def structured(page: httpx.Response) -> dict[str, dict[str, object]]:
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.DOTALL)
    return {each["@type"]: each for each in map(msgspec.json.decode, found)}


async def test_each_language_of_a_page_has_an_address_of_its_own(guest: Browser) -> None:
    page = await guest.get("/c/tea", lang="zh-Hans")
    assert 'lang="zh-Hans"' in page.text
    assert f'<link rel="canonical" href="{BASE}/c/tea?lang=zh-Hans">' in page.text
    assert f'hreflang="en" href="{BASE}/c/tea?lang=en"' in page.text
    assert f'hreflang="x-default" href="{BASE}/c/tea"' in page.text
    assert 'lang="en"' in (await guest.get("/c/tea")).text, "it is said for this address alone"
    assert (await guest.get("/c/tea", lang="xx")).status_code == 200


@pytest.mark.parametrize("path", ["/c/tea?sort=price_up", "/c/tea?stock=1", "/search?q=tea", "/shops/tea?q=x", "/cart"])
async def test_filtered_lists_and_what_is_ones_own_are_not_listed(guest: Browser, path: str) -> None:
    assert '<meta name="robots" content="noindex, follow">' in (await guest.get(path)).text


@pytest.mark.parametrize("path", ["/", "/c/tea", "/shops/tea", "/categories"])
async def test_pages_for_everybody_are_listed(guest: Browser, path: str) -> None:
    page = await guest.get(path)
    assert 'name="robots"' not in page.text
    assert 'property="og:title"' in page.text


async def test_a_product_says_what_it_is_and_costs_in_structured_data(guest: Browser, world: World) -> None:
    green = world.items["green"]
    data = structured(await guest.get(f"/products/{green.product_id}"))
    product = data["Product"]
    assert product["name"] == "Longjing green tea"
    offers = product["offers"]
    assert isinstance(offers, list) and {each["price"] for each in offers} == {
        f"{amount / 100:.2f}" for amount in green.amounts
    }
    assert {each["availability"] for each in offers} == {"https://schema.org/InStock"}
    crumbs = data["BreadcrumbList"]["itemListElement"]
    assert isinstance(crumbs, list)
    assert [each["name"] for each in crumbs] == ["Home", "Food", "Tea", "Longjing green tea"]


async def test_sitemaps_name_everything_that_is_for_sale(guest: Browser, world: World) -> None:
    robots = (await guest.get("/robots.txt")).text
    assert f"Sitemap: {BASE}/sitemap.xml" in robots and "Disallow: /cart" in robots
    index = Xml.fromstring((await guest.get("/sitemap.xml")).text)
    files = [each.text or "" for each in index.findall("s:sitemap/s:loc", SPACE)]
    named: set[str] = set()
    for file in files:
        answer = await guest.get(file.removeprefix(BASE))
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/xml")
        named |= {each.text or "" for each in Xml.fromstring(answer.text).findall("s:url/s:loc", SPACE)}
    assert f"{BASE}/c/tea" in named and f"{BASE}/shops/tools" in named
    assert {f"{BASE}/products/{item.product_id}/{item.slug}" for item in world.items.values()} <= named
    for odd in ("/sitemaps/nothing.xml", "/sitemaps/products-x-y.xml", "/sitemaps/..%2Fx"):
        assert (await guest.get(odd)).status_code == 404


async def test_answers_travel_compressed_and_tell_nothing_by_their_length(app: Litestar, guest: Browser) -> None:
    page = await guest.http.get("/c/tea", headers={"accept-encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip" and "Accept-Encoding" in page.headers["vary"]
    assert "</html>" in page.text
    plain = await guest.http.get("/c/tea", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert int(page.headers["content-length"]) < len(plain.content) / 2
    body = b"the same words " * 200
    lengths = {len(compression.squeeze(body)) for _ in range(200)}
    assert len(lengths) > 40, "the same answer has many lengths"
    assert gzip.decompress(compression.squeeze(body)) == body


async def test_words_that_a_product_was_called_by_before_lead_to_it(guest: Browser, world: World) -> None:
    green = world.items["green"]
    old = await guest.get(f"/products/{green.product_id}/an-older-name?o0=1")
    assert (old.status_code, old.headers["location"]) == (301, f"/products/{green.product_id}/green?o0=1")
    assert (await guest.get(f"/products/{green.product_id}/green")).status_code == 200
