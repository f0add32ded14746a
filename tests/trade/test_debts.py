"""What a shop owes without a deposit that pays: asked for, reminded of, paid by transfer, and what follows when it is not."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import merchants, policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import DEBT_REMINDER, DEBT_RESTRICTS, OWED_DAYS
from steelyard.trade import discipline, settlement
from steelyard.trade.discipline import Debt
from steelyard.trade.settlement import EntryKind
from tests.money.statements import reconciled
from tests.support.world import World
from tests.trade.test_discipline import FIRST, paid_in, recorded

A_DAY = timedelta(days=1)
CHINA = ZoneInfo("Asia/Shanghai")
NOW = datetime.now(UTC)
# The tests before may have taken hours since then.
ASKED = NOW + timedelta(days=OWED_DAYS.default, hours=12)
HELD = ASKED + timedelta(days=DEBT_RESTRICTS.default + 1)


@pytest.fixture
def tea(world: World) -> MerchantId:
    return MerchantId(world.tea.merchant_id)


async def debt(db: Database, shop: MerchantId) -> Debt | None:
    found = await db.ask(discipline.debts, shop)
    return found[0] if found else None


async def paid(db: Database, shop: MerchantId, amount: int, reference: str = "") -> bool:
    return await db.transact(
        discipline.pay_debt, shop, ids.mint(), "CNY", amount, reference or f"T{ids.mint().hex}", FIRST
    )


async def told(db: Database) -> int:
    async def count(tx: Tx) -> int:
        return await tx.value("SELECT count(*)::integer FROM events WHERE kind = 'discipline.debt_claimed'")

    return await db.transact(count)


async def test_a_debt_is_asked_for_after_its_days_and_reminded_of(shop: Database, tea: MerchantId) -> None:
    violation = await recorded(shop, tea)
    assert await shop.transact(discipline.follow_debts, ASKED - A_DAY) == 0
    assert await debt(shop, tea) is None

    assert await shop.transact(discipline.follow_debts, ASKED) > 0
    assert await shop.transact(discipline.follow_debts, ASKED) == 0, "once a day"

    found = await debt(shop, tea)
    assert found is not None
    assert (found.amount, found.restricts) == (violation.fine, False)
    assert await told(shop) == 1
    for days, letters in ((DEBT_REMINDER.default - 1, 1), (DEBT_REMINDER.default, 2)):
        await shop.transact(discipline.follow_debts, ASKED + timedelta(days=days))
        assert await told(shop) == letters


async def test_who_does_not_pay_puts_nothing_new_on_the_shelf_until_it_is_paid(shop: Database, tea: MerchantId) -> None:
    violation = await recorded(shop, tea)
    await shop.transact(discipline.follow_debts, ASKED)
    await shop.transact(discipline.follow_debts, HELD - A_DAY)
    assert not await shop.ask(merchants.restricted, tea, NOW)
    await shop.transact(discipline.follow_debts, HELD)
    assert await shop.ask(merchants.restricted, tea, NOW)

    assert await paid(shop, tea, violation.fine - 1)
    assert await shop.ask(merchants.restricted, tea, NOW), "a part is not all"
    assert await paid(shop, tea, 1)

    assert not await shop.ask(merchants.restricted, tea, NOW)
    assert await debt(shop, tea) is None
    assert await shop.ask(discipline.balance_of, tea, AccountKind.PAYABLE, "CNY") == 0
    entries = (await shop.ask(settlement.entries, tea, None)).items
    assert sum(each.amount for each in entries if each.kind is EntryKind.DEBT_PAID) == violation.fine
    with pytest.raises(Invalid) as nothing:
        await paid(shop, tea, 1)
    assert set(nothing.value.fields) == {"amount"}


async def test_each_transfer_counts_once_for_a_debt_or_a_deposit(shop: Database, tea: MerchantId) -> None:
    violation = await recorded(shop, tea)
    await shop.transact(discipline.record_transfer, tea, ids.mint(), 1, "B-1", FIRST)
    payment = ids.mint()

    async def pay(reference: str) -> bool:
        return await shop.transact(discipline.pay_debt, tea, payment, "CNY", violation.fine - 10, reference, FIRST)

    with pytest.raises(Invalid) as used:
        await pay("B-1")
    assert set(used.value.fields) == {"reference"}
    assert sorted(await asyncio.gather(*(pay("B-2") for _ in range(3)))) == [False, False, True]
    with pytest.raises(Invalid):
        await paid(shop, tea, 10, "B-2")
    with pytest.raises(Invalid):
        await shop.transact(discipline.record_transfer, tea, ids.mint(), 1, "B-2", FIRST)
    for amount, reference in ((0, "B-3"), (10, " ")):
        with pytest.raises(Invalid):
            await shop.transact(discipline.pay_debt, tea, ids.mint(), "CNY", amount, reference, FIRST)


async def test_the_deposit_pays_first_and_the_rest_is_asked_for(shop: Database, tea: MerchantId) -> None:
    violation = await recorded(shop, tea)
    await paid_in(shop, tea, 15_000)

    await shop.transact(discipline.net, ASKED)
    await shop.transact(discipline.follow_debts, ASKED)

    found = await debt(shop, tea)
    assert found is not None
    assert found.amount == violation.fine - 15_000


async def test_sales_that_make_up_for_it_end_it(shop: Database, tea: MerchantId) -> None:
    await recorded(shop, tea)
    await shop.transact(discipline.follow_debts, ASKED)
    await shop.transact(discipline.follow_debts, HELD)
    assert await shop.ask(merchants.restricted, tea, NOW)
    # What a sale does: the payable rises, and an entry says so.
    await paid_in(shop, tea, 50_000)
    await shop.transact(discipline.net, HELD)

    assert await shop.transact(discipline.follow_debts, HELD) == 1

    assert await debt(shop, tea) is None
    assert not await shop.ask(merchants.restricted, tea, NOW)


async def test_the_days_are_the_operators_to_say(shop: Database, tea: MerchantId) -> None:
    await recorded(shop, tea)
    await shop.transact(policies.settle, OWED_DAYS, 60, None)
    assert await shop.transact(discipline.follow_debts, ASKED) == 0
    await shop.transact(policies.settle, OWED_DAYS, 10, None)
    assert await shop.transact(discipline.follow_debts, NOW + timedelta(days=11)) > 0


async def test_what_a_shop_paid_of_its_debt_is_found_on_the_banks_statement(shop: Database, tea: MerchantId) -> None:
    violation = await recorded(shop, tea)
    await paid(shop, tea, violation.fine)
    now = datetime.now(CHINA)
    content = f"time,id,amount,currency\n{now.isoformat()},in_1,{violation.fine / 100:.2f},CNY\n".encode()

    done = await reconciled(shop, now.date(), content, "bank")

    assert (done.matched, done.found) == (1, {})


async def test_a_shop_that_just_pays_is_not_asked_again(shop: Database, tea: MerchantId) -> None:
    await recorded(shop, tea)
    await shop.transact(discipline.follow_debts, ASKED)
    await recorded(shop, tea)
    owed = -await shop.ask(discipline.balance_of, tea, AccountKind.PAYABLE, "CNY")
    booked, go_on = asyncio.Event(), asyncio.Event()

    async def pay(tx: Tx) -> None:
        await discipline.pay_debt(tx, tea, ids.mint(), "CNY", owed, "B-9", FIRST)
        booked.set()
        await go_on.wait()

    paying = asyncio.create_task(shop.transact(pay))
    await booked.wait()
    following = asyncio.create_task(shop.transact(discipline.follow_debts, ASKED))
    await asyncio.wait({following}, timeout=0.5)
    go_on.set()
    await asyncio.gather(paying, following)

    assert (await debt(shop, tea), await told(shop)) == (None, 1)


async def test_more_days_let_a_shop_go_that_was_held_back(shop: Database, tea: MerchantId) -> None:
    await recorded(shop, tea)
    await shop.transact(discipline.follow_debts, ASKED)
    await shop.transact(discipline.follow_debts, HELD)
    await shop.transact(policies.settle, DEBT_RESTRICTS, 90, None)

    await shop.transact(discipline.follow_debts, HELD + timedelta(days=DEBT_REMINDER.default))

    found = await debt(shop, tea)
    assert (found is not None and found.restricts, await shop.ask(merchants.restricted, tea, NOW)) == (False, False)
