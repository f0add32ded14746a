"""Presales: a deposit that counts for more than it is, a balance in its time, and what becomes of the deposit otherwise."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory, promotions
from steelyard.goods.promotions.model import FlashState, OfferBegun
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments.model import ChannelAnswer, Instruction, PaymentState
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, checkout, orders, settlement
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.checkout.model import AGENT, CheckoutNotReady, ProblemCode
from steelyard.trade.orders.model import (
    BookingState,
    NotCancellable,
    NotPayable,
    OrderState,
    Outcome,
    PurchaseId,
    PurchaseState,
)
from steelyard.trade.settlement.model import EntryKind
from tests.support import deal
from tests.support.database import Settled
from tests.support.presale import (
    DEPOSIT,
    WHOLE,
    asked,
    balance_from,
    balance_until,
    booked,
    item,
    of,
    placed,
    planned,
    presale,
    sweep,
)
from tests.support.world import STOCK, World

DAY = timedelta(days=1)
FREIGHT = 800


async def free(db: Database, world: World) -> int:
    sku_id = world.items["nuts"].sku_id
    return (await db.ask(inventory.available, [sku_id]))[sku_id]


async def in_books(db: Database, world: World) -> dict[AccountKind, int]:
    found = await db.ask(ledger.balances, world.tea.merchant_id)
    return {each.kind: each.balance for each in found if each.balance}


async def came_and_went(db: Database, purchase_id: PurchaseId) -> tuple[int, int]:
    """What of a purchase's money was captured, and what is back or on its way."""
    (part,) = await deal.orders_of(db, purchase_id)
    splits = await db.ask(payments.splits_of_order, part.merchant_id, part.order_id)
    return sum(each.captured for each in splits), sum(each.refunding + each.refunded for each in splits)


async def balance_paid(db: Database, purchase_id: PurchaseId) -> None:
    await db.transact(balance_from, purchase_id, timedelta())
    await deal.captured(db, await deal.instructed(db, purchase_id))


async def state_of(db: Database, purchase_id: PurchaseId) -> PurchaseState:
    found = await db.ask(orders.purchase, purchase_id)
    assert found is not None
    return found.state


async def test_a_deposit_is_paid_first_and_kept_by_itself(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world))
    quote = await asked(shop, world, 2)
    assert (quote.goods, quote.deposit, quote.booking and quote.booking.counts_for) == (2 * WHOLE, 1_000, 2_000)

    purchase_id = await placed(shop, world, 2)
    instruction = await deal.begun(shop, purchase_id)
    assert isinstance(instruction, Instruction)
    assert instruction.amount == sum(split.amount for split in instruction.splits) == 2 * DEPOSIT
    await deal.captured(shop, instruction.payment_id)

    found = await of(shop, purchase_id)
    assert (found.state(datetime.now(UTC)), found.due(datetime.now(UTC))) == (BookingState.DEPOSIT_PAID, None)
    assert await in_books(shop, world) == {
        AccountKind.ORDER_CLEARING: 2 * DEPOSIT,
        AccountKind.PRESALE_DEPOSITS: 2 * DEPOSIT,
    }
    assert wanted.terms is not None
    purchase = await shop.ask(orders.purchase, purchase_id)
    assert purchase is not None
    assert (purchase.state, purchase.pay_by) == (PurchaseState.PLACED, wanted.terms.balance_until)
    with pytest.raises(NotPayable):
        await deal.begun(shop, purchase_id)


async def test_with_the_balance_it_is_bought_and_the_merchant_gets_all_of_it(shop: Database, world: World) -> None:
    await planned(shop, presale(world))
    purchase_id = await booked(shop, world, 2)

    await balance_paid(shop, purchase_id)

    (order,) = await deal.orders_of(shop, purchase_id)
    (line,) = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    assert (line.amount, line.discount, line.subsidy) == (2 * WHOLE, 2 * (3_990 - WHOLE), 0)
    assert (order.state, order.total) == (OrderState.PAID, 2 * WHOLE + order.freight)
    assert await came_and_went(shop, purchase_id) == (order.total, 0)
    assert (await in_books(shop, world))[AccountKind.HELD] == order.total
    await deal.shipped(shop, order)
    await deal.received(shop, order)
    assert (await in_books(shop, world))[AccountKind.PAYABLE] == order.total - order.commission
    assert (await of(shop, purchase_id)).state(datetime.now(UTC)) is BookingState.SENT


async def test_the_balance_is_due_from_its_first_moment_to_its_last(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world))
    found = await of(shop, await booked(shop, world))
    assert wanted.terms is not None
    begins, second = wanted.terms.balance_from, timedelta(seconds=1)

    assert [found.due(at) for at in (begins - second, begins, begins + second)] == [None, found.balance, found.balance]
    assert [found.state(at) for at in (begins - second, begins)] == [
        BookingState.DEPOSIT_PAID,
        BookingState.BALANCE_DUE,
    ]


async def test_who_is_silent_gives_the_deposit_up_at_the_last_moment_and_not_before(
    shop: Database, world: World
) -> None:
    await planned(shop, presale(world))
    purchase_id = await booked(shop, world)
    before = await free(shop, world)

    async def at_the_end(tx: Tx, seconds: int) -> int:
        """Within one transaction the clock stands still."""
        await balance_until(tx, purchase_id, timedelta(seconds=-seconds))
        return await orders.cancel_unpaid(tx)

    assert [await shop.transact(at_the_end, seconds) for seconds in (1, 0, 0)] == [0, 1, 0]

    found = await of(shop, purchase_id)
    assert (found.outcome, found.state(datetime.now(UTC))) == (Outcome.FORFEITED, BookingState.FORFEITED)
    assert (await in_books(shop, world))[AccountKind.PAYABLE] == DEPOSIT
    assert await came_and_went(shop, purchase_id) == (DEPOSIT, 0)
    assert await free(shop, world) == before, "the piece is kept for the presale again, which still runs"
    await deal.at_rest(shop)
    (entry,) = await shop.ask(settlement.entries_about, world.tea.merchant_id, [found.order_id])
    assert (entry.kind, entry.amount) == (EntryKind.DEPOSIT_FORFEITED, DEPOSIT)


async def test_where_the_shop_says_so_the_deposit_goes_back(shop: Database, world: World) -> None:
    await planned(shop, presale(world, forfeits=False))
    purchase_id = await booked(shop, world)

    await shop.transact(balance_until, purchase_id, timedelta())
    assert [await sweep(shop) for _ in range(2)] == [1, 0]

    assert (await of(shop, purchase_id)).outcome is Outcome.RETURNED
    assert await came_and_went(shop, purchase_id) == (DEPOSIT, DEPOSIT)
    assert await deal.channel_refunds(shop) == 1
    assert await in_books(shop, world) == {}


async def test_who_never_pays_the_deposit_books_nothing(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world))
    buyer_id = BuyerId(ids.mint())
    purchase_id = await placed(shop, world, 2, buyer_id)

    async def late(tx: Tx) -> int:
        await tx.execute("UPDATE purchases SET pay_by = now() WHERE purchase_id = $1", purchase_id)
        return await orders.cancel_unpaid(tx)

    assert await shop.transact(late) == 1
    assert (await of(shop, purchase_id)).outcome is Outcome.DROPPED
    (found,) = await shop.ask(promotions.planned, [(wanted.merchant_id, wanted.session_id)])
    assert found.taken == 0
    assert (await of(shop, await booked(shop, world, 2, buyer_id))).deposit == 2 * DEPOSIT, "the limit is free again"


async def test_deposits_are_paid_while_the_presale_lasts(shop: Database, world: World) -> None:
    """The time for paying ends with it, though a purchase usually has longer."""
    wanted = presale(world, begins=timedelta(days=-7) + timedelta(minutes=5))
    await planned(shop, wanted)

    purchase = await shop.ask(orders.purchase, await placed(shop, world))

    assert purchase is not None
    assert purchase.pay_by == wanted.ends_at


async def test_a_buyer_who_steps_back_says_so_for_the_deposit_too(shop: Database, world: World) -> None:
    await planned(shop, presale(world))
    purchase_id = await booked(shop, world)

    with pytest.raises(NotCancellable):
        await shop.transact(orders.cancel_purchase, purchase_id, "buyer", "buyer")
    assert (await of(shop, purchase_id)).outcome is None
    for _ in range(2):
        await shop.transact(orders.cancel_purchase, purchase_id, "buyer", "buyer", deposit_too=True)

    assert (await of(shop, purchase_id)).outcome is Outcome.FORFEITED
    assert await came_and_went(shop, purchase_id) == (DEPOSIT, 0)


async def test_a_shop_that_does_not_deliver_gives_the_deposit_back(shop: Database, world: World) -> None:
    """Whatever the presale says of giving it up. Meanwhile nothing more is taken."""
    wanted = await planned(shop, presale(world))
    purchase_id, other = await booked(shop, world), await booked(shop, world)
    await balance_paid(shop, other)
    await shop.transact(balance_from, purchase_id, timedelta())
    pending = await deal.instructed(shop, purchase_id)

    called_off = [
        await shop.transact(orders.call_off, world.tea.merchant_id, session_id=wanted.session_id, reason="no leaves")
        for _ in range(2)
    ]

    assert called_off == [1, 0], "what is paid whole is cancelled like any other order"
    with pytest.raises(NotPayable):
        await deal.begun(shop, purchase_id)
    await deal.captured(shop, pending)
    assert await state_of(shop, purchase_id) is PurchaseState.PLACED
    assert [await sweep(shop) for _ in range(2)] == [1, 0]
    captured, back = await came_and_went(shop, purchase_id)
    assert captured == back == (await of(shop, purchase_id)).total
    assert await state_of(shop, other) is PurchaseState.PAID


async def test_a_deposit_paid_twice_goes_back_once(shop: Database, world: World) -> None:
    """Two windows with two channels, and both are captured: the second is not for the balance."""
    await planned(shop, presale(world))
    purchase_id = await placed(shop, world)
    first = await deal.instructed(shop, purchase_id)
    second = await deal.instructed(shop, purchase_id, "another")
    recordings = [
        payments.Recording(payment_id=each, answer=deal.capture(each), by="channel") for each in (first, second)
    ]

    await shop.transact(checkout.apply_payments, recordings)

    assert (await of(shop, purchase_id)).deposit_payment == first
    assert await came_and_went(shop, purchase_id) == (2 * DEPOSIT, DEPOSIT)
    await shop.transact(balance_from, purchase_id, timedelta())
    assert isinstance(await deal.begun(shop, purchase_id, "another"), Instruction)


async def test_a_declined_balance_can_be_paid_again(shop: Database, world: World) -> None:
    await planned(shop, presale(world))
    purchase_id = await booked(shop, world)
    await shop.transact(balance_from, purchase_id, timedelta())
    declined = ChannelAnswer(reference=None, state=PaymentState.DECLINED)
    await shop.transact(checkout.apply_payment, await deal.instructed(shop, purchase_id), declined, "channel")

    await deal.captured(shop, await deal.instructed(shop, purchase_id))

    assert await state_of(shop, purchase_id) is PurchaseState.PAID


async def test_a_balance_that_comes_too_late_goes_back_and_the_deposit_stays_given_up(
    shop: Database, world: World
) -> None:
    await planned(shop, presale(world))
    purchase_id = await booked(shop, world)
    await shop.transact(balance_from, purchase_id, timedelta())
    late = await deal.instructed(shop, purchase_id)
    await shop.transact(balance_until, purchase_id, timedelta())
    await sweep(shop)

    await deal.captured(shop, late)

    found = await of(shop, purchase_id)
    assert (found.outcome, await came_and_went(shop, purchase_id)) == (Outcome.FORFEITED, (found.total, found.balance))


async def test_what_is_in_a_presale_is_bought_alone_and_in_the_shop(shop: Database, world: World) -> None:
    await planned(shop, presale(world))
    nuts, hammer = world.items["nuts"].sku_id, world.items["hammer"].sku_id
    both = await deal.opened(shop, [(nuts, 1), (hammer, 1)])
    by_agent = checkout.Asked(draft=deal.draft([(nuts, 1)]), currency="CNY", client=AGENT)

    view = await shop.ask(checkout.view, both)
    (of_agent,) = await shop.ask(checkout.quotes, [by_agent])

    assert view is not None
    for quote in (view.quote, of_agent):
        assert [problem.code for problem in quote.blocking] == [ProblemCode.PRESALE_ALONE]
        assert quote.booking is None
    with pytest.raises(CheckoutNotReady):
        await shop.transact(checkout.place, both, expected_total=None, by="buyer")


async def test_a_limit_and_the_pieces_hold(shop: Database, world: World) -> None:
    await planned(shop, presale(world, item(world, pieces=3)))
    buyer_id = BuyerId(ids.mint())
    await booked(shop, world, 2, buyer_id)

    assert [each.code for each in (await asked(shop, world, 1, buyer_id)).blocking] == [ProblemCode.PRESALE_LIMIT]
    gone = await asked(shop, world, 2)
    assert ([each.code for each in gone.problems], gone.booking) == ([ProblemCode.PRESALE_GONE], None)
    assert gone.goods == 2 * 3_990


async def test_when_its_deposits_are_over_what_is_left_is_sold_as_everything_else(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world))
    purchase_id = await booked(shop, world)
    await shop.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="staff")

    assert await free(shop, world) == STOCK - 1
    assert (await asked(shop, world)).booking is None
    await balance_paid(shop, purchase_id)
    assert await state_of(shop, purchase_id) is PurchaseState.PAID


async def test_without_a_deposit_it_is_paid_at_once_and_sent_later(shop: Database, world: World) -> None:
    await planned(shop, presale(world, item(world, deposit=0, counts_for=0, price=3_000)))

    (order,) = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])

    found = await of(shop, order.purchase_id)
    assert (order.state, order.goods, found.deposit) == (OrderState.PAID, 3_000, 0)
    assert found.state(found.ships_by - timedelta(seconds=1)) is BookingState.TO_SEND
    assert found.state(found.ships_by) is BookingState.LATE


async def test_until_it_begins_it_is_changed_and_afterwards_not(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world, begins=DAY))
    other = presale(world, item(world, pieces=7, deposit=600), begins=2 * DAY)
    again = msgspec.structs.replace(other, session_id=wanted.session_id)

    await shop.transact(promotions.replan, again)

    (found,) = await shop.ask(promotions.planned, [(wanted.merchant_id, wanted.session_id)])
    assert (found.pieces, found.presale and found.presale.deposit, await free(shop, world)) == (7, 600, STOCK - 7)
    session = await shop.ask(promotions.session, wanted.merchant_id, wanted.session_id)
    assert session is not None
    assert session.state(datetime.now(UTC)) is FlashState.TO_COME
    await shop.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="staff")
    running = await planned(shop, presale(world))
    with pytest.raises(OfferBegun):
        await shop.transact(promotions.replan, running)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"deposit": 701, "counts_for": 1_000}, "deposit_0"),
        ({"deposit": 3_500}, "deposit_0"),
        ({"counts_for": 499}, "counts_for_0"),
        ({"counts_for": 3_500}, "counts_for_0"),
        ({"deposit": 0}, "counts_for_0"),
        ({"price": 9_000}, "price_0"),
        ({"pieces": 0}, "pieces_0"),
    ],
)
async def test_what_cannot_be_a_presale_is_refused_beside_its_field(
    shop: Database, world: World, changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await shop.transact(promotions.plan, presale(world, item(world, **changed)))
    assert field in refused.value.fields
    assert await free(shop, world) == STOCK


STEPS = ("balance", "silent", "step_back", "call_off", "refund", "cancel", "twice")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STEPS), max_size=4), pieces=st.integers(1, 2), forfeits=st.booleans())
async def test_whatever_happens_what_is_given_back_is_what_was_paid(
    shop: Database, world: World, settled: Settled, steps: Sequence[str], pieces: int, forfeits: bool
) -> None:
    """Nothing of the deposit is lost on the way: it is with the order, the shop's, or back; and never two of these."""
    lines = [(world.items["nuts"].sku_id, world.tea.warehouse_id, 4)]
    await shop.transact(inventory.receive, world.tea.merchant_id, lines, document=ids.mint(), by="test")
    wanted = await planned(shop, presale(world, item(world, pieces=2), forfeits=forfeits))
    purchase_id = await booked(shop, world, pieces)
    for step in steps:
        try:
            await _do(shop, world, purchase_id, step, wanted.session_id)
        except Refusal:
            continue
    await sweep(shop)
    await deal.channel_refunds(shop)
    await deal.at_rest(shop)
    await shop.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="staff")

    found, (order,) = await of(shop, purchase_id), await deal.orders_of(shop, purchase_id)
    captured, back = await came_and_went(shop, purchase_id)
    lost = found.deposit if found.outcome is Outcome.FORFEITED else 0
    if order.state is OrderState.CANCELLED:
        assert back == captured - lost
    elif order.state is OrderState.PAID:
        assert (captured - back, lost) == (order.total - order.refunded, 0)
    assert back <= captured
    await settled()


async def _do(db: Database, world: World, purchase_id: PurchaseId, step: str, session_id: object) -> None:
    (order,) = await deal.orders_of(db, purchase_id)
    match step:
        case "balance" | "twice" | "silent" if order.state is not OrderState.PLACED:
            return
        case "balance":
            await balance_paid(db, purchase_id)
        case "twice":
            await db.transact(balance_from, purchase_id, timedelta())
            both = [await deal.instructed(db, purchase_id, channel) for channel in ("simpay", "another")]
            for each in both:
                await deal.captured(db, each)
        case "silent":
            await db.transact(balance_until, purchase_id, timedelta())
            await sweep(db)
        case "step_back":
            await db.transact(orders.cancel_purchase, purchase_id, "buyer", "buyer", deposit_too=True)
        case "call_off":
            await db.transact(orders.call_off, world.tea.merchant_id, order_id=order.order_id)
        case "refund":
            await deal.refunded(db, order, Returned(1, 1))
        case "cancel":
            await db.transact(
                aftersales.cancel, order.merchant_id, order.order_id, payments.RefundId(ids.mint()), "buyer", "buyer"
            )
        case _:
            raise AssertionError(step)
