"""The books as text for beancount: read by a strict reader of our own, and by beancount itself."""

import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.money import ledger
from steelyard.money.ledger import DatedTransfer
from steelyard.money.ledger.model import BOOKS_ZONE, AccountKind, Transfer

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
_POSTING = re.compile(r"  (\w+:\w+)  (-?\d+(?:\.\d+)?) ([A-Z]{3})")
_BALANCE = re.compile(r"(\S+) balance (\w+:\w+)  (-?\d+(?:\.\d+)?) ~ 0 ([A-Z]{3})")


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BOOKS_ZONE)


async def filled(db: Database) -> None:
    """Some before the month, some in it (one in its last second), some after it."""
    owner = ids.mint()
    bank, own, costs = AccountKind.BANK_CASH, AccountKind.OWN_FUNDS, AccountKind.OTHER_COSTS
    moves = [
        (bank, own, 100_000, "CNY", midnight(FIRST) - timedelta(days=3)),
        (bank, own, 5_000, "JPY", midnight(FIRST) - timedelta(days=3)),
        (costs, bank, 1_234, "CNY", midnight(FIRST)),
        (costs, bank, 77, "JPY", midnight(FIRST) + timedelta(days=9)),
        (costs, bank, 1, "CNY", midnight(LAST) + timedelta(hours=23, minutes=59, seconds=59)),
        (costs, bank, 9_999, "CNY", midnight(LAST) + timedelta(days=1)),
    ]
    await db.transact(
        ledger.bulk_post,
        [
            DatedTransfer(
                owner_id=owner, debit=debit, credit=credit, amount=amount, currency=currency, reason="test",
                document=ids.mint(), at=at,
            )
            for debit, credit, amount, currency, at in moves
        ],
    )  # fmt: skip


async def text(read: Read) -> str:
    since, until = midnight(FIRST), midnight(LAST) + timedelta(days=1)
    names = ledger.account_names(await ledger.chart(read))
    return "".join(
        [
            *ledger.begun(FIRST, await ledger.trial_at(read, since), names),
            *ledger.written(await ledger.journal(read, since, until), names),
            *ledger.ended(LAST, await ledger.trial_at(read, until), names),
        ]
    )


def held_against_itself(told: str) -> list[str]:
    """What a strict reader objects to: transactions out of balance, accounts not opened, balances that are not so."""
    wrong: list[str] = []
    opened = set(re.findall(r"^\S+ open (\S+)$", told, re.MULTILINE))
    stands: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for block in told.split("\n\n"):
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for account, amount, currency in _POSTING.findall(block):
            sums[currency] += Decimal(amount)
            stands[account, currency] += Decimal(amount)
            wrong += [f"{account} is not open"] if account not in opened else []
        wrong += [f"{currency} is out by {amount}" for currency, amount in sums.items() if amount]
    for day, account, amount, currency in _BALANCE.findall(told):
        if stands.pop((account, currency), Decimal(0)) != Decimal(amount) or day != str(LAST + timedelta(days=1)):
            wrong.append(f"{account} does not hold {amount} {currency}")
    return wrong + [f"nobody says what stands on {key}" for key, amount in stands.items() if amount]


async def test_the_text_of_a_month_holds_against_itself(db: Database) -> None:
    await filled(db)

    told = await db.ask(text)

    assert held_against_itself(told) == []
    assert told.count(' * "test"') == 3 and ' * "opening"' in told
    assert "Assets:BankCash  987.65 ~ 0 CNY" in told and "Assets:BankCash  4923 ~ 0 JPY" in told
    assert await db.ask(text) == told, "the same bytes each time"


async def test_a_reader_sees_what_is_wrong(db: Database) -> None:
    await filled(db)
    told = await db.ask(text)

    assert held_against_itself(told.replace("12.34 CNY", "12.35 CNY", 1))
    assert held_against_itself(told.replace("987.65", "987.66"))
    assert held_against_itself(told.replace("open Assets:BankCash", "open Assets:Other"))


async def test_beancount_reads_it_without_an_error(db: Database) -> None:
    loader = pytest.importorskip("beancount.loader", reason="beancount is in requirements/dev.txt")
    await filled(db)
    told = await db.ask(text)

    entries, errors, _ = loader.load_string(told)
    assert errors == [] and len(entries) > len(AccountKind)
    _, errors, _ = loader.load_string(told.replace("987.65", "987.66"))
    assert errors, "it holds the balances against the transactions"


async def test_an_owner_is_no_part_of_an_account_but_stands_beside_it(db: Database) -> None:
    transfer = Transfer(
        owner_id=ids.mint(), debit=AccountKind.BANK_CASH, credit=AccountKind.OWN_FUNDS, amount=1, currency="CNY",
        reason="test", document=ids.mint(),
    )  # fmt: skip
    await db.transact(ledger.post, [transfer])
    names = ledger.account_names(await db.ask(ledger.chart))
    [posted] = await db.ask(ledger.transfers_of, [transfer.document])

    told = "".join(ledger.written([posted], names))

    assert f'owner: "{transfer.owner_id}"' in told and f'"{transfer.document}"' in told
    assert f"{datetime.now(UTC).astimezone(BOOKS_ZONE).date()} *" in told or "\n20" in told
