"""What channels keep by contract: from a day on, by currency, a share and a fixed part; statements are compared with it."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from steelyard.kernel.db import Database, Tx
from steelyard.money import payments, reconciliation
from steelyard.money.payments import PaymentState, RuleHasBegun
from tests.money.deals import Deal, record, said
from tests.money.statements import Row, Sale, listed, noon, reconciled, sold

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


async def in_three_months(tx: Tx, payment_id: UUID) -> None:
    """As it would have been asked for by a plan of which the seller bears 1.8 %."""
    await tx.execute("UPDATE payments SET instalments = 3, seller_millionths = 18000 WHERE payment_id = $1", payment_id)


async def test_what_the_seller_bears_of_instalments_is_a_fee_that_was_agreed(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY)), Sale(20_000, noon(DAY)), Sale(30_000, noon(DAY))])
    for row in rows[:2]:
        await db.transact(in_three_months, row.document)

    await reconciled(db, DAY, [rows[0].but(fee=60 + 180), rows[1], rows[2]])

    [wrong] = await listed(db)
    assert (wrong.kind, wrong.theirs, wrong.ours) == ("fee", 120, 120 + 360), (
        "of a month's plan, the usual fee is too little"
    )


async def test_a_line_that_came_before_our_word_of_it_is_compared_with_the_agreed_fee_too(db: Database) -> None:
    await db.transact(agreed, TODAY, 29_000, 30)
    right, wrong = Deal((7_000,)), Deal((9_000,))
    for deal in (right, wrong):
        await db.transact(payments.instruct, deal.instruction(instalments=3, seller_millionths=18_000))
    rows = [
        Row(datetime.now(UTC), "capture", reference, reference, str(deal.payment_id), "CNY", amount, fee)
        for deal, reference, amount, fee in ((right, "pay_1", 7_000, 203 + 30 + 126), (wrong, "pay_2", 9_000, 54))
    ]
    await reconciled(db, TODAY, rows)

    await record(db, right, said(PaymentState.CAPTURED, "pay_1"))
    await record(db, wrong, said(PaymentState.CAPTURED, "pay_2"))
    await reconciliation.run(db, "simpay", TODAY)

    [item] = [each for each in await listed(db) if each.state != "closed"]
    assert (item.kind, item.theirs, item.ours) == ("fee", 54, 261 + 30 + 162)


async def test_what_is_past_is_not_agreed_anew_and_a_plan_can_be_withdrawn(db: Database) -> None:
    with pytest.raises(RuleHasBegun):
        await db.transact(
            payments.agree_fee,
            "stripe",
            "USD",
            valid_from=TODAY - timedelta(days=1),
            millionths=29_000,
            fixed=30,
            set_by=None,
        )
    tomorrow = TODAY + timedelta(days=2)
    await db.transact(payments.agree_fee, "stripe", "USD", valid_from=None, millionths=29_000, fixed=30, set_by=None)
    await db.transact(
        payments.agree_fee, "stripe", "USD", valid_from=tomorrow, millionths=29_000, fixed=30, set_by=None
    )

    assert await db.transact(payments.withdraw_fee, "stripe", "USD", tomorrow)
    assert not await db.transact(payments.withdraw_fee, "stripe", "USD", TODAY)

    [kept] = await db.ask(payments.fees_of, "stripe")
    assert kept.fee.of(10_000, "USD") == 320
