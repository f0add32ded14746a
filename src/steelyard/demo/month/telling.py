"""What came of a month: the money by currency, what nobody can explain, and what a statement that lies is caught at."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from steelyard.demo.month.outside import CHANNEL, Outside, Theirs
from steelyard.kernel import checks
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.money import Money
from steelyard.money import ledger, reconciliation
from steelyard.money.ledger.model import AccountKind
from steelyard.money.reconciliation.model import UNFINISHED, Difference, Kind, Source

LEFT_MAX = 200
LIE = "lie.csv"
BY = "system"


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A difference that is not closed by itself. `why` is how it is explained, and empty while it is not."""

    source: str
    day: date
    kind: str
    state: str
    theirs: int
    ours: int
    why: str


class Caught(msgspec.Struct, frozen=True, kw_only=True):
    """A lie that was put into a line of a statement, and what the reconciliation found there: the same, or it was missed."""

    line: int
    lie: str
    found: str | None


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """One currency, in minor units of it. `unexplained` is what the books say of channel and bank and they do not, what waits in
    suspense, and what differs and is not explained, all without signs."""

    captured: int
    refunded: int
    commission: int
    paid_out: int
    held: int
    unexplained: int
    payable: int
    on_its_way: int
    channel_fees: int
    at_channel: int
    at_bank: int
    differences: Sequence[Left] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`broken` names the checks of the whole database that do not hold."""

    currencies: Mapping[str, Sums]
    caught: Sequence[Caught]
    done: Mapping[str, int]
    broken: Sequence[str]

    @property
    def clean(self) -> bool:
        """Nothing unexplained, nothing broken, no lie missed."""
        unexplained = any(sums.unexplained for sums in self.currencies.values())
        return not unexplained and not self.broken and all(each.found == each.lie for each in self.caught)


async def tell(db: Database, outside: Outside, done: Mapping[str, int]) -> Report:
    """Ask the books, the outside, and the reconciliation."""
    theirs = outside.theirs()
    currencies = {
        currency: await db.ask(_sums, currency, theirs.get(currency, Theirs()))
        for currency in sorted(theirs.keys() | set(await db.ask(_currencies)))
    }
    caught = await _lie(db, outside)
    broken = [violation.name for violation in await db.ask(checks.run)]
    return Report(currencies=currencies, caught=caught, done=dict(sorted(done.items())), broken=broken)


async def _currencies(read: Read) -> list[str]:
    return [row["currency"] for row in await read.fetch("SELECT DISTINCT currency FROM ledger_accounts")]


async def _sums(read: Read, currency: str, theirs: Theirs) -> Sums:
    found = {line.kind: line.balance for line in await ledger.trial_balance(read) if line.currency == currency}
    moved = {
        row["reason"]: row["amount"]
        for row in await read.fetch(
            """
            SELECT reason, sum(amount)::bigint AS amount FROM ledger_transfers
            WHERE currency = $1 AND (reason IN ('captured', 'paid_out') OR reason = 'refunded' AND debit = 'purchase_clearing')
            GROUP BY reason
            """,
            currency,
        )
    }
    left = [each for each in await _left(read) if currency in (each.currency, each.our_currency)]
    cash, bank = found.get(AccountKind.CHANNEL_CASH, 0), found.get(AccountKind.BANK_CASH, 0)
    unexplained = abs(cash - theirs.at_channel) + abs(bank - theirs.at_bank) + abs(found.get(AccountKind.SUSPENSE, 0))
    unexplained += sum(abs(each.difference) for each in left if each.state in UNFINISHED)
    return Sums(
        captured=moved.get("captured", 0),
        refunded=moved.get("refunded", 0),
        commission=found.get(AccountKind.COMMISSION, 0),
        paid_out=moved.get("paid_out", 0),
        held=found.get(AccountKind.HELD, 0),
        unexplained=unexplained,
        payable=found.get(AccountKind.PAYABLE, 0),
        on_its_way=found.get(AccountKind.PAYOUT_IN_TRANSIT, 0) + found.get(AccountKind.REFUND_DUE, 0),
        channel_fees=found.get(AccountKind.CHANNEL_FEES, 0),
        at_channel=cash,
        at_bank=bank,
        differences=[_told(each) for each in left],
    )


async def _left(read: Read) -> list[Difference]:
    """Everything that differed and did not close by itself."""
    states = [str(state) for state in (*UNFINISHED, "booked", "accepted")]
    page = await reconciliation.differences(read, states=states, limit=LEFT_MAX)
    return list(page.items)


def _told(each: Difference) -> Left:
    return Left(
        source=each.source, day=each.day, kind=str(each.kind), state=str(each.state), theirs=each.theirs, ours=each.ours,
        why=each.words,
    )  # fmt: skip


class _Undone(Exception):
    """What was tried is not to stay."""

    def __init__(self, found: Sequence[Difference]) -> None:
        super().__init__("undone")
        self.found = found


async def _lie(db: Database, outside: Outside) -> list[Caught]:
    """Lay a statement that lies in several lines beside the books in place of the true one, see what is found, and undo it."""
    day = outside.clock.moment.date() - timedelta(days=1)
    for _ in range(40):  # the last day on which enough was moved
        rows = list(csv.DictReader(io.StringIO((await outside.statement(day.isoformat())).decode())))
        if sum(row["kind"] == "capture" for row in rows) >= len(LIES):
            break
        day -= timedelta(days=1)
    else:
        return []
    said, lies = _corrupted(rows)
    source = await db.ask(reconciliation.source_called, CHANNEL)
    traded = await db.ask(reconciliation.traded)
    try:
        await db.transact(_tried, source, day, said, traded)
    except _Undone as undone:
        return [_caught(line, lie, document, undone.found) for line, lie, document in lies]
    raise AssertionError("what was tried is undone")


async def _tried(tx: Tx, source: Source, day: date, content: bytes, traded: Any) -> None:
    await reconciliation.withdraw(tx, source.source, day, BY)
    statement = reconciliation.read_statement(source, day, LIE, content, traded)
    assert not statement.problems, statement.problems
    await reconciliation.take(tx, statement, BY)
    await reconciliation.run_within(tx, source.source, day)
    found = await reconciliation.differences(tx, source=source.source, day=day, limit=LEFT_MAX)
    raise _Undone(found.items)


LIES = (Kind.AMOUNT, Kind.FEE, Kind.MISSING_THERE, Kind.DUPLICATE, Kind.MISSING_HERE)


def _corrupted(rows: Sequence[dict[str, str]]) -> tuple[bytes, list[tuple[int, Kind, str]]]:
    """The statement with one lie of each kind in it; and for each the line that it stands in (of one that was taken out, where
    it stood) with the reference that it is about."""
    said: list[dict[str, str]] = []
    lies: list[tuple[int, Kind, str]] = []
    left = list(LIES)
    for row in rows:
        if row["kind"] != "capture" or not left:
            said.append(row)
            continue
        lie, line = left.pop(0), len(said) + 2
        amount, fee = int(row["amount"]), int(row["fee"])
        match lie:
            case Kind.AMOUNT:
                said.append({**row, "amount": str(amount + 100), "net": str(amount + 100 - fee)})
            case Kind.FEE:
                said.append({**row, "fee": str(fee + 7), "net": str(amount - fee - 7)})
            case Kind.MISSING_THERE:
                pass
            case Kind.DUPLICATE:
                said += [row, row]
                line += 1
            case _:
                lie_id = f"pay_never_{row['id'][-8:]}"
                said += [row, {**row, "id": lie_id, "payment": lie_id, "reference": lie_id}]
                lies.append((line + 1, lie, lie_id))
                continue
        lies.append((line, lie, row["reference"]))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(said)
    return text.getvalue().encode(), lies


def _caught(line: int, lie: Kind, reference: str, found: Sequence[Difference]) -> Caught:
    """What was found at the line, or, of one that was taken out, of what it was about."""
    there = [
        each for each in found if each.line_no == line or (each.line_no is None and str(each.document) == reference)
    ]
    right = next((each for each in there if each.kind is lie), None) or next(iter(there), None)
    return Caught(line=line, lie=str(lie), found=None if right is None else str(right.kind))


def by_currency(report: Report) -> dict[str, Any]:
    """For a program: under each currency its sums, the lies of the statement in it, and what was done in the month."""
    rest = {"corrupted": report.caught, "done": report.done, "broken": report.broken}
    return {
        currency: msgspec.to_builtins({**msgspec.structs.asdict(sums), **rest})
        for currency, sums in report.currencies.items()
    }


def lines(report: Report) -> list[str]:
    """For people."""
    said: list[str] = []
    for currency, sums in report.currencies.items():
        said.append(currency)
        amounts = ((name, getattr(sums, name)) for name in Sums.__struct_fields__ if name != "differences")
        said += [f"  {name.replace('_', ' '):14} {Money(amount, currency).decimal():>16}" for name, amount in amounts]
        said += [
            f"  {each.day} {each.source}: {each.kind}, {each.state}, theirs {each.theirs}, ours {each.ours}. {each.why}".rstrip()
            for each in sums.differences
        ]
    said += [
        f"line {each.line} of a statement that lies ({each.lie}): found {each.found or 'nothing'}"
        for each in report.caught
    ]
    said += [f"{number:6} {what}" for what, number in report.done.items()]
    said += [f"✗ {name}" for name in report.broken] or ["All checks hold."]
    return said
