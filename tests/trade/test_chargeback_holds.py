"""What is not sent yet is held while its money is charged back: until it is decided, or its shop sends it at its own risk."""

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.logistics import fulfilment
from steelyard.money.payments import DisputeReason, DisputeStanding, RefundTooLarge
from steelyard.money.payments.model import RefundId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, chargebacks, orders, risk
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.chargebacks import Bearer, NotHeldBack
from steelyard.trade.chargebacks.holding import withhold
from steelyard.trade.orders.model import OrderState
from tests.support import deal
from tests.support.rivals import meet
from tests.support.world import World
from tests.trade.test_chargebacks import bought, letter, parts, payment_of, taken, told
from tests.trade.test_risk import watchful

WON, LOST = DisputeStanding.WON, DisputeStanding.LOST


async def test_what_is_charged_back_is_not_sent_before_it_is_won(shop: Database, world: World) -> None:
    first, second = await bought(shop, world)
    await shop.transact(orders.begin_packing, first.merchant_id, first.order_id, "staff:1")
    await deal.refunded(shop, first, Returned(1, 1))  # one of two: the other is still to be sent

    chargeback_id = await taken(shop, first)
    await taken(shop, first)
    await deal.at_rest(shop)
    for order in (first, second):
        assert (await deal.again(shop, order)).state is OrderState.HELD
        with pytest.raises(TransitionRefused):
            await deal.shipped(shop, order)
    assert all(part.held for part in (await parts(shop, chargeback_id)).values())

    await told(shop, first, WON)
    await deal.at_rest(shop)
    assert not any(part.held for part in (await parts(shop, chargeback_id)).values())
    (line,) = (await shop.ask(fulfilment.status, [first.order_id]))[first.order_id].values()
    assert line.left == 1
    for order in (first, second):
        await deal.shipped(shop, order)
        await deal.received(shop, order)


async def test_what_is_lost_is_called_off_and_its_pieces_can_be_sold_again(shop: Database, world: World) -> None:
    first, _ = await bought(shop, world)
    await taken(shop, first)

    await told(shop, first, LOST)
    await deal.at_rest(shop)

    now = await deal.again(shop, first)
    assert (now.state, now.cancel_reason, now.refunded) == (OrderState.CANCELLED, "chargeback", first.total)
    assert await deal.channel_refunds(shop) == 0  # the bank has given it back


@pytest.mark.parametrize("asked_before", [False, True])
async def test_what_is_lost_by_the_first_word_of_it_is_called_off_as_well(
    shop: Database, world: World, asked_before: bool
) -> None:
    first, _ = await bought(shop, world)
    if asked_before:
        await told(shop, first, DisputeStanding.INQUIRY)

    await told(shop, first, LOST)
    await deal.at_rest(shop)

    now = await deal.again(shop, first)
    assert (now.state, now.refunded) == (OrderState.CANCELLED, first.total)


async def test_what_is_won_while_it_is_about_to_be_held_is_sent(shop: Database, world: World) -> None:
    await watchful(shop)
    first, _ = await bought(shop, world)
    await taken(shop, first)
    won = await letter(shop, first, WON)
    await shop.transact(risk.release, first.order_id, "Called them", "staff:1")  # the chargeback would hold it next

    async def win(tx: Tx) -> None:
        await chargebacks.record(tx, won, "channel")

    await meet(shop, win, lambda tx: withhold(tx, [first.order_id], "system"))
    await deal.at_rest(shop)

    assert (await deal.again(shop, first)).state is OrderState.PAID


async def test_of_what_is_lost_in_part_the_shop_may_call_the_rest_off(shop: Database, world: World) -> None:
    first, _ = await bought(shop, world)
    ref = first.merchant_id, first.order_id
    amount = (await payment_of(shop, first)).amount - 1_000
    await taken(shop, first, amount=amount)
    with pytest.raises(RefundTooLarge):  # its money is argued about
        await shop.transact(aftersales.cancel, *ref, RefundId(ids.mint()), "shop", "staff:1")
    await told(shop, first, LOST, amount=amount)

    await shop.transact(aftersales.cancel, *ref, RefundId(ids.mint()), "shop", "staff:1")
    await deal.at_rest(shop)

    now = await deal.again(shop, first)
    assert (now.state, now.refunded) == (OrderState.CANCELLED, first.total)


async def test_of_what_is_lost_in_part_the_shop_says_whether_it_is_sent(shop: Database, world: World) -> None:
    first, _ = await bought(shop, world)
    payment = await payment_of(shop, first)
    chargeback_id = await taken(shop, first, amount=payment.amount - 1_000)
    await told(shop, first, LOST, amount=payment.amount - 1_000)
    assert (await deal.again(shop, first)).state is OrderState.HELD

    part = first.merchant_id, chargeback_id, first.order_id
    await shop.transact(chargebacks.send_anyway, *part, "The buyer pays the rest", "staff:1")
    await deal.at_rest(shop)

    await deal.shipped(shop, first)


async def test_a_shop_that_sends_it_anyway_says_why_and_bears_it(shop: Database, world: World) -> None:
    await watchful(shop)
    first, _ = await bought(shop, world)
    chargeback_id = await taken(shop, first, reason=DisputeReason.FRAUDULENT)
    part = first.merchant_id, chargeback_id, first.order_id
    with pytest.raises(NotHeldBack):  # it is held for a look: that is decided first
        await shop.transact(chargebacks.send_anyway, *part, "Known", "staff:1")
    await shop.transact(risk.release, first.order_id, "Called them", "staff:1")
    await deal.at_rest(shop)
    assert (await parts(shop, chargeback_id))[first.order_id].held  # held on

    with pytest.raises(Invalid):
        await shop.transact(chargebacks.send_anyway, *part, "  ", "staff:1")
    with pytest.raises(NotFound):
        await shop.transact(
            chargebacks.send_anyway, MerchantId(ids.mint()), chargeback_id, first.order_id, "Known", "staff:1"
        )
    for _ in range(2):
        await shop.transact(chargebacks.send_anyway, *part, "Known for years", "staff:1")
    await deal.at_rest(shop)
    await deal.shipped(shop, first)
    await told(shop, first, LOST, reason=DisputeReason.FRAUDULENT)
    await deal.at_rest(shop)

    of = (await parts(shop, chargeback_id))[first.order_id]
    assert (of.bearer, of.sent_anyway_why) == (Bearer.MERCHANT, "Known for years")
    assert (await deal.again(shop, first)).state is OrderState.SHIPPED


async def test_of_two_chargebacks_the_last_to_end_lets_go(shop: Database, world: World) -> None:
    first, _ = await bought(shop, world)
    payment = await payment_of(shop, first)
    half = payment.amount // 2
    for reference in ("du_1", "du_2"):
        await taken(shop, first, reference=reference, amount=half)
    await told(shop, first, WON, "du_2", amount=half)
    assert (await deal.again(shop, first)).state is OrderState.HELD

    await told(shop, first, WON, "du_1", amount=half)
    await deal.at_rest(shop)

    assert (await deal.again(shop, first)).state is OrderState.PAID


async def test_what_is_shared_out_otherwise_holds_other_orders(shop: Database, world: World) -> None:
    first, second = await bought(shop, world)
    small = min(first.total, second.total)
    chargeback_id = await taken(shop, first, amount=small)

    await shop.transact(chargebacks.share_out, chargeback_id, {second.order_id: small}, "staff:1")
    await deal.at_rest(shop)

    assert (await deal.again(shop, first)).state is OrderState.PAID
    assert (await deal.again(shop, second)).state is OrderState.HELD
