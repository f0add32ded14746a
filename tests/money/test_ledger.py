"""The books."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import CheckViolation, Database, Tx, UniqueViolation
from steelyard.kernel.money import minor_digits
from steelyard.money import currencies, ledger
from steelyard.money.ledger import DatedTransfer
from steelyard.money.ledger.model import AccountKind, Transfer
from tests.money.deals import at, balance
from tests.support.rivals import meet

HELD, PAYABLE, CLEARING = AccountKind.HELD, AccountKind.PAYABLE, AccountKind.ORDER_CLEARING


def transfer(owner: UUID, debit: AccountKind, credit: AccountKind, amount: int, **changes: object) -> Transfer:
    given = {"currency": "CNY", "reason": "released", "document": ids.mint()}
    return Transfer(owner_id=owner, debit=debit, credit=credit, amount=amount, **{**given, **changes})


async def test_a_document_moves_money_once(db: Database) -> None:
    owner = ids.mint()
    once = transfer(owner, HELD, PAYABLE, 500)
    filled = transfer(owner, AccountKind.COMMISSION, HELD, 500)

    assert await db.transact(ledger.post, [filled, once]) == 2
    assert await db.transact(ledger.post, [once, transfer(owner, PAYABLE, AccountKind.COMMISSION, 40)]) == 1

    assert await balance(db, owner, PAYABLE) == 460
    assert len(await db.ask(ledger.transfers_of, [once.document])) == 1


async def test_the_trial_balance_is_zero_in_every_currency(db: Database) -> None:
    owner = ids.mint()
    await db.transact(
        ledger.post,
        [
            transfer(owner, AccountKind.BANK_CASH, PAYABLE, 300),
            transfer(owner, AccountKind.BANK_CASH, PAYABLE, 700, currency="JPY"),
        ],
    )

    lines = await db.ask(ledger.trial_balance)

    for currency in ("CNY", "JPY"):
        of_it = [line for line in lines if line.currency == currency]
        assert sum(line.debits for line in of_it) == sum(line.credits for line in of_it) > 0
        assert {line.kind: line.balance for line in of_it}[PAYABLE] > 0


async def test_held_money_cannot_be_overdrawn(db: Database) -> None:
    with pytest.raises(CheckViolation, match="held_money_is_there"):
        await db.transact(ledger.post, [transfer(ids.mint(), HELD, PAYABLE, 1)])


async def test_one_post_does_not_say_two_amounts_for_one_reason(db: Database) -> None:
    owner, document = ids.mint(), ids.mint()
    twice = [transfer(owner, AccountKind.BANK_CASH, PAYABLE, amount, document=document) for amount in (1, 2)]

    with pytest.raises(AssertionError):
        await db.transact(ledger.post, twice)


async def test_posts_to_the_same_accounts_at_the_same_time_all_count(db: Database) -> None:
    owners = [ids.mint() for _ in range(5)]

    async def post(turn: int) -> None:
        order = owners if turn % 2 else owners[::-1]
        await db.transact(ledger.post, [transfer(owner, AccountKind.BANK_CASH, PAYABLE, 3) for owner in order])

    await asyncio.gather(*(post(turn) for turn in range(20)))

    assert [await balance(db, owner, PAYABLE) for owner in owners] == [60] * 5


async def test_who_finds_an_account_opened_meanwhile_adds_to_it(db: Database) -> None:
    owner = ids.mint()

    async def pay_in(tx: Tx) -> int:
        return await ledger.post(tx, [transfer(owner, AccountKind.BANK_CASH, PAYABLE, 3)])

    assert await meet(db, pay_in, pay_in) == (1, 1)

    assert await balance(db, owner, PAYABLE) == 6


async def test_a_document_that_moves_money_meanwhile_moves_it_once(db: Database) -> None:
    owner, document = ids.mint(), ids.mint()

    async def pay_in(tx: Tx) -> int:
        return await ledger.post(tx, [transfer(owner, AccountKind.BANK_CASH, PAYABLE, 3, document=document)])

    assert await meet(db, pay_in, pay_in) == (1, 0)

    assert await balance(db, owner, PAYABLE) == 3


async def test_entries_of_an_account_come_in_pages_newest_first(db: Database) -> None:
    owner = ids.mint()
    for amount in (10, 20, 30):
        await db.transact(ledger.post, [transfer(owner, AccountKind.BANK_CASH, PAYABLE, amount)])
    await db.transact(ledger.post, [transfer(owner, PAYABLE, AccountKind.COMMISSION, 5)])

    first = await db.ask(ledger.entries, owner, PAYABLE, None, 3)
    rest = await db.ask(ledger.entries, owner, PAYABLE, first.next, 3)

    assert [(entry.side, entry.amount) for entry in first.items] == [("debit", 5), ("credit", 30), ("credit", 20)]
    assert [(entry.amount, entry.against) for entry in rest.items] == [(10, AccountKind.BANK_CASH)]
    assert rest.next is None


async def test_history_in_bulk_is_what_post_would_have_written(db: Database) -> None:
    one, other = ids.mint(), ids.mint()
    moves = [(AccountKind.BANK_CASH, HELD, 900), (HELD, PAYABLE, 900), (PAYABLE, AccountKind.COMMISSION, 90)]
    single = [transfer(one, *move) for move in moves]
    dated = [
        DatedTransfer.of(transfer(other, *move), at("2010-12-01") + timedelta(days=day))
        for day, move in enumerate(moves)
    ]

    assert await db.transact(ledger.post, single) == await db.transact(ledger.bulk_post, dated) == 3

    assert await db.ask(ledger.balances, one) == await db.ask(ledger.balances, other)
    entries = (await db.ask(ledger.entries, other, PAYABLE)).items
    assert [entry.at.day for entry in entries] == [3, 2]
    with pytest.raises(UniqueViolation):
        await db.transact(ledger.bulk_post, dated[:1])


async def test_currencies_have_the_digits_we_count_in(db: Database) -> None:
    known = await db.ask(currencies.all)

    assert {c.currency: c.digits for c in known} == {c.currency: minor_digits(c.currency) for c in known}
    assert all(c.name.in_language(locale) for c in known for locale in ("zh-Hans", "en"))
