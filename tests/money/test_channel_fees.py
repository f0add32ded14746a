"""What channels keep by contract: from a day on, by currency, a share and a fixed part; statements are compared with it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from steelyard.kernel.db import Database, Tx
from steelyard.money import payments
from steelyard.money.payments import RuleHasBegun
from tests.money.statements import Sale, listed, noon, reconciled, sold

TODAY = datetime.now(UTC).date()
DAY = date(2026, 3, 5)
NEXT = DAY + timedelta(days=1)


async def agreed(tx: Tx, valid_from: date, millionths: int, fixed: int) -> None:
    """As it would have been written down then."""
    await tx.execute(
        "INSERT INTO channel_fees (channel, currency, valid_from, millionths, fixed) VALUES ('simpay', 'CNY', $1, $2, $3)",
        valid_from,
        millionths,
        fixed,
    )


async def test_a_statement_is_compared_with_the_fee_of_its_day(db: Database) -> None:
    await db.transact(agreed, NEXT, 29_000, 30)
    before = await sold(db, [Sale(10_000, noon(DAY))])
    after = await sold(db, [Sale(10_000, noon(NEXT)), Sale(20_000, noon(NEXT))])

    await reconciled(db, DAY, before)
    assert [each.kind for each in await listed(db)] == [], "60 is the share that the channel declares"
    await reconciled(db, NEXT, [after[0].but(fee=320), after[1].but(fee=580)])

    [wrong] = await listed(db)
    assert (wrong.kind, wrong.theirs, wrong.ours) == ("fee", 580, 610)


async def test_what_is_past_is_not_agreed_anew_and_a_plan_can_be_withdrawn(db: Database) -> None:
    told = {"millionths": 29_000, "fixed": 30, "set_by": None}
    with pytest.raises(RuleHasBegun):
        await db.transact(payments.agree_fee, "stripe", "USD", valid_from=TODAY - timedelta(days=1), **told)
    tomorrow = TODAY + timedelta(days=2)
    await db.transact(payments.agree_fee, "stripe", "USD", valid_from=None, **told)
    await db.transact(payments.agree_fee, "stripe", "USD", valid_from=tomorrow, **told)

    assert await db.transact(payments.withdraw_fee, "stripe", "USD", tomorrow)
    assert not await db.transact(payments.withdraw_fee, "stripe", "USD", TODAY)

    [kept] = await db.ask(payments.fees_of, "stripe")
    assert kept.fee.of(10_000, "USD") == 320
