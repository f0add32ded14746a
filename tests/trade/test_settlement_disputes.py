"""A line that a merchant disputes is paid as it stands, and put right by an entry of its own."""

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.money.ledger.model import AccountKind
from steelyard.trade import settlement
from steelyard.trade.settlement import Entry, EntryKind, Statement, StatementState
from tests.money.deals import balance
from tests.trade.merchants import day_after, open_shop
from tests.trade.settling import APPROVER, MAKER, payable, sold, state_of, today


async def settled(db: Database) -> tuple[Statement, dict[EntryKind, Entry]]:
    shop = await open_shop(db)
    await sold(db, shop, 10_000, commission=1_000)
    (statement,) = await db.transact(settlement.run, day_after(1))
    lines = (await db.ask(settlement.entries, shop, statement.statement_id)).items
    return statement, {line.kind: line for line in lines}


async def test_too_much_commission_comes_back_on_the_next_statement(db: Database) -> None:
    statement, lines = await settled(db)
    shop, dispute_id = statement.merchant_id, ids.mint()
    merchant = db.as_merchant(shop)
    for _ in range(2):
        await merchant.transact(
            settlement.dispute, shop, dispute_id, lines[EntryKind.COMMISSION].entry_id, "The rate was 5 %", "staff:9"
        )
    assert [d.dispute_id for d in (await db.ask(settlement.open_disputes)).items] == [dispute_id]
    assert (await db.transact(settlement.to_pay, 9))[0].amount == 9_000  # what was disputed did not wait

    for _ in range(2):
        await db.transact(settlement.answer_dispute, shop, dispute_id, 500, "It was: 5 %", MAKER)

    assert await balance(db, shop, AccountKind.COMMISSION) == 500
    (next_one,) = await db.transact(settlement.run, today())
    assert (next_one.adjustments, next_one.payout) == (500, 500)
    (told,) = await merchant.ask(settlement.disputes_of, shop, statement.statement_id)
    assert (told.correction, told.answer, told.open) == (500, "It was: 5 %", False)
    with pytest.raises(TransitionRefused):
        await db.transact(settlement.answer_dispute, shop, dispute_id, 0, "No", APPROVER)


async def test_what_was_too_much_is_taken_from_the_next_statement(db: Database) -> None:
    statement, lines = await settled(db)
    shop, dispute_id = statement.merchant_id, ids.mint()
    await db.transact(settlement.dispute, shop, dispute_id, lines[EntryKind.SALE].entry_id, "Twice?", MAKER)

    await db.transact(settlement.answer_dispute, shop, dispute_id, -2_000, "Yes, it was", MAKER)

    assert await payable(db, shop) == -2_000
    assert await balance(db, shop, AccountKind.GOODWILL) == -2_000


async def test_a_declined_line_stays_and_can_be_disputed_again_some_times(db: Database) -> None:
    statement, lines = await settled(db)
    shop, entry_id = statement.merchant_id, lines[EntryKind.SALE].entry_id
    for _ in range(3):
        dispute_id = ids.mint()
        await db.transact(settlement.dispute, shop, dispute_id, entry_id, "More", MAKER)
        with pytest.raises(Invalid):  # one at a time
            await db.transact(settlement.dispute, shop, ids.mint(), entry_id, "More", MAKER)
        await db.transact(settlement.answer_dispute, shop, dispute_id, 0, "It is right", MAKER)

    assert await payable(db, shop) == 0
    with pytest.raises(Invalid):
        await db.transact(settlement.dispute, shop, ids.mint(), entry_id, "More", MAKER)
    assert (await state_of(db, statement)).state is StatementState.ISSUED


async def test_no_line_is_corrected_by_more_than_itself_or_without_a_reason(db: Database) -> None:
    statement, lines = await settled(db)
    shop, dispute_id = statement.merchant_id, ids.mint()
    await db.transact(settlement.dispute, shop, dispute_id, lines[EntryKind.COMMISSION].entry_id, "?", MAKER)

    for correction, words in ((1_001, "Yes"), (-1_001, "Yes"), (500, " "), (500, "x" * 501)):
        with pytest.raises(Invalid):
            await db.transact(settlement.answer_dispute, shop, dispute_id, correction, words, MAKER)
    with pytest.raises(NotFound):
        await db.transact(settlement.answer_dispute, shop, ids.mint(), 0, "No", MAKER)


async def test_all_corrections_of_a_line_together_are_no_more_than_the_line(db: Database) -> None:
    statement, lines = await settled(db)
    shop, entry_id = statement.merchant_id, lines[EntryKind.COMMISSION].entry_id
    first, second = ids.mint(), ids.mint()
    await db.transact(settlement.dispute, shop, first, entry_id, "?", MAKER)
    await db.transact(settlement.answer_dispute, shop, first, 600, "Yes", MAKER)
    await db.transact(settlement.dispute, shop, second, entry_id, "Still", MAKER)

    with pytest.raises(Invalid):
        await db.transact(settlement.answer_dispute, shop, second, 401, "Yes", MAKER)
    await db.transact(settlement.answer_dispute, shop, second, 400, "Yes", MAKER)

    assert await balance(db, shop, AccountKind.COMMISSION) == 0


async def test_nobody_disputes_what_waits_or_is_another_shops(db: Database) -> None:
    statement, lines = await settled(db)
    other = await open_shop(db)
    await sold(db, other, 100)
    (waits,) = (await db.ask(settlement.entries, other, None)).items
    entry_id = lines[EntryKind.SALE].entry_id

    for shop, line in ((other, waits.entry_id), (other, entry_id)):
        with pytest.raises(NotFound):
            await db.as_merchant(other).transact(settlement.dispute, shop, ids.mint(), line, "Mine", MAKER)
    with pytest.raises(NotFound):  # row-level security: the other shop's line is not there
        await db.as_merchant(other).transact(
            settlement.dispute, statement.merchant_id, ids.mint(), entry_id, "Mine", MAKER
        )
