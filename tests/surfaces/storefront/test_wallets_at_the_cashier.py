"""Paying with Alipay and WeChat Pay: a code at a desk, the wallet itself on a phone, the app's own button inside WeChat."""

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.kernel.files import Files
from steelyard.kernel.limits import Limit
from steelyard.kernel.settings import Settings
from steelyard.money.payments import Channel, gateways
from steelyard.surfaces.storefront import paying
from tests.money.wallets import ALIPAY, OPENID, Wallet, wallet
from tests.support.application import application
from tests.support.browser import BASE, Browser
from tests.support.gifts import sold
from tests.support.world import World, picture
from tests.surfaces.storefront.buying import open_checkout, place, put

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
WECHAT = f"{PHONE} MicroMessenger/8.0.50"


@pytest.fixture
async def wallets(tmp_path: Path) -> AsyncIterator[dict[str, tuple[Wallet, Channel]]]:
    async with wallet("alipay", tmp_path / "sim") as alipay, wallet("wechatpay", tmp_path / "sim") as wechatpay:
        yield {"alipay": alipay, "wechatpay": wechatpay}


@pytest.fixture
async def app(
    db: Database, database_url: str, world: World, wallets: dict[str, tuple[Wallet, Channel]], tmp_path: Path
) -> AsyncIterator[Litestar]:
    settings = Settings(
        home=tmp_path / "home", database_url=database_url, base_url=BASE, pool_size=4, kept_page_seconds=0
    )
    gateways._offered[settings] = {name: gateway for name, (_, gateway) in wallets.items()}
    for slug in world.items:
        Files(settings.home).put(picture(slug), "image/svg+xml")
    yield application(settings, db)
    del gateways._offered[settings]


async def placed(browser: Browser, world: World, channel: str) -> httpx.Response:
    await put(browser, world.items["ruler"])
    return await place(browser, await open_checkout(browser), channel=channel)


def path_of(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text[:2_000]
    return answer.headers["location"].removeprefix(BASE)


async def deliver(browser: Browser, outside: Wallet, channel: str) -> list[httpx.Response]:
    return [
        await browser.http.post(f"/webhooks/{channel}", content=post.body, headers=_headers(post.headers))
        for post in outside.posts
    ]


def _headers(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("wechatpay") or name == "content-type"}


@pytest.mark.parametrize("channel", ["alipay", "wechatpay"])
async def test_a_code_is_scanned_at_a_desk_and_the_page_goes_on(
    guest: Browser, world: World, wallets: dict, channel: str
) -> None:
    outside, gateway = wallets[channel]
    waiting = path_of(await placed(guest, world, channel))
    page = await guest.get(waiting)
    watch = waiting.replace("/return", "/paid")

    assert '<svg class="qr" role="img"' in page.text
    assert "Scan to pay" in page.text
    assert f'hx-get="{watch}"' in page.text
    assert "<script>" not in page.text and "style=" not in page.text.split('class="qr-frame"')[1].split("</div>")[0]
    before = await guest.get(watch)
    (trade,) = outside.book.latest()
    outside.book.see(trade.code)
    outside.book.pay(trade.number)
    await outside.after(0)
    (thanks,) = await deliver(guest, outside, channel)
    after = await guest.get(watch)

    assert (before.status_code, before.headers.get("hx-redirect")) == (204, None)
    assert (thanks.status_code, thanks.content) == (gateway.terms.thanks.status, gateway.terms.thanks.body)
    assert after.headers["hx-redirect"] == waiting
    assert "Paid. Thank you!" in (await guest.get(waiting)).text


async def test_a_forged_message_is_refused_and_a_second_one_changes_nothing(
    guest: Browser, world: World, wallets: dict
) -> None:
    outside, _ = wallets["wechatpay"]
    waiting = path_of(await placed(guest, world, "wechatpay"))
    (trade,) = outside.book.latest()
    outside.book.pay(trade.number)
    await outside.after(0)
    (post,) = outside.posts

    forged = await guest.http.post("/webhooks/wechatpay", content=post.body + b" ", headers=_headers(post.headers))
    answers = [*await deliver(guest, outside, "wechatpay"), *await deliver(guest, outside, "wechatpay")]

    assert forged.status_code == 401
    assert [answer.status_code for answer in answers] == [204, 204]
    assert "Paid. Thank you!" in (await guest.get(waiting)).text


@pytest.mark.parametrize("channel", ["alipay", "wechatpay"])
async def test_the_code_stays_the_same_until_a_new_one_is_wanted(
    guest: Browser, world: World, wallets: dict, channel: str
) -> None:
    outside, _ = wallets[channel]
    waiting = path_of(await placed(guest, world, channel))
    first = re.search(r'class="qr-dark" d="([^"]+)"', (await guest.get(waiting)).text)
    pay = waiting.replace("/return", "/pay")

    again = await guest.post(pay, {"channel": channel})
    same = re.search(r'class="qr-dark" d="([^"]+)"', (await guest.get(path_of(again))).text)
    (trade,) = outside.book.latest()
    outside.book.see(trade.code)
    new = await guest.post(pay, {"channel": channel, "anew": "1"})
    other = re.search(r'class="qr-dark" d="([^"]+)"', (await guest.get(path_of(new))).text)

    assert first and same and other
    assert first[1] == same[1] != other[1]
    old = outside.book.find(trade.number)
    assert old is not None and old.status == "closed"


async def test_what_was_paid_meanwhile_counts_when_a_new_code_is_wanted(
    guest: Browser, world: World, wallets: dict
) -> None:
    outside, _ = wallets["wechatpay"]
    waiting = path_of(await placed(guest, world, "wechatpay"))
    (trade,) = outside.book.latest()
    outside.book.pay(trade.number)

    answer = await guest.post(waiting.replace("/return", "/pay"), {"channel": "wechatpay", "anew": "1"})

    assert "Paid. Thank you!" in (await guest.get(path_of(answer))).text
    assert len(outside.book.latest()) == 1


@pytest.mark.parametrize(("channel", "begins"), [("alipay", f"{ALIPAY}/gateway.do?"), ("wechatpay", "http://")])
async def test_a_phone_goes_to_the_wallet(
    guest: Browser, world: World, wallets: dict, channel: str, begins: str
) -> None:
    guest.http.headers["user-agent"] = PHONE

    answer = await placed(guest, world, channel)

    assert path_of(answer).startswith(begins)
    assert "return" in path_of(answer)


def sent_to(asked: str) -> tuple[str, str]:
    """Where WeChat sends the browser back to, and the word of its session that comes with it."""
    query = parse_qs(urlsplit(asked).query)
    return query["redirect_uri"][0].removeprefix(BASE), query["state"][0]


async def test_who_is_led_back_from_wechat_with_anothers_code_pays_for_nobody(
    guest: Browser, app: Litestar, world: World, wallets: dict
) -> None:
    outside, _ = wallets["wechatpay"]
    guest.http.headers["user-agent"] = WECHAT
    back, state = sent_to(path_of(await placed(guest, world, "wechatpay")))

    for wrong in ({"state": "pay"}, {"state": state[::-1]}, {}):
        answer = await guest.get(back, code="good", **wrong)
        assert "WeChat did not tell us who pays" in (await guest.follow(answer)).text

    assert not outside.book.latest()
    assert len(state) == 64


async def test_inside_wechat_the_button_has_what_the_app_pays_by(guest: Browser, world: World, wallets: dict) -> None:
    outside, _ = wallets["wechatpay"]
    guest.http.headers["user-agent"] = WECHAT

    asked = path_of(await placed(guest, world, "wechatpay"))
    back, state = sent_to(asked)
    page = await guest.get(path_of(await guest.get(back, code="good", state=state)))

    assert asked.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx0000000000000001")
    found = re.search(r'data-wechat-pay="([^"]+)"', page.text)
    assert found
    assert json.loads(unescape(found[1]))["signType"] == "RSA"
    assert "wechat_pay." in page.text
    (trade,) = outside.book.latest()
    assert (trade.way, trade.payer) == ("inside", OPENID)


async def test_inside_wechat_what_is_no_use_any_more_is_begun_anew(guest: Browser, world: World, wallets: dict) -> None:
    outside, _ = wallets["wechatpay"]
    guest.http.headers["user-agent"] = WECHAT
    back, state = sent_to(path_of(await placed(guest, world, "wechatpay")))
    waiting = path_of(await guest.get(back, code="good", state=state))
    (old,) = outside.book.latest()

    asked = path_of(await guest.post(waiting.replace("/return", "/pay"), {"channel": "wechatpay", "anew": "1"}))
    back, state = sent_to(asked)
    again = urlsplit(back)
    await guest.get(again.path, code="good", state=state, **dict(parse_qsl(again.query)))

    assert {trade.status for trade in outside.book.latest() if trade.number == old.number} == {"closed"}
    assert len(outside.book.latest()) == 2


async def test_nobody_begins_to_pay_without_end(
    guest: Browser, world: World, wallets: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, _ = wallets["wechatpay"]
    monkeypatch.setattr(paying, "TRIES_PER_BUYER", Limit("pay_purchase", burst=2, per_seconds=3_600))
    waiting = path_of(await placed(guest, world, "wechatpay"))

    answers = [
        await guest.post(waiting.replace("/return", "/pay"), {"channel": "wechatpay", "anew": "1"}) for _ in range(3)
    ]

    assert len(outside.book.latest()) == 3, "the first code and two new ones"
    assert path_of(answers[-1]) == waiting.removesuffix("/return")
    assert "Too many attempts" in (await guest.follow(answers[-1])).text


async def test_a_page_does_not_ask_the_channel_without_end(
    guest: Browser, world: World, wallets: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, _ = wallets["wechatpay"]
    monkeypatch.setattr(paying, "ASKS_PER_PAYMENT", Limit("ask_channel", burst=1, per_seconds=3_600))
    waiting = path_of(await placed(guest, world, "wechatpay"))
    await guest.get(waiting)
    (trade,) = outside.book.latest()
    outside.book.pay(trade.number)

    assert "Scan to pay" in (await guest.get(waiting)).text

    await outside.after(0)
    await deliver(guest, outside, "wechatpay")
    assert "Paid. Thank you!" in (await guest.get(waiting)).text


async def test_when_wechat_does_not_say_who_pays_nothing_is_begun(guest: Browser, world: World, wallets: dict) -> None:
    outside, _ = wallets["wechatpay"]
    guest.http.headers["user-agent"] = WECHAT
    back, state = sent_to(path_of(await placed(guest, world, "wechatpay")))

    answer = await guest.get(back, code="forged", state=state)

    assert answer.status_code == 303
    assert "WeChat did not tell us who pays" in (await guest.follow(answer)).text
    assert not outside.book.latest()


async def test_each_device_has_a_code_of_its_own(guest: Browser, world: World, wallets: dict) -> None:
    """Begun at a desk, gone on with on a phone: what was handed over for the desk is no use there."""
    waiting = path_of(await placed(guest, world, "wechatpay"))
    guest.http.headers["user-agent"] = PHONE

    answer = await guest.post(waiting.replace("/return", "/pay"), {"channel": "wechatpay"})

    assert "/checkmweb" in path_of(answer)


async def test_the_code_reads_the_same_in_chinese(app: Litestar, world: World, wallets: dict) -> None:
    browser = Browser(app, language="zh-CN")

    page = await browser.get(path_of(await placed(browser, world, "alipay")))

    assert "支付宝" in page.text
    assert "扫" in page.text
    await browser.close()


async def test_a_gift_card_is_paid_by_a_code_too(app: Litestar, db: Database, world: World, wallets: dict) -> None:
    outside, _ = wallets["wechatpay"]
    await sold(db)
    browser = Browser(app)
    await browser.sign_in(world.buyer)
    page = await browser.get("/gift-cards")
    form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))

    answer = await browser.post(
        "/gift-cards", form | {"amount": "other", "amount_other": "88", "to": "me", "channel": "wechatpay"}
    )
    own = path_of(answer)
    waiting = await browser.get(own)
    (trade,) = outside.book.latest()
    outside.book.pay(trade.number)
    after = await browser.get(own)

    assert "Scan to pay" in waiting.text and '<svg class="qr" role="img"' in waiting.text
    assert trade.total == 8_800
    assert "Pay another way" in waiting.text.split('id="outcome"')[1].split("</section>", 1)[1], (
        "not what is looked at anew"
    )
    assert "Scan to pay" not in after.text
    await browser.close()
