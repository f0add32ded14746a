"""Statements of the demo's last days: the channel of the past says what it did, and of some things something else."""

import asyncio
import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from steelyard.demo.deals import CHANNEL
from steelyard.demo.products import made
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.money import share
from steelyard.money import reconciliation
from steelyard.money.reconciliation.formats.simpay import COLUMNS
from steelyard.money.reconciliation.model import DayTaken, FileKnown, Kind

DAYS = 8
FEE_PPM = 6_000
FINANCE = f"staff:{made('account', 'finance')}"


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A movement of the day, as the channel knows it; `amount` is below zero for what went back."""

    at: datetime
    kind: str
    reference: str
    currency: str
    amount: int
    fee: int = 0


async def reconcile(db: Database) -> None:
    """The last week, day by day; what is there already stays as it is."""
    await db.transact(_source)
    source = await db.ask(reconciliation.source_called, CHANNEL)
    traded = await db.ask(reconciliation.traded)
    today = datetime.now(UTC).date()
    for back in range(DAYS, 0, -1):
        day = today - timedelta(days=back)
        content = _written(day, _said(back, await db.ask(_moved, day)))
        name = f"{CHANNEL}-{day}.csv"
        statement = await asyncio.to_thread(reconciliation.read_statement, source, day, name, content, traded)
        try:
            await db.transact(reconciliation.take, statement, "system")
        except (DayTaken, FileKnown):
            continue
        await reconciliation.run(db, CHANNEL, day)
        await db.transact(_fetched, day)
    await _explain(db)


async def _source(tx: Tx) -> None:
    """What the shops were paid through before this house was built sends its statements still."""
    await tx.execute(
        """
        INSERT INTO reconciliation_sources (source, side, format, utc_minutes, name)
        VALUES ($1, 'channel', 'simpay', 0, '{"zh-Hans": "原收单渠道", "en": "Former channel"}')
        ON CONFLICT (source) DO NOTHING
        """,
        CHANNEL,
    )
    await tx.execute(
        """
        INSERT INTO channel_fees (channel, currency, valid_from, millionths, fixed, set_at)
        SELECT $1, currency, DATE '2020-01-01', $2, 0, TIMESTAMPTZ '2020-01-01 00:00:00+00' FROM currencies
        ON CONFLICT DO NOTHING
        """,
        CHANNEL,
        FEE_PPM,
    )


async def _fetched(tx: Tx, day: date) -> None:
    """It came by itself, ten minutes after midnight."""
    await tx.execute(
        """
        INSERT INTO reconciliation_fetches (source, day, tries, asked_at, answer)
        VALUES ($1, $2, 1, ($2::date + 1)::timestamp AT TIME ZONE 'UTC' + interval '10 minutes', 'here') ON CONFLICT DO NOTHING
        """,
        CHANNEL,
        day,
    )


async def _moved(read: Read, day: date) -> list[Moved]:
    """What the channel captured and gave back on a day, the largest first."""
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    found = await read.all(
        Moved,
        """
        SELECT t.at, 'capture' AS kind, t.document::text AS reference, t.currency, t.amount
        FROM ledger_transfers t JOIN payments p ON (p.buyer_id, p.payment_id) = (t.owner_id, t.document)
        WHERE t.reason = 'captured' AND t.debit = 'channel_cash' AND p.channel = $3 AND t.at >= $1 AND t.at < $2
        UNION ALL
        SELECT t.at, 'refund', t.document::text, t.currency, -t.amount
        FROM ledger_transfers t JOIN refunds r ON r.refund_id = t.document AND r.buyer_id = t.owner_id
        WHERE t.reason = 'refunded' AND t.credit = 'channel_cash' AND r.channel = $3 AND t.at >= $1 AND t.at < $2
        ORDER BY amount DESC, reference
        """,
        begins,
        begins + timedelta(days=1),
        CHANNEL,
    )
    return [
        msgspec.structs.replace(each, fee=share(each.amount, FEE_PPM) if each.kind == "capture" else 0)
        for each in found
    ]


def _said(back: int, moved: Sequence[Moved]) -> list[Moved]:
    """What the statement of so many days ago says of it. Most days it is right; a day may be poor in sales."""
    said = list(moved)
    if back == 6 and said:
        said[0] = msgspec.structs.replace(said[0], fee=said[0].fee + 120)
    if back == 4 and said and said[0].amount > 2_000:
        said[0] = msgspec.structs.replace(said[0], amount=said[0].amount - 2_000)
        del said[1:2]
    if back == 2:
        said += said[1:2]
    if back == 1:
        del said[1:2]
    return said


def _written(day: date, said: Sequence[Moved]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for each in sorted(said, key=lambda each: (each.at, each.reference)):
        theirs = f"{each.kind[:3]}_{each.reference.replace('-', '')}"
        at = each.at.isoformat(timespec="milliseconds")
        writer.writerow(
            [at, each.kind, theirs, "", each.reference, each.currency, each.amount, each.fee, each.amount - each.fee]
        )
    return text.getvalue().encode()


async def _explain(db: Database) -> None:
    """The finance staff have accepted the fee, and nobody has come to the rest yet."""
    page = await db.ask(reconciliation.differences, source=CHANNEL, states=["open"], kind=str(Kind.FEE))
    for each in page.items:
        await db.transact(reconciliation.settle, CHANNEL, each.item_id, None, "渠道调价当日，已核对协议", FINANCE)
