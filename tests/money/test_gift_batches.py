"""Several gift cards bought at once, and money that staff give back."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Invalid
from steelyard.money import gifts, payments, wallets
from steelyard.money.gifts import NoRefund, SaleState, TooMuchToday, collecting
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import GIFTS_PER_DAY
from tests.support.gifts import RECIPIENT, begun, bought, code_of, days_pass, now, ordered, says, sold, wanted
from tests.support.purses import left

pytestmark = pytest.mark.asyncio


async def test_several_cards_are_paid_at_once_and_go_their_own_ways(db: Database):
    await sold(db)
    new = wanted()
    several = msgspec.structs.replace(new, cards=3)
    first = await ordered(db, several)
    assert await ordered(db, several) == first, "a second click"
    assert (first.cards, first.together, first.amount) == (3, 30_000, 10_000)

    payment_id = await begun(db, first.sale_id)
    assert await begun(db, first.sale_id) == payment_id
    await says(db, payment_id)
    assert await db.transact(gifts.send_due) == 3

    cards = await db.ask(gifts.paid_with, first.sale_id)
    assert {card.payment_id for card in cards} == {payment_id}
    assert await begun_again(db, cards[2].sale_id) is None, "it is paid"
    codes = await db.transact(_codes)
    assert len(codes) == 3
    friend = BuyerId(ids.mint())
    await db.transact(wallets.redeem, friend, codes[0])
    assert await left(db, friend) == 10_000
    open_ones = [card for card in await db.ask(gifts.paid_with, first.sale_id) if card.state is SaleState.OPEN]
    assert len(open_ones) == 2
    await db.transact(gifts.refund, first.buyer_id, open_ones[0].sale_id, "buyer")
    (due,) = await db.transact(payments.to_refund, 10)
    assert due.amount == 10_000


async def begun_again(db: Database, sale_id: UUID) -> object:
    return await db.transact(collecting.begin, sale_id, "simpay", "")


async def _codes(read: Read) -> list[str]:
    rows = await read.fetch("SELECT facts ->> 'secret_link' AS link FROM mails WHERE recipient = $1", RECIPIENT)
    return [row["link"].rpartition("=")[2] for row in rows]


async def test_several_that_are_paid_too_late_or_twice_go_back_whole(db: Database):
    await sold(db)
    new = wanted()
    first = await ordered(db, msgspec.structs.replace(new, cards=2))
    payment_id, other = await begun(db, first.sale_id), await begun(db, first.sale_id, "archive")
    for each in await db.ask(gifts.paid_with, first.sale_id):
        await db.transact(days_pass, each.sale_id, 1)
    await db.transact(gifts.lapse)

    for each in (payment_id, other):
        await says(db, each)

    assert {card.state for card in await db.ask(gifts.paid_with, first.sale_id)} == {SaleState.LAPSED}
    backs = await db.transact(payments.to_refund, 10)
    assert sorted((due.payment_id, due.amount) for due in backs) in (
        sorted((each, 20_000) for each in (payment_id, other)),
        sorted((each, 10_000) for each in (payment_id, payment_id, other, other)),
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cards": 0}, "cards"),
        ({"cards": 11}, "cards"),
        ({"currency": "JPY"}, "currency"),
        ({"currency": "XXX"}, "currency"),
    ],
)
async def test_how_many_and_in_which_currency_is_bounded(db: Database, change: dict[str, Any], field: str):
    await sold(db)
    new = wanted()
    with pytest.raises(Invalid) as refused:
        await ordered(db, msgspec.structs.replace(new, **change))
    assert set(refused.value.fields) == {field}


async def test_several_together_count_for_the_day(db: Database):
    await sold(db)
    await db.transact(policies.settle, GIFTS_PER_DAY, 250, None)
    new = wanted()
    with pytest.raises(TooMuchToday):
        await ordered(db, msgspec.structs.replace(new, cards=3))
    await ordered(db, msgspec.structs.replace(new, cards=2))


async def test_staff_give_money_back_for_a_reason_as_long_as_nobody_redeemed_it(db: Database):
    await sold(db)
    late, redeemed = await bought(db), await bought(db, wanted(recipient="b@example.test"))
    unpaid = await ordered(db)
    await db.transact(gifts.send_due)
    await db.transact(wallets.redeem, BuyerId(ids.mint()), await code_of(db, "b@example.test"))
    await db.transact(days_pass, late.sale_id, 400)

    with pytest.raises(Invalid) as why:
        await db.transact(gifts.refund_by_staff, late.sale_id, " ", "staff:x")
    assert set(why.value.fields) == {"reason"}
    for sale in (redeemed, unpaid):
        with pytest.raises(NoRefund):
            await db.transact(gifts.refund_by_staff, sale.sale_id, "Fraud", "staff:x")
    for _ in range(2):
        await db.transact(gifts.refund_by_staff, late.sale_id, "Bought with a stolen card", "staff:x")

    found = await now(db, late)
    assert (found.state, found.refund_reason) == (SaleState.REFUNDED, "Bought with a stolen card")
    assert [due.amount for due in await db.transact(payments.to_refund, 10)] == [10_000]
