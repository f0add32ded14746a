"""Violations, points, fines and deposits: what a shop is held to, and that an appeal which is upheld undoes it exactly."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductState
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import merchants
from steelyard.parties.merchants.jobs import look_at_licences
from steelyard.parties.merchants.model import LICENCE_ENDED, MerchantId, MerchantState, NewLicence, RenewalId
from steelyard.parties.merchants.verifying import look_at_verification
from steelyard.trade import discipline, settlement
from steelyard.trade.discipline import MovementKind, NewViolation, Outcome, Subject, Violation, ViolationId
from steelyard.trade.discipline.measures import ZONE, ends
from steelyard.trade.discipline.model import AppealTooLate, DepositStays, NothingToDecide, NotSoMuch, NotTheRecorder
from steelyard.trade.settlement import EntryKind
from tests.support import deal
from tests.support.world import World

FIRST, SECOND = "staff:first", "staff:second"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)


async def recorded(
    db: Database, shop: MerchantId, code: str = "misdescribed", at: datetime = NOW, **more: Any
) -> Violation:
    violation_id = ViolationId(ids.mint())
    new = NewViolation(
        violation_id=violation_id, merchant_id=shop, code=code, facts="The picture shows another", **more
    )
    for _ in range(2):
        await db.transact(discipline.record, new, FIRST, at)
    return await found(db, shop, violation_id)


async def found(db: Database, shop: MerchantId, violation_id: ViolationId) -> Violation:
    violation = await db.ask(discipline.violation, shop, violation_id)
    assert violation is not None
    return violation


async def revoked(db: Database, violation: Violation, at: datetime = NOW) -> None:
    await db.transact(discipline.appeal, violation.merchant_id, violation.violation_id, "It does not", "staff:shop", at)
    for _ in range(2):
        await db.transact(
            discipline.decide, violation.merchant_id, violation.violation_id, Outcome.REVOKED, "True", SECOND, at
        )


async def paid_in(db: Database, shop: MerchantId, amount: int) -> None:
    movement, reference = ids.mint(), f"T{ids.mint().hex}"
    for _ in range(2):
        await db.transact(discipline.record_transfer, shop, movement, amount, reference, FIRST)


async def balances(db: Database, shop: MerchantId) -> dict[AccountKind, int]:
    known = {each.kind: each.balance for each in await db.ask(ledger.balances, shop)}
    return {kind: known.get(kind, 0) for kind in (AccountKind.DEPOSIT, AccountKind.PAYABLE, AccountKind.FINES)}


async def state(db: Database, shop: MerchantId) -> MerchantState:
    merchant = await db.ask(merchants.get, shop)
    assert merchant is not None
    return merchant.state


@pytest.fixture
def tea(world: World) -> MerchantId:
    return MerchantId(world.tea.merchant_id)


async def test_a_fine_is_taken_from_the_deposit_and_the_rest_from_what_the_shop_is_owed(
    shop: Database, tea: MerchantId
):
    await paid_in(shop, tea, 15_000)
    first = await recorded(shop, tea)
    assert (first.points, first.fine, first.from_deposit, first.from_payable) == (4, 20_000, 15_000, 5_000)
    second = await recorded(shop, tea)
    assert (second.from_deposit, second.from_payable) == (0, 20_000)
    assert await balances(shop, tea) == {
        AccountKind.DEPOSIT: 0, AccountKind.PAYABLE: -25_000, AccountKind.FINES: 40_000,
    }  # fmt: skip
    entries = (await shop.ask(settlement.entries, tea, None)).items
    assert sorted(each.amount for each in entries if each.kind is EntryKind.FINE) == [-20_000, -5_000]
    assert await shop.transact(settlement.run, settlement.settlement_day(datetime.now(UTC))) == []


async def test_an_appeal_that_is_upheld_undoes_points_money_and_what_followed(shop: Database, tea: MerchantId):
    await paid_in(shop, tea, 100_000)
    before = await balances(shop, tea)
    serious = await recorded(shop, tea, "counterfeit")
    assert (serious.from_deposit, serious.from_payable) == (100_000, 100_000)
    assert await state(shop, tea) is MerchantState.SUSPENDED
    assert await shop.ask(merchants.restricted, tea, NOW)

    await revoked(shop, serious)

    assert await balances(shop, tea) == before
    assert await state(shop, tea) is MerchantState.OPEN
    assert not await shop.ask(merchants.restricted, tea, NOW)
    assert await shop.ask(discipline.points_of, tea, 2026) == 0
    moved = (await shop.ask(discipline.movements, tea)).items
    assert [each.kind for each in moved] == [MovementKind.FINE_RETURNED, MovementKind.FINE, MovementKind.TRANSFER]


async def test_what_is_revoked_leaves_what_the_others_cost(shop: Database, tea: MerchantId):
    await recorded(shop, tea, "false_trade")
    serious = await recorded(shop, tea, "counterfeit")
    await revoked(shop, serious)
    assert await state(shop, tea) is MerchantState.OPEN
    assert await shop.ask(merchants.restricted, tea, NOW), "twelve points of the other are left"


async def test_twelve_points_hold_new_goods_back_until_the_last_second_of_the_year(shop: Database, world: World):
    tea = MerchantId(world.tea.merchant_id)
    await recorded(shop, tea, "unfounded_refusal")
    assert not await shop.ask(merchants.restricted, tea, NOW)
    await recorded(shop, tea, "false_trade", at=datetime.now(UTC))
    this_year = ends(datetime.now(UTC).astimezone().year)
    assert await shop.ask(merchants.restricted, tea, this_year - A_SECOND)
    assert not await shop.ask(merchants.restricted, tea, this_year)

    green = world.items["green"].product_id
    await shop.transact(_unknown, green)
    published = await shop.transact(catalog.publish, tea, [green], "staff:shop")
    assert (published.on_shelf, published.held) == ([], [green])


async def _unknown(tx: Tx, product_id: Any) -> None:
    """As if it had never been on the shelf."""
    merchant_id = await tx.value("SELECT merchant_id FROM products WHERE product_id = $1", product_id)
    await catalog.take_off_shelf(tx, merchant_id, [product_id], "test")
    await tx.execute("UPDATE products SET approved = false WHERE product_id = $1", product_id)
    assert await tx.value("SELECT state FROM products WHERE product_id = $1", product_id) == ProductState.OFF_SHELF


async def test_with_the_new_year_the_shop_goes_on(shop: Database, tea: MerchantId):
    late = ends(2026) - A_SECOND
    violation = await recorded(shop, tea, "counterfeit", at=late)
    assert violation.year == 2026
    assert await shop.transact(discipline.end_measures, late) == 0
    assert await state(shop, tea) is MerchantState.SUSPENDED
    assert await shop.transact(discipline.end_measures, ends(2026)) == 1
    assert await state(shop, tea) is MerchantState.OPEN
    assert (await recorded(shop, tea, at=ends(2026))).year == 2027


async def test_what_staff_suspended_no_appeal_reopens(shop: Database, tea: MerchantId):
    await shop.transact(merchants.set_state, tea, MerchantState.SUSPENDED, by=FIRST, reason="By hand")
    violation = await recorded(shop, tea, "counterfeit")
    await revoked(shop, violation)
    assert await state(shop, tea) is MerchantState.SUSPENDED


async def test_one_appeal_in_time_decided_by_somebody_else(shop: Database, tea: MerchantId):
    violation = await recorded(shop, tea)
    ref = (tea, violation.violation_id)
    last = NOW + timedelta(days=7)
    with pytest.raises(AppealTooLate):
        await shop.transact(discipline.appeal, *ref, "No", "staff:shop", last)
    with pytest.raises(NothingToDecide):
        await shop.transact(discipline.decide, *ref, Outcome.STANDS, "So", SECOND, NOW)
    with pytest.raises(Invalid):
        await shop.transact(discipline.appeal, *ref, " ", "staff:shop", NOW)
    assert await shop.transact(discipline.appeal, *ref, "No", "staff:shop", last - A_SECOND)
    assert not await shop.transact(discipline.appeal, *ref, "No, again", "staff:shop", NOW)
    with pytest.raises(NotTheRecorder):
        await shop.transact(discipline.decide, *ref, Outcome.STANDS, "So", FIRST, NOW)
    await shop.transact(discipline.decide, *ref, Outcome.STANDS, "So", SECOND, NOW)
    with pytest.raises(NothingToDecide):
        await shop.transact(discipline.decide, *ref, Outcome.REVOKED, "Or not", SECOND, NOW)
    assert (await found(shop, *ref)).fine == 20_000


async def test_evidence_is_the_shops_own(shop: Database, world: World, tea: MerchantId):
    [order] = await deal.paid(shop, [(world.items["green"].sku_id, 1)])
    assert (await recorded(shop, tea, subject=Subject.ORDER, subject_id=order.order_id)).subject_id == order.order_id
    tools = MerchantId(world.tools.merchant_id)
    with pytest.raises(Invalid):
        await recorded(shop, tools, subject=Subject.ORDER, subject_id=order.order_id)


async def test_another_shop_has_nothing_to_do_with_it(shop: Database, world: World, tea: MerchantId):
    violation = await recorded(shop, tea)
    tools = MerchantId(world.tools.merchant_id)
    with pytest.raises(NotFound):
        await shop.transact(discipline.appeal, tools, violation.violation_id, "Mine", "staff:tools", NOW)
    assert (await shop.ask(discipline.listed, tools)).items == []
    confined = shop.as_merchant(tools)
    assert (await confined.ask(discipline.listed)).items == []
    assert await confined.ask(discipline.violation, tea, violation.violation_id) is None


async def test_a_deposit_is_asked_for_and_held_against_who_does_not_pay(shop: Database, tea: MerchantId):
    today = NOW.date()
    due = today + timedelta(days=10)
    for _ in range(2):
        await shop.transact(discipline.set_terms, tea, 50_000, due, today)
    assert (await shop.ask(discipline.deposit_of, tea)).due_on == due
    assert await shop.transact(discipline.note_overdue, due) == 0
    assert not await shop.ask(merchants.restricted, tea, NOW)
    assert await shop.transact(discipline.note_overdue, due + timedelta(days=1)) == 1
    assert await shop.transact(discipline.note_overdue, due + timedelta(days=2)) == 0, "told once"
    assert await shop.ask(merchants.restricted, tea, NOW)

    await paid_in(shop, tea, 49_999)
    assert await shop.ask(merchants.restricted, tea, NOW)
    await paid_in(shop, tea, 1)
    assert not await shop.ask(merchants.restricted, tea, NOW)
    deposit = await shop.ask(discipline.deposit_of, tea)
    assert (deposit.missing, deposit.due_on) == (0, None)

    await recorded(shop, tea)
    assert (await shop.ask(discipline.deposit_of, tea)).due_on == today + timedelta(days=7)


async def test_a_shop_owes_the_most_that_one_of_its_categories_asks_for(shop: Database, world: World, tea: MerchantId):
    today, food, tools = NOW.date(), world.categories["food"], world.categories["hand-tools"]
    follow = discipline.follow_categories
    assert await shop.transact(follow, today) == 0
    for category, amount in ((food, 30_000), (world.categories["tea"], 50_000), (tools, 90_000)):
        await shop.transact(discipline.set_category_deposit, category, "CNY", amount)
    await shop.transact(discipline.set_category_deposit, food, "EUR", 99_999)
    assert await shop.transact(follow, today) == 2
    assert await shop.transact(follow, today) == 0, "it changes nothing twice"
    deposit = await shop.ask(discipline.deposit_of, tea)
    due = today + timedelta(days=7)
    assert (deposit.required, deposit.own, deposit.due_on) == (50_000, 0, due)
    assert (await shop.ask(discipline.deposit_of, MerchantId(world.tools.merchant_id))).required == 90_000

    await shop.transact(discipline.set_terms, tea, 60_000, None, today)
    await shop.transact(follow, today)
    assert (await shop.ask(discipline.deposit_of, tea)).required == 60_000, "what staff ask for is more"

    await shop.transact(discipline.note_overdue, due)
    assert not await shop.ask(merchants.restricted, tea, NOW), "on its last day there is time"
    await shop.transact(discipline.note_overdue, due + timedelta(days=1))
    assert await shop.ask(merchants.restricted, tea, NOW)
    await paid_in(shop, tea, 55_000)
    await shop.transact(discipline.set_terms, tea, 0, None, today)
    assert not await shop.ask(merchants.restricted, tea, NOW)
    for category in (food, world.categories["tea"]):
        await shop.transact(discipline.set_category_deposit, category, "CNY", 0)
    await shop.transact(follow, today)
    assert (await shop.ask(discipline.deposit_of, tea)).required == 0


async def test_what_categories_ask_for_is_nothing_or_something(shop: Database, world: World):
    with pytest.raises(Invalid):
        await shop.transact(discipline.set_category_deposit, world.categories["tea"], "CNY", -1)
    with pytest.raises(NotFound):
        await shop.transact(discipline.set_category_deposit, ids.mint(), "CNY", 1)


async def test_a_shop_with_48_points_is_proposed_to_be_closed_and_closed_by_people(shop: Database, tea: MerchantId):
    recorded_ones = [await recorded(shop, tea, "counterfeit") for _ in range(2)]
    [proposed] = await shop.ask(discipline.to_close, NOW)
    assert (proposed.merchant_id, proposed.points, proposed.appeals) == (tea, 48, 0)
    assert await state(shop, tea) is MerchantState.SUSPENDED
    one = recorded_ones[0]
    await shop.transact(discipline.appeal, tea, one.violation_id, "They are ours", "staff:shop", NOW)
    assert [each.appeals for each in await shop.ask(discipline.to_close, NOW)] == [1]
    assert await shop.ask(discipline.to_close, ends(2026)) == [], "another year"
    await shop.transact(discipline.decide, tea, one.violation_id, Outcome.REVOKED, "They are", SECOND, NOW)
    assert await shop.ask(discipline.to_close, NOW) == []
    await recorded(shop, tea, "counterfeit")
    await shop.transact(merchants.set_state, tea, MerchantState.CLOSED, by=FIRST)
    assert await shop.ask(discipline.to_close, NOW) == [], "it is closed"


async def test_a_shop_that_nobody_looked_at_in_a_year_is_told_and_later_puts_nothing_new_on_the_shelf(
    shop: Database, tea: MerchantId
):
    due = await shop.transact(merchants.verify, tea, NOW.date())
    assert due == NOW.date() + timedelta(days=365)
    told = [days for days in range(-40, 40) if await shop.transact(look_at_verification, due + timedelta(days=days))]
    assert told == [-30, 31], "once before, once when it is held back"
    last = datetime.combine(due + timedelta(days=30), time(23, 59, 59), ZONE)
    assert not await shop.ask(merchants.restricted, tea, last)
    assert await shop.ask(merchants.restricted, tea, last + A_SECOND)

    assert await shop.transact(merchants.verify, tea, due) == due + timedelta(days=365)

    assert not await shop.ask(merchants.restricted, tea, last + A_SECOND)
    with pytest.raises(NotFound):
        await shop.transact(merchants.verify, MerchantId(ids.mint()), due)


async def test_an_accepted_licence_is_a_look_at_the_shop(shop: Database, tea: MerchantId):
    today = NOW.date()
    licence = NewLicence(renewal_id=RenewalId(ids.mint()), good_until=None, file="a.pdf", name="a.pdf", bytes=1)
    await shop.transact(merchants.hand_in_licence, tea, licence, "staff:shop", today)
    await shop.transact(
        merchants.decide_licence, tea, licence.renewal_id, accepted=True, file="a.pdf", reason="", by=FIRST, today=today
    )
    merchant = await shop.ask(merchants.get, tea)
    assert merchant is not None and merchant.verify_by == today + timedelta(days=365)


async def test_a_shop_pays_in_what_it_is_owed_and_no_more(shop: Database, world: World, tea: MerchantId):
    [order] = await deal.paid(shop, [(world.items["green"].sku_id, 2)])
    await deal.shipped(shop, order)
    await deal.received(shop, order)
    await deal.at_rest(shop)
    owed = (await balances(shop, tea))[AccountKind.PAYABLE]
    movement = ids.mint()
    with pytest.raises(NotSoMuch):
        await shop.transact(discipline.pay_from_balance, tea, movement, owed + 1, "staff:shop")
    with pytest.raises(Invalid):
        await shop.transact(discipline.pay_from_balance, tea, movement, 0, "staff:shop")
    for _ in range(2):
        await shop.transact(discipline.pay_from_balance, tea, movement, owed - 1, "staff:shop")
    assert await balances(shop, tea) == {
        AccountKind.DEPOSIT: owed - 1, AccountKind.PAYABLE: 1, AccountKind.FINES: 0,
    }  # fmt: skip
    [statement] = await shop.transact(settlement.run, settlement.settlement_day(datetime.now(UTC) + timedelta(days=3)))
    assert (statement.adjustments, statement.payout) == (1 - owed, 1)


async def test_a_transfer_counts_once(shop: Database, tea: MerchantId):
    await shop.transact(discipline.record_transfer, tea, ids.mint(), 100, "REF-1", FIRST)
    with pytest.raises(Invalid):
        await shop.transact(discipline.record_transfer, tea, ids.mint(), 100, "REF-1", FIRST)
    assert (await balances(shop, tea))[AccountKind.DEPOSIT] == 100


async def test_a_deposit_goes_back_to_who_has_left_and_owes_nothing(shop: Database, world: World):
    tools = MerchantId(world.tools.merchant_id)
    await paid_in(shop, tools, 7_000)
    left = datetime.now(UTC)
    for wanted in (MerchantState.SUSPENDED, MerchantState.CLOSED):
        with pytest.raises(DepositStays):
            await shop.transact(discipline.return_deposit, tools, ids.mint(), FIRST, left + timedelta(days=99))
        await shop.transact(merchants.set_state, tools, wanted, by=FIRST)
    with pytest.raises(DepositStays):
        await shop.transact(discipline.return_deposit, tools, ids.mint(), FIRST, left + timedelta(days=30) - A_SECOND)
    movement = ids.mint()
    after = datetime.now(UTC) + timedelta(days=30)
    assert await shop.transact(discipline.return_deposit, tools, movement, FIRST, after) == 7_000
    assert await shop.transact(discipline.return_deposit, tools, movement, FIRST, after) == 0
    with pytest.raises(NotSoMuch):
        await shop.transact(discipline.return_deposit, tools, ids.mint(), FIRST, after)
    [statement] = await shop.transact(settlement.run, settlement.settlement_day(datetime.now(UTC)))
    assert (statement.payout, statement.adjustments) == (7_000, 7_000)


async def test_a_licence_that_ended_freezes_the_shop_and_the_new_one_opens_it(shop: Database, tea: MerchantId):
    last = NOW.date()
    await shop.transact(merchants.set_licence, tea, last)
    await shop.transact(look_at_licences, last)
    assert await state(shop, tea) is MerchantState.OPEN, "on its last day it is good"
    await shop.transact(look_at_licences, last + timedelta(days=1))
    assert await state(shop, tea) is MerchantState.SUSPENDED
    assert (await shop.ask(merchants.history, tea))[0].reason == LICENCE_ENDED

    await _renewed(shop, tea, last + timedelta(days=365), last + timedelta(days=2))
    assert await state(shop, tea) is MerchantState.OPEN


async def test_a_new_licence_does_not_open_what_points_keep_closed(shop: Database, tea: MerchantId):
    last = NOW.date()
    await shop.transact(merchants.set_licence, tea, last)
    await shop.transact(look_at_licences, last + timedelta(days=1))
    violation = await recorded(shop, tea, "counterfeit")
    await _renewed(shop, tea, last + timedelta(days=365), last)
    assert await state(shop, tea) is MerchantState.SUSPENDED
    await revoked(shop, violation)
    assert await state(shop, tea) is MerchantState.OPEN


async def _renewed(db: Database, shop: MerchantId, until: Any, today: Any) -> None:
    renewal_id = RenewalId(ids.mint())
    licence = NewLicence(renewal_id=renewal_id, good_until=until, file="new.pdf", name="new.pdf", bytes=1)
    await db.transact(merchants.hand_in_licence, shop, licence, "staff:shop", today)

    async def accept(tx: Tx) -> None:
        await merchants.decide_licence(
            tx, shop, renewal_id, accepted=True, file="new.pdf", reason="", by=FIRST, today=today
        )

    await db.transact(accept)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(1, 60_000)),
        st.tuples(st.just("record"), st.sampled_from(["late_dispatch", "misdescribed", "false_trade", "counterfeit"])),
        st.tuples(st.sampled_from(["revoke", "stands", "appeal"]), st.integers(0, 5)),
    ),
    min_size=3,
    max_size=9,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_what_stands_is_what_counts_in_points_and_money(
    shop: Database, world: World, steps: list[tuple[str, Any]]
):
    tea = MerchantId(world.tea.merchant_id)
    start = await balances(shop, tea)
    before = await shop.ask(discipline.points_of, tea, 2026)
    paid = 0
    mine: list[Violation] = []
    for what, value in steps:
        if what == "pay":
            await paid_in(shop, tea, value)
            paid += value
        elif what == "record":
            mine.append(await recorded(shop, tea, value))
        elif mine:
            each = mine[value % len(mine)]
            ref = (tea, each.violation_id)
            try:
                await shop.transact(discipline.appeal, *ref, "No", "staff:shop", NOW)
                if what != "appeal":
                    outcome = Outcome.REVOKED if what == "revoke" else Outcome.STANDS
                    await shop.transact(discipline.decide, *ref, outcome, "So", SECOND, NOW)
            except Refusal:
                continue
    stand = [each for each in [await found(shop, tea, each.violation_id) for each in mine] if each.counts]
    now = await balances(shop, tea)
    assert now[AccountKind.DEPOSIT] == start[AccountKind.DEPOSIT] + paid - sum(each.from_deposit for each in stand) >= 0
    assert now[AccountKind.PAYABLE] == start[AccountKind.PAYABLE] - sum(each.from_payable for each in stand)
    assert now[AccountKind.FINES] == start[AccountKind.FINES] + sum(each.fine for each in stand)
    points = before + sum(each.points for each in stand)
    assert await shop.ask(discipline.points_of, tea, 2026) == points
    assert (await state(shop, tea) is MerchantState.SUSPENDED) == (points >= discipline.SUSPEND_AT)
    assert await shop.ask(merchants.restricted, tea, NOW) == (points >= discipline.RESTRICT_AT)
