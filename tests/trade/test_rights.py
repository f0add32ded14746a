"""Buyers' rights: which rule counts for an order, what it excepts, and how a version follows another."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.goods import catalog
from steelyard.goods.catalog import CategoryChange
from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.text import text
from steelyard.trade import aftersales, orders, rights
from steelyard.trade.aftersales import Kind
from steelyard.trade.aftersales.case_model import Excepted, RightStands, TooLateToAsk
from steelyard.trade.aftersales.model import CaseState
from steelyard.trade.orders.model import Order
from steelyard.trade.rights import Calendar, Family, Holiday, NewRule, Rule, RuleId, RuleKind
from steelyard.trade.rights.model import HOUSE, InForce
from tests.support import deal
from tests.support.world import World
from tests.trade.test_cases import BUYER, SECOND, SHOP, now, refused, sent, sent_back, wanted

TODAY = datetime.now(UTC).astimezone(HOUSE).date()


def rule(code: str = "cn_seven_days", days: int = 10, **more: Any) -> NewRule:
    said: dict[str, Any] = {
        "kind": RuleKind.NO_REASON_RETURN, "name": text("十天", "Ten days"), "source": text("试行", "A trial"),
        "countries": ["CN"], "exceptions": [NoReturn.PERISHABLE],
    }  # fmt: skip
    return NewRule(**(said | {"rule_id": RuleId(ids.mint()), "code": code, "days": days} | more))


async def in_force_on(db: Database, rule_id: RuleId, since: date) -> Rule:
    """Switched on long ago, as it were."""
    return await db.transact(rights.switch_on, rule_id, since, since - timedelta(days=1))


async def excepting(db: Database, world: World, why: str) -> None:
    await db.transact(catalog.change_category, world.categories["snacks"], CategoryChange(no_return=why))


async def received(db: Database, order: Order, country: str = "CN") -> Order:
    async def to(tx: Tx) -> None:
        await tx.execute(
            "UPDATE orders SET address = address || jsonb_build_object('country', $2::text) WHERE order_id = $1",
            order.order_id,
            country,
        )

    await db.transact(to)
    await deal.received(db, order)
    return await deal.again(db, order)


@pytest.mark.parametrize("why", ["made_to_order", "perishable", "periodical"])
async def test_what_the_law_excepts_is_not_asked_back_without_a_reason(shop: Database, world: World, why: str) -> None:
    await excepting(shop, world, why)
    order = await sent(shop, world)
    await excepting(shop, world, "")

    with pytest.raises(Excepted):
        await shop.transact(aftersales.ask, wanted(order, reason="changed_mind"), BUYER)
    standing = (await shop.ask(aftersales.standing, [order]))[order.order_id]
    possible = aftersales.reasons_for(order, Kind.RETURN_REFUND, standing.rules, standing.pieces.goods)
    assert "changed_mind" not in possible and "quality" in possible
    await shop.transact(aftersales.ask, wanted(order, reason="quality"), BUYER)


async def test_what_was_sold_before_its_category_said_so_can_be_returned(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    await excepting(shop, world, "perishable")

    await shop.transact(aftersales.ask, wanted(order, reason="changed_mind"), BUYER)


async def test_what_needs_the_buyers_word_is_excepted_only_with_it(shop: Database, world: World) -> None:
    await excepting(shop, world, "confirmed")
    order = await sent(shop, world)

    [line] = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    assert line.no_return is None
    await shop.transact(aftersales.ask, wanted(order, reason="changed_mind"), BUYER)


async def test_a_right_is_not_refused_before_the_goods_were_seen(shop: Database, world: World) -> None:
    new = wanted(await sent(shop, world), reason="changed_mind")
    await shop.transact(aftersales.ask, new, BUYER)
    case = await now(shop, new.case_id)

    with pytest.raises(RightStands):
        await refused(shop, case)
    await sent_back(shop, case)
    await refused(shop, case)
    assert (await now(shop, case.case_id)).state is CaseState.REFUSED


async def test_a_shop_may_say_that_a_digital_good_was_opened(shop: Database, world: World) -> None:
    await excepting(shop, world, "opened_digital")
    new = wanted(await sent(shop, world), reason="changed_mind")
    await shop.transact(aftersales.ask, new, BUYER)

    await shop.transact(aftersales.refuse, new.merchant_id, new.case_id, "It was opened", SHOP)
    assert (await now(shop, new.case_id)).state is CaseState.REFUSED


async def test_the_union_has_fourteen_days_to_the_last_second(shop: Database, world: World) -> None:
    order = await received(shop, await sent(shop, world), "DE")
    known = (await shop.ask(rights.rules)).of(Family.NO_REASON, "DE", order.placed_at)
    assert known is not None and known.kind is RuleKind.WITHDRAWAL and order.completed_at is not None
    last = (await shop.ask(rights.rules)).ends(known, order.completed_at, "DE")

    with pytest.raises(TooLateToAsk):
        await shop.transact(aftersales.ask, wanted(order, reason="changed_mind"), BUYER, last)
    new = wanted(order, reason="changed_mind")
    await shop.transact(aftersales.ask, new, BUYER, last - SECOND)
    assert (await now(shop, new.case_id)).rule_id == known.rule_id


async def test_an_order_stays_under_the_version_of_its_day(shop: Database, world: World) -> None:
    new = rule()
    await shop.transact(rights.draft, new, "staff:1")
    known = await shop.ask(rights.rules)
    assert new.rule_id not in {each.rule_id for each in known.versions}, "a draft counts for nothing"
    await shop.transact(rights.switch_on, new.rule_id, TODAY + timedelta(days=3), TODAY)

    known = await shop.ask(rights.rules)
    begins = datetime.combine(TODAY + timedelta(days=3), datetime.min.time(), HOUSE)
    for moment, days in ((begins - SECOND, 7), (begins, 10)):
        found = known.of(Family.NO_REASON, "CN", moment)
        assert found is not None and found.days == days


async def test_what_is_in_force_is_superseded_and_never_changed(shop: Database, world: World) -> None:
    new = rule()
    for days in (9, 10):
        found = await shop.transact(rights.draft, msgspec.structs.replace(new, days=days), "staff:1")
        assert (found.version, found.days, found.since) == (2, days, None)
    for day in (TODAY, TODAY - timedelta(days=1)):
        with pytest.raises(Invalid):
            await shop.transact(rights.switch_on, new.rule_id, day, TODAY)
    day = TODAY + timedelta(days=1)
    for _ in range(2):
        assert (await shop.transact(rights.switch_on, new.rule_id, day, TODAY)).since == day

    with pytest.raises(InForce):
        await shop.transact(rights.draft, new, "staff:1")
    with pytest.raises(InForce):
        await shop.transact(rights.drop, new.rule_id)
    with pytest.raises(InForce):
        await shop.transact(rights.switch_on, new.rule_id, day + timedelta(days=1), TODAY)
    following = await shop.transact(rights.draft, rule(days=11), "staff:1")
    assert following.version == 3
    for _ in range(2):
        await shop.transact(rights.drop, following.rule_id)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("code", {"code": "Ten Days"}),
        ("days", {"days": 0}),
        ("countries", {"countries": ["China"]}),
        ("link", {"link": "http://law.test"}),
        ("source_en", {"source": text("", "")}),
    ],
)
async def test_a_rule_that_says_nonsense_is_refused(shop: Database, field: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        await shop.transact(rights.draft, rule(**wrong), "staff:1")
    assert list(refusal.value.fields) == [field]


async def test_a_right_that_ended_gives_way_to_the_rule_for_everywhere(shop: Database, world: World) -> None:
    known = await shop.ask(rights.rules)
    over = Rule(
        **msgspec.structs.asdict(rule(until=date(2026, 1, 31))), version=9, since=date(2026, 1, 1),
        drafted_at=datetime.now(UTC), drafted_by="staff:1",
    )  # fmt: skip
    with_it = rights.Rules([*known.versions, over])
    for moment, code in (
        ("2026-01-31T23:59:59+08:00", "cn_seven_days"),
        ("2026-02-01T00:00:00+08:00", "house_seven_days"),
    ):
        found = with_it.of(Family.NO_REASON, "CN", datetime.fromisoformat(moment))
        assert found is not None and found.code == code


DAYS = st.dates(date(2026, 1, 1), date(2026, 2, 28))


@given(DAYS, st.dictionaries(DAYS, st.booleans()))
def test_a_last_day_moves_forward_only_and_to_a_day_that_is_worked(day: date, known: dict[date, bool]) -> None:
    calendar = Calendar({("CN", each): worked for each, worked in known.items()})
    found = calendar.next_working("CN", day)
    assert found >= day and known.get(found, found.weekday() < 5)
    between = [day + timedelta(days=number) for number in range((found - day).days)]
    assert not any(known.get(each, each.weekday() < 5) for each in between)
    if calendar.next_working("DE", day) != day:
        assert day.weekday() >= 5, "another country's holidays are not this one's"


async def test_a_holiday_that_is_entered_moves_the_last_day_of_what_was_received(shop: Database, world: World) -> None:
    received_at = datetime(2027, 2, 2, 4, tzinfo=UTC)
    rule = (await shop.ask(rights.rules)).of(Family.NO_REASON, "CN", received_at)
    assert rule is not None and rule.moves
    before = (await shop.ask(rights.rules)).ends(rule, received_at, "CN")
    for number in range(7, 12):
        each = Holiday(
            country="CN", day=date(2027, 2, 2) + timedelta(days=number), name=text("春节", "Spring Festival")
        )
        for _ in range(2):
            await shop.transact(rights.keep_holiday, each)
    after = (await shop.ask(rights.rules)).ends(rule, received_at, "CN")
    assert after - before == timedelta(days=6), "five of the holiday, and the Sunday after it"
    assert await shop.transact(rights.forget_holiday, "CN", date(2027, 2, 9)) is not None
    assert (await shop.ask(rights.rules)).ends(rule, received_at, "CN") == before
