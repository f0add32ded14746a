"""Refunds: never more than was captured, and followed until the money has arrived."""

import asyncio
from datetime import date
from uuid import UUID

import pytest

from steelyard.kernel import events, ids
from steelyard.kernel.db import Database, Tx, administer
from steelyard.kernel.errors import NotFound, TransitionRefused
from steelyard.kernel.events import Subscriber
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import (
    ByHand,
    NotByHand,
    NothingCaptured,
    NumberUsed,
    PaymentState,
    Refunded,
    RefundRoute,
    RefundState,
    RefundTooLarge,
)
from tests.money.deals import (
    FAILED,
    SENT,
    SUCCEEDED,
    Deal,
    balance,
    make_due,
    paid,
    record,
    refund,
    release,
    said,
)

ATTEMPTS = 20


async def answer(db: Database, refund_id: UUID, what: payments.RefundAnswer, attempt: int = 1) -> RefundState:
    return await db.transact(payments.record_refund, refund_id, attempt, what, "channel")


async def test_a_refund_goes_back_the_way_the_money_came(db: Database) -> None:
    deal = await paid(db)

    made = await refund(db, deal, 2_000)
    assert await balance(db, deal.merchants[0], AccountKind.REFUND_DUE) == 2_000
    assert await answer(db, made.refund_id, SENT) is RefundState.SENT
    assert await answer(db, made.refund_id, SUCCEEDED) is RefundState.SUCCEEDED

    assert await balance(db, deal.merchants[0], AccountKind.HELD) == 5_000
    assert await balance(db, deal.merchants[0], AccountKind.REFUND_DUE) == 0
    assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 8_000


async def test_the_same_refund_twice_is_one(db: Database) -> None:
    deal, refund_id = await paid(db), ids.mint()

    both = await asyncio.gather(*(refund(db, deal, 4_000, refund_id=refund_id) for _ in range(2)))

    assert both[0] == both[1]
    assert await balance(db, deal.merchants[0], AccountKind.HELD) == 3_000


async def test_more_than_is_left_is_refused_with_what_is_left(db: Database) -> None:
    deal = await paid(db)
    await refund(db, deal, 6_500)

    with pytest.raises(RefundTooLarge) as refused:
        await refund(db, deal, 501)

    assert refused.value.facts["left"] == 500


async def test_nothing_is_refunded_of_what_was_not_captured(db: Database) -> None:
    deal = Deal()
    await db.transact(payments.instruct, deal.instruction())
    await record(db, deal, said(PaymentState.DECLINED))

    with pytest.raises(NothingCaptured):
        await refund(db, deal, 1)


async def race(db: Database, deal: Deal, attempt) -> int:
    """Twenty at once want 1,000 of an order's 7,000 back; how many succeeded."""
    results = await asyncio.gather(*(attempt(db, deal) for _ in range(ATTEMPTS)), return_exceptions=True)
    assert all(result is None or isinstance(result, RefundTooLarge | payments.Refund) for result in results)
    return sum(not isinstance(result, RefundTooLarge) for result in results)


async def test_twenty_refunds_at_once_give_back_what_was_captured_and_no_more(db: Database) -> None:
    deal = await paid(db)

    assert await race(db, deal, lambda db, deal: refund(db, deal, 1_000)) == 7


async def test_control_without_the_lock_and_the_constraint_they_give_back_more(database_url: str) -> None:
    async with administer(database_url) as connection:
        await connection.execute("ALTER TABLE payment_splits DROP CONSTRAINT never_refund_more_than_captured")
    db = await Database.connect(database_url, size=ATTEMPTS)
    deal = await paid(db)
    together = asyncio.Barrier(ATTEMPTS)

    async def unguarded(db: Database, deal: Deal) -> None:
        async def look_then_take(tx: Tx) -> None:
            left = await tx.value(
                "SELECT captured - refunding - refunded FROM payment_splits WHERE order_id = $1", deal.orders[0]
            )
            await together.wait()
            if left < 1_000:
                raise RefundTooLarge(left=left)
            await tx.execute(
                "UPDATE payment_splits SET refunding = refunding + 1000 WHERE order_id = $1", deal.orders[0]
            )

        await db.transact(look_then_take)

    assert await race(db, deal, unguarded) > 7
    await db.close()


async def test_money_released_to_the_merchant_is_refunded_out_of_its_payable(db: Database) -> None:
    deal = await paid(db)
    await release(db, deal)

    await refund(db, deal, 1_500, out_of=AccountKind.PAYABLE)

    assert await balance(db, deal.merchants[0], AccountKind.PAYABLE) == 5_500


async def test_paid_twice_gives_the_surplus_back_whole_and_once(db: Database) -> None:
    deal = await paid(db)
    second = await paid(db, deal.again())

    refunds = await db.transact(payments.refund_surplus, second.payment_id, "paid_twice")
    assert await db.transact(payments.refund_surplus, second.payment_id, "paid_twice") == []

    assert sorted(r.amount for r in refunds) == [3_000, 7_000]
    for made in refunds:
        await answer(db, made.refund_id, SUCCEEDED)
    assert [await balance(db, m, AccountKind.HELD) for m in deal.merchants] == [7_000, 3_000]
    known = {p.payment_id: p.surplus for p in await db.ask(payments.of_purchase, deal.purchase_id)}
    assert known == {deal.payment_id: False, second.payment_id: True}
    # The order's own money can still go back.
    assert (await refund(db, deal, 7_000)).payment_id == deal.payment_id


async def test_only_captured_money_is_a_surplus(db: Database) -> None:
    deal = Deal()
    await db.transact(payments.instruct, deal.instruction())

    with pytest.raises(AssertionError):
        await db.transact(payments.refund_surplus, deal.payment_id, "paid_twice")


async def test_news_of_a_refund_may_come_twice_and_out_of_order(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)

    states = [await answer(db, made.refund_id, what) for what in (SUCCEEDED, SENT, SUCCEEDED)]

    assert states == [RefundState.SUCCEEDED] * 3
    assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 9_000


async def test_a_refund_that_fails_after_it_had_arrived_is_owed_again_in_all_books(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)

    states = [await answer(db, made.refund_id, what) for what in (SENT, SUCCEEDED, FAILED, FAILED)]

    assert states == [RefundState.SENT, RefundState.SUCCEEDED, RefundState.FAILED, RefundState.FAILED]
    known = await db.ask(payments.refund_of, made.refund_id)
    assert known is not None and (known.failure, known.succeeded_at) == ("account_closed", None)
    assert await balance(db, deal.merchants[0], AccountKind.REFUND_DUE) == 1_000
    assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 10_000
    [split, _] = await db.ask(payments.splits_of, deal.payment_id)
    assert (split.refunding, split.refunded) == (1_000, 0)


async def test_what_came_back_is_sent_again_and_its_old_success_says_nothing_of_the_new_try(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)
    for what in (SUCCEEDED, FAILED):
        await answer(db, made.refund_id, what)
    await db.transact(payments.send_again, made.merchant_id, made.refund_id, "staff:1")

    assert await answer(db, made.refund_id, SUCCEEDED, attempt=1) is RefundState.INSTRUCTED  # told late, and old
    assert await answer(db, made.refund_id, SUCCEEDED, attempt=2) is RefundState.SUCCEEDED

    assert await balance(db, deal.merchants[0], AccountKind.REFUND_DUE) == 0
    assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 9_000


async def test_what_a_channel_gave_up_goes_into_the_balance_instead(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)
    await answer(db, made.refund_id, FAILED)

    await db.transact(payments.send_again, made.merchant_id, made.refund_id, "staff:1", RefundRoute.BALANCE)
    assert await payments.send_refunds(db, {}, Settings()) == 1

    assert await balance(db, deal.buyer_id, AccountKind.BALANCE) == 1_000
    assert (
        await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 10_000
    )  # the money is still there, now for the balance
    assert await balance(db, deal.merchants[0], AccountKind.REFUND_DUE) == 0


async def test_a_channel_that_paid_after_all_what_went_into_the_balance_is_told_of(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)
    await answer(db, made.refund_id, FAILED)
    await db.transact(payments.send_again, made.merchant_id, made.refund_id, "staff:1", RefundRoute.BALANCE)
    await payments.send_refunds(db, {}, Settings())

    assert await answer(db, made.refund_id, SUCCEEDED, attempt=1) is RefundState.SUCCEEDED

    known = await db.ask(payments.refund_of, made.refund_id)
    assert known is not None and known.twice_at is not None
    assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 10_000


async def test_a_refund_straight_into_the_balance_asks_no_channel(db: Database) -> None:
    deal = await paid(db)

    made = await refund(db, deal, 2_500, route=RefundRoute.BALANCE)
    await payments.send_refunds(db, {}, Settings())

    known = await db.ask(payments.refund_of, made.refund_id)
    assert known is not None and (known.state, known.route) == (RefundState.SUCCEEDED, RefundRoute.BALANCE)
    assert await balance(db, deal.buyer_id, AccountKind.BALANCE) == 2_500


async def test_what_no_channel_of_this_house_can_send_has_failed_and_has_a_way_out(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)

    await payments.send_refunds(db, {}, Settings())

    known = await db.ask(payments.refund_of, made.refund_id)
    assert known is not None and (known.state, known.failure) == (RefundState.FAILED, "channel_not_set_up")


def by_hand(number: str) -> ByHand:
    return ByHand(bank_number=number, party="A buyer", on_day=date(2026, 11, 3))


async def test_staff_transfer_what_a_channel_gave_up_under_a_number_that_is_used_once(db: Database) -> None:
    deal = await paid(db)
    one, other = [await refund(db, deal, 1_000) for _ in range(2)]
    for made in (one, other):
        await answer(db, made.refund_id, FAILED)

    for _ in range(2):  # the second click
        await db.transact(payments.made_by_hand, one.merchant_id, one.refund_id, by_hand("B-1"), "staff:1")
    with pytest.raises(NumberUsed):
        await db.transact(payments.made_by_hand, other.merchant_id, other.refund_id, by_hand("B-1"), "staff:1")

    assert await balance(db, deal.merchants[0], AccountKind.REFUND_DUE) == 1_000
    assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 10_000, "the channel still has it"
    assert await balance(db, deal.buyer_id, AccountKind.BANK_CASH) == -1_000
    known = await db.ask(payments.refund_of, one.refund_id)
    assert known is not None and (known.route, known.channel_reference) == (RefundRoute.BY_HAND, "B-1")


async def test_what_a_channel_may_still_pay_is_not_transferred_by_hand(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)
    await answer(db, made.refund_id, SENT)

    with pytest.raises(NotByHand):
        await db.transact(payments.made_by_hand, made.merchant_id, made.refund_id, by_hand("B-1"), "staff:1")
    with pytest.raises(NotFound):
        await db.transact(payments.made_by_hand, ids.mint(), made.refund_id, by_hand("B-2"), "staff:1")


async def test_what_goes_into_the_balance_is_not_transferred_as_well(db: Database) -> None:
    deal = Deal()
    await db.transact(payments.instruct, deal.instruction(channel="bank_transfer"))
    line = {"bank_number": "C-1", "amount": 10_000, "currency": "CNY", "party": "A buyer", "on_day": date(2026, 11, 1)}
    await db.transact(payments.book_movement, deal.payment_id, by="staff:1", **line)
    await record(db, deal)
    made = await refund(db, deal, 1_000, route=RefundRoute.BALANCE)

    assert await db.ask(payments.owed_back) == []
    with pytest.raises(NotByHand):
        await db.transact(payments.made_by_hand, made.merchant_id, made.refund_id, by_hand("B-1"), "staff:1")
    with pytest.raises(NumberUsed):
        await db.transact(payments.made_by_hand, made.merchant_id, made.refund_id, by_hand("C-1"), "staff:1")


async def test_a_transfer_by_hand_that_came_back_is_made_again_under_another_number(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)
    await answer(db, made.refund_id, FAILED)
    await db.transact(payments.made_by_hand, made.merchant_id, made.refund_id, by_hand("B-1"), "staff:1")

    await db.transact(payments.came_back, made.merchant_id, made.refund_id, "account_closed", "staff:1")
    assert await balance(db, deal.buyer_id, AccountKind.BANK_CASH) == 0
    with pytest.raises(NumberUsed):
        await db.transact(payments.made_by_hand, made.merchant_id, made.refund_id, by_hand("B-1"), "staff:1")
    await db.transact(payments.made_by_hand, made.merchant_id, made.refund_id, by_hand("B-2"), "staff:1")

    assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 10_000, "the channel still has it"
    assert await balance(db, deal.buyer_id, AccountKind.BANK_CASH) == -1_000


async def test_a_failed_refund_is_still_owed_and_tried_again_under_another_name(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)
    first = (await db.transact(payments.to_refund, 9))[0]
    assert await answer(db, made.refund_id, FAILED) is RefundState.FAILED
    assert await balance(db, deal.merchants[0], AccountKind.REFUND_DUE) == 1_000
    assert await db.transact(payments.to_refund, 9) == []

    await db.transact(payments.send_again, made.merchant_id, made.refund_id, "staff:1")
    second = (await db.transact(payments.to_refund, 9))[0]

    assert (first.reference, second.reference) == (f"{made.refund_id}", f"{made.refund_id}.2")
    assert await answer(db, made.refund_id, FAILED, attempt=1) is RefundState.INSTRUCTED
    assert await answer(db, made.refund_id, SUCCEEDED, attempt=2) is RefundState.SUCCEEDED


async def test_a_failure_that_was_a_mistake_ends_in_success(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)

    states = [await answer(db, made.refund_id, what) for what in (FAILED, SUCCEEDED)]

    assert states == [RefundState.FAILED, RefundState.SUCCEEDED]


async def test_only_a_failed_refund_is_tried_again(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)

    with pytest.raises(TransitionRefused):
        await db.transact(payments.send_again, made.merchant_id, made.refund_id, "staff:1")
    with pytest.raises(NotFound):
        await db.transact(payments.send_again, made.merchant_id, ids.mint(), "staff:1")


async def test_a_process_that_dies_while_sending_only_delays(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)

    taken = await asyncio.gather(*(db.transact(payments.to_refund, 9) for _ in range(3)))
    assert [due.refund_id for batch in taken for due in batch] == [made.refund_id]
    assert await db.transact(payments.to_refund, 9) == []
    await make_due(db)

    again = await db.transact(payments.to_refund, 9)
    assert [(due.refund_id, due.asked_before) for due in again] == [(made.refund_id, True)]


async def test_a_merchant_refunds_under_its_own_role(db: Database) -> None:
    deal = await paid(db)
    merchant = db.as_merchant(deal.merchants[0])

    made = await refund(merchant, deal, 1_000)

    assert made.amount == 1_000
    with pytest.raises(NothingCaptured):
        await refund(merchant, deal, 1_000, order=1)


async def test_an_arrived_refund_is_announced(db: Database) -> None:
    deal = await paid(db)
    made = await refund(db, deal, 1_000)
    await answer(db, made.refund_id, SUCCEEDED)
    heard: list[Refunded] = []

    async def hear(_tx: Tx, news: list[Refunded]) -> None:
        heard.extend(news)

    await events.drain(db, [Subscriber("test", {Refunded: hear})])

    assert [(news.refund_id, news.buyer_id, news.amount) for news in heard] == [(made.refund_id, deal.buyer_id, 1_000)]
