"""What is taken back through Stripe: what a shop owes, and whole payouts; beside what is set off."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound
from steelyard.money.ledger.model import AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import settlement
from steelyard.trade.settlement import EntryKind, NothingToTakeBack, Statement, StatementState
from tests.money.deals import Deal, balance
from tests.trade.connecting import Played, issued, played, stripe_shop, sweep
from tests.trade.merchants import refund_after_release
from tests.trade.settling import payable, sold, state_of, today

CASH = AccountKind.CHANNEL_CASH
PAGE = Path(__file__).parents[2] / "docs" / "algorithms" / "settlement.md"
EXAMPLES: list[dict[str, int]] = yaml.safe_load(
    re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[0]
)["stripe"]


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Played]:
    async with played(tmp_path) as world:
        yield world


async def paid_out(db: Database, play: Played, amount: int = 10_000) -> tuple[MerchantId, str, Deal, Statement]:
    """A shop that was paid through Stripe."""
    shop, account = await stripe_shop(db, play)
    await play.top_up(50_000)
    deal, statement = await issued(db, shop, amount)
    assert (await sweep(db, play, statement)).state is StatementState.PAID
    return shop, account, deal, statement


@pytest.mark.parametrize("told", EXAMPLES, ids=lambda told: f"{told['on_account']} {told['sold']}")
async def test_the_numbers_of_the_page(db: Database, play: Played, told: dict[str, int]) -> None:
    shop, account, deal, statement = await paid_out(db, play, told["payout"])
    if told["on_account"] < told["payout"]:
        await play.pay_on(account, told["payout"] - told["on_account"])
    await refund_after_release(db, deal, told["refund"])
    if told["sold"]:
        await sold(db, shop, told["sold"])

    await take_all(db)
    await sweep(db, play, statement)

    taken = sum(each["amount"] for each in await play.moved("transfer_refund"))
    assert (taken, max(0, -await payable(db, shop))) == (told["taken_back"], told["owes"])


async def take_all(db: Database, days: int = 0) -> int:
    return await db.transact(settlement.take_back_all_owed, datetime.now(UTC) + timedelta(days=days))


@pytest.mark.parametrize("breaks", ["prompt", "lost", "cut"])
async def test_what_a_shop_owes_is_taken_back_once(db: Database, play: Played, breaks: str) -> None:
    shop, account, deal, statement = await paid_out(db, play)
    await refund_after_release(db, deal, 4_000)
    assert await payable(db, shop) == -4_000

    assert (await take_all(db), await take_all(db)) == (1, 0)
    play.road.state = breaks
    await sweep(db, play, statement)
    play.road.state = "prompt"
    await sweep(db, play, statement)
    await sweep(db, play, statement)

    (back,) = await play.moved("transfer_refund")
    assert back["amount"] == 4_000
    assert (await payable(db, shop), await balance(db, shop, CASH)) == (0, -6_000)
    assert await play.available(account) == 6_000
    kinds = [entry.kind for entry in (await db.ask(settlement.entries, shop, None)).items]
    assert sorted(kinds) == [EntryKind.REFUND, EntryKind.TAKEN_BACK]
    assert await take_all(db, days=1) == 0


async def test_what_the_account_has_not_got_is_set_off_and_tried_again_the_next_day(db: Database, play: Played) -> None:
    shop, account, deal, statement = await paid_out(db, play)
    await play.pay_on(account, 8_000)
    await refund_after_release(db, deal, 4_000)

    await take_all(db)
    await sweep(db, play, statement)
    (refused,) = await db.ask(settlement.reversals_of, shop, statement.statement_id)
    assert (refused.state, refused.failure) == ("failed", "balance_insufficient")
    assert (await payable(db, shop), await take_all(db)) == (-4_000, 0)

    await sold(db, shop, 3_000)  # less than it owes: what is left of it is taken back tomorrow
    assert await take_all(db, days=1) == 1
    await sweep(db, play, statement)
    (back,) = await play.moved("transfer_refund")
    assert back["amount"] == 1_000
    assert await payable(db, shop) == 0


async def test_what_is_set_off_while_it_is_taken_back_is_the_shops_again(db: Database, play: Played) -> None:
    shop, account, deal, statement = await paid_out(db, play)
    await refund_after_release(db, deal, 4_000)
    assert await take_all(db) == 1  # asked for, not answered

    await sold(db, shop, 9_000, released=datetime.now(UTC) - timedelta(days=3))
    (netted,) = await db.transact(settlement.run, today())
    assert netted.payout == 5_000
    await sweep(db, play, statement)
    assert await payable(db, shop) == 4_000
    assert (await sweep(db, play, netted)).state is StatementState.PAID
    (rest,) = await db.transact(settlement.run, today() + timedelta(days=1))
    await sweep(db, play, rest)

    # 100.00 and 90.00 of sales, less 40.00 that went back to a buyer: nothing was taken or paid twice.
    assert await play.available(account) == 10_000 + 9_000 - 4_000
    assert (await payable(db, shop), await balance(db, shop, CASH)) == (0, -15_000)


async def test_two_that_take_back_at_once_take_what_is_owed_once(db: Database, play: Played) -> None:
    shop, _, deal, statement = await paid_out(db, play)
    await refund_after_release(db, deal, 4_000)

    taken = await asyncio.gather(
        *(db.transact(settlement.take_back_owed, shop, "CNY", f"staff:{number}") for number in range(4))
    )
    await sweep(db, play, statement)

    assert sorted(taken) == [0, 0, 0, 4_000]
    assert await payable(db, shop) == 0


async def test_what_is_owed_is_taken_of_several_payouts_the_latest_first(db: Database, play: Played) -> None:
    shop, _, deal, first = await paid_out(db, play, 3_000)
    later, second = await issued(db, shop, 2_000, day=2)
    await sweep(db, play, second)
    await refund_after_release(db, deal, 3_000)
    await refund_after_release(db, later, 1_000)

    assert await db.transact(settlement.take_back_owed, shop, "CNY", "staff:1") == 4_000
    await sweep(db, play, second)

    of = {each: await db.ask(settlement.transfers_of, shop, each) for each in (first.statement_id, second.statement_id)}
    assert [transfers[0].reversed for transfers in of.values()] == [2_000, 2_000]
    assert await payable(db, shop) == 0


async def test_a_payout_is_taken_back_whole_and_paid_anew(db: Database, play: Played) -> None:
    shop, account, _, statement = await paid_out(db, play)
    ours = ids.mint()

    said = [
        await db.transact(settlement.take_back_payout, shop, statement.statement_id, ours, "Wrong shop", "staff:1")
        for _ in range(2)
    ]
    assert said == [True, False]
    with pytest.raises(NothingToTakeBack):
        await db.transact(settlement.take_back_payout, shop, statement.statement_id, ids.mint(), "Again", "staff:1")
    failed = await sweep(db, play, statement)
    assert (failed.state, failed.failure) == (StatementState.FAILED, "Wrong shop")
    assert (await balance(db, shop, AccountKind.PAYOUT_IN_TRANSIT), await balance(db, shop, CASH)) == (10_000, 0)

    await db.transact(settlement.pay_again, shop, statement.statement_id, "staff:1")
    paid = await sweep(db, play, statement)

    assert (paid.state, await play.available(account)) == (StatementState.PAID, 10_000)
    assert [each.attempt for each in await db.ask(settlement.transfers_of, shop, statement.statement_id)] == [2, 1]
    assert await balance(db, shop, CASH) == -10_000


async def test_a_payout_of_which_something_was_taken_back_does_not_come_back_whole(db: Database, play: Played) -> None:
    shop, _, deal, statement = await paid_out(db, play)
    await refund_after_release(db, deal, 1)
    await take_all(db)
    await sweep(db, play, statement)

    with pytest.raises(NothingToTakeBack):
        await db.transact(settlement.take_back_payout, shop, statement.statement_id, ids.mint(), "All", "staff:1")
    with pytest.raises(NotFound):
        await db.transact(settlement.take_back_payout, shop, ids.mint(), ids.mint(), "All", "staff:1")
    assert (await state_of(db, statement)).state is StatementState.PAID


async def test_the_books_refuse_to_take_back_more_than_was_sent(db: Database, play: Played) -> None:
    shop, _, _, _ = await paid_out(db, play)

    async def too_much(tx: Tx) -> None:
        await tx.execute("UPDATE payout_transfers SET reversed = amount + 1 WHERE merchant_id = $1", shop)

    with pytest.raises(Exception, match="never_take_back_more_than_was_sent"):
        await db.transact(too_much)
