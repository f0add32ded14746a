"""A refund that had come back and arrives again stands twice on statements, and both lines are found."""

from datetime import UTC, datetime

import pytest

from steelyard.kernel.db import Database
from steelyard.money import payments
from steelyard.money.payments.model import RefundAnswer, RefundState
from tests.money.deals import FAILED, SUCCEEDED, paid, refund
from tests.money.statements import Row, listed, reconciled
from tests.money.test_bank_reconciliation import laid_beside
from tests.money.test_refunds import answer, by_hand


@pytest.mark.parametrize("named", [True, False])
async def test_a_second_success_is_found_on_the_statement(db: Database, named: bool) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)
    for what in (SUCCEEDED, FAILED):
        await answer(db, made.refund_id, what)
    await db.transact(payments.send_again, made.merchant_id, made.refund_id, "staff:1")
    again = RefundAnswer(reference="ref_2", state=RefundState.SUCCEEDED)
    await answer(db, made.refund_id, again, attempt=2)

    now, day = datetime.now(UTC), datetime.now(UTC).date()
    theirs = f"pay_{deal.payment_id.hex}"
    capture = Row(now, "capture", theirs, theirs, str(deal.payment_id), "CNY", 10_000)
    first = Row(now, "refund", "ref_1", theirs, str(made.refund_id), "CNY", -1_000)
    second = Row(now, "refund", "ref_2", theirs, f"{made.refund_id}.2" if named else str(made.refund_id), "CNY", -1_000)
    done = await reconciled(db, day, [capture, first, second])

    assert done.matched == 3, await listed(db)
    assert not {each.kind for each in await listed(db)} & {"missing_here", "missing_there", "duplicate"}


async def test_what_is_missing_of_a_second_success_is_listed(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)
    for what in (SUCCEEDED, FAILED):
        await answer(db, made.refund_id, what)
    await db.transact(payments.send_again, made.merchant_id, made.refund_id, "staff:1")
    await answer(db, made.refund_id, SUCCEEDED, attempt=2)

    now = datetime.now(UTC)
    theirs = f"pay_{deal.payment_id.hex}"
    capture = Row(now, "capture", theirs, theirs, str(deal.payment_id), "CNY", 10_000)
    first = Row(now, "refund", "ref_1", theirs, str(made.refund_id), "CNY", -1_000)
    done = await reconciled(db, now.date(), [capture, first])

    missing = [each.ours for each in await listed(db) if each.kind == "missing_there"]
    assert (done.matched, missing) == (2, [-1_000])


async def test_by_hand_each_transfer_is_found_by_its_own_number(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)
    await answer(db, made.refund_id, FAILED)
    await db.transact(payments.made_by_hand, made.merchant_id, made.refund_id, by_hand("B-1"), "staff:1")
    await db.transact(payments.came_back, made.merchant_id, made.refund_id, "account_closed", "staff:1")
    await db.transact(payments.made_by_hand, made.merchant_id, made.refund_id, by_hand("B-2"), "staff:1")
    now = datetime.now(UTC).isoformat()

    day = await laid_beside(db, f"{now},B-2,-10.00,CNY,,Ann\n{now},B-1,-10.00,CNY,,Ann\n{now},B-3,10.00,CNY,,Ann\n")

    assert (day.lines, day.matched) == (3, 3), await listed(db)
