"""Payments: asked for once, known in the end, whatever the channel says when."""

import asyncio
from itertools import permutations

import pytest

from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.states import Machine
from steelyard.money import payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import PaymentState, Recording
from steelyard.money.payments.model import PAYMENT_MACHINE, REFUND_MACHINE
from tests.money.deals import CAPTURED, Deal, balance, history, make_due, paid, record, said

PENDING, DECLINED, CANCELLED = PaymentState.PENDING, PaymentState.DECLINED, PaymentState.CANCELLED


async def test_the_same_instruction_twice_is_one_payment(db: Database) -> None:
    deal = Deal()

    both = await asyncio.gather(*(db.transact(payments.instruct, deal.instruction()) for _ in range(2)))

    assert both[0] == both[1]
    assert await history(db, deal.payment_id) == ["instructed"]
    assert len(await db.ask(payments.splits_of, deal.payment_id)) == 2


async def test_splits_are_the_payment(db: Database) -> None:
    with pytest.raises(AssertionError):
        await db.transact(payments.instruct, Deal().instruction(amount=1))


async def test_captured_money_is_allotted_to_the_orders_and_held(db: Database) -> None:
    deal = await paid(db)

    assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 10_000
    assert await balance(db, deal.buyer_id, AccountKind.PURCHASE_CLEARING) == 10_000
    assert [await balance(db, m, AccountKind.HELD) for m in deal.merchants] == [7_000, 3_000]
    assert [s.captured for s in await db.ask(payments.splits_of, deal.payment_id)] == [7_000, 3_000]


async def test_an_order_that_costs_nothing_has_its_part_in_a_payment_too(db: Database) -> None:
    deal = await paid(db, Deal(amounts=(500, 0)))

    assert await balance(db, deal.merchants[0], AccountKind.HELD) == 500


async def test_captured_wins_in_whatever_order_the_news_come(db: Database) -> None:
    for answers in permutations([said(PENDING), CAPTURED, said(DECLINED), said(CANCELLED)]):
        deal = Deal()
        await db.transact(payments.instruct, deal.instruction())

        became = [(await record(db, deal, answer)).became for answer in [*answers, *answers]]

        assert became.count("captured") == 1
        after = await db.ask(payments.get, deal.payment_id)
        assert after is not None
        assert after.state is PaymentState.CAPTURED
        assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 10_000


async def test_an_end_is_not_taken_back_by_pending(db: Database) -> None:
    deal = Deal()
    await db.transact(payments.instruct, deal.instruction())

    became = [(await record(db, deal, said(state))).became for state in (DECLINED, PENDING, CANCELLED)]

    assert became == ["declined", "nothing", "nothing"]
    assert await history(db, deal.payment_id) == ["instructed", "declined"]


async def test_the_same_news_at_the_same_time_count_once(db: Database) -> None:
    deal = Deal()
    await db.transact(payments.instruct, deal.instruction())

    outcomes = await asyncio.gather(*(record(db, deal) for _ in range(8)))

    assert sorted(o.became for o in outcomes) == ["captured"] + ["nothing"] * 7
    assert await balance(db, deal.buyer_id, AccountKind.CHANNEL_CASH) == 10_000


async def test_a_batch_is_recorded_as_if_one_by_one(db: Database) -> None:
    deals = [Deal() for _ in range(5)]
    await db.transact(payments.instruct_all, [deal.instruction() for deal in deals])
    batch = [Recording(payment_id=deal.payment_id, answer=CAPTURED, by="channel") for deal in deals]
    first = Recording(payment_id=deals[0].payment_id, answer=said(DECLINED), by="channel")

    outcomes = await db.transact(payments.record_all, [first, *batch, first])

    assert [o.became for o in outcomes] == ["declined"] + ["captured"] * 5 + ["nothing"]
    assert await history(db, deals[0].payment_id) == ["instructed", "declined", "captured"]


async def test_news_of_an_unknown_payment_are_not_found(db: Database) -> None:
    with pytest.raises(NotFound):
        await record(db, Deal())


async def test_what_the_channel_collects_must_be_what_was_asked_for(db: Database) -> None:
    deal = Deal()
    await db.transact(payments.instruct, deal.instruction())

    with pytest.raises(AssertionError):
        await record(db, deal, payments.ChannelAnswer(reference="x", state=PaymentState.CAPTURED, amount=9_999))


async def test_an_unknown_outcome_is_asked_for_by_one_process_at_a_time(db: Database) -> None:
    deals = [Deal() for _ in range(6)]
    await db.transact(payments.instruct_all, [deal.instruction() for deal in deals])
    assert await db.transact(payments.to_query, 10) == []
    await make_due(db)

    taken = await asyncio.gather(*(db.transact(payments.to_query, 4) for _ in range(3)))

    ids = [due.payment_id for batch in taken for due in batch]
    assert sorted(ids) == sorted({deal.payment_id for deal in deals})


async def test_a_known_outcome_is_not_asked_for(db: Database) -> None:
    deal = await paid(db)
    await db.transact(payments.query_soon, deal.payment_id)

    assert await db.transact(payments.to_query, 10) == []


async def test_what_never_arrived_at_the_channel_is_given_up_and_captured_still_wins(db: Database) -> None:
    deal = Deal()
    await db.transact(payments.instruct, deal.instruction())

    assert (await db.transact(payments.give_up, deal.payment_id, "system")).became == "cancelled"
    assert (await record(db, deal)).became == "captured"


async def test_payments_come_in_pages_newest_first(db: Database) -> None:
    deals = [Deal() for _ in range(5)]
    for deal in deals:
        await db.transact(payments.instruct, deal.instruction())

    first = await db.ask(payments.page, limit=3)
    rest = await db.ask(payments.page, limit=3, cursor=first.next)

    assert [p.payment_id for p in [*first.items, *rest.items]] == [deal.payment_id for deal in deals[::-1]]
    assert rest.next is None
    assert (await db.ask(payments.page, state=PaymentState.CAPTURED)).items == []


@pytest.mark.parametrize("machine", [PAYMENT_MACHINE, REFUND_MACHINE], ids=lambda machine: machine.name)
async def test_states_follow_each_other_in_sql_as_in_python(db: Database, machine: Machine) -> None:
    async def pairs(read: Read) -> set[tuple[str, str]]:
        rows = await read.fetch(f"SELECT from_state, to_state FROM {machine.name}_transitions")
        return {(row["from_state"], row["to_state"]) for row in rows}

    assert await db.ask(pairs) == machine.pairs()
