"""The platform's own bank account beside the books: buyers' transfers, refunds made by hand, deposits, money of the owners."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money import ledger, payments, reconciliation
from steelyard.money.ledger.model import BOOKS_ZONE, AccountKind, Transfer
from steelyard.money.payments.model import BY_TRANSFER, ChannelAnswer, PaymentState
from steelyard.money.reconciliation.formats import FORMATS
from steelyard.money.reconciliation.model import Line, Problem
from tests.money.deals import Deal

ADA = "staff:ada"
HEADER = "time,id,amount,currency,reference,party\n"


def today() -> date:
    return datetime.now(UTC).astimezone(BOOKS_ZONE).date()


async def transferred(db: Database, amount: int, number: str) -> payments.ExpectedTransfer:
    """A buyer has transferred, and staff have written it down under the bank's number."""
    deal = Deal((amount,))
    await db.transact(payments.instruct, msgspec.structs.replace(deal.instruction(), channel=BY_TRANSFER))
    answer = ChannelAnswer(reference="T-7K3M9-X2Q4T", state=PaymentState.PENDING)
    await db.transact(payments.record, deal.payment_id, answer, "channel")
    return await db.transact(
        payments.book_movement, deal.payment_id, bank_number=number, amount=amount, currency="CNY", party="Ann",
        on_day=today(), by=ADA,
    )  # fmt: skip


async def laid_beside(db: Database, text: str, source: str = "bank") -> reconciliation.Beside:
    known = await db.ask(reconciliation.source_called, source)
    traded = await db.ask(reconciliation.traded)
    statement = reconciliation.read_statement(known, today(), "bank.csv", (HEADER + text).encode(), traded)
    assert not statement.problems
    await db.transact(reconciliation.take, statement, ADA)
    await reconciliation.run(db, source, today())
    return (await db.ask(reconciliation.days, source)).items[0]


async def test_a_buyers_transfer_stands_at_the_bank_and_its_line_is_found(db: Database) -> None:
    await transferred(db, 12_345, "B-1")
    lines = {line.kind: line.balance for line in await db.ask(ledger.trial_balance)}
    assert lines == {AccountKind.BANK_CASH: 12_345, AccountKind.TRANSFERS_RECEIVED: 12_345}
    now = datetime.now(UTC).isoformat()

    day = await laid_beside(db, f"{now},B-1,123.45,CNY,T-7K3M9-X2Q4T,Ann\n")

    assert (day.lines, day.matched, day.differences) == (1, 1, 0)


async def test_a_line_of_another_amount_under_the_same_number_differs(db: Database) -> None:
    await transferred(db, 12_345, "B-1")

    await laid_beside(db, f"{datetime.now(UTC).isoformat()},B-1,120.00,CNY,T-7K3M9-X2Q4T,Ann\n")

    [item] = (await db.ask(reconciliation.differences, source="bank")).items
    assert (item.kind, item.theirs, item.ours) == ("amount", 12_000, 12_345)


async def test_what_staff_wrote_down_is_missing_at_its_own_bank_and_at_no_other(db: Database) -> None:
    bank = await db.transact(ledger.counterparty, "bank")
    moved = Transfer(
        owner_id=bank, debit=AccountKind.BANK_CASH, credit=AccountKind.OWN_FUNDS, amount=500, currency="CNY",
        reason="by_hand_test", document=ids.mint(),
    )  # fmt: skip
    await db.transact(ledger.post, [moved])

    simbank = reconciliation.read_statement(
        await db.ask(reconciliation.source_called, "simbank"), today(), "s.csv",
        b"time,direction,id,reference,party,currency,amount\n", ["CNY"],
    )  # fmt: skip
    await db.transact(reconciliation.take, simbank, ADA)
    await reconciliation.run(db, "simbank", today())
    await laid_beside(db, "")

    assert [(item.source, item.kind) for item in (await db.ask(reconciliation.differences)).items] == [
        ("bank", "missing_there")
    ]


async def test_what_moved_is_found_by_amount_and_day(db: Database) -> None:
    bank = await db.transact(ledger.counterparty, "bank")
    moves = [(AccountKind.BANK_CASH, AccountKind.OWN_FUNDS, 500), (AccountKind.OTHER_COSTS, AccountKind.BANK_CASH, 70)]
    await db.transact(
        ledger.post,
        [
            Transfer(
                owner_id=bank, debit=debit, credit=credit, amount=amount, currency="CNY", reason="by_hand_test",
                document=ids.mint(),
            )
            for debit, credit, amount in moves
        ],
    )  # fmt: skip
    now = datetime.now(UTC).isoformat()

    day = await laid_beside(db, f"{now},B-7,5.00,CNY,,\n{now},B-8,-0.70,CNY,fee,\n")

    assert (day.lines, day.matched, day.unfinished) == (2, 2, 0)


@pytest.mark.parametrize(
    ("line", "problem"),
    [("x,B,1.00,CNY", "time"), ("2026-03-02 10:00,,1.00,CNY", "no_id"), ("2026-03-02 10:00,B,1.001,CNY", "amount"),
     ("2026-03-02 10:00,B,0.00,CNY", "sign"), ("2026-03-02 10:00,B,1.00", "cells")],
)  # fmt: skip
def test_a_line_that_cannot_be_read_says_why(line: str, problem: str) -> None:
    [found] = FORMATS["bank_csv"](f"time,id,amount,currency\n{line}\n".encode())
    assert isinstance(found, Problem) and found.problem == problem


def test_times_without_a_zone_are_chinese() -> None:
    [found] = FORMATS["bank_csv"](b"time,id,amount,currency\n2026-03-02 10:00,B,-1.50,CNY\n")
    assert isinstance(found, Line)
    assert (found.at.isoformat(), found.amount, found.kind) == ("2026-03-02T10:00:00+08:00", -150, "paid_out")
