"""While no month is closed: what stood on all accounts is known from what a sweep has summed, not by summing all accounts."""

from datetime import datetime, time, timedelta
from typing import NoReturn

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.money import ledger
from steelyard.money.ledger import DatedTransfer, days, snapshots, summing
from steelyard.money.ledger.drilling import trial_balance_at
from steelyard.money.ledger.model import BOOKS_ZONE, AccountKind, Transfer, TrialLine

NOON = datetime.combine(datetime.now(BOOKS_ZONE).date(), time(12), BOOKS_ZONE)


async def moved(db: Database, *days_ago: int) -> None:
    await db.transact(
        ledger.bulk_post,
        [
            DatedTransfer(
                owner_id=ids.mint(), debit=AccountKind.BANK_CASH, credit=AccountKind.PAYABLE, amount=100 + ago,
                currency="CNY", reason="test", document=ids.mint(), at=NOON - timedelta(days=ago),
            )
            for ago in days_ago
        ],
    )  # fmt: skip


async def posted(db: Database) -> None:
    today = Transfer(owner_id=ids.mint(), debit=AccountKind.BANK_CASH, credit=AccountKind.PAYABLE, amount=7,
                     currency="CNY", reason="test", document=ids.mint())  # fmt: skip
    await db.transact(ledger.post, [today])


def stands(lines: list[TrialLine]) -> dict[AccountKind, int]:
    return {line.kind: line.balance for line in lines if line.balance}


async def nobody(read: Read, until: datetime) -> NoReturn:
    raise AssertionError("all accounts were summed while somebody waits")


@pytest.mark.parametrize("hours", [0, 12, 13])
async def test_what_stood_is_known_from_the_base_and_the_days_without_summing_all_accounts(
    db: Database, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    await moved(db, 5, 5, 12, 40, 100)
    await db.transact(days.sum_days, NOON.date())
    await posted(db)
    moments = [NOON - timedelta(days=ago, hours=12 - hours) for ago in (-1, 1, 2, 3, 5, 6, 12, 39, 40, 80)]
    summed = [stands(await db.ask(trial_balance_at, moment)) for moment in moments]

    monkeypatch.setattr(snapshots, "trial_balance_at", nobody)

    assert [stands(await db.ask(ledger.trial_at, moment)) for moment in moments] == summed
    assert summed[0][AccountKind.PAYABLE] == 7 + 105 + 105 + 112 + 140 + 200
    with pytest.raises(AssertionError):
        await db.ask(ledger.trial_at, NOON - timedelta(days=120))


async def test_what_is_written_into_the_past_is_summed_anew(db: Database) -> None:
    await moved(db, 5, 12)
    await db.transact(days.sum_days, NOON.date())
    await moved(db, 20)
    assert await db.ask(snapshots.based_on) is None

    moments = [NOON - timedelta(days=ago) for ago in (0, 4, 8, 15, 25)]
    before = [stands(await db.ask(ledger.trial_at, moment)) for moment in moments]
    await db.transact(days.sum_days, NOON.date())

    assert await db.ask(snapshots.based_on) is not None
    assert [stands(await db.ask(ledger.trial_at, moment)) for moment in moments] == before
    assert before[3] == {AccountKind.BANK_CASH: 120, AccountKind.PAYABLE: 120}


async def test_many_accounts_need_no_closed_month_to_be_shown_at_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summing, "MANY_ACCOUNTS", -2)
    await moved(db, 3, 1)
    assert (await db.ask(ledger.summed)).waited_for
    await db.transact(days.sum_days, NOON.date())

    shown = await db.ask(ledger.summed)

    assert not shown.waited_for
    assert stands(shown.lines) == {AccountKind.BANK_CASH: 204, AccountKind.PAYABLE: 204}
