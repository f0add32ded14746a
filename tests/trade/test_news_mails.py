"""What buyers are told of presales, teams and broken promises: in their language, each once, however often it is looked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.money.payments.model import RefundId
from steelyard.parties.notifications.model import Template
from steelyard.parties.notifications.rendering import render
from steelyard.trade import aftersales, orders, promises
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal, groups
from tests.support.presale import DEPOSIT, balance_from, balance_until, booked, of, planned, presale, sweep
from tests.support.world import CONTACT, World
from tests.trade.test_promises import bought, claimed, due, going_back, judged, looked_at, priced, promised, protecting

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


async def _kept(read: Read, templates: Sequence[str]) -> list[tuple[str, dict[str, Any], str]]:
    rows = await read.fetch(
        "SELECT recipient, template, locale, facts FROM mails WHERE template = ANY($1) ORDER BY created_at, mail_id",
        templates,
    )
    found: list[tuple[str, dict[str, Any], str]] = []
    for row in rows:
        assert row["recipient"] == CONTACT.email
        words = render(Template(row["template"]), row["locale"], row["facts"], "http://shop.test", "Steelyard")
        facts: dict[str, Any] = row["facts"]
        found.append((facts.get("what") or facts.get("cause") or "", facts, words.text))
    return found


async def told(db: Database, *templates: Template) -> list[tuple[str, dict[str, Any], str]]:
    """The news so far: what, its facts, and the words."""
    await deal.at_rest(db)
    return await db.ask(_kept, [str(template) for template in templates])


async def news(db: Database) -> list[str]:
    return [what for what, _, _ in await told(db, Template.PRESALE_NEWS)]


async def clock(db: Database, at: datetime) -> None:
    """Twice, as two workers would."""
    for _ in range(2):
        await db.transact(orders.open_balances, at)
        await db.transact(orders.warn_of_ends, at)


async def test_a_booking_is_told_of_step_by_step_each_once(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world))
    purchase_id = await booked(shop, world, 2)
    assert wanted.terms is not None
    opens, ends = wanted.terms.balance_from, wanted.terms.balance_until

    [(what, facts, words)] = await told(shop, Template.PRESALE_NEWS)
    assert what == "deposit_paid"
    booking = await of(shop, purchase_id)
    assert (facts["deposit"]["amount"], facts["balance"]["amount"]) == (2 * DEPOSIT, booking.balance)
    assert "/purchases/P-" in words

    await clock(shop, opens - timedelta(seconds=1))
    assert await news(shop) == ["deposit_paid"]
    await clock(shop, opens)
    assert await news(shop) == ["deposit_paid", "balance_open"]
    await clock(shop, ends - DAY - timedelta(seconds=1))
    assert len(await news(shop)) == 2
    await clock(shop, ends - DAY)
    assert await news(shop) == ["deposit_paid", "balance_open", "balance_ends"]

    await shop.transact(balance_until, purchase_id, timedelta())
    await sweep(shop)
    assert (await news(shop))[3:] == ["forfeited"]
    await clock(shop, ends + DAY)
    assert len(await news(shop)) == 4


async def test_nobody_is_asked_for_a_balance_that_is_paid(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world))
    purchase_id = await booked(shop, world)
    await shop.transact(balance_from, purchase_id, timedelta())
    await deal.captured(shop, await deal.instructed(shop, purchase_id))
    assert wanted.terms is not None
    await clock(shop, wanted.terms.balance_until - MINUTE)

    assert await news(shop) == ["deposit_paid"]
    [(_, facts, _)] = await told(shop, Template.ORDER_CONFIRMED)
    assert datetime.fromisoformat(facts["ships_by"]) == wanted.terms.ships_by


async def test_a_window_of_some_hours_is_warned_of_in_its_second_half(shop: Database, world: World) -> None:
    await planned(shop, presale(world))
    purchase_id = await booked(shop, world)
    assert await news(shop) == ["deposit_paid"]
    now = datetime.now(UTC)
    await shop.transact(short_window, purchase_id, now)

    await clock(shop, now + timedelta(minutes=59))
    assert await news(shop) == ["deposit_paid", "balance_open"]
    await clock(shop, now + timedelta(minutes=60))
    assert await news(shop) == ["deposit_paid", "balance_open", "balance_ends"]


async def short_window(tx: Any, purchase_id: PurchaseId, since: datetime) -> None:
    await tx.execute(
        """
        UPDATE presale_bookings SET balance_from = $2, balance_until = $2::timestamptz + interval '2 hours'
        WHERE purchase_id = $1
        """,
        purchase_id,
        since,
    )


async def test_what_the_shop_calls_off_is_told_with_its_reason(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world))
    await booked(shop, world)
    assert await news(shop) == ["deposit_paid"]
    for _ in range(2):
        await shop.transact(orders.call_off, wanted.merchant_id, session_id=wanted.session_id, reason="虫害")
        await sweep(shop)

    _, (what, facts, words) = await told(shop, Template.PRESALE_NEWS)
    assert (what, facts["reason"]) == ("called_off", "虫害")
    assert "虫害" in words
    assert await told(shop, Template.ORDER_CANCELLED) == []


async def test_a_deposit_that_goes_back_is_told(shop: Database, world: World) -> None:
    await planned(shop, presale(world, forfeits=False))
    purchase_id = await booked(shop, world)
    assert await news(shop) == ["deposit_paid"]
    await shop.transact(orders.cancel_purchase, purchase_id, "buyer", "buyer", deposit_too=True)

    assert await news(shop) == ["deposit_paid", "returned"]


async def test_a_cancelling_by_right_says_why(shop: Database, world: World) -> None:
    wanted = await planned(shop, presale(world))
    purchase_id = await booked(shop, world)
    await shop.transact(balance_from, purchase_id, timedelta())
    await deal.captured(shop, await deal.instructed(shop, purchase_id))
    (order,) = await deal.orders_of(shop, purchase_id)
    assert wanted.terms is not None
    refund_id = RefundId(ids.mint())
    await shop.transact(
        aftersales.cancel_for_buyer, order.merchant_id, order.order_id, refund_id, "buyer", wanted.terms.ships_by
    )

    [(_, facts, words)] = await told(shop, Template.ORDER_CANCELLED)
    assert facts["refund"]["amount"] == order.total
    assert "not_sent_as_agreed" not in words
    assert ("未在预售约定的时间前发货" in words) or ("by the day that the presale agreed" in words)


async def test_a_team_is_told_of_when_it_is_whole_or_came_to_nothing(shop: Database, world: World) -> None:
    offer = await groups.offered(shop, groups.group(world))
    first = await groups.joined(shop, offer)
    team_id = (await groups.team_of(shop, first)).team_id
    assert await told(shop, Template.TEAM_NEWS) == []
    [(_, facts, _)] = await told(shop, Template.ORDER_CONFIRMED)
    assert facts["waits"] is True
    second = await groups.joined(shop, offer, team_id)

    whole = await told(shop, Template.TEAM_NEWS)
    assert {(what, facts["order"]) for what, facts, _ in whole} == {("whole", first.code), ("whole", second.code)}

    alone = await groups.joined(shop, offer)
    await groups.over(shop)
    await groups.over(shop)
    *_, (what, facts, _) = await told(shop, Template.TEAM_NEWS)
    assert (what, facts["order"], facts["refund"]["amount"]) == ("failed", alone.code, alone.total)
    assert len(await told(shop, Template.TEAM_NEWS)) == 3
    assert await told(shop, Template.ORDER_CANCELLED, Template.REFUND_SENT) == []


async def test_a_late_parcel_is_one_mail_for_all_its_lines(shop: Database, world: World) -> None:
    await promised(shop, world)
    await promised(shop, world, "green")
    order, *_ = await deal.paid(shop, [(world.items["nuts"].sku_id, 1), (world.items["green"].sku_id, 1)])
    await judged(shop, await due(shop, order) + DAY)

    [(what, facts, words)] = await told(shop, Template.COMPENSATED)
    made = await shop.ask(promises.compensations_of, [order.order_id])
    assert (what, len(facts["lines"]), facts["amount"]["amount"]) == ("late", 2, sum(each.amount for each in made))
    assert facts["points"] == facts["amount"]["amount"]
    assert order.code in words


async def test_what_a_price_has_fallen_by_is_told_in_place_of_the_refund(shop: Database, world: World) -> None:
    await protecting(shop)
    order = await bought(shop, world, 2)
    await priced(shop, world, world.items["nuts"].amounts[0] - 100)
    assert await claimed(shop, order) == 200

    [(what, facts, words)] = await told(shop, Template.COMPENSATED, Template.REFUND_SENT)
    assert (what, facts["amount"]["amount"], facts["purse"]) == ("price_protection", 200, "")
    assert order.code in words


async def test_what_sending_back_cost_is_told(shop: Database, world: World) -> None:
    case = await going_back(shop, world, "quality", 1_200)
    await looked_at(shop, case)
    await shop.transact(promises.pay_return_freight, case.merchant_id, case.case_id, datetime.now(UTC))

    [(what, facts, _)] = await told(shop, Template.COMPENSATED)
    assert (what, facts["amount"]["amount"]) == ("return_freight", 1_200)
