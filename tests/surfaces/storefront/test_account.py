"""Accounts: coming in, what comes along, going out, and what is kept from everybody else."""

from datetime import timedelta

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.parties import access
from steelyard.parties.access.model import AccountId
from tests.simulators.world import Simulated
from tests.support.browser import Browser, browsing, words
from tests.support.world import HOME, PASSWORD, World
from tests.surfaces.storefront.buying import bought, put

NEW = {"name": "Zhou Yu", "email": "zhou@example.com", "password": "three kettles, one cup"}
ADDRESS = {
    "name": HOME.name, "phone": HOME.phone, "country": "CN", "region": "浙江省", "city": "杭州市", "district": "西湖区",
    "street": "文三路 9 号",
}  # fmt: skip


async def test_a_guest_who_registers_keeps_cart_and_purchases(
    guest: Browser, world: World, channel: Simulated, app: Litestar
) -> None:
    code = await bought(guest, channel, world.items["nuts"])
    await put(guest, world.items["ruler"])
    answer = await guest.post("/register", NEW)
    assert "Hello, Zhou Yu." in words(await guest.follow(answer))
    assert "Steel ruler" in words(await guest.get("/cart"))
    assert code in (await guest.get("/orders")).text
    await guest.post("/sign-out")
    assert "Your cart is empty" in words(await guest.get("/cart"))
    assert (await guest.get(f"/purchases/{code}")).status_code == 404
    async with browsing(app) as elsewhere:
        await elsewhere.post("/sign-in", {"email": NEW["email"], "password": NEW["password"]})
        assert code in (await elsewhere.get("/orders")).text


async def test_what_the_next_one_at_the_same_browser_does_is_their_own(
    guest: Browser, world: World, channel: Simulated
) -> None:
    await guest.sign_in(world.buyer)
    await guest.post("/sign-out")
    code = await bought(guest, channel, world.items["nuts"])
    await guest.sign_in(world.other_buyer)
    assert code in (await guest.get("/orders")).text
    await guest.post("/sign-out")
    await guest.sign_in(world.buyer)
    assert code not in (await guest.get("/orders")).text


async def test_registering_twice_or_with_nonsense_is_refused(guest: Browser, world: World) -> None:
    taken = await guest.post("/register", {**NEW, "email": world.buyer.email})
    assert taken.status_code == 409 and "Somebody has already registered" in words(taken)
    short = await guest.post("/register", {**NEW, "password": "short"})
    assert short.status_code == 422 and "At least 10 characters" in words(short)
    assert "short" not in short.text.split("<form")[1]
    assert (await guest.post("/register", {**NEW, "email": "nonsense"})).status_code == 422


async def test_a_second_click_on_register_signs_in(guest: Browser, other: Browser, world: World) -> None:
    await guest.post("/register", NEW)
    again = await other.post("/register", NEW)
    assert "Hello, Zhou Yu." in words(await other.follow(again))
    guessed = await guest.post("/register", {**NEW, "password": "another password altogether"})
    assert guessed.status_code == 409 and "Somebody has already registered" in words(guessed)


async def test_a_wrong_password_opens_nothing_and_guessing_ends(guest: Browser, world: World) -> None:
    wrong = await guest.sign_in(world.buyer, "not the password")
    assert wrong.status_code == 401 and "E-mail address or password is wrong" in words(wrong)
    answers = [await guest.sign_in(world.buyer, f"guess {number}") for number in range(12)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers.get("retry-after", "1")) > 0
    assert (await guest.sign_in(world.buyer)).status_code == 429


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/\n/evil",
    ],
)
async def test_nobody_is_sent_to_another_site(guest: Browser, world: World, elsewhere: str) -> None:
    answer = await guest.post("/sign-in", {"email": world.buyer.email, "password": PASSWORD, "return_to": elsewhere})
    assert answer.headers["location"] == "/"
    answer = await guest.post("/language", {"locale": "en", "return_to": elsewhere})
    assert answer.headers["location"] == "/"
    assert "evil" not in (await guest.get("/sign-in", return_to=elsewhere)).headers.get("location", "")


async def test_staff_come_in_by_the_same_door(app: Litestar, world: World) -> None:
    for person, desk in ((world.operator, "/operator"), (world.tea.owner, "/merchant"), (world.buyer, "/")):
        async with browsing(app) as browser:
            assert (await browser.sign_in(person)).headers["location"] == desk


FORMS = (
    "/cart/lines", "/cart/quantity", "/cart/select", "/cart/remove", "/cart/put-back", "/cart/set", "/cart/clear-invalid",
    "/cart/prices", "/cart/checkout", "/sign-in", "/register", "/sign-out", "/forgot", "/find-order", "/language",
    "/account/password", "/account/sessions/end-others",
)  # fmt: skip


async def test_a_form_without_its_token_does_nothing(buyer: Browser) -> None:
    for path in FORMS:
        answer = await buyer.post(path, token=False)
        assert answer.status_code == 403, path


async def test_every_form_takes_nonsense_without_breaking(buyer: Browser) -> None:
    nonsense: dict[str, str] = dict.fromkeys(
        ("sku_id", "product_id", "quantity", "email", "code", "locale", "name"), "\x00<'\"%s" * 9
    )
    for path in FORMS:
        if path != "/sign-out":
            assert (await buyer.post(path, nonsense)).status_code < 500, path


async def test_an_address_book_is_kept_and_offered(buyer: Browser, guest: Browser, world: World) -> None:
    address_id = "00000000-0000-4000-8000-00000000abcd"
    saved = await buyer.post(f"/account/addresses/{address_id}", {**ADDRESS, "is_default": "yes"})
    assert "文三路 9 号" in words(await buyer.follow(saved))
    incomplete = await buyer.post(f"/account/addresses/{address_id}", {**ADDRESS, "street": ""})
    assert incomplete.status_code == 422
    await put(buyer, world.items["ruler"])
    till = await buyer.follow(await buyer.post("/cart/checkout"))
    assert "文三路 9 号" in words(till) and world.buyer.email in till.text
    led = await guest.get("/account/addresses")
    assert led.status_code == 303 and led.headers["location"] == "/sign-in?return_to=%2Faccount%2Faddresses"
    await guest.sign_in(world.other_buyer)
    assert (await guest.get(f"/account/addresses/{address_id}")).status_code == 404
    assert (await guest.post(f"/account/addresses/{address_id}/remove")).status_code == 404
    await buyer.post(f"/account/addresses/{address_id}/remove")
    assert "文三路 9 号" not in words(await buyer.get("/account/addresses"))


async def test_a_session_can_be_ended_from_elsewhere(buyer: Browser, guest: Browser, world: World) -> None:
    await guest.sign_in(world.buyer)
    assert "This browser" in words(await buyer.get("/account/sessions"))
    await buyer.post("/account/sessions/end-others")
    assert "You are not signed in" in words(await guest.get("/account"))
    assert "You are not signed in" not in words(await buyer.get("/account"))


async def test_a_password_is_changed_by_who_knows_it(buyer: Browser, world: World) -> None:
    wrong = await buyer.post("/account/password", {"current": "not it", "password": NEW["password"]})
    assert wrong.status_code == 401
    changed = await buyer.post("/account/password", {"current": PASSWORD, "password": NEW["password"]})
    assert changed.status_code == 303
    assert (await buyer.get("/account/sessions")).status_code == 200
    assert (await buyer.sign_in(world.buyer, NEW["password"])).status_code == 303


async def test_asking_for_a_new_password_tells_nobody_who_is_registered(guest: Browser, world: World) -> None:
    known = await guest.post("/forgot", {"email": world.buyer.email})
    unknown = await guest.post("/forgot", {"email": "nobody@example.com"})
    assert known.status_code == unknown.status_code == 200
    assert words(known) == words(unknown)
    assert (await guest.get("/password/nonsense")).status_code == 410
    assert (await guest.post("/password/nonsense", {"password": NEW["password"]})).status_code == 410


async def test_a_link_from_a_mail_sets_a_password_once(
    guest: Browser, buyer: Browser, world: World, db: Database
) -> None:
    token = await db.transact(access.issue_link, AccountId(world.buyer.account_id), timedelta(hours=1))
    assert world.buyer.email in (await guest.get(f"/password/{token}")).text
    assert (await guest.post(f"/password/{token}", {"password": "short"})).status_code == 422
    set_ = await guest.post(f"/password/{token}", {"password": NEW["password"]})
    assert set_.headers["location"] == "/sign-in"
    assert (await guest.post(f"/password/{token}", {"password": NEW["password"]})).status_code == 410
    assert "You are not signed in" in words(await buyer.get("/account")), "every session has ended"
    assert (await guest.sign_in(world.buyer, NEW["password"])).status_code == 303
