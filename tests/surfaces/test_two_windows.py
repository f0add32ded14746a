"""One thing in two windows: the later save is told of the earlier one, loses nothing that was typed, and counts when it is
said again; a second click of the same is no quarrel."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx
import pytest
import pytest_asyncio

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, Actor
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, chief, database_url, owner, world
from tests.support.forms import Form, form_in
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "world"]

MEANWHILE = "This was changed after you opened it"


class Case(NamedTuple):
    """A form: on which page, where it is sent, which of its fields, and two things that are typed into it."""

    page: str
    action: str
    field: str
    first: str
    second: str

    def form(self, page: httpx.Response) -> Form:
        return form_in(page, self.action, self.field)


@pytest_asyncio.fixture
async def cases(db: Database, world: World, owner: Browser, chief: Browser) -> AsyncIterator[dict[str, Case]]:
    tea = world.tea
    freight = f"/merchant/freight/{tea.standard}"
    warehouse = f"/merchant/stock/warehouses/{tea.warehouse_id}"
    category = f"/operator/categories/{world.categories['tea']}"
    account = await db.ask(access.account, AccountId(world.operator.account_id))
    actor = Actor(account=account, permissions=frozenset({"staff.manage", "merchants.read"}))
    role_id = str(ids.mint())
    await db.transact(access.create_role, actor, role_id, text("夜班", "Night"), ["merchants.read"])
    page = await chief.get("/operator/attributes/new")
    fields = {
        "code": "leaf",
        "kind": "choice",
        "name_en": "Leaf",
        "value_en": "Whole",
        "value_zh": "",
        "value_code": "whole",
    }
    await chief.follow(
        await chief.post("/operator/attributes/new", form_in(page, "/operator/attributes/new").filled(**fields))
    )
    shop_categories = "/merchant/shop-categories"
    new = form_in(await owner.get(shop_categories), shop_categories, "name_zh")
    await owner.follow(await owner.post(shop_categories, new.filled(name_zh="礼品", name_en="Gifts")))
    decoration = "/merchant/decoration/shop"
    block = {"do": "block", "block_id": str(ids.mint()), "kind": "text", "title_en": "News", "text_en": "Here"}
    await owner.follow(await owner.post(decoration, block))
    away = form_in(await owner.get("/merchant/shop"), "/merchant/shop/pause", "ends_at")
    dates = {"begins_at": "2030-01-01T10:00", "ends_at": "2030-02-01T10:00"}
    await owner.follow(await owner.post("/merchant/shop/pause", away.filled(**dates)))
    yield {
        "freight": Case(freight, freight, "name_en", "Slow", "Quick"),
        "warehouse": Case(warehouse, warehouse, "street", "1 First Street", "2 Second Street"),
        "shop": Case("/merchant/shop", "/merchant/shop", "notice_en", "First", "Second"),
        "pause": Case("/merchant/shop", "/merchant/shop/pause", "away_notice_en", "Fair", "Stocktaking"),
        "carriers": Case("/merchant/carriers", "/merchant/carriers", "preferred", "simpost", "simexpress"),
        "shop category": Case(shop_categories, shop_categories, "name_en", "Presents", "Souvenirs"),
        "decoration": Case(decoration, decoration, "title_en", "Olds", "Notices"),
        "category": Case(category, category, "name_en", "Teas", "All tea"),
        "attribute": Case("/operator/attributes/leaf", "/operator/attributes/leaf", "name_en", "Leaves", "Blade"),
        "profile": Case("/operator/profile", "/operator/profile", "phone", "111", "222"),
        "role": Case(f"/operator/roles/{role_id}", f"/operator/roles/{role_id}", "name_en", "Late", "Early"),
        "setting": Case("/operator/settings", "/operator/settings/payment_window", "payment_window", "31", "47"),
    }


@pytest.mark.parametrize(
    "what",
    [
        "freight", "warehouse", "shop", "pause", "carriers", "shop category", "decoration", "category", "attribute", "profile",
        "role", "setting",
    ],
)  # fmt: skip
async def test_the_later_window_is_told_of_the_earlier_and_counts_when_it_says_so_again(
    owner: Browser, chief: Browser, cases: dict[str, Case], what: str
) -> None:
    case = cases[what]
    browser = chief if case.page.startswith("/operator") else owner
    page = await browser.get(case.page)
    if what == "carriers":
        used = case.form(page).fields["carriers"]
        case = case._replace(first=used[1], second=used[2])
    opened = case.form(page)

    saved = await browser.post(case.action, opened.filled(**{case.field: case.first}))
    again = await browser.post(case.action, opened.filled(**{case.field: case.first}))
    late = await browser.post(case.action, opened.filled(**{case.field: case.second}))

    assert (saved.status_code, again.status_code) == (303, 303), words(again)
    assert late.status_code == 422
    assert MEANWHILE in words(late)
    typed = case.form(late)
    assert typed.fields[case.field] == [case.second], "what was typed is still there"
    assert case.form(await browser.get(case.page)).fields[case.field] == [case.first], "the earlier save stands"

    insisted = await browser.post(case.action, typed.filled())

    assert insisted.status_code == 303, words(insisted)
    assert case.form(await browser.get(case.page)).fields[case.field] == [case.second]


async def test_attributes_of_a_category_ticked_in_two_windows_come_together(
    chief: Browser, cases: dict[str, Case], world: World
) -> None:
    here = f"/operator/categories/{world.categories['tea']}"
    opened = form_in(await chief.get(here), f"{here}/attributes")
    await chief.follow(await chief.post(f"{here}/attributes", opened.filled(**{"bound:leaf": "yes"})))

    late = await chief.post(f"{here}/attributes", opened.filled(**{"bound:leaf": "yes", "required:leaf": "yes"}))

    assert late.status_code == 422
    assert MEANWHILE in words(late)
    typed = form_in(late, f"{here}/attributes")
    assert typed.fields["required:leaf"] == ["yes"]
    assert (await chief.post(f"{here}/attributes", typed.filled())).status_code == 303


async def test_roles_given_in_two_windows_do_not_undo_each_other(chief: Browser, world: World) -> None:
    people = await chief.get("/operator/staff")
    fields = {"account_id": str(ids.mint()), "name": "Deputy", "email": "deputy@example.com", "locale": "en"}
    await chief.follow(await chief.post("/operator/staff", {**fields, "roles": ["operator_finance"]}))
    people = await chief.get("/operator/staff")
    action = f"/operator/staff/{fields['account_id']}/roles"
    opened = form_in(people, action)
    await chief.follow(await chief.post(action, opened.filled(roles=["operator_finance", "operator_service"])))

    late = await chief.follow(await chief.post(action, opened.filled(roles=["operator_admin"])))

    assert MEANWHILE in words(late)
    assert form_in(late, action).fields["roles"] == ["operator_finance", "operator_service"]


async def test_two_people_count_one_warehouse(db: Database, world: World, owner: Browser) -> None:
    page = await owner.get("/merchant/stock/counts")
    begun = await owner.post(
        "/merchant/stock/counts", {"count_id": hidden(page, "count_id"), "warehouse": str(world.tea.warehouse_id)}
    )
    sheet = begun.headers["location"].removeprefix("http://shop.test")
    opened = form_in(await owner.get(sheet), sheet)
    one, other = sorted(name for name in opened.fields if name.startswith("counted_"))[:2]
    await owner.follow(await owner.post(sheet, opened.filled(**{one: "5"})))

    await owner.follow(await owner.post(sheet, opened.filled(**{other: "7"})))

    both = form_in(await owner.get(sheet), sheet)
    assert (both.fields[one], both.fields[other]) == (["5"], ["7"]), "each keeps what the other entered"
    late = await owner.post(sheet, opened.filled(**{one: "6"}))
    assert late.status_code == 422
    assert "Somebody else entered another number here" in words(late)
    typed = form_in(late, sheet)
    assert typed.fields[one] == ["6"]
    await owner.follow(await owner.post(sheet, typed.filled()))
    assert form_in(await owner.get(sheet), sheet).fields[one] == ["6"]
