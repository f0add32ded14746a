"""Orders that look like fraud: held before they are sent, released or called off, and how the rules did."""

from datetime import UTC, datetime, timedelta

import pytest

from steelyard.kernel import checks, ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.money.payments import DisputeReason, DisputeStanding
from steelyard.parties import policies
from steelyard.parties.customers.model import Address, Contact
from steelyard.parties.policies.model import RISK_HOLDS, RISK_RELEASES, RISK_SCORE
from steelyard.trade import chargebacks, orders, risk
from steelyard.trade.orders.model import Order, OrderState
from steelyard.trade.risk import CheckState, EntryKind, Features, Listing, NotHeld, RuleName
from tests.support import deal
from tests.support.world import CONTACT, HOME, World
from tests.trade.test_chargebacks import parts, taken, told

NEXT_MONTH = datetime.now(UTC).date() + timedelta(days=30)


async def watchful(db: Database, score: int = 100) -> None:
    """Orders of whoever writes from CONTACT's address are held."""
    await db.transact(policies.settle, RISK_HOLDS, 1, None)
    await db.transact(policies.settle, RISK_SCORE, score, None)
    await db.transact(
        risk.enter,
        ids.mint(),
        Listing.BLOCK,
        EntryKind.EMAIL,
        CONTACT.email.upper(),
        "Three chargebacks",
        NEXT_MONTH,
        "staff:1",
    )


async def bought(db: Database, world: World) -> Order:
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, 1)])
    await deal.at_rest(db)
    return await deal.again(db, order)


async def test_a_suspicious_order_is_not_sent_before_somebody_lets_it_go(shop: Database, world: World) -> None:
    await watchful(shop)
    order = await bought(shop, world)

    check = await shop.ask(risk.check_of, order.order_id)
    assert check is not None and (check.state, check.score) == (CheckState.HELD, 100)
    assert [each.rule for each in check.tripped] == [RuleName.BLOCKED]
    assert order.state is OrderState.HELD
    with pytest.raises(TransitionRefused):
        await deal.shipped(shop, order)

    for _ in range(2):
        await shop.transact(risk.release, order.order_id, "Called them", "staff:1")
    await deal.at_rest(shop)

    assert (await deal.again(shop, order)).state is OrderState.PAID
    await deal.shipped(shop, order)
    with pytest.raises(NotHeld):
        await shop.transact(risk.call_off, order.order_id, "", "staff:1")


NOBODY = "trade.chargebacks: an order that is held, of no team, is held for a look or by a chargeback"


async def test_what_waits_for_nobody_is_not_held(shop: Database, world: World) -> None:
    """Who holds an order without a look at it would hold it for ever: the checks of the house say so."""
    order = await bought(shop, world)
    assert await shop.transact(orders.hold_back, [order.order_id], "staff:1") == [order.order_id]

    found = await shop.ask(checks.run)
    await shop.transact(orders.let_go, [order.order_id], "staff:1")

    assert [each.name for each in found] == [NOBODY]


async def test_what_is_called_off_is_paid_back_and_time_decides_as_the_operator_says(
    shop: Database, world: World
) -> None:
    await watchful(shop)
    first, second, third = [await bought(shop, world) for _ in range(3)]
    await shop.transact(risk.call_off, first.order_id, "It is not them", "staff:1")
    later = datetime.now(UTC) + timedelta(hours=25)
    await deal.again(shop, second)
    await shop.transact(orders.let_go, [], "system")

    assert await shop.transact(risk.decide_due, datetime.now(UTC)) == 0
    assert await shop.transact(risk.decide_due, later) == 2
    fourth = await bought(shop, world)
    await shop.transact(policies.settle, RISK_RELEASES, 0, None)
    assert await shop.transact(risk.decide_due, later) == 1

    states = [(await deal.again(shop, each)).state for each in (first, second, third, fourth)]
    assert states == [OrderState.CANCELLED, OrderState.PAID, OrderState.PAID, OrderState.CANCELLED]
    assert (await deal.again(shop, fourth)).refunded == fourth.total


async def test_what_its_buyer_calls_off_nobody_need_look_at(shop: Database, world: World) -> None:
    await watchful(shop)
    order = await bought(shop, world)
    from steelyard.trade import aftersales  # noqa: PLC0415

    await shop.transact(aftersales.cancel, order.merchant_id, order.order_id, ids.mint(), "cancelled_by_buyer", "buyer")
    await deal.at_rest(shop)

    check = await shop.ask(risk.check_of, order.order_id)
    assert check is not None and check.state is CheckState.OVERTAKEN
    assert await shop.ask(risk.held_count, 10) == 0


async def test_who_is_known_to_be_good_is_never_held_and_too_few_points_hold_nobody(
    shop: Database, world: World
) -> None:
    await watchful(shop, score=101)
    passed = await bought(shop, world)
    check = await shop.ask(risk.check_of, passed.order_id)
    assert check is not None and (check.state, passed.state) == (CheckState.PASSED, OrderState.PAID)

    await watchful(shop)
    await shop.transact(
        risk.enter,
        ids.mint(),
        Listing.ALLOW,
        EntryKind.DOMAIN,
        "@" + CONTACT.email.rpartition("@")[2],
        "Ours",
        NEXT_MONTH,
        "s",
    )
    assert await shop.ask(risk.check_of, (await bought(shop, world)).order_id) is None
    run = await shop.ask(risk.dry_run, 100)
    assert (run.purchases, run.held) == (2, 0)


async def test_the_dry_run_says_what_would_have_been_and_holds_nothing(shop: Database, world: World) -> None:
    order = await bought(shop, world)  # holding is off
    await watchful(shop)
    assert (await deal.again(shop, order)).state is OrderState.PAID

    run = await shop.ask(risk.dry_run, 100)

    assert (run.purchases, run.held, run.by_rule[RuleName.BLOCKED]) == (1, 1, 1)
    assert (await deal.again(shop, order)).state is OrderState.PAID


async def test_rules_are_judged_by_the_chargebacks_that_came_later(shop: Database, world: World) -> None:
    await watchful(shop)
    order = await bought(shop, world)
    await shop.transact(risk.release, order.order_id, "", "staff:1")
    await taken(shop, order, reason=DisputeReason.FRAUDULENT)
    chargeback_id = await told(shop, order, DisputeStanding.LOST, reason=DisputeReason.FRAUDULENT)

    (figures,) = await shop.ask(risk.figures)
    assert (figures.rule, figures.held, figures.released, figures.charged_back) == (RuleName.BLOCKED, 1, 1, 1)
    # Our own staff let it go: the platform bears it.
    assert (await parts(shop, chargeback_id))[order.order_id].bearer is chargebacks.Bearer.PLATFORM


async def test_rules_and_lists_refuse_what_would_fit_everybody_and_forget(shop: Database) -> None:
    rule = (await shop.ask(risk.rules))[0]
    with pytest.raises(Invalid):
        await shop.transact(
            risk.set_rule, type(rule)(rule=rule.rule, active=True, points=0, least=0, minutes=9_999), "s"
        )
    for kind, value, until in (
        (EntryKind.EMAIL, "a", NEXT_MONTH),
        (EntryKind.EMAIL, "ada@example.com", datetime.now(UTC).date()),
    ):
        with pytest.raises(Invalid):
            await shop.transact(risk.enter, ids.mint(), Listing.BLOCK, kind, value, "x", until, "s")
    with pytest.raises(Invalid):
        await shop.transact(
            risk.enter, ids.mint(), Listing.FORWARDER, EntryKind.EMAIL, "ada@x.test", "x", NEXT_MONTH, "s"
        )
    await shop.transact(risk.enter, ids.mint(), Listing.BLOCK, EntryKind.PHONE, "+1 555-0100", "x", NEXT_MONTH, "s")
    assert (await shop.ask(risk.entries_page, Listing.BLOCK)).items[0].value == "15550100"
    with pytest.raises(NotFound):
        await shop.transact(risk.release, ids.mint(), "", "s")

    await shop.transact(risk.forget, datetime.now(UTC) + timedelta(days=31))
    assert (await shop.ask(risk.entries_page, Listing.BLOCK)).items == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"total": 200_000, "bought": 0}, RuleName.NEW_BUYER),
        ({"total": 199_999, "bought": 0}, None),
        ({"total": 900_000, "bought": 1}, None),
        ({"to_address": 4}, RuleName.MANY_TO_ADDRESS),
        ({"by_buyer": 4}, None),
        ({"by_buyer": 5}, RuleName.MANY_BY_BUYER),
        ({"failed": 3}, RuleName.FAILED_PAYMENTS),
        ({"address": Address(name="A", phone="+1 555 0100", country="CN", street="1 Road")}, RuleName.FOREIGN_PHONE),
        ({"address": Address(name="A", phone="0086 13800000000", country="CN", street="1 Road")}, None),
    ],
)
async def test_each_rule_counts_what_it_says(shop: Database, change: dict, rule: RuleName | None) -> None:
    plain = {
        "purchase_id": ids.mint(), "buyer_id": ids.mint(), "total": 100, "currency": "CNY", "contact": Contact(),
        "address": HOME, "placed_at": datetime.now(UTC), "bought": 1, "to_address": 1, "by_buyer": 1, "failed": 0,
    }  # fmt: skip
    found = risk.judged(await shop.ask(risk.rules), [], Features(**{**plain, **change}))
    assert [each.rule for each in found] == ([rule] if rule else [])
