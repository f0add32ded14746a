"""A merchant's life: suspended, reopened, closed when nothing is open; its licence, its terms, what it may sell."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductChange
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import TransitionRefused
from steelyard.parties import access, merchants
from steelyard.parties.access.model import AuditFilter
from steelyard.parties.merchants.jobs import look_at_licences
from steelyard.parties.merchants.model import CategoryNotAllowed, MerchantState
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.world import World

TODAY = date(2026, 11, 28)


async def state(db: Database, world: World) -> MerchantState:
    merchant = await db.ask(merchants.get, world.tea.merchant_id)
    assert merchant is not None
    return merchant.state


async def mails(read: Read) -> list[tuple[str, str]]:
    rows = await read.fetch(
        "SELECT facts->>'what' AS what, facts->>'day' AS day FROM mails WHERE template = 'shop_news' ORDER BY mail_id"
    )
    return [(row["what"], row["day"]) for row in rows]


async def test_a_merchant_is_closed_only_when_nothing_is_open_any_more(
    db: Database, world: World, chief: Browser
) -> None:
    own = f"/operator/merchants/{world.tea.merchant_id}"
    await deal.paid(db, [(world.items["green"].sku_id, 1)])
    await chief.post(f"{own}/suspend", {"reason": "Complaints"})

    refused = words(await chief.follow(await chief.post(f"{own}/close", {"reason": "Left"})))

    assert "The merchant cannot be closed yet" in refused and "Orders under way: 1" in refused
    assert await state(db, world) is MerchantState.SUSPENDED


async def test_a_merchant_without_anything_open_is_closed_for_good(db: Database, world: World, chief: Browser) -> None:
    own = f"/operator/merchants/{world.tea.merchant_id}"
    assert "Please fill this in" in words(await chief.follow(await chief.post(f"{own}/suspend", {"reason": ""})))
    await chief.post(f"{own}/suspend", {"reason": "It asks to leave"})

    page = words(await chief.follow(await chief.post(f"{own}/close", {"reason": "It asks to leave"})))

    assert "closed for good" in page
    assert await state(db, world) is MerchantState.CLOSED
    with pytest.raises(TransitionRefused):
        await db.transact(merchants.set_state, world.tea.merchant_id, MerchantState.OPEN)
    assert [step.to_state for step in await db.ask(merchants.history, world.tea.merchant_id)] == [
        "closed", "suspended", "open",
    ]  # fmt: skip
    assert [what for what, _ in await db.ask(mails)] == ["suspended", "closed"]
    log = await db.ask(access.audit_log, world.tea.merchant_id, which=AuditFilter(action="merchants.set_state"))
    assert [(entry.changes[0].before, entry.changes[0].after) for entry in log.items] == [
        ("suspended", "closed"),
        ("open", "suspended"),
    ]


async def test_owners_are_reminded_of_a_licence_once_each_time_and_a_shop_without_one_is_suspended(
    db: Database, world: World
) -> None:
    await db.transact(merchants.set_licence, world.tea.merchant_id, TODAY + timedelta(days=30))

    async def on(days: int) -> int:
        return await db.transact(look_at_licences, TODAY + timedelta(days=days))

    assert [await on(day) for day in (-1, 0, 0, 1, 22, 23, 24, 29, 30)] == [0, 1, 0, 0, 0, 1, 0, 1, 0]
    assert await state(db, world) is MerchantState.OPEN
    assert [await on(day) for day in (31, 32)] == [1, 0]
    assert await state(db, world) is MerchantState.SUSPENDED
    assert [what for what, _ in await db.ask(mails)] == ["licence_ends"] * 3 + ["suspended"]


async def test_terms_and_licence_are_changed_with_what_they_were(db: Database, world: World, chief: Browser) -> None:
    own = f"/operator/merchants/{world.tea.merchant_id}"
    await chief.post(f"{own}/terms", {"settlement_days": "5", "receipt_days": "10"})
    await chief.post(f"{own}/licence", {"licence_until": "2030-01-31"})
    assert "90 days" in words(
        await chief.follow(await chief.post(f"{own}/terms", {"settlement_days": "91", "receipt_days": "1"}))
    )

    merchant = await db.ask(merchants.get, world.tea.merchant_id)
    assert merchant is not None
    assert (merchant.settlement_days, merchant.receipt_days, merchant.licence_until) == (5, 10, date(2030, 1, 31))
    [terms] = (await db.ask(access.audit_log, which=AuditFilter(action="merchants.set_terms"))).items
    assert {change.field for change in terms.changes} <= {"settlement_days", "receipt_days"}


async def test_a_merchant_sells_only_in_the_categories_it_is_admitted_for(
    db: Database, world: World, chief: Browser
) -> None:
    own, home = f"/operator/merchants/{world.tea.merchant_id}", await db.ask(_category, world)
    other = next(each.category_id for each in await db.ask(catalog.categories) if each.category_id not in home)
    await chief.post(f"{own}/categories", {"category_ids": str(other)})

    with pytest.raises(CategoryNotAllowed):
        await db.transact(_move, world, home[-1])
    await db.transact(_move, world, other)
    await chief.post(f"{own}/categories", {})
    await db.transact(_move, world, home[-1])


async def _category(read: Read, world: World) -> list[UUID]:
    """The path of the tea's category."""
    return await read.value(
        "SELECT path FROM categories JOIN products USING (category_id) WHERE product_id = $1",
        world.items["green"].product_id,
    )


async def _move(tx: Tx, world: World, category_id: UUID) -> None:
    change = ProductChange(category_id=category_id)
    await catalog.change_product(tx, world.tea.merchant_id, world.items["green"].product_id, change)
