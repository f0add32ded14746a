"""Fees: they are frozen with the order, reach their accounts, and go back fee by fee; their rules are planned and dated."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import catalog
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.money import ledger
from steelyard.money.payments.model import RefundId
from steelyard.trade import aftersales, checkout, commission, orders, settlement
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.commission import Sold, Wish
from steelyard.trade.commission.model import (
    HOUSE_ZONE,
    SALES_COMMISSION,
    Channel,
    FeeId,
    Rule,
    RuleId,
    RuleState,
    Sale,
    Taxes,
    channel_of,
)
from steelyard.trade.orders.model import Order, OrderLine
from tests.support import deal
from tests.support.rivals import meet
from tests.support.world import COMMISSION, CURRENCY, World
from tests.trade.test_fees_properties import BEGAN, FEES


def test_the_source_of_a_purchase_names_its_channel():
    said = [channel_of(source) for source in ("shop", "ucp:chat", "live", "amazon:1", "import:x", None)]
    assert said == [Channel.SHOP, Channel.AGENT, Channel.LIVE, Channel.AMAZON, None, None]


def wish(fee_id: FeeId = SALES_COMMISSION, **more: object) -> Wish:
    return Wish(rule_id=RuleId(ids.mint()), fee_id=fee_id, **more)  # pyright: ignore[reportArgumentType]


async def opened(db: Database, name: str, *, kept: bool = False, tax: int = 0) -> FeeId:
    fee_id = FeeId(ids.mint())
    await db.transact(commission.open_fee, fee_id, text(name, name), kept=kept)
    if tax:
        await db.transact(commission.set_tax, fee_id, tax, None)
    return fee_id


async def stacked(db: Database) -> tuple[FeeId, FeeId]:
    """A payment fee of 0.6 % and 0.10 a line, kept, of freight too, and a service fee of 1 % with 6 % tax."""
    pay, service = await opened(db, "支付", kept=True), await opened(db, "服务", tax=60_000)
    await db.transact(commission.set_rule, wish(pay, millionths=6_000, fixed=10, currency=CURRENCY, on_freight=True))
    await db.transact(commission.set_rule, wish(service, millionths=10_000))
    return pay, service


async def bought(db: Database, world: World, pieces: int = 3) -> Order:
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, pieces)])
    return order


async def balances(db: Database, order: Order) -> dict[str, int]:
    return {found.kind: found.balance for found in await db.ask(ledger.balances, order.merchant_id)}


async def test_several_fees_are_frozen_and_reach_their_accounts(shop: Database, world: World):
    pay, service = await stacked(shop)
    before = await bought(shop, world)

    (sold_line,) = (await shop.ask(orders.lines_of, [before.order_id]))[before.order_id]
    by_fee = {fee.fee_id: fee for fee in sold_line.fees}
    assert [fee.fee_id for fee in sold_line.fees] == [SALES_COMMISSION, pay, service]
    assert by_fee[SALES_COMMISSION].amount == 599 and by_fee[SALES_COMMISSION].millionths == COMMISSION
    assert (by_fee[service].amount, by_fee[service].tax) == (120, 7)
    [on_freight] = before.freight_fees
    assert on_freight.fee_id == pay
    assert before.commission == sold_line.commission + on_freight.whole and before.fee_tax == 7

    await deal.shipped(shop, before)
    await deal.received(shop, before)

    owed = await balances(shop, before)
    assert owed["fee_tax"] == 7
    assert owed["commission"] == before.commission - 7
    assert owed["payable"] == before.total - before.commission


@pytest.mark.parametrize("released", [False, True])
async def test_a_refund_gives_back_every_fee_but_what_is_kept(shop: Database, world: World, released: bool):
    pay, service = await stacked(shop)
    order = await bought(shop, world)
    lines = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    await deal.shipped(shop, order)
    if released:
        await deal.received(shop, order)

    for _ in range(3):
        await deal.refunded(shop, order, Returned(1, 1))

    back = (await shop.ask(aftersales.of_orders, [order.order_id]))[order.order_id]
    sums: dict[FeeId, list[int]] = {}
    for part in (part for refund in back for part in refund.fees):
        of_fee = sums.setdefault(part.fee_id, [0, 0])
        of_fee[0], of_fee[1] = of_fee[0] + part.amount, of_fee[1] + part.tax
    taken = {fee.fee_id: [fee.amount, fee.tax] for fee in lines[0].fees}
    assert sums == {SALES_COMMISSION: taken[SALES_COMMISSION], service: taken[service]}
    again = await deal.again(shop, order)
    kept = taken[pay][0] + sum(fee.whole for fee in order.freight_fees)
    assert (again.commission_kept, again.fee_tax_kept) == (kept, 0)
    if not released:
        await deal.received(shop, order)
    owed = await balances(shop, order)
    assert (owed.get("fee_tax", 0), owed["commission"], owed["payable"]) == (0, kept, again.kept - kept)


async def test_an_order_that_is_called_off_has_all_fees_back(shop: Database, world: World):
    await stacked(shop)
    order = await bought(shop, world)
    await deal.refunded(shop, order, Returned(1, 1))

    await shop.transact(
        aftersales.cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), reason="changed_mind", by="buyer"
    )

    again = await deal.again(shop, order)
    assert (again.commission_kept, again.fee_tax_kept) == (0, 0)
    assert (await balances(shop, order)).get("commission", 0) == 0


async def test_what_was_frozen_is_what_the_same_rules_would_charge(shop: Database, world: World):
    """Several fees, on freight, with tax, with bounds, and one that is more than a line bears."""
    pay, _ = await stacked(shop)
    dear = await opened(shop, "贵", tax=60_000)
    await shop.transact(
        commission.set_rule,
        wish(
            dear, fixed=2_000, per_piece=True, currency=CURRENCY, merchant_id=world.tools.merchant_id, on_freight=True
        ),
    )
    await shop.transact(
        commission.set_rule,
        wish(pay, millionths=20_000, least=55, most=60, currency=CURRENCY, channel=Channel.SHOP, taxes=Taxes.WITHOUT),
    )
    wanted = [
        (world.items[name].sku_id, pieces) for name, pieces in (("nuts", 3), ("green", 1), ("hammer", 2), ("ruler", 1))
    ]
    parts = await deal.paid(shop, wanted)
    around = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)

    for part in parts:
        rules = await shop.ask(commission.rules_of_merchant, part.merchant_id)
        rules.sort(key=lambda each: (each.valid_from, each.rule_id))
        trial = await shop.ask(settlement.simulate, part.merchant_id, *around, rules)

        assert trial.lines == len((await shop.ask(orders.lines_of, [part.order_id]))[part.order_id])
        for each in trial.outcomes:
            assert (each.was, each.was_tax) == (each.would, each.would_tax), each
        assert sum(each.was + each.was_tax for each in trial.outcomes) == part.commission > 0
        assert sum(each.was_tax for each in trial.outcomes) == part.fee_tax

    [part] = [each for each in parts if each.merchant_id == world.tea.merchant_id]
    rules = await shop.ask(commission.rules_of_merchant, part.merchant_id)
    doubled = [msgspec.structs.replace(each, millionths=100_000) for each in rules if each.fee_id == SALES_COMMISSION]
    trial = await shop.ask(settlement.simulate, part.merchant_id, *around, doubled)
    by_fee = {each.fee_id: each for each in trial.outcomes if each.would}
    assert set(by_fee) == {SALES_COMMISSION}, "only what is tried is taken"
    gone = await shop.ask(settlement.simulate, part.merchant_id, around[0] - timedelta(days=9), around[0], doubled)
    assert (gone.lines, list(gone.outcomes)) == (0, [])


def drawn(chance: Random, order: Order, lines: Sequence[OrderLine], paths: dict[UUID, list[UUID]]) -> list[Rule]:
    """Some rules of three fees, of which many fit these lines."""
    found: list[Rule] = []
    for number in range(chance.randint(1, 9)):
        place = chance.randint(1, 3)
        bought = chance.choice(lines)
        product = bought.product_id if chance.random() < 0.2 else None
        category = chance.choice(paths[bought.product_id]) if product is None and chance.random() < 0.5 else None
        own = product is not None or chance.random() < 0.5
        found.append(
            Rule(
                rule_id=RuleId(ids.mint()),
                fee_id=FEES[place - 1],
                name=text("费", "Fee"),
                place=place,
                kept=False,
                tax_millionths=(0, 60_000, 130_000)[place - 1],
                valid_from=BEGAN + timedelta(days=number),
                merchant_id=order.merchant_id if own else None,
                category_id=category,
                product_id=product,
                channel=chance.choice([None, None, Channel.SHOP, Channel.LIVE]),
                currency=CURRENCY,
                millionths=chance.choice([0, 1, 6_000, 33_333, 155_555, 1_000_000]),
                fixed=chance.choice([0, 0, 7, 1_000, 90_000]),
                per_piece=chance.random() < 0.5,
                least=chance.choice([None, 3, 500]),
                most=chance.choice([None, 501, 3_000]),
                on_freight=chance.random() < 0.5,
                taxes=chance.choice(list(Taxes)),
            )
        )
    return found


async def test_rules_that_are_tried_come_to_what_placing_would_charge(shop: Database, world: World):
    wanted = [(world.items[name].sku_id, pieces) for name, pieces in (("nuts", 3), ("green", 2), ("black", 1))]
    (order,) = await deal.paid(shop, wanted)
    lines = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    cards = await shop.ask(catalog.cards, [each.sku_id for each in lines])
    paths: dict[UUID, list[UUID]] = {card.product_id: list(card.category_path) for card in cards.values()}
    around = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    chance, differing = Random(20_261), 0

    for _ in range(60):
        rules = drawn(chance, order, lines, paths)
        sales = [
            Sale(
                merchant_id=order.merchant_id,
                path=paths[each.product_id],
                product_id=each.product_id,
                channel=Channel.SHOP,
                currency=CURRENCY,
            )
            for each in lines
        ]
        charged = commission.charge(
            [
                (
                    Sold(amount=each.amount, tax=each.tax, tax_inclusive=each.tax_inclusive, quantity=each.quantity),
                    commission.stack(rules, sale),
                )
                for each, sale in zip(lines, sales, strict=True)
            ],
            Sold(amount=order.freight, tax=order.freight_tax, tax_inclusive=order.freight_tax_inclusive),
        )
        expected: dict[tuple[UUID | None, FeeId], list[int]] = {}
        for category, fees in [
            *((paths[each.product_id][-1], fees) for each, fees in zip(lines, charged.lines, strict=True)),
            (None, charged.freight),
        ]:
            for fee in fees:
                sums = expected.setdefault((category, fee.fee_id), [0, 0])
                sums[0], sums[1] = sums[0] + fee.amount, sums[1] + fee.tax

        trial = await shop.ask(settlement.simulate, order.merchant_id, *around, rules)

        found = {
            (each.category_id, each.fee_id): [each.would, each.would_tax]
            for each in trial.outcomes
            if each.would or each.would_tax
        }
        assert found == expected
        differing += len(expected) > 1
    assert differing > 20, "and that says something"


async def test_a_rule_that_changes_while_somebody_buys_leaves_what_was_frozen(shop: Database, world: World):
    was = await shop.ask(commission.rules, commission.RulesWanted(fee_id=SALES_COMMISSION))
    changed = wish(millionths=200_000, replaces=was.items[0].rule_id)
    checkout_id = await deal.opened(shop, [(world.items["nuts"].sku_id, 3)])

    placing = partial(checkout.place, checkout_id=checkout_id, expected_total=None, by="buyer")
    purchase_id, _ = await meet(shop, placing, partial(commission.set_rule, wish=changed))

    (order,) = await deal.orders_of(shop, purchase_id)
    (sold_line,) = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    assert [(fee.rule_id, fee.amount) for fee in sold_line.fees] == [(was.items[0].rule_id, 599)]
    later = await bought(shop, world)
    (sold_line,) = (await shop.ask(orders.lines_of, [later.order_id]))[later.order_id]
    assert [(fee.rule_id, fee.amount) for fee in sold_line.fees] == [(changed.rule_id, 2_394)]
    assert (await deal.again(shop, order)).commission == 599


def day(ahead: int) -> date:
    return datetime.now(UTC).astimezone(HOUSE_ZONE).date() + timedelta(days=ahead)


async def state(db: Database, rule_id: RuleId) -> tuple[RuleState, date | None]:
    found = await db.ask(commission.rule, rule_id)
    assert found is not None
    ends = found.valid_to.astimezone(HOUSE_ZONE).date() if found.valid_to else None
    return found.state(datetime.now(UTC)), ends


async def test_a_change_is_planned_taken_back_and_planned_anew(shop: Database, world: World):
    first = wish(millionths=30_000, merchant_id=world.tea.merchant_id)
    await shop.transact(commission.set_rule, first)
    second = wish(millionths=40_000, merchant_id=world.tea.merchant_id, from_day=day(3), replaces=first.rule_id)
    assert await shop.transact(commission.set_rule, second)
    assert not await shop.transact(commission.set_rule, second), "said twice it is said once"
    assert await state(shop, first.rule_id) == (RuleState.COUNTS, day(3))

    third = wish(millionths=50_000, merchant_id=world.tea.merchant_id, from_day=day(5), replaces=second.rule_id)
    await shop.transact(commission.set_rule, third)
    assert (await state(shop, second.rule_id))[0] is RuleState.WITHDRAWN
    assert await state(shop, first.rule_id) == (RuleState.COUNTS, day(5)), "there is no gap between them"

    await shop.transact(commission.end_rule, third.rule_id, None)
    assert (await state(shop, third.rule_id))[0] is RuleState.WITHDRAWN
    assert await state(shop, first.rule_id) == (RuleState.COUNTS, None), "what was to be replaced goes on"
    assert {each.rule_id for each in await shop.ask(commission.line_of_rule, first.rule_id)} == {
        first.rule_id, second.rule_id, third.rule_id,
    }  # fmt: skip

    await shop.transact(commission.end_rule, first.rule_id, day(2))
    assert await state(shop, first.rule_id) == (RuleState.COUNTS, day(2))
    assert await shop.transact(commission.keep_rule, first.rule_id)
    await shop.transact(commission.end_rule, first.rule_id, None)
    assert (await state(shop, first.rule_id))[0] is RuleState.ENDED
    for command in (commission.keep_rule, partial(commission.end_rule, day=None)):
        with pytest.raises(Invalid):
            await shop.transact(command, rule_id=first.rule_id)
    late = wish(millionths=1, merchant_id=world.tea.merchant_id, replaces=first.rule_id)
    with pytest.raises(Invalid):
        await shop.transact(commission.set_rule, late)
    assert await shop.ask(commission.rule, late.rule_id) is None


async def test_what_makes_no_sense_is_said_beside_its_field(shop: Database, world: World):
    tea, green = world.tea.merchant_id, world.items["green"].product_id
    for fields, more in (
        ({"currency"}, {"fixed": 10}),
        ({"rate"}, {"millionths": 1_000_001}),
        ({"most"}, {"least": 5, "most": 4, "currency": CURRENCY}),
        ({"fixed"}, {"fixed": -1, "currency": CURRENCY}),
        ({"from"}, {"from_day": day(0)}),
        ({"until"}, {"from_day": day(2), "until_day": day(2)}),
        ({"until"}, {"until_day": day(9_999)}),
        ({"merchant"}, {"merchant_id": ids.mint()}),
        ({"product"}, {"product_id": ids.mint()}),
        ({"product"}, {"product_id": green, "merchant_id": world.tools.merchant_id}),
        ({"category"}, {"product_id": green, "category_id": world.categories["tea"]}),
        ({"category"}, {"category_id": ids.mint()}),
        ({"currency"}, {"currency": "XXX"}),
    ):
        with pytest.raises(Invalid) as refused:
            await shop.transact(commission.set_rule, wish(SALES_COMMISSION, **more))
        assert set(refused.value.fields) == fields, more
    with pytest.raises(NotFound):
        await shop.transact(commission.set_rule, wish(FeeId(ids.mint()), millionths=1))

    own = wish(millionths=1, product_id=green)
    await shop.transact(commission.set_rule, own)
    found = await shop.ask(commission.rule, own.rule_id)
    assert found is not None and found.merchant_id == tea, "a rule for a product is one of its shop"


async def test_the_tax_on_a_fee_is_dated(shop: Database):
    fee_id = await opened(shop, "服务", tax=60_000)
    await shop.transact(commission.set_tax, fee_id, 90_000, day(4))
    await shop.transact(commission.set_tax, fee_id, 80_000, day(4))

    now = {fee.fee_id: fee.tax_millionths for fee in await shop.ask(commission.fees)}
    assert now[fee_id] == 60_000 and now[SALES_COMMISSION] == 0
    [planned, begun] = await shop.ask(commission.taxes_of, fee_id)
    assert (planned.millionths, begun.millionths) == (80_000, 60_000)
    assert not await shop.transact(commission.withdraw_tax, fee_id, begun.valid_from), "the past stays"
    assert await shop.transact(commission.withdraw_tax, fee_id, planned.valid_from)
    assert len(await shop.ask(commission.taxes_of, fee_id)) == 1


async def test_fees_have_a_name_in_two_languages_and_a_place(shop: Database):
    async def add(tx: Tx) -> None:
        await commission.open_fee(tx, FeeId(ids.mint()), text("甲", "One"), kept=False)

    await meet(shop, add, add)
    places = [fee.place for fee in await shop.ask(commission.fees)]
    assert places == [1, 2, 3], "two who add at once get places of their own"
    with pytest.raises(Invalid) as refused:
        await shop.transact(commission.open_fee, FeeId(ids.mint()), text("甲", ""), kept=False)
    assert set(refused.value.fields) == {"name_en"}
