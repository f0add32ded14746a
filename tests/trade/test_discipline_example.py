"""The numbers of docs/algorithms/discipline.md, run."""

from steelyard.kernel.db import Database
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
