"""History taken over in bulk is what the real commands would have left behind."""

from datetime import timedelta
from uuid import UUID

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import CheckViolation, Database
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import PaymentState, RecordedPayment, RecordedRefund, RefundId, RefundState
from tests.money.deals import SUCCEEDED, Deal, at, history, paid, refund, release

WHEN = at("2010-12-01T08:26")


def recorded(deal: Deal) -> RecordedPayment:
    return RecordedPayment(
        payment_id=deal.payment_id,
        purchase_id=deal.purchase_id,
        buyer_id=deal.buyer_id,
        channel="import",
        amount=sum(deal.amounts),
        currency=deal.currency,
        splits=deal.splits,
        at=WHEN,
    )


def returned(deal: Deal, amount: int, out_of: AccountKind = AccountKind.HELD) -> RecordedRefund:
    return RecordedRefund(
        refund_id=RefundId(ids.mint()),
        merchant_id=deal.merchants[0],
        order_id=deal.orders[0],
        payment_id=deal.payment_id,
        buyer_id=deal.buyer_id,
        channel="import",
        amount=amount,
        currency=deal.currency,
        reason="imported",
        out_of=out_of,
        at=WHEN + timedelta(days=3),
    )


async def books(db: Database, deal: Deal) -> list[list[ledger.Balance]]:
    return [await db.ask(ledger.balances, owner) for owner in (deal.buyer_id, *deal.merchants)]


async def splits(db: Database, deal: Deal) -> list[tuple[int, int, int, int]]:
    found = await db.ask(payments.splits_of, deal.payment_id)
    return sorted((s.amount, s.captured, s.refunding, s.refunded) for s in found)


async def moves(db: Database, documents: list[UUID]) -> list[tuple[str, str, str, int]]:
    return sorted((t.debit, t.credit, t.reason, t.amount) for t in await db.ask(ledger.transfers_of, documents))


async def test_bulk_leaves_what_the_commands_leave(db: Database) -> None:
    done = await paid(db)
    back = [(await refund(db, done, amount)).refund_id for amount in (500, 700)]
    for refund_id in back:
        await db.transact(payments.record_refund, refund_id, 1, SUCCEEDED, "channel")
    taken_over, old = Deal(), Deal()
    refunds = [returned(taken_over, amount) for amount in (500, 700)]

    await db.transact(payments.bulk_record, [recorded(taken_over), recorded(old)], refunds[:1])
    await db.transact(payments.bulk_record, [], refunds[1:])

    assert await books(db, taken_over) == await books(db, done)
    assert await splits(db, taken_over) == await splits(db, done)
    assert await moves(db, [taken_over.payment_id, *(r.refund_id for r in refunds)]) == await moves(
        db, [done.payment_id, *back]
    )
    one, other = [await db.ask(payments.get, deal.payment_id) for deal in (done, taken_over)]
    assert one is not None
    assert other is not None
    assert (one.state, one.amount, one.surplus) == (other.state, other.amount, other.surplus)
    assert (other.state, other.captured_at) == (PaymentState.CAPTURED, WHEN)
    assert await history(db, taken_over.payment_id) == ["captured"]
    known = await db.ask(payments.refunds_of_order, taken_over.merchants[0], taken_over.orders[0])
    assert [(r.state, r.succeeded_at) for r in known] == [(RefundState.SUCCEEDED, WHEN + timedelta(days=3))] * 2


async def test_history_asks_nothing_of_any_channel(db: Database) -> None:
    deal = Deal()
    await db.transact(payments.bulk_record, [recorded(deal)], [returned(deal, 500)])

    assert await db.transact(payments.to_query, 10) == []
    assert await db.transact(payments.to_refund, 10) == []


async def test_what_was_taken_over_can_be_refunded_like_anything_else(db: Database) -> None:
    deal = Deal()
    await db.transact(payments.bulk_record, [recorded(deal)])
    await release(db, deal, commission=700)

    made = await refund(db, deal, 7_000, out_of=AccountKind.PAYABLE)

    assert made.channel == "import"


async def test_history_does_not_give_back_more_than_was_captured(db: Database) -> None:
    deal = Deal()

    with pytest.raises(CheckViolation, match="never_refund_more_than_captured"):
        await db.transact(payments.bulk_record, [recorded(deal)], [returned(deal, 7_001)])
