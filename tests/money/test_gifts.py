"""Gift cards bought in the shop: paid, owed, sent, redeemed or given back, each once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.settings import Settings
from steelyard.money import gifts, ledger, payments, wallets
from steelyard.money.gifts import NoRefund, NotSendable, NotSold, SaleOver, SaleState, TooMuchToday, collecting
from steelyard.money.gifts.model import HOUSE_ZONE
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments.model import RefundAnswer, RefundState
from steelyard.money.wallets import CardSpent, WrongCode
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import GIFTS_PER_DAY, GIFTS_REFUND_DAYS, WALLETS
from steelyard.trade import checkout
from tests.support.gifts import RECIPIENT, begun, bought, code_of, days_pass, now, ordered, says, sold, wanted
from tests.support.purses import left, switched_on

pytestmark = pytest.mark.asyncio


async def owed(db: Database, sale_id: UUID) -> dict[AccountKind, int]:
    return {each.kind: each.balance for each in await db.ask(ledger.balances, sale_id) if each.balance}


async def test_a_card_is_owed_from_the_moment_it_is_paid(db: Database):
    await sold(db)
    sale = await ordered(db)
    assert await owed(db, sale.sale_id) == {}

    await says(db, await begun(db, sale.sale_id))

    found = await now(db, sale)
    assert (found.state, found.amount) == (SaleState.TO_SEND, 10_000)
    balances = await owed(db, sale.sale_id)
    assert balances[AccountKind.GIFT_CARDS] == 10_000
    assert AccountKind.HELD not in balances


async def test_a_card_is_sent_with_a_code_that_is_kept_nowhere(db: Database):
    await sold(db)
    sale = await bought(db)

    assert await db.transact(gifts.send_due) == 1
    assert await db.transact(gifts.send_due) == 0, "once"

    code = await code_of(db)
    assert (await now(db, sale)).last4 == code[-4:]
    assert code.replace("-", "") not in str(await db.ask(_kept, sale.sale_id))
    friend = BuyerId(ids.mint())
    await db.transact(wallets.redeem, friend, code)
    assert await left(db, friend) == 10_000
    assert (await now(db, sale)).state is SaleState.REDEEMED
    assert await owed(db, sale.sale_id) != {}, "what the channel holds is not the card's any more"
    with pytest.raises(CardSpent):
        await db.transact(wallets.redeem, sale.buyer_id, code)


async def test_a_card_waits_for_its_day(db: Database):
    await sold(db)
    tomorrow = datetime.now(HOUSE_ZONE).date() + timedelta(days=1)
    sale = await bought(db, wanted(send_on=tomorrow))

    assert await db.transact(gifts.send_due) == 0
    await db.transact(days_pass, sale.sale_id, 2)
    assert await db.transact(gifts.send_due) == 1
    assert (await now(db, sale)).state is SaleState.OPEN


async def test_a_card_that_is_sent_again_has_another_code(db: Database):
    await sold(db)
    sale = await bought(db)
    with pytest.raises(NotSendable):
        await db.transact(gifts.again, sale.buyer_id, sale.sale_id, RECIPIENT)
    await db.transact(gifts.send_due)
    first = await code_of(db)

    with pytest.raises(NotFound):
        await db.transact(gifts.again, BuyerId(ids.mint()), sale.sale_id, "thief@example.test")
    with pytest.raises(Invalid) as wrong:
        await db.transact(gifts.again, sale.buyer_id, sale.sale_id, "nobody")
    assert set(wrong.value.fields) == {"recipient"}
    await db.transact(gifts.again, sale.buyer_id, sale.sale_id, "Right@Example.test")

    with pytest.raises(WrongCode):
        await db.transact(wallets.redeem, BuyerId(ids.mint()), first)
    await db.transact(wallets.redeem, BuyerId(ids.mint()), await code_of(db, "right@example.test"))
    with pytest.raises(NotSendable):
        await db.transact(gifts.again, sale.buyer_id, sale.sale_id, RECIPIENT)


async def test_a_card_is_given_back_whole_to_where_its_money_came_from(db: Database):
    await sold(db)
    sale = await bought(db)
    await db.transact(gifts.send_due)
    code = await code_of(db)

    for _ in range(2):
        await db.transact(gifts.refund, sale.buyer_id, sale.sale_id, "buyer")

    assert (await now(db, sale)).state is SaleState.REFUNDED
    with pytest.raises(CardSpent):
        await db.transact(wallets.redeem, BuyerId(ids.mint()), code)
    (due,) = await db.transact(payments.to_refund, 10)
    assert (due.amount, due.channel) == (10_000, "simpay")
    back = RefundAnswer(reference="r", state=RefundState.SUCCEEDED)
    await db.transact(payments.record_refund, due.refund_id, due.attempt, back, "channel")
    assert await owed(db, sale.sale_id) == {}
    assert {each.balance for each in await db.ask(ledger.balances, sale.buyer_id)} == {0}


async def test_a_card_is_not_given_back_unpaid_redeemed_late_or_by_another(db: Database):
    await sold(db)
    unpaid, redeemed, late = await ordered(db), await bought(db), await bought(db, wanted(recipient="b@example.test"))
    await db.transact(gifts.send_due)
    await db.transact(wallets.redeem, BuyerId(ids.mint()), await code_of(db))
    await db.transact(days_pass, late.sale_id, 8)

    for sale in (unpaid, redeemed, late):
        with pytest.raises(NoRefund):
            await db.transact(gifts.refund, sale.buyer_id, sale.sale_id, "buyer")
    with pytest.raises(NotFound):
        await db.transact(gifts.refund, BuyerId(ids.mint()), late.sale_id, "buyer")
    await db.transact(policies.settle, WALLETS, 0, None)
    await db.transact(gifts.refund, late.buyer_id, late.sale_id, "buyer")


async def test_the_days_to_give_back_are_those_of_the_day_it_was_paid(db: Database):
    await sold(db)
    await db.transact(policies.settle, GIFTS_REFUND_DAYS, 2, None)
    sale = await bought(db)
    await db.transact(policies.settle, GIFTS_REFUND_DAYS, 30, None)

    assert sale.refund_by is not None
    assert timedelta(days=1) < sale.refund_by - datetime.now(UTC) <= timedelta(days=2)


async def test_redeeming_and_giving_back_at_once_do_one_of_the_two(db: Database):
    await sold(db)
    for _ in range(4):
        sale = await bought(db)
        await db.transact(gifts.send_due)
        code, friend = await code_of(db), BuyerId(ids.mint())
        ended = await asyncio.gather(
            db.transact(wallets.redeem, friend, code),
            db.transact(gifts.refund, sale.buyer_id, sale.sale_id, "buyer"),
            db.transact(gifts.refund, sale.buyer_id, sale.sale_id, "buyer"),
            return_exceptions=True,
        )
        assert all(not isinstance(each, BaseException) or isinstance(each, Refusal) for each in ended)
        back = (await now(db, sale)).refunded_at is not None
        assert await left(db, friend) == (0 if back else 10_000)
        assert isinstance(ended[0], CardSpent) == back


async def test_what_is_paid_twice_or_too_late_goes_back(db: Database):
    await sold(db)
    twice, late = await ordered(db), await ordered(db)
    first, second = await begun(db, twice.sale_id), await begun(db, twice.sale_id, "archive")
    third = await begun(db, late.sale_id)
    await db.transact(days_pass, late.sale_id, 1)
    assert await db.transact(gifts.lapse) == 1

    for payment_id in (first, second, third, first):
        await says(db, payment_id)

    assert (await now(db, twice)).state is SaleState.TO_SEND
    assert (await now(db, late)).state is SaleState.LAPSED
    assert {due.payment_id for due in await db.transact(payments.to_refund, 10)} == {second, third}
    with pytest.raises(SaleOver):
        await db.transact(collecting.begin, late.sale_id, "simpay", "")


async def test_what_channels_say_of_a_card_comes_the_way_of_every_payment(db: Database):
    await sold(db)
    sale = await ordered(db)
    payment_id = await begun(db, sale.sale_id)
    answer = payments.ChannelAnswer(reference="x", state=payments.PaymentState.CAPTURED)  # pyright: ignore[reportArgumentType] - a state that channels answer

    await db.transact(checkout.apply_payment, payment_id, answer, "channel")
    await db.transact(checkout.apply_payment, payment_id, answer, "channel")

    assert (await now(db, sale)).state is SaleState.TO_SEND


async def test_a_second_click_pays_with_the_first_payment(db: Database):
    await sold(db)
    sale = await ordered(db)

    assert await begun(db, sale.sale_id) == await begun(db, sale.sale_id)
    new = wanted(sale.buyer_id)
    assert await ordered(db, new) == await ordered(db, new)
    with pytest.raises(NotFound):
        await ordered(db, wanted(sale.buyer_id).__class__(**_as(new, buyer_id=BuyerId(ids.mint()))))


def _as(new: gifts.NewSale, **other: Any) -> dict[str, Any]:
    return {name: getattr(new, name) for name in new.__struct_fields__} | other


async def test_nobody_buys_more_in_a_day_than_the_setting_allows(db: Database):
    await sold(db)
    await db.transact(policies.settle, GIFTS_PER_DAY, 250, None)
    buyer_id = BuyerId(ids.mint())

    ended = await asyncio.gather(
        *(db.transact(gifts.order, wanted(buyer_id)) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(each, TooMuchToday) for each in ended) == 3
    await ordered(db, wanted(buyer_id, 50))
    with pytest.raises(TooMuchToday):
        await ordered(db, wanted(buyer_id, 50))
    with pytest.raises(TooMuchToday):
        await ordered(db, wanted(amount=300))
    first = next(each for each in ended if isinstance(each, gifts.Sale))
    await db.transact(days_pass, first.sale_id, 1)
    await db.transact(gifts.lapse)
    await ordered(db, wanted(buyer_id, 100))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 49}, "amount"), ({"amount": 1_001}, "amount"), ({"recipient": "nobody"}, "recipient"),
        ({"sender": ""}, "sender"), ({"message": "x" * 201}, "message"),
    ],
)  # fmt: skip
async def test_a_card_that_cannot_be_is_refused_beside_its_field(db: Database, change: dict[str, Any], field: str):
    await sold(db)
    with pytest.raises(Invalid) as refused:
        await ordered(db, wanted(**change))
    assert set(refused.value.fields) == {field}


@pytest.mark.parametrize("days", [-1, 366])
async def test_a_card_is_sent_from_today_on_within_a_year(db: Database, days: int):
    await sold(db)
    with pytest.raises(Invalid) as refused:
        await ordered(db, wanted(send_on=datetime.now(HOUSE_ZONE).date() + timedelta(days=days)))
    assert set(refused.value.fields) == {"send_on"}


async def test_without_the_operators_switches_no_card_is_sold(db: Database):
    with pytest.raises(NotSold):
        await ordered(db)
    await switched_on(db)
    with pytest.raises(NotSold):
        await ordered(db)


async def test_who_leaves_leaves_no_address_behind_and_cards_arrive(db: Database):
    await sold(db)
    tomorrow = datetime.now(HOUSE_ZONE).date() + timedelta(days=1)
    buyer_id = BuyerId(ids.mint())
    sent, waits = await bought(db, wanted(buyer_id)), await bought(db, wanted(buyer_id, send_on=tomorrow))
    await db.transact(gifts.send_due)

    await db.transact(gifts.forget, [buyer_id])

    assert (await now(db, sent)).recipient == ""
    assert await db.transact(gifts.send_due) == 1
    found = await now(db, waits)
    assert (found.recipient, found.message, found.state) == ("", "", SaleState.OPEN)


async def test_the_operator_sees_how_cards_stand(db: Database):
    await sold(db)
    await ordered(db)
    sale = await bought(db)
    await db.transact(gifts.send_due)

    assert [each.sale_id for each in (await db.ask(gifts.page, SaleState.OPEN)).items] == [sale.sale_id]
    assert len((await db.ask(gifts.page)).items) == 2
    assert [(each.state, each.cards, each.amount) for each in await db.ask(gifts.lately)] == [
        (SaleState.OPEN, 1, 10_000)
    ]


async def test_no_channel_is_asked_for_what_is_not_set_up(db: Database):
    await sold(db)
    sale = await ordered(db)
    with pytest.raises(payments.UnknownChannel):
        await gifts.collect(db, Settings(), sale.sale_id, channel="balance", return_url="")


async def _kept(read: Read, sale_id: UUID) -> dict[str, Any]:
    row = await read.row(
        """
        SELECT row_to_json(s) AS sale, row_to_json(c) AS card
        FROM gift_sales s JOIN gift_cards c ON c.issue_id = s.sale_id WHERE s.sale_id = $1
        """,
        sale_id,
    )
    return dict(row or {})
