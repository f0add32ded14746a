"""What shops promise with a sale: judged at its very second, paid once by the rule of the day, out of the shop's money."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.promotions.model import SpecialPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.logistics import fulfilment
from steelyard.logistics.fulfilment.model import Packed
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments.model import RefundId
from steelyard.money.wallets import Purse
from steelyard.parties import policies
from steelyard.parties.policies.model import WALLETS
from steelyard.trade import aftersales, discipline, orders, promises, rights, settlement
from steelyard.trade.aftersales import COUNTERFEIT, Kind, Verdict
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import Order
from steelyard.trade.promises import Cause, Compensation, Excuse, NothingFell
from steelyard.trade.rights import CountedFrom, NewRule, Rule, RuleId, RuleKind
from steelyard.trade.settlement import EntryKind
from tests.support import deal
from tests.support.flash import flash, item, planned
from tests.support.lower import lowered, sale
from tests.support.world import World
from tests.trade.test_cases import BUYER, PLATFORM, SECOND, asked, disputed

HOURS = 24


async def promised(db: Database, world: World, item: str = "nuts", hours: int | None = HOURS, times: int = 0) -> None:
    each = world.items[item]
    for _ in range(2):
        await db.transact(promises.promise, each.merchant_id, each.product_id, hours, {}, times)


async def bought(db: Database, world: World, pieces: int = 2, item: str = "nuts") -> Order:
    [order] = await deal.paid(db, [(world.items[item].sku_id, pieces)])
    return order


async def due(db: Database, order: Order, line: int = 1) -> datetime:
    status = (await db.ask(fulfilment.status, [order.order_id]))[order.order_id][line]
    assert status.ship_by is not None
    return status.ship_by


async def decided(db: Database, order: Order) -> list[Compensation]:
    return await db.ask(promises.compensations_of, [order.order_id])


async def judged(db: Database, at: datetime) -> None:
    """Twice, as two workers would."""
    for _ in range(2):
        await db.transact(promises.note_late, at)


async def account(db: Database, owner_id: UUID, kind: AccountKind) -> int:
    return next((each.balance for each in await db.ask(ledger.balances, owner_id) if each.kind is kind), 0)


async def test_what_is_late_by_a_second_is_paid_for_once_by_the_rule_and_the_shop_pays(shop: Database, world: World):
    await shop.transact(policies.settle, WALLETS, 1, None)
    await promised(shop, world)
    order = await bought(shop, world)
    [line] = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    last = await due(shop, order)
    assert line.ship_hours == HOURS and order.paid_at is not None
    assert last == order.paid_at + timedelta(hours=HOURS)

    await judged(shop, last - SECOND)
    assert await decided(shop, order) == []
    await judged(shop, last)

    [made] = await decided(shop, order)
    amount = max(300, line.amount * 5 // 100)
    assert (made.cause, made.amount, made.excuse, made.purse) == (Cause.LATE, amount, None, Purse.BALANCE)
    assert made.rule is not None and "promised time" in made.rule.in_language("en")
    assert await account(shop, order.buyer_id, AccountKind.BALANCE) == amount
    assert await account(shop, order.merchant_id, AccountKind.PAYABLE) == -amount
    [entry] = (await shop.ask(settlement.entries, order.merchant_id, None)).items
    assert (entry.kind, entry.amount, entry.order_id) == (EntryKind.COMPENSATION, -amount, order.order_id)
    [told] = (await shop.ask(promises.listed, order.merchant_id)).items
    assert (told.code, told.amount) == (order.code, amount)


async def test_without_balances_it_is_points_of_the_same_worth(shop: Database, world: World):
    await promised(shop, world)
    order = await bought(shop, world)
    await judged(shop, await due(shop, order))
    [made] = await decided(shop, order)
    assert made.purse is Purse.POINTS
    assert await account(shop, order.buyer_id, AccountKind.POINTS) == made.amount


async def test_the_deposit_pays_what_the_shop_is_not_owed(shop: Database, world: World):
    await promised(shop, world)
    order = await bought(shop, world)
    movement = ids.mint()
    await shop.transact(discipline.record_transfer, order.merchant_id, movement, 100, "T1", "staff:first")
    await judged(shop, await due(shop, order))
    [made] = await decided(shop, order)
    assert (made.from_deposit, made.amount > 100) == (100, True)
    assert await account(shop, order.merchant_id, AccountKind.DEPOSIT) == 0
    assert await account(shop, order.merchant_id, AccountKind.PAYABLE) == 100 - made.amount


async def test_what_left_in_time_costs_nothing_however_late_it_is_looked_at(shop: Database, world: World):
    await promised(shop, world)
    order = await bought(shop, world)
    await deal.shipped(shop, order)
    await judged(shop, await due(shop, order) + timedelta(days=3))
    assert await decided(shop, order) == []


async def test_what_left_after_its_time_is_late_though_nobody_looked_before(shop: Database, world: World):
    await promised(shop, world)
    order = await bought(shop, world)

    async def an_hour_ago(tx: Tx) -> None:
        await tx.execute("UPDATE fulfilment_lines SET ship_by = now() - interval '1 hour'")

    await shop.transact(an_hour_ago)
    await deal.shipped(shop, order)
    await judged(shop, datetime.now(UTC))
    [made] = await decided(shop, order)
    assert made.excuse is None and made.amount


async def test_a_part_that_left_in_time_excuses_the_rest(shop: Database, world: World):
    await promised(shop, world)
    order = await bought(shop, world, 3)
    await deal.shipped(shop, order, [Packed(1, 1)])
    await judged(shop, await due(shop, order))
    [made] = await decided(shop, order)
    assert (made.excuse, made.amount, made.purse) == (Excuse.SPLIT, 0, None)


async def test_an_open_request_for_money_back_excuses(shop: Database, world: World):
    await promised(shop, world)
    order = await bought(shop, world, 3)
    await asked(shop, order, kind=Kind.REFUND_ONLY, reason="not_needed")
    await judged(shop, await due(shop, order))
    [made] = await decided(shop, order)
    assert made.excuse is Excuse.ASKED


async def test_an_address_that_was_changed_after_paying_excuses(shop: Database, world: World):
    await promised(shop, world)
    order = await bought(shop, world)
    elsewhere = msgspec.structs.replace(order.address, street="2 Other Street")
    await shop.transact(orders.change_address, order.merchant_id, order.order_id, elsewhere, BUYER)
    await judged(shop, await due(shop, order))
    [made] = await decided(shop, order)
    assert made.excuse is Excuse.READDRESSED


async def test_what_was_called_off_was_not_late(shop: Database, world: World):
    await promised(shop, world)
    order = await bought(shop, world)
    at = await due(shop, order)
    await shop.transact(
        aftersales.cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), "cancelled_by_buyer", BUYER
    )
    await judged(shop, at)
    assert await decided(shop, order) == []


async def test_a_shop_promises_within_the_rule_and_only_for_its_own_goods(shop: Database, world: World):
    nuts, other = world.items["nuts"], world.tools.merchant_id
    for hours in (3, 169):
        with pytest.raises(Invalid) as refused:
            await shop.transact(promises.promise, nuts.merchant_id, nuts.product_id, hours, {}, 0)
        assert set(refused.value.fields) == {"ship_hours"}
    with pytest.raises(Invalid) as refused:
        await shop.transact(promises.promise, nuts.merchant_id, nuts.product_id, None, {}, 11)
    assert set(refused.value.fields) == {"authentic_times"}
    with pytest.raises(NotFound):
        await shop.transact(promises.promise, other, nuts.product_id, 24, {}, 0)


async def test_a_promise_is_frozen_with_the_order_and_variants_may_have_their_own(shop: Database, world: World):
    hammer = world.items["hammer"]
    own = {UUID(str(hammer.sku_ids[1])): 48}
    await shop.transact(promises.promise, hammer.merchant_id, hammer.product_id, 24, own, 3)
    [order] = await deal.paid(shop, [(hammer.sku_ids[0], 1), (hammer.sku_ids[1], 1)])
    await shop.transact(promises.promise, hammer.merchant_id, hammer.product_id, None, {}, 0)
    lines = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    assert [(line.ship_hours, line.authentic_times) for line in lines] == [(24, 3), (48, 3)]
    assert [each.line for each in await shop.ask(fulfilment.to_leave, order.merchant_id, 9)] == [1, 2]


# Price protection.


async def protecting(db: Database, **more: Any) -> Rule:
    said: dict[str, Any] = {
        "rule_id": RuleId(ids.mint()), "code": "cheaper", "kind": RuleKind.PRICE_PROTECTION, "days": 7,
        "name": text("价保七天", "Price protection, 7 days"), "source": text("本平台规则", "Rule of this marketplace"),
        "counted_from": CountedFrom.PLACED,
    }  # fmt: skip
    rule = NewRule(**(said | more))
    since = date(2020, 1, 1)
    await db.transact(rights.draft, rule, "staff:first")
    return await db.transact(rights.switch_on, rule.rule_id, since, since - timedelta(days=1))


async def priced(db: Database, world: World, amount: int, item: str = "nuts") -> None:
    each = world.items[item]
    await db.transact(
        pricing.set_prices, each.merchant_id, [NewPrice(sku_id=each.sku_id, currency="CNY", amount=amount)]
    )


async def claimed(db: Database, order: Order, at: datetime | None = None) -> int:
    return await db.transact(promises.claim, order.merchant_id, order.order_id, 1, BUYER, at)


async def test_what_became_cheaper_goes_back_once_for_each_fall(shop: Database, world: World):
    rule = await protecting(shop)
    was = world.items["nuts"].amounts[0]
    order = await bought(shop, world, 2)
    with pytest.raises(NothingFell):
        await claimed(shop, order)
    await priced(shop, world, was - 100)
    assert await claimed(shop, order) == 200
    with pytest.raises(NothingFell):
        await claimed(shop, order)
    await priced(shop, world, was)
    await priced(shop, world, was - 100)
    with pytest.raises(NothingFell):
        await claimed(shop, order)
    await priced(shop, world, was - 150)
    assert await claimed(shop, order) == 100

    told = await shop.ask(promises.protected_of, [order.order_id])
    assert [(each.amount, each.price, each.rule_id) for each in told] == [
        (200, was - 100, rule.rule_id), (100, was - 150, rule.rule_id),
    ]  # fmt: skip
    await deal.shipped(shop, order)
    await deal.refunded(shop, order, Returned(1, 2))
    assert (await deal.again(shop, order)).refunded == 2 * was, "all together what was paid"


async def test_a_lower_price_on_the_shelf_is_a_fall_and_a_flash_price_is_none(shop: Database, world: World):
    await protecting(shop)
    was = world.items["nuts"].amounts[0]
    order = await bought(shop, world, 2)
    await planned(shop, flash(world, item(world, price=100)))
    with pytest.raises(NothingFell):
        await claimed(shop, order)

    await lowered(shop, world, sale(world, SpecialPrice(off=150)))

    assert await claimed(shop, order) == 300
    with pytest.raises(NothingFell):
        await claimed(shop, order)
    [told] = await shop.ask(promises.protected_of, [order.order_id])
    assert told.price == was - 150


async def test_price_protection_ends_with_its_last_second(shop: Database, world: World):
    await protecting(shop)
    order = await bought(shop, world)
    await priced(shop, world, 1)
    last = order.placed_at + timedelta(days=7)
    with pytest.raises(NothingFell):
        await claimed(shop, order, last)
    assert await claimed(shop, order, last - SECOND)


async def test_days_that_count_from_receipt_do_not_end_before(shop: Database, world: World):
    await protecting(shop, counted_from=CountedFrom.RECEIVED, amount_most=50, currency="CNY")
    order = await bought(shop, world)
    await priced(shop, world, 1)
    assert await claimed(shop, order, order.placed_at + timedelta(days=300)) == 50, "capped by the rule"
    await priced(shop, world, 0)
    with pytest.raises(NothingFell):
        await claimed(shop, order)


async def test_a_rule_for_other_categories_and_no_rule_protect_nothing(shop: Database, world: World):
    order = await bought(shop, world)
    await priced(shop, world, 1)
    with pytest.raises(NothingFell):
        await claimed(shop, order)
    await protecting(shop, categories=[ids.mint()])
    with pytest.raises(NothingFell):
        await claimed(shop, order)
    with pytest.raises(NotFound):
        await shop.transact(promises.claim, world.tools.merchant_id, order.order_id, 1, BUYER)


# Guaranteed genuine.


async def at_the_platform(db: Database, world: World, reason: str = COUNTERFEIT) -> tuple[Order, Any]:
    await promised(db, world, hours=None, times=3)
    order = await bought(db, world)
    await deal.shipped(db, order)
    order = await deal.again(db, order)
    case = await asked(db, order, 1, kind=Kind.REFUND_ONLY, reason=reason)
    await disputed(db, case)
    return order, case


async def test_a_counterfeit_costs_so_many_times_its_price_when_the_platform_says_so(shop: Database, world: World):
    order, case = await at_the_platform(shop, world)
    await shop.transact(aftersales.decide, case.merchant_id, case.case_id, Verdict.REFUND, "A fake", PLATFORM)
    for _ in range(2):
        await shop.transact(promises.pay_for_counterfeit, case.merchant_id, case.case_id, datetime.now(UTC))
        await deal.at_rest(shop)
    [made] = await decided(shop, order)
    price = world.items["nuts"].amounts[0]
    assert (made.cause, made.basis, made.amount, made.case_id) == (
        Cause.COUNTERFEIT, price, 3 * price, case.case_id,
    )  # fmt: skip
    assert (await deal.again(shop, order)).refunded == price, "the goods' money goes back beside"
    assert await account(shop, order.buyer_id, AccountKind.POINTS) == 3 * price


@pytest.mark.parametrize("why", ["another reason", "the shop gave in", "the platform said no"])
async def test_nothing_more_is_paid_unless_the_platform_found_a_counterfeit(shop: Database, world: World, why: str):
    order, case = await at_the_platform(shop, world, "quality" if why == "another reason" else COUNTERFEIT)
    if why == "the shop gave in":
        order = await bought(shop, world)
        await deal.shipped(shop, order)
        case = await asked(shop, await deal.again(shop, order), 1, kind=Kind.REFUND_ONLY, reason=COUNTERFEIT)
        await shop.transact(aftersales.agree, case.merchant_id, case.case_id, "staff:shop")
    else:
        verdict = Verdict.REJECT if why == "the platform said no" else Verdict.REFUND
        await shop.transact(aftersales.decide, case.merchant_id, case.case_id, verdict, "So it is", PLATFORM)
    await deal.at_rest(shop)
    assert await decided(shop, order) == []


# Return freight.


async def going_back(
    db: Database, world: World, reason: str, claimed_freight: int, pieces: int = 1, *, item: str = "nuts"
) -> Any:
    order = await bought(db, world, item=item)
    await deal.shipped(db, order)
    case = await asked(db, await deal.again(db, order), pieces, reason=reason)
    await db.transact(aftersales.agree, case.merchant_id, case.case_id, "staff:shop")

    async def send(tx: Tx) -> None:
        receipts = ["receipt.jpg"] if claimed_freight else []
        number = f"R{case.case_id.hex[-12:]}"
        await aftersales.send_back(
            tx, case.merchant_id, case.case_id, "simex", number, BUYER,
            return_freight=claimed_freight, receipts=receipts,
        )  # fmt: skip

    await db.transact(send)
    return case


async def looked_at(db: Database, case: Any) -> None:
    inspected = [aftersales.Inspected(line=1, accepted=1, restocked=1)]
    await db.transact(aftersales.receive, case.merchant_id, case.case_id, inspected, "", "staff:shop")
    await deal.at_rest(db)


@pytest.mark.parametrize(("claim", "gets"), [(1_200, 1_200), (9_900, 2_500)])
async def test_sending_back_is_paid_with_the_refund_where_the_shop_is_to_blame(
    shop: Database, world: World, claim: int, gets: int
):
    case = await going_back(shop, world, "quality", claim)
    await deal.at_rest(shop)
    assert await shop.ask(promises.compensations_of_case, case.case_id) == [], "the shop has not taken it back yet"
    await looked_at(shop, case)
    await shop.transact(promises.pay_return_freight, case.merchant_id, case.case_id, datetime.now(UTC))
    [made] = await shop.ask(promises.compensations_of_case, case.case_id)
    assert (made.cause, made.basis, made.amount) == (Cause.RETURN_FREIGHT, claim, gets)
    assert await account(shop, case.buyer_id, AccountKind.POINTS) == gets


async def test_who_changed_their_mind_bears_the_freight_and_a_claim_wants_a_receipt(shop: Database, world: World):
    with pytest.raises(Invalid) as refused:
        await going_back(shop, world, "changed_mind", 1_200)
    assert set(refused.value.fields) == {"return_freight"}
    case = await going_back(shop, world, "changed_mind", 0)
    await looked_at(shop, case)
    assert await shop.ask(promises.compensations_of_case, case.case_id) == []


async def test_two_cases_about_a_line_are_paid_for_each(shop: Database, world: World):
    order = await bought(shop, world)
    await deal.shipped(shop, order)
    for freight in (800, 900):
        case = await asked(shop, await deal.again(shop, order), 1, reason="quality")
        await shop.transact(aftersales.agree, case.merchant_id, case.case_id, "staff:shop")

        async def send(tx: Tx, case: Any = case, freight: int = freight) -> None:
            number = f"R{case.case_id.hex[-12:]}"
            await aftersales.send_back(
                tx, case.merchant_id, case.case_id, "simex", number, BUYER, return_freight=freight, receipts=["a.jpg"]
            )

        await shop.transact(send)
        await looked_at(shop, case)
    assert sorted(each.amount for each in await decided(shop, order)) == [800, 900]


# Free returns.


async def free(db: Database, world: World, *, promised: bool = True) -> None:
    each = world.items["nuts"]
    await db.transact(promises.promise, each.merchant_id, each.product_id, None, {}, 0, free_returns=promised)


@pytest.mark.parametrize(("claim", "gets"), [(1_200, 1_200), (9_900, 2_500)])
async def test_a_shop_that_promised_free_returns_bears_the_freight_of_a_changed_mind(
    shop: Database, world: World, claim: int, gets: int
):
    await free(shop, world)
    case = await going_back(shop, world, "changed_mind", claim)
    await looked_at(shop, case)
    await shop.transact(promises.pay_return_freight, case.merchant_id, case.case_id, datetime.now(UTC))
    [made] = await shop.ask(promises.compensations_of_case, case.case_id)
    assert (made.cause, made.basis, made.amount) == (Cause.RETURN_FREIGHT, claim, gets)
    assert made.rule is not None and made.rule.in_language("en") == "Free returns"


async def test_the_promise_is_that_of_the_day_of_the_order(shop: Database, world: World):
    await free(shop, world)
    order = await bought(shop, world)
    await free(shop, world, promised=False)
    [line] = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    assert line.free_returns
    with pytest.raises(Invalid):
        await going_back(shop, world, "changed_mind", 1_200)


async def test_who_is_to_blame_bears_it_by_the_rule_that_pays_more(shop: Database, world: World):
    def most(rule: Rule | None) -> int | None:
        return rule.amount_most if rule else None

    known = await shop.ask(rights.rules)
    at: dict[str, Any] = {"placed": datetime.now(UTC), "currency": "CNY"}
    assert promises.freight_rule(known, "changed_mind", promised=False, **at) is None
    blamed = promises.freight_rule(known, "quality", promised=True, **at)
    assert blamed is not None and blamed.kind is RuleKind.RETURN_FREIGHT, "of equals, the fault"
    rule = NewRule(
        rule_id=RuleId(ids.mint()), code="free_returns", kind=RuleKind.FREE_RETURNS, days=0, amount_most=4_000, currency="CNY",
        name=text("退货包运费", "Free returns"), source=text("本平台规则", "Rule of this marketplace"),
    )  # fmt: skip
    await shop.transact(rights.draft, rule, "staff:first")
    since = date(2020, 1, 1)
    await shop.transact(rights.switch_on, rule.rule_id, since, since - timedelta(days=1))
    known = await shop.ask(rights.rules)
    assert most(promises.freight_rule(known, "quality", promised=True, **at)) == 4_000
    assert most(promises.freight_rule(known, "quality", promised=False, **at)) == 2_500
    assert promises.freight_rule(known, "changed_mind", promised=True, placed=at["placed"], currency="EUR") is None


async def test_without_a_rule_of_the_platform_nobody_promises_free_returns(shop: Database, world: World):
    async def none(tx: Tx) -> None:
        await tx.execute("UPDATE rights_rules SET since = current_date + 9, until = NULL WHERE kind = 'free_returns'")

    await shop.transact(none)
    with pytest.raises(Invalid) as refused:
        await free(shop, world)
    assert set(refused.value.fields) == {"free_returns"}
