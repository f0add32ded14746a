"""Captured money that a channel takes back: frozen, defended, won or lost, and who bears it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.money import ledger, payments
from steelyard.money.payments import DisputeReason, DisputeStanding, RefundTooLarge
from steelyard.money.payments.model import PaymentId
from steelyard.parties import policies
from steelyard.parties.policies.model import CHARGEBACK_FEES
from steelyard.trade import chargebacks
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.chargebacks import (
    Answer,
    Bearer,
    Chargeback,
    ChargebackId,
    ChargebackState,
    News,
    NotOfThisPayment,
    NotOpen,
    Part,
    SharesDoNotFit,
    TooLateToAnswer,
)
from steelyard.trade.orders.model import Order
from steelyard.trade.settlement import EntryKind
from tests.support import deal
from tests.support.world import World

DUE = datetime.now(UTC) + timedelta(days=10)
FEE = 1_500


async def bought(db: Database, world: World, *, received: bool = False) -> list[Order]:
    """Two orders of one purchase, paid by card."""
    placed = await deal.paid(db, [(world.items["nuts"].sku_id, 2), (world.items["hammer"].sku_id, 1)])
    for order in placed if received else []:
        await deal.shipped(db, order)
        await deal.received(db, order)
    await deal.at_rest(db)
    return [await deal.again(db, order) for order in placed]


async def payment_of(db: Database, order: Order) -> payments.Payment:
    (found,) = await db.ask(payments.of_purchase, order.purchase_id)
    return found


async def letter(
    db: Database, order: Order, standing: DisputeStanding, reference: str = "du_1", **more: object
) -> News:
    payment = await payment_of(db, order)
    news = News(
        payment_id=payment.payment_id,
        channel=payment.channel,
        reference=reference,
        amount=payment.amount,
        currency=payment.currency,
        fee=FEE,
        standing=standing,
        reason=DisputeReason.NOT_RECEIVED,
        due_at=DUE,
    )
    return msgspec.structs.replace(news, **more)


async def told(
    db: Database, order: Order, standing: DisputeStanding, reference: str = "du_1", **more: object
) -> ChargebackId:
    return await db.transact(chargebacks.record, await letter(db, order, standing, reference, **more), "channel")


async def taken(db: Database, order: Order, **more: object) -> ChargebackId:
    return await told(db, order, DisputeStanding.NEEDS_ANSWER, **more)  # type: ignore[arg-type]


async def known(db: Database, chargeback_id: ChargebackId) -> Chargeback:
    found = await db.ask(chargebacks.chargeback, chargeback_id)
    assert found is not None
    return found


async def parts(db: Database, chargeback_id: ChargebackId) -> dict[UUID, Part]:
    return {part.order_id: part for part in await db.ask(chargebacks.parts_of, [chargeback_id])}


async def books(db: Database, owner_id: UUID, *kinds: str) -> tuple[int, ...]:
    found = {str(line.kind): line.balance for line in await db.ask(ledger.balances, owner_id)}
    return tuple(found.get(kind, 0) for kind in kinds)


async def entries(db: Database, order: Order) -> dict[EntryKind, int]:
    """What an order has brought its shop, by kind."""

    async def summed(read: Read) -> dict[EntryKind, int]:
        rows = await read.fetch(
            "SELECT kind, sum(amount)::bigint AS amount FROM settlement_entries WHERE order_id = $1 GROUP BY kind",
            order.order_id,
        )
        return {EntryKind(row["kind"]): row["amount"] for row in rows}

    return await db.ask(summed)


async def test_what_is_charged_back_of_a_received_order_is_not_paid_out(shop: Database, world: World) -> None:
    first, second = await bought(shop, world, received=True)
    (payable,) = await books(shop, first.merchant_id, "payable")

    chargeback_id = await taken(shop, first)
    again = await taken(shop, first)
    await deal.at_rest(shop)

    assert again == chargeback_id
    chargeback = await known(shop, chargeback_id)
    of = await parts(shop, chargeback_id)
    assert (chargeback.state, chargeback.excess) == (ChargebackState.EVIDENCE_DUE, 0)
    assert {key: part.amount for key, part in of.items()} == {o.order_id: o.total for o in (first, second)}
    assert await books(shop, first.merchant_id, "payable", "disputed") == (payable - first.total, first.total)
    assert (await entries(shop, first))[EntryKind.DISPUTED] == -first.total
    assert await books(shop, first.buyer_id, "chargebacks", "channel_cash") == (chargeback.amount, 0)
    owner = ledger.counterparty_id(chargeback.channel)
    assert await books(shop, owner, "channel_fees", "channel_cash") == (FEE, -FEE)


async def test_what_is_held_until_receipt_is_frozen_when_it_is_received(shop: Database, world: World) -> None:
    first, _ = await bought(shop, world)
    chargeback_id = await taken(shop, first)
    await deal.at_rest(shop)
    assert await books(shop, first.merchant_id, "disputed") == (0,)

    await shop.transact(chargebacks.send_anyway, first.merchant_id, chargeback_id, first.order_id, "Known", "staff:1")
    await deal.shipped(shop, first)
    await deal.received(shop, first)
    await deal.at_rest(shop)

    assert (await parts(shop, chargeback_id))[first.order_id].frozen
    assert await books(shop, first.merchant_id, "disputed") == (first.total,)
    earned = await entries(shop, first)
    assert earned[EntryKind.SALE] + earned[EntryKind.DISPUTED] == 0


@pytest.mark.parametrize("received", [True, False])
async def test_what_is_won_is_as_if_nothing_had_been(shop: Database, world: World, received: bool) -> None:
    first, second = await bought(shop, world, received=received)
    before = [await books(shop, each.merchant_id, "held", "payable", "commission") for each in (first, second)]

    chargeback_id = await taken(shop, first)
    await told(shop, first, DisputeStanding.WON, fee=0)
    await told(shop, first, DisputeStanding.NEEDS_ANSWER)  # late
    await deal.at_rest(shop)

    assert (await known(shop, chargeback_id)).state is ChargebackState.WON
    after = [await books(shop, each.merchant_id, "held", "payable", "commission") for each in (first, second)]
    assert after == before
    assert await books(shop, first.buyer_id, "chargebacks") == (0,)
    assert await books(shop, ledger.counterparty_id("simpay"), "channel_fees") == (0,)
    await deal.refunded(shop, first, Returned(1, 1))  # can be refunded again


@pytest.mark.parametrize("received", [True, False])
async def test_what_is_lost_is_a_refund_that_the_channel_has_made(shop: Database, world: World, received: bool) -> None:
    first, second = await bought(shop, world, received=received)
    await taken(shop, first)

    chargeback_id = await told(shop, first, DisputeStanding.LOST)
    await told(shop, first, DisputeStanding.LOST)
    await deal.at_rest(shop)

    assert (await known(shop, chargeback_id)).state is ChargebackState.LOST
    for order in (first, second):
        now = await deal.again(shop, order)
        assert (now.refunded, now.commission_returned) == (order.total, order.commission)
        assert await books(shop, order.merchant_id, "held", "payable", "commission", "refund_due") == (0, 0, 0, 0)
        part = (await parts(shop, chargeback_id))[order.order_id]
        assert (part.bearer, part.made_good, part.fee) == (Bearer.MERCHANT, 0, 0)
    assert await deal.channel_refunds(shop) == 0  # nobody is asked to give it back once more


async def test_the_platform_bears_what_is_its_fault_and_the_shop_loses_nothing(shop: Database, world: World) -> None:
    first, _ = await bought(shop, world, received=True)
    (payable,) = await books(shop, first.merchant_id, "payable")

    await taken(shop, first, reason=DisputeReason.DUPLICATE)
    chargeback_id = await told(shop, first, DisputeStanding.LOST, reason=DisputeReason.DUPLICATE)
    await deal.at_rest(shop)

    part = (await parts(shop, chargeback_id))[first.order_id]
    assert part.bearer is Bearer.PLATFORM
    assert await books(shop, first.merchant_id, "payable", "chargeback_losses") == (payable, part.made_good)
    assert part.made_good == first.total - first.commission
    assert (await entries(shop, first))[EntryKind.CHARGEBACK_BORNE] == part.made_good


async def test_staff_may_decide_who_bears_it_and_the_fee_goes_with_it(shop: Database, world: World) -> None:
    first, second = await bought(shop, world, received=True)
    await shop.transact(policies.settle, CHARGEBACK_FEES, 1, None)
    chargeback_id = await taken(shop, first)
    with pytest.raises(Invalid):
        await shop.transact(chargebacks.set_bearer, chargeback_id, second.order_id, Bearer.PLATFORM, " ")
    await shop.transact(
        chargebacks.set_bearer, chargeback_id, second.order_id, Bearer.PLATFORM, "our warehouse was late"
    )

    await told(shop, first, DisputeStanding.LOST)
    await deal.at_rest(shop)

    of = await parts(shop, chargeback_id)
    assert (of[first.order_id].bearer, of[second.order_id].bearer) == (Bearer.MERCHANT, Bearer.PLATFORM)
    assert 0 < of[first.order_id].fee < FEE and of[second.order_id].fee == 0
    assert (await entries(shop, first))[EntryKind.CHARGEBACK_FEE] == -of[first.order_id].fee
    with pytest.raises(NotOpen):
        await shop.transact(chargebacks.set_bearer, chargeback_id, second.order_id, None, "")


async def test_what_is_in_dispute_is_not_refunded_meanwhile(shop: Database, world: World) -> None:
    first, _ = await bought(shop, world, received=True)
    payment = await payment_of(shop, first)
    await taken(shop, first, amount=payment.amount - 1)

    with pytest.raises(RefundTooLarge):
        await deal.refunded(shop, first, Returned(1, 1))


async def test_what_was_refunded_before_is_taken_twice_and_is_the_platforms_until_it_is_won(
    shop: Database, world: World
) -> None:
    first, second = await bought(shop, world, received=True)
    await deal.refunded(shop, first, Returned(1, 1))
    await deal.channel_refunds(shop)
    refunded = (await deal.again(shop, first)).refunded

    chargeback_id = await taken(shop, first)
    assert (await known(shop, chargeback_id)).excess == refunded
    of = await parts(shop, chargeback_id)
    assert {key: part.amount for key, part in of.items()} == {
        first.order_id: first.total - refunded, second.order_id: second.total,
    }  # fmt: skip
    found = await shop.ask(chargebacks.gathered, [(first.merchant_id, first.order_id)])
    assert str(first.currency) in chargebacks.facts_of(found, "en")["refunds"]  # the proof that it was given back

    await told(shop, first, DisputeStanding.LOST)
    await deal.at_rest(shop)
    assert await books(shop, first.buyer_id, "chargeback_losses", "chargebacks") == (refunded, 0)


async def test_what_comes_back_after_it_was_lost_is_the_shops(shop: Database, world: World) -> None:
    first, _ = await bought(shop, world, received=True)
    (payable,) = await books(shop, first.merchant_id, "payable")
    await taken(shop, first)
    await told(shop, first, DisputeStanding.LOST)

    chargeback_id = await told(shop, first, DisputeStanding.WON)
    await told(shop, first, DisputeStanding.WON)
    await deal.at_rest(shop)

    assert (await known(shop, chargeback_id)).state is ChargebackState.RECOVERED
    assert await books(shop, first.merchant_id, "payable") == (payable,)
    assert (await entries(shop, first))[EntryKind.CHARGEBACK_BORNE] == first.total - first.commission


async def test_an_inquiry_takes_nothing_until_it_becomes_a_chargeback(shop: Database, world: World) -> None:
    first, _ = await bought(shop, world, received=True)
    chargeback_id = await told(shop, first, DisputeStanding.INQUIRY, fee=0)
    assert await books(shop, first.buyer_id, "chargebacks") == (0,)
    await deal.refunded(shop, first, Returned(1, 1))

    await taken(shop, first)
    await deal.at_rest(shop)

    chargeback = await known(shop, chargeback_id)
    assert (chargeback.state, chargeback.excess > 0) == (ChargebackState.EVIDENCE_DUE, True)
    other, _ = await bought(shop, world)
    closed = await told(shop, other, DisputeStanding.INQUIRY, fee=0)
    await told(shop, other, DisputeStanding.CLOSED, fee=0)
    assert (await known(shop, closed)).state is ChargebackState.CLOSED


async def test_the_shop_hands_in_evidence_in_its_time_and_staff_answer_once(shop: Database, world: World) -> None:
    first, second = await bought(shop, world)
    chargeback_id = await taken(shop, first)
    part = (await parts(shop, chargeback_id))[first.order_id]
    assert part.shop_due_at is not None and DUE - timedelta(days=2) - part.shop_due_at < timedelta(seconds=1)
    mine = shop.as_merchant(first.merchant_id)

    file_id = ids.mint()
    stored = ("0" * 64 + ".pdf", "slip.pdf", 1_000)
    await mine.transact(
        chargebacks.say, first.merchant_id, chargeback_id, first.order_id, "It was signed for.", "staff:1"
    )
    for _ in range(2):
        await mine.transact(
            chargebacks.add_file, (first.merchant_id, chargeback_id, first.order_id), file_id, stored, "staff:1"
        )
    with pytest.raises(NotFound):  # another shop's part of the same chargeback
        await mine.transact(chargebacks.say, second.merchant_id, chargeback_id, second.order_id, "Hm.", "staff:1")
    assert await mine.ask(chargebacks.part, second.merchant_id, chargeback_id, second.order_id) is None
    with pytest.raises(TooLateToAnswer):
        await mine.transact(
            chargebacks.say,
            first.merchant_id,
            chargeback_id,
            first.order_id,
            "Late.",
            "staff:1",
            DUE - timedelta(days=1),
        )
    assert len(await shop.ask(chargebacks.files_of, chargeback_id)) == 1

    with pytest.raises(Invalid):
        await shop.transact(chargebacks.answer, chargeback_id, Answer.EVIDENCE, {}, "", "staff:2", by_channel=False)
    for _ in range(2):
        await shop.transact(chargebacks.answer, chargeback_id, Answer.EVIDENCE, {"carrier": "simex"}, "Signed.", "staff:2",
                            by_channel=False)  # fmt: skip
    with pytest.raises(NotOpen):
        await shop.transact(chargebacks.answer, chargeback_id, Answer.ACCEPT, {}, "", "staff:2", by_channel=False)
    found = await known(shop, chargeback_id)
    assert (found.state, found.facts) == (ChargebackState.SUBMITTED, {"carrier": "simex"})
    with pytest.raises(TooLateToAnswer):
        await mine.transact(chargebacks.say, first.merchant_id, chargeback_id, first.order_id, "More.", "staff:1")
    assert [step.to_state for step in await shop.ask(chargebacks.timeline, chargeback_id)] == [
        "evidence_due",
        "submitted",
    ]


async def test_silence_loses_at_the_channels_day_and_not_before(shop: Database, world: World) -> None:
    first, _ = await bought(shop, world)
    chargeback_id = await taken(shop, first)

    assert await shop.transact(chargebacks.expire, DUE - timedelta(seconds=1)) == 0
    await shop.transact(chargebacks.expire, DUE)

    assert (await known(shop, chargeback_id)).state is ChargebackState.EXPIRED
    assert (await deal.again(shop, first)).refunded == first.total
    await told(shop, first, DisputeStanding.LOST)  # what they say of it later changes nothing
    with pytest.raises(TransitionRefused):
        await shop.transact(chargebacks.decide_by_hand, chargeback_id, ChargebackState.WON, "staff:1")


async def test_staff_share_out_what_is_of_several_orders(shop: Database, world: World) -> None:
    first, second = await bought(shop, world, received=True)
    amount = second.total - 1
    chargeback_id = await taken(shop, first, amount=amount)
    assert len(await parts(shop, chargeback_id)) == 2

    for wrong in (
        {first.order_id: 1},
        {second.order_id: second.total},
        {ids.mint(): amount},
        {first.order_id: -1, second.order_id: amount + 1},
    ):
        with pytest.raises(SharesDoNotFit):
            await shop.transact(chargebacks.share_out, chargeback_id, wrong, "staff:1")
    await shop.transact(chargebacks.share_out, chargeback_id, {second.order_id: amount}, "staff:1")
    await shop.transact(chargebacks.share_out, chargeback_id, {second.order_id: amount}, "staff:1")
    await deal.at_rest(shop)

    assert {key: part.amount for key, part in (await parts(shop, chargeback_id)).items()} == {second.order_id: amount}
    assert await books(shop, first.merchant_id, "disputed") == (0,)
    await told(shop, first, DisputeStanding.LOST, amount=amount)
    await deal.at_rest(shop)
    assert (await deal.again(shop, first)).refunded == 0
    assert (await deal.again(shop, second)).refunded == amount


async def test_only_what_fits_a_captured_payment_is_taken_back(shop: Database, world: World) -> None:
    first, _ = await bought(shop, world)
    payment = await payment_of(shop, first)
    for wrong in ({"amount": payment.amount + 1}, {"currency": "XTS"}, {"amount": 0}):
        with pytest.raises(NotOfThisPayment):
            await taken(shop, first, **wrong)
    with pytest.raises(NotFound):
        await taken(shop, first, payment_id=PaymentId(ids.mint()))


async def test_an_inquiry_that_is_lost_at_once_still_knows_what_was_refunded_before(
    shop: Database, world: World
) -> None:
    first, _ = await bought(shop, world, received=True)
    chargeback_id = await told(shop, first, DisputeStanding.INQUIRY, fee=0)
    await deal.refunded(shop, first, Returned(1, 1))
    await deal.channel_refunds(shop)
    refunded = (await deal.again(shop, first)).refunded

    await told(shop, first, DisputeStanding.LOST)
    await deal.at_rest(shop)

    assert (await known(shop, chargeback_id)).excess == refunded
    assert await books(shop, first.buyer_id, "chargeback_losses", "chargebacks") == (refunded, 0)
    await shop.transact(chargebacks.forget, [first.buyer_id])
    assert (await known(shop, chargeback_id)).facts == {}
