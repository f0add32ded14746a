"""The numbers of docs/algorithms/discipline.md, run."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from steelyard.goods import catalog
from steelyard.goods.catalog.model import CategoryId, NewCategory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import discipline
from tests.support.world import World
from tests.trade.examples import numbers
from tests.trade.test_discipline import NOW, balances, paid_in, recorded, revoked, state


async def test_the_page_says_what_violations_cost(shop: Database, world: World) -> None:
    page = numbers("discipline.md")
    tea = MerchantId(world.tea.merchant_id)
    await paid_in(shop, tea, int(page["deposit"]))
    known = {}
    for row in page["violations"]:
        known[row["code"]] = each = await recorded(shop, tea, row["code"])
        assert (each.points, each.fine, each.from_deposit, each.from_payable) == tuple(
            int(row[name]) for name in ("points", "fine", "from_deposit", "from_payable")
        )
        assert (str(await shop.ask(merchants.restricted, tea, NOW)).lower(), str(await state(shop, tea))) == (
            row["restricted"], row["state"],
        )  # fmt: skip

    row = page["revoked"]
    await revoked(shop, known[row["code"]])

    assert await shop.ask(discipline.points_of, tea, 2026) == int(row["points"])
    assert (str(await shop.ask(merchants.restricted, tea, NOW)).lower(), str(await state(shop, tea))) == (
        row["restricted"], row["state"],
    )  # fmt: skip
    assert await balances(shop, tea) == {
        AccountKind.DEPOSIT: int(row["deposit"]),
        AccountKind.PAYABLE: int(row["payable"]),
        AccountKind.FINES: int(row["fines"]),
    }


@pytest.mark.parametrize("row", numbers("discipline.md")["deposits"])
async def test_the_page_says_what_categories_ask_for(shop: Database, world: World, row: dict[str, Any]) -> None:
    tea = MerchantId(world.tea.merchant_id)
    above = world.categories["tea"]
    below = CategoryId(ids.mint())
    new = NewCategory(
        category_id=below, parent_id=above, slug=f"green-{below.hex[-8:]}", name=text("绿茶", "Green tea")
    )
    await shop.transact(catalog.create_category, new)
    for category_id, name in ((above, "tea"), (below, "green_tea")):
        await shop.transact(discipline.set_category_deposit, category_id, row["currency"], int(row[name]))
    await shop.transact(discipline.set_terms, tea, int(row["own"]), None, NOW.date())
    await shop.transact(_sell_in, tea, above, below if row["sells_in"] == "green_tea" else above)

    await shop.transact(discipline.follow_categories, NOW.date())

    assert (await shop.ask(discipline.deposit_of, tea)).required == int(row["required"])


async def _sell_in(tx: Tx, merchant_id: MerchantId, before: UUID, after: UUID) -> None:
    await tx.execute("DELETE FROM merchant_categories WHERE merchant_id = $1", merchant_id)
    await tx.execute(
        "UPDATE products SET category_id = $3 WHERE merchant_id = $1 AND category_id = $2", merchant_id, before, after
    )


async def test_the_page_says_what_becomes_of_a_debt(shop: Database, world: World) -> None:
    page = numbers("discipline.md")["debt"]
    tea = MerchantId(world.tea.merchant_id)
    fine = await recorded(shop, tea)
    assert fine.fine == int(page["owed"])
    await paid_in(shop, tea, int(page["deposit"]))
    fined = datetime.now(UTC)

    async def stands() -> tuple[int, int, str]:
        claimed = await shop.ask(discipline.debts, tea)
        return (
            (await balances(shop, tea))[AccountKind.DEPOSIT],
            sum(each.amount for each in claimed),
            str(await shop.ask(merchants.restricted, tea, fined)).lower(),
        )

    for row in page["days"]:
        at = fined + timedelta(days=int(row["day"]))
        await shop.transact(discipline.net, at)
        await shop.transact(discipline.follow_debts, at)
        assert await stands() == (int(row["deposit"]), int(row["claimed"]), row["restricted"])

    await shop.transact(discipline.pay_debt, tea, ids.mint(), "CNY", int(page["paid"]), "T-1", "staff:first")
    assert await stands() == (0, int(page["after"]["claimed"]), page["after"]["restricted"])
