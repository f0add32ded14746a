"""Posters: what is public as a picture with a code, the price that it has for everybody, and nothing that is not for sale."""

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from steelyard.goods import catalog, search
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.limits import Limit
from steelyard.surfaces.web import lettering, posters
from steelyard.surfaces.web.lettering import Faces
from steelyard.surfaces.web.posters import Poster, drawn, forget_oldest
from steelyard.surfaces.web.scanning import QUIET_ZONE, qr_modules
from tests.support.browser import Browser
from tests.support.world import World

LETTERS = lettering.faces(Path("/nowhere"))
needs_letters = pytest.mark.skipif(LETTERS is None, reason="this machine has no font with Chinese")


def code_on(png: bytes, address: str) -> bool:
    """Whether a code with this address stands on the poster, module by module, white around it."""
    poster = Image.open(BytesIO(png)).convert("L")
    rows = qr_modules(address)
    side = len(rows) + 2 * QUIET_ZONE
    scale = max(3, posters.CODE // side)
    wide = side * scale
    left, top = poster.width - posters.EDGE - wide, poster.height - posters.EDGE - posters.CODE
    top += (posters.CODE - wide) // 2
    found = poster.crop((left, top, left + wide, top + wide)).resize((side, side), Image.Resampling.BOX)
    shades = found.tobytes()
    dark = [[shades[row * side + column] < 128 for column in range(side)] for row in range(side)]
    inner = [row[QUIET_ZONE:-QUIET_ZONE] for row in dark[QUIET_ZONE:-QUIET_ZONE]]
    return inner == [list(row) for row in rows] and sum(map(sum, dark)) == sum(map(sum, inner))


def watched(monkeypatch: pytest.MonkeyPatch) -> list[Poster]:
    """What is drawn from now on."""
    made: list[Poster] = []

    def noted(poster: Poster, known: Faces, picture: bytes | None) -> bytes:
        made.append(poster)
        return drawn(poster, known, picture)

    monkeypatch.setattr(posters, "drawn", noted)
    return made


def no_letters(_asked: object) -> None:
    """A machine without a font that has Chinese."""


@needs_letters
async def test_a_poster_says_what_everybody_is_asked_and_leads_back_to_where_it_is_counted(
    guest: Browser, world: World, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = watched(monkeypatch)
    green = world.items["green"]
    here = f"/products/{green.product_id}"

    poster = await guest.get(f"{here}/poster.png")
    again = await guest.get(f"{here}/poster.png")
    chinese = await guest.get(f"{here}/poster.png", lang="zh-Hans", by="shop")
    shop = await guest.get("/shops/tea/poster.png")

    assert (poster.status_code, poster.headers["content-type"]) == (200, "image/png")
    assert code_on(poster.content, f"http://shop.test{here}?qr=poster")
    assert code_on(chinese.content, f"http://shop.test{here}?qr=shop-poster")
    assert not code_on(poster.content, f"http://shop.test{here}?qr=shop-poster")
    assert code_on(shop.content, "http://shop.test/shops/tea?qr=poster")
    assert again.content == poster.content and len(made) == 3
    hit = (await db.ask(search.cards, [(world.tea.merchant_id, green.product_id)]))[0]
    assert hit.price_to > hit.price
    assert made[0].price == f"CN¥{hit.price / 100:.2f} and up" and made[1].price == f"¥{hit.price / 100:.2f} 起"
    assert (made[0].title, made[1].title) == ("Longjing green tea", "龙井绿茶")
    unchanged = await guest.http.get(f"{here}/poster.png", headers={"if-none-match": poster.headers["etag"]})
    assert unchanged.status_code == 304
    assert poster.headers["etag"] != chinese.headers["etag"]
    for page in (f"{here}/share", "/shops/tea/share"):
        told = await guest.get(page)
        assert "poster.png" in told.text and "Save the poster" in told.text


@needs_letters
async def test_what_is_not_for_sale_has_no_poster_and_who_wants_too_many_waits(
    guest: Browser, world: World, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    nuts = world.items["nuts"].product_id
    monkeypatch.setattr(posters, "DRAWN_PER_ADDRESS", Limit("poster", burst=1, per_seconds=3_600))
    assert (await guest.get(f"/products/{nuts}/poster.png")).status_code == 200

    full = await guest.get("/shops/tea/poster.png")

    assert full.status_code == 429
    assert (await guest.get(f"/products/{nuts}/poster.png")).status_code == 200
    await db.transact(catalog.take_off_shelf, world.tea.merchant_id, [nuts], "staff:1")
    gone = (f"/products/{nuts}/poster.png", f"/products/{ids.mint()}/poster.png", "/shops/nobody/poster.png")
    assert [(await guest.get(path)).status_code for path in gone] == [404, 404, 404]
    assert (await guest.get("/account/invitations/poster.png")).status_code in {302, 303, 401}


async def test_a_machine_without_letters_lets_the_browser_draw(
    guest: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lettering, "faces", no_letters)
    here = f"/products/{world.items['green'].product_id}"

    page = await guest.get(f"{here}/share")

    assert "data-keep-poster" in page.text and "poster.png" not in page.text
    assert (await guest.get(f"{here}/poster.png")).status_code == 404


@needs_letters
def test_a_poster_is_as_wide_as_a_phone_and_never_too_large() -> None:
    assert LETTERS is not None
    noise = BytesIO()
    Image.effect_noise((800, 800), 120).convert("RGB").save(noise, "PNG")
    words = "手工紫砂壶，宜兴原矿朱泥，适合泡乌龙茶与普洱，配礼盒，全国包邮" * 3
    link = "https://market.example/products/0198f8a2-0000-7000-8000-000000000000?qr=poster"
    poster = Poster(title=words, link=link, scan="扫一扫", house="杆秤", sender=words, price="¥1,280.00", remark=words)
    for picture in (noise.getvalue(), b"no picture", None):
        content = drawn(poster, LETTERS, picture)
        shown = Image.open(BytesIO(content))
        assert shown.width == posters.WIDTH and shown.height < 2_000 and len(content) <= posters.BYTES_MAX
        assert code_on(content, link)


@needs_letters
def test_lines_keep_words_whole_and_begin_with_no_full_stop() -> None:
    assert LETTERS is not None
    letters = lettering.font(LETTERS.regular, 30)
    assert lettering.lines("Longjing green tea", letters, 200, 3) == ["Longjing", "green tea"]
    chinese = lettering.lines("一二三四五六。七八", letters, 180, 3)
    assert chinese == ["一二三四五六。", "七八"]
    assert lettering.lines("一二三四五六七八九十", letters, 120, 2)[-1].endswith("…")
    assert lettering.lines(" \n ", letters, 100, 2) == []


def test_the_posters_asked_for_last_are_kept(tmp_path: Path) -> None:
    for age in range(4):
        (tmp_path / f"{age}.png").write_bytes(b"")
        os.utime(tmp_path / f"{age}.png", (1_000 - age, 1_000 - age))

    forget_oldest(tmp_path, 2)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.png", "1.png"]
    assert posters.KEPT_MAX >= 100
