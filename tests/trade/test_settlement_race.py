"""Settlement runs and refunds at the same moment: what is paid out is what was counted, and the control shows why."""

import asyncio
from datetime import date

from steelyard.kernel import codes, ids
from steelyard.kernel.db import Database, Tx
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import settlement
from steelyard.trade.settlement import EntryKind, Statement
from tests.money.deals import Deal
from tests.support.database import violations
from tests.support.rivals import meet
from tests.trade.merchants import open_shop, refund_after_release
from tests.trade.settling import payable, sold, today

SALES = 6


async def busy_shop(db: Database) -> tuple[MerchantId, list[Deal]]:
    shop = await open_shop(db, settlement_days=0)
    return shop, [await sold(db, shop, 1_000) for _ in range(SALES)]


async def test_of_two_runs_that_meet_one_pays(db: Database) -> None:
    await busy_shop(db)

    async def run(tx: Tx) -> list[Statement]:
        return await settlement.run(tx, today())

    first, second = await meet(db, run, run)

    assert [s.payout for s in first] == [SALES * 1_000]
    assert second == []


async def test_refunds_during_runs_are_on_this_statement_or_wait_for_the_next(db: Database) -> None:
    shop, deals = await busy_shop(db)

    issued, _ = await asyncio.gather(
        db.transact(settlement.run, today()),
        asyncio.gather(*(refund_after_release(db, deal, 300) for deal in deals[:3])),
    )

    paid = sum(s.payout for s in issued)
    waits = sum(w.amount for w in await db.ask(settlement.waiting, shop))
    assert len(issued) == 1
    assert paid + waits == SALES * 1_000 - 3 * 300
    assert await payable(db, shop) == waits


async def test_control_who_counts_first_and_takes_afterwards_pays_what_was_refunded(
    db: Database, database_url: str
) -> None:
    """The same by count-then-take: if this came out right, the tests above would prove nothing."""
    shop, _ = await busy_shop(db)

    async def careless(tx: Tx, day: date) -> None:
        amount = await tx.value(
            "SELECT sum(amount)::bigint FROM settlement_entries WHERE merchant_id = $1 AND statement_id IS NULL", shop
        )
        await db.transact(_refunded, shop, 300)  # somebody else, who is done before we go on
        statement_id = ids.mint()
        await tx.execute(
            """
            INSERT INTO statements (merchant_id, statement_id, code, day, currency, sales, commission, refunds
              , commission_returned, payout, state) VALUES ($1, $2, $3, $4, 'CNY', $5, 0, 0, 0, $5, 'issued')
            """,
            shop, statement_id, codes.mint("ST"), day, amount,
        )  # fmt: skip
        await tx.execute(
            "UPDATE settlement_entries SET statement_id = $2 WHERE merchant_id = $1 AND statement_id IS NULL",
            shop,
            statement_id,
        )

    try:
        await db.transact(careless, today())
        assert "a statement is the sum of its entries" in {
            each.name.split(": ")[-1] for each in await violations(database_url)
        }
    finally:
        await db.transact(_undone, shop)


async def _refunded(tx: Tx, shop: MerchantId, amount: int) -> None:
    await tx.execute(
        """
        INSERT INTO settlement_entries (merchant_id, entry_id, document, kind, amount, currency, due_on)
        VALUES ($1, $2, $2, $3, $4, 'CNY', $5)
        """,
        shop,
        ids.mint(),
        EntryKind.REFUND,
        -amount,
        today(),
    )


async def _undone(tx: Tx, shop: MerchantId) -> None:
    """What the control has broken is taken away, so that what is looked at after the test is true."""
    await tx.execute("UPDATE settlement_entries SET statement_id = NULL WHERE merchant_id = $1", shop)
    await tx.execute("DELETE FROM settlement_entries WHERE merchant_id = $1 AND kind = 'refund'", shop)
    await tx.execute("DELETE FROM statements WHERE merchant_id = $1", shop)
