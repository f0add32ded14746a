"""Sharing: every product and shop has a link, a card and a code to scan."""

import re
from xml.etree import ElementTree

from steelyard.surfaces.web.scanning import QUIET_ZONE, qr_svg
from tests.support.browser import Browser
from tests.support.world import World


async def test_a_product_and_a_shop_are_shared_by_link_and_code(guest: Browser, world: World) -> None:
    product_id = world.items["green"].product_id
    page = await guest.get(f"/products/{product_id}/share")
    assert page.status_code == 200
    assert f"/products/{product_id}/" in page.text and "/media/qr.svg?to=/products/" in page.text

    shop = await guest.get("/shops/tea/share")
    assert shop.status_code == 200 and "/media/qr.svg?to=/shops/tea" in shop.text

    assert (await guest.get("/shops/nobody/share")).status_code == 404
    assert (await guest.get("/products/00000000-0000-7000-8000-000000000000/share")).status_code == 404


async def test_codes_lead_to_pages_of_this_house_alone(guest: Browser) -> None:
    drawn = await guest.get("/media/qr.svg?to=/shops/tea")
    assert drawn.status_code == 200 and drawn.headers["content-type"].startswith("image/svg+xml")
    for elsewhere in ("https://elsewhere.example", "//elsewhere.example", "", "/" + "a" * 400, "/\\elsewhere.example"):
        assert (await guest.get("/media/qr.svg", to=elsewhere)).status_code == 404, elsewhere


def test_a_code_has_its_white_edge() -> None:
    drawing = ElementTree.fromstring(qr_svg("http://127.0.0.1/products/1"))  # our own drawing
    side = int(drawing.attrib["viewBox"].split()[2])
    dark = drawing.findall("{http://www.w3.org/2000/svg}path")[1].attrib["d"]
    strokes = [tuple(map(int, re.findall(r"\d+", stroke)))[:3] for stroke in dark.split("M")[1:]]
    covered = {(at, row) for column, row, length in strokes for at in range(column, column + length)}
    assert {column for column, _ in covered} == set(range(QUIET_ZONE, side - QUIET_ZONE))
    assert (QUIET_ZONE, QUIET_ZONE) in covered
