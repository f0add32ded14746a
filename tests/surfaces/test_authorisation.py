"""Every route of the whole application, tried by everybody who must not pass: generated from the route table, so that a
new route is either covered by a rule here or makes a test fail."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import httpx
from litestar import Litestar
from litestar.routes import HTTPRoute

from steelyard.kernel.db import Database, Tx
from steelyard.parties import access
from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.web.guards import ANY_STAFF
from steelyard.surfaces.web.problems import FOR_PROGRAMS
from steelyard.surfaces.web.security import CSRF_COOKIE
from tests.support.browser import Browser, browsing
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.world import Person, World, account
from tests.surfaces.things import Ids, things

__all__ = ["app", "database_url", "things", "world"]

CONSOLES = {"/merchant": AccountKind.MERCHANT, "/operator": AccountKind.OPERATOR}

# What everybody may open. Paths as they stand in the route table.
PUBLIC = {
    "/", "/assets/{path:path}", "/health/live", "/health/ready", "/categories", "/c/{slug:str}", "/search",
    "/shops/{slug:str}", "/products/{product_id:uuid}", "/products/{product_id:uuid}/{slug:str}", "/legal/{name:str}",
    "/language", "/theme", "/styleguide", "/styleguide/{section:str}",
    "/media/{name:str}", "/regions/{release_name:str}/{region:str}",
    "/media/{width:int}/{name:str}", "/sign-in", "/register", "/sign-out", "/forgot", "/password/{token:str}",
    "/invitation/{token:str}", "/find-order", "/.well-known/ucp", "/.well-known/ucp/{release:str}",
    "/sell", "/ucp/v1/schemas/marketplace.json", "/api/v1/openapi.json",
    # What others say of a product; who says something is asked to sign in, and anybody signed in may vote and report.
    "/products/{product_id:uuid}/reviews", "/products/{product_id:uuid}/questions", "/reviews/{review_id:uuid}/helpful",
    "/answers/{answer_id:uuid}/helpful",
    # Finding goods.
    "/suggest", "/robots.txt", "/sitemap.xml", "/sitemaps/{name:str}", "/topics/{slug:str}",
    "/shops/{slug:str}/licence", "/campaigns/{code:str}", "/products/{product_id:uuid}/share", "/gift-cards",
    # Whoever has a team's link sees how many are in it, and may join.
    "/group/{code:str}", "/group/{code:str}/join",
    # Whoever has the link of a mail can end such mails.
    "/coupon-mails/stop/{buyer_id:uuid}/{secret:str}",
    # What a message of a shop leads to, and out of them: the address is signed, and its whole right.
    "/m/c/{token:str}", "/m/o/{name:str}", "/m/s/{token:str}", "/m/p/{token:str}", "/s/{code:str}",
    # A link that a shop has put somewhere leads whoever follows it.
    "/l/{code:str}",
    # So does the link of a survey; what is answered is the visitor's own.
    "/q/{code:str}", "/q/{code:str}/dismiss",
    # Who is on air, and who comes.
    "/live",
    # What a membership brings.
    "/membership", "/shops/{slug:str}/membership",
    # What is shared is a picture, too.
    "/products/{product_id:uuid}/poster.png", "/shops/{slug:str}/poster.png",
    # Whoever has an invitation may look at it and take it.
    "/i/{code:str}",
}  # fmt: skip
# What mail programs post to by themselves (RFC 8058): they have seen no form, and the address is signed.
WITHOUT_A_FORM = {"/m/s/{token:str}"}
# The visitor's own things: there is no id in the address that could be another's.
OWN = {
    "/cart", "/cart/lines", "/cart/lines/{sku_id:uuid}/option", "/cart/favourite",
    "/cart/quantity", "/cart/select", "/cart/remove", "/cart/put-back", "/cart/set", "/cart/clear-invalid",
    "/cart/prices", "/search/forget", "/search/choices", "/cart/checkout", "/orders", "/account",
    "/deliver-to", "/favourites", "/account/favourites", "/account/history", "/account/history/remove",
    "/account/history/switch", "/account/reviews", "/account/after-sales", "/coupons", "/account/coupons",
    "/coupons/claim", "/flash", "/flash/clock", "/group/open", "/account/wallet", "/account/wallet/redeem",
    "/account/gift-cards", "/account/presales", "/account/wallet/check-in",
    "/account/memberships", "/account/memberships/check-in", "/account/invitations",
    "/account/memberships/task", "/account/invitations/poster.png",
    "/surveys/card",
}  # fmt: skip
# Addresses of the merchant console whose parameter is a word or a campaign of ours, the same for every merchant.
NAMES_NOTHING = {
    "/merchant/figures/{what:str}", "/merchant/campaigns/{campaign_id:uuid}", "/merchant/analysis/{what:str}",
    "/merchant/analysis/{what:str}/save", "/merchant/analysis/{what:str}/people",
    "/merchant/lifecycle/stages/{stage:str}", "/merchant/lifecycle/values/{segment:str}",
}  # fmt: skip
# Whoever is not signed in is led to the sign-in page, or refused.
ACCOUNT = "/account"
REFUSED = {401, 403, 404}


class Way(NamedTuple):
    """One method of one route."""

    path: str
    method: str
    permission: str | None

    @property
    def console(self) -> str | None:
        return next((prefix for prefix in CONSOLES if (self.path + "/").startswith(prefix + "/")), None)


def ways(app: Litestar) -> Iterator[Way]:
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                yield Way(route.path, method, handler.opt.get("permission"))


def in_consoles(app: Litestar) -> list[Way]:
    return [way for way in ways(app) if way.console]


async def ask(browser: Browser, way: Way, path: str) -> httpx.Response:
    if way.method == "GET":
        return await browser.get(path)
    if CSRF_COOKIE not in browser.http.cookies:
        await browser.get("/sign-in")
    fields = {"_csrf_token": browser.http.cookies[CSRF_COOKIE]}
    return await browser.http.request(way.method, path, data=fields)


def nothing_wrong(wrong: list[str]) -> None:
    assert not wrong, "\n".join(wrong)


async def test_every_console_route_names_a_permission_of_its_staff(app: Litestar, db: Database) -> None:
    known = {kind: {each.permission for each in await db.ask(access.permissions, kind)} for kind in CONSOLES.values()}

    nothing_wrong(
        [
            f"{way.method} {way.path}: needs {way.permission!r}, which is no permission of {CONSOLES[way.console]} staff"
            for way in in_consoles(app)
            if way.console and way.permission not in {*known[CONSOLES[way.console]], ANY_STAFF}
        ]
    )


async def test_nobody_gets_into_a_console(app: Litestar, things: Ids) -> None:
    wrong: list[str] = []
    async with browsing(app) as nobody:
        for way in in_consoles(app):
            answer = await ask(nobody, way, things.fill(way.path))
            led = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?return_to=")
            if not (led if way.method == "GET" else answer.status_code == 401):
                wrong.append(f"{way.method} {way.path}: nobody gets {answer.status_code}")
    nothing_wrong(wrong)


async def test_buyers_and_the_other_consoles_staff_are_refused(app: Litestar, world: World, things: Ids) -> None:
    people = {
        "a buyer": (world.buyer, ("/merchant", "/operator")),
        "a merchant's owner": (world.tea.owner, ("/operator",)),
        "the operator's administrator": (world.operator, ("/merchant",)),
    }
    wrong: list[str] = []
    for who, (person, consoles) in people.items():
        browser = await signed_in(app, person)
        for way in in_consoles(app):
            if way.console in consoles:
                answer = await ask(browser, way, things.fill(way.path))
                if answer.status_code != 403:
                    wrong.append(f"{way.method} {way.path}: {who} gets {answer.status_code}")
        await browser.close()
    nothing_wrong(wrong)


async def test_staff_pass_with_the_permission_and_not_without(
    app: Litestar, db: Database, world: World, things: Ids
) -> None:
    await db.transact(_make_role)
    wrong: list[str] = []
    for console, kind in CONSOLES.items():
        merchant_id = world.tea.merchant_id if kind is AccountKind.MERCHANT else None
        person = await db.transact(account, kind, f"{kind}.apprentice", "Apprentice", merchant_id=merchant_id)
        browser = await signed_in(app, person)
        every = {each.permission for each in await db.ask(access.permissions, kind)}
        opens: dict[str, list[Way]] = {}
        for way in in_consoles(app):
            if way.console == console and way.permission not in {None, ANY_STAFF}:
                opens.setdefault(str(way.permission), []).append(way)
        for permission, behind in opens.items():
            await db.transact(_give, person, kind, every - {permission})
            for way in behind:
                refused = await ask(browser, way, things.fill(way.path))
                if refused.status_code != 403:
                    wrong.append(f"{way.method} {way.path}: without {permission} one gets {refused.status_code}")
            await db.transact(_give, person, kind, {permission})
            for way in behind:
                passed = await ask(browser, way, things.fill(way.path))
                if passed.status_code in (401, 403) or passed.status_code >= 500:
                    wrong.append(f"{way.method} {way.path}: with {permission} one gets {passed.status_code}")
        await browser.close()
    nothing_wrong(wrong)


async def _make_role(tx: Tx) -> None:
    await tx.execute(
        """
        INSERT INTO roles (role_id, audience, name)
        VALUES ('trial_merchant', 'merchant', '{"en": "Trial"}'), ('trial_operator', 'operator', '{"en": "Trial"}')
        """
    )


async def _give(tx: Tx, person: Person, kind: AccountKind, permissions: set[str]) -> None:
    role = f"trial_{kind}"
    await tx.execute("DELETE FROM role_permissions WHERE role_id = $1", role)
    await tx.execute(
        "INSERT INTO role_permissions (role_id, permission) SELECT $1, unnest($2::text[])", role, sorted(permissions)
    )
    await tx.execute(
        "INSERT INTO account_roles (account_id, role_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        person.account_id,
        role,
    )


async def test_a_merchants_things_are_not_there_for_another_merchant(app: Litestar, world: World, things: Ids) -> None:
    wrong: list[str] = []
    browser = await signed_in(app, world.tools.owner)
    for way in in_consoles(app):
        if way.console == "/merchant" and "{" in way.path and way.path not in NAMES_NOTHING:
            answer = await ask(browser, way, things.fill(way.path))
            if answer.status_code != 404:
                wrong.append(f"{way.method} {way.path}: another merchant gets {answer.status_code}")
    await browser.close()
    nothing_wrong(wrong)


async def test_no_form_is_taken_without_its_token(app: Litestar, world: World, things: Ids) -> None:
    wrong: list[str] = []
    people = {"/merchant": world.tea.owner, "/operator": world.operator, None: world.buyer}
    for console, person in people.items():
        browser = await signed_in(app, person)
        for way in ways(app):
            if way.console != console or way.method == "GET" or way.path.startswith(FOR_PROGRAMS):
                continue
            if way.path in WITHOUT_A_FORM:
                continue
            answer = await browser.http.request(way.method, _anything(things, way.path), data={"a": "b"})
            if answer.status_code != 403:
                wrong.append(f"{way.method} {way.path}: without a token one gets {answer.status_code}")
        await browser.close()
    nothing_wrong(wrong)


def _anything(things: Ids, path: str) -> str:
    """An address of this shape, whatever it names."""
    return Ids({**dict.fromkeys(re.findall(r"\{(\w+):", path), "x"), **things.known}).fill(path)


async def test_what_is_not_public_is_refused_to_strangers(app: Litestar, world: World, things: Ids) -> None:
    """Everything outside the consoles that is neither public nor the visitor's own."""
    wrong: list[str] = []
    stranger = await signed_in(app, world.other_buyer)
    async with browsing(app) as nobody:
        for way in ways(app):
            if way.console or way.path in PUBLIC | OWN:
                continue
            path = _anything(things, way.path)
            if way.path.startswith(FOR_PROGRAMS):
                answer = await nobody.http.request(way.method, path, json={}, headers={"accept": "application/json"})
                refused = 400 <= answer.status_code < 500
            elif way.path.startswith(ACCOUNT):
                answer = await ask(nobody, way, path)
                refused = answer.status_code in (303, *REFUSED) and "/sign-in" in answer.headers.get(
                    "location", "/sign-in"
                )
            else:
                answer = await ask(stranger, way, path)
                refused = answer.status_code in REFUSED
            if not refused:
                wrong.append(f"{way.method} {way.path}: a stranger gets {answer.status_code}")
    await stranger.close()
    nothing_wrong(wrong)


async def test_the_api_wants_a_key(app: Litestar, things: Ids) -> None:
    wrong: list[str] = []
    async with browsing(app) as nobody:
        for way in ways(app):
            if way.path.startswith("/api/") and way.path not in PUBLIC:
                path = _anything(things, way.path)
                answer = await nobody.http.request(way.method, path, json={})
                if answer.status_code != 401:
                    wrong.append(f"{way.method} {way.path}: without a key one gets {answer.status_code}")
    nothing_wrong(wrong)


async def test_another_buyers_addresses_and_orders_are_not_there(app: Litestar, world: World, things: Ids) -> None:
    wrong: list[str] = []
    stranger = await signed_in(app, world.other_buyer)
    for way in ways(app):
        private = way.path.startswith(("/account/addresses/", "/purchases/", "/orders/", "/checkout/", "/after-sales/"))
        if private and "{" in way.path:
            answer = await ask(stranger, way, things.fill(way.path))
            # A new address is saved under an id that the form brings: under another's id it is one's own.
            if answer.status_code not in (404, 422):
                wrong.append(f"{way.method} {way.path}: another buyer gets {answer.status_code}")
    await stranger.close()
    nothing_wrong(wrong)
