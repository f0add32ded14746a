"""The worked example of docs/algorithms/reconciliation.md, run: every number in the page is true."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from steelyard.kernel.db import Database
from steelyard.kernel.money import Money
from steelyard.money import ledger, payments, reconciliation
from steelyard.money.ledger.model import AccountKind
from steelyard.money.reconciliation.model import Difference, DifferenceState
from tests.money.deals import Deal, record
from tests.money.statements import Row, Sale, listed, noon, reconciled, sold

PAGE = Path(__file__).parents[2] / "docs" / "algorithms" / "reconciliation.md"
DAY = date(2026, 3, 5)
NEXT = DAY + timedelta(days=1)


def numbers() -> dict[str, Any]:
    """What the YAML blocks of the page say, all together."""
    found: dict[str, Any] = {}
    for block in re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        found |= yaml.load(block, Loader=yaml.BaseLoader)
    return found


def minor(amount: str) -> int:
    return Money.of(Decimal(amount), "CNY").amount


async def balance(db: Database, kind: AccountKind) -> int:
    found = await db.ask(ledger.balances, ledger.counterparty_id("simpay"))
    return sum(each.balance for each in found if each.kind is kind)


async def test_the_example_of_the_page(db: Database) -> None:
    told = numbers()
    back = told["refund"]
    names = list(told["sales"])
    rows = await sold(
        db,
        [
            Sale(minor(each["amount"]), noon(DAY), refund=minor(back["amount"]) if name == back["of"] else 0)
            for name, each in told["sales"].items()
        ],
    )
    captures = dict(zip(names, (row for row in rows if row.kind == "capture"), strict=True))
    assert {name: row.fee for name, row in captures.items()} == {
        name: minor(each["fee"]) for name, each in told["sales"].items()
    }
    late = Deal((minor("33.00"),))
    await db.transact(payments.instruct, late.instruction())
    known = {
        **captures,
        "refund": next(row for row in rows if row.kind == "refund"),
        "X": Row(noon(DAY), "capture", "pay_x", "pay_x", str(late.payment_id), "CNY", 0),
        "payout": Row(noon(DAY), "payout", "po_1", "", "po_1", "CNY", 0),
    }
    statement = [
        known[line["line"]].but(amount=minor(line["amount"]), fee=minor(line["fee"])) for line in told["statement"]
    ]

    first = await reconciled(db, DAY, statement)

    assert (first.lines, first.matched) == (8, 5)
    called = {row.document: name for name, row in known.items() if name not in ("refund", "payout")}
    found = {called[each.document]: each for each in await listed(db) if each.document}
    assert [
        {
            "of": name,
            "kind": str(found[name].kind),
            "state": str(found[name].state),
            "theirs": found[name].theirs,
            "ours": found[name].ours,
        }
        for name in sorted(found)
    ] == [{**each, "theirs": minor(each["theirs"]), "ours": minor(each["ours"])} for each in told["differences"]]
    [total] = await db.ask(reconciliation.totals, "simpay", DAY)
    assert {name: getattr(total, name) for name in told["totals"]} == {
        name: minor(amount) for name, amount in told["totals"].items()
    }
    for kind, amount in told["booked"].items():
        assert await balance(db, AccountKind(kind)) == minor(amount)

    await reconciled(db, NEXT, [captures["E"].but(at=noon(DAY) + timedelta(hours=12, minutes=5))])

    found = await _by_name(db, called)
    assert found["E"].state is DifferenceState.CLOSED
    assert found["X"].state is DifferenceState.OPEN
    for name, amount in told["in_suspense"].items():
        before = await balance(db, AccountKind.SUSPENSE)
        await db.transact(
            reconciliation.settle, "simpay", found[name].item_id, AccountKind.SUSPENSE, "", "staff:finance"
        )
        assert await balance(db, AccountKind.SUSPENSE) - before == minor(amount)
    await db.transact(reconciliation.settle, "simpay", found["D"].item_id, None, "of the file alone", "staff:finance")
    assert await balance(db, AccountKind.SUSPENSE) == minor(told["suspense"])

    await record(db, late)
    again = await reconciliation.run(db, "simpay", DAY)

    assert (again.matched, again.closed) == (6, True)
    assert await balance(db, AccountKind.SUSPENSE) == minor(told["suspense_in_the_end"])


async def _by_name(db: Database, called: dict[Any, str]) -> dict[str, Difference]:
    return {called[each.document]: each for each in await listed(db, day=DAY) if each.document}
