"""Sales of a day, and the statement that a channel would write of them, for tests to spoil."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.money import share
from steelyard.money import payments, reconciliation
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import PaymentId, RecordedPayment, RecordedRefund, RefundId
from steelyard.money.payments.model import Split
from steelyard.money.reconciliation import arriving
from steelyard.money.reconciliation.arriving import LINES_AT_ONCE
from steelyard.money.reconciliation.model import DayRun, Difference, File

COLUMNS = ("time", "kind", "id", "payment", "reference", "currency", "amount", "fee", "net")
FEE_PPM = 6_000


@dataclass(frozen=True)
class Row:
    """A line of a simpay statement."""

    at: datetime
    kind: str
    id: str
    payment: str
    reference: str
    currency: str
    amount: int
    fee: int = 0

    @property
    def document(self) -> UUID:
        return UUID(self.reference)

    def but(self, **changes: object) -> "Row":
        return replace(self, **changes)


def written(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        at = row.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        whose = (at, row.kind, row.id, row.payment, row.reference, row.currency)
        writer.writerow([*whose, row.amount, row.fee, row.amount - row.fee])
    return text.getvalue().encode()


@dataclass(frozen=True)
class Sale:
    amount: int
    at: datetime
    currency: str = "CNY"
    refund: int = 0


async def sold(db: Database, sales: Sequence[Sale], channel: str = "simpay") -> list[Row]:
    """These sales stand in the books; returns what the channel would say of them. Refunds arrive an hour later."""
    taken: list[RecordedPayment] = []
    back: list[RecordedRefund] = []
    rows: list[Row] = []
    for sale in sales:
        payment_id, merchant_id, order_id = PaymentId(ids.mint()), ids.mint(), ids.mint()
        taken.append(
            RecordedPayment(
                payment_id=payment_id,
                purchase_id=ids.mint(),
                buyer_id=ids.mint(),
                channel=channel,
                amount=sale.amount,
                currency=sale.currency,
                splits=[Split(merchant_id=merchant_id, order_id=order_id, amount=sale.amount)],
                at=sale.at,
            )
        )
        theirs, fee = f"pay_{payment_id.hex}", share(sale.amount, FEE_PPM)
        rows.append(Row(sale.at, "capture", theirs, theirs, str(payment_id), sale.currency, sale.amount, fee))
        if sale.refund:
            refund_id, at = RefundId(ids.mint()), sale.at + timedelta(hours=1)
            back.append(
                RecordedRefund(
                    refund_id=refund_id,
                    merchant_id=merchant_id,
                    order_id=order_id,
                    payment_id=payment_id,
                    buyer_id=taken[-1].buyer_id,
                    channel=channel,
                    amount=sale.refund,
                    currency=sale.currency,
                    reason="imported",
                    out_of=AccountKind.HELD,
                    at=at,
                )
            )
            rows.append(Row(at, "refund", f"ref_{refund_id.hex}", theirs, str(refund_id), sale.currency, -sale.refund))
    await db.transact(payments.bulk_record, taken, back)
    return rows


async def received(
    db: Database, source: str, day: date, content: bytes, by: str = "system", at_once: int = LINES_AT_ONCE
) -> File:
    known = await db.ask(reconciliation.source_called, source)
    traded = await db.ask(reconciliation.traded)
    arrival = reconciliation.Arrival(source=known, day=day, name=f"{source}-{day}.csv", content=content)
    return await reconciliation.receive(db, arrival, traded, by, at_once=at_once)


def broken_after(packets: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The process that takes a file in ends after so many packets; returns where each packet began that was tried."""
    begun: list[int] = []
    whole = arriving._packet  # pyright: ignore[reportPrivateUsage]

    async def packet(tx: Tx, source: str, file_id: Any, begins: int, of: Sequence[Any]) -> None:
        if len(begun) == packets:
            raise ConnectionAbortedError
        begun.append(begins)
        await whole(tx, source, file_id, begins, of)

    monkeypatch.setattr(arriving, "_packet", packet)
    return begun


async def broken_off(db: Database, content: bytes, packets: int = 2) -> File:
    """Taken in by two lines a transaction, and broken off."""
    with pytest.MonkeyPatch.context() as patch:
        broken_after(packets, patch)
        with pytest.raises(ConnectionAbortedError):
            await received(db, "simpay", date(2026, 3, 5), content, at_once=2)
    return (await db.ask(reconciliation.files)).items[0]


async def reconciled(db: Database, day: date, rows: Sequence[Row] | bytes = (), source: str = "simpay") -> DayRun:
    """The statement of a day is received and run."""
    await received(db, source, day, rows if isinstance(rows, bytes) else written(rows))
    return await reconciliation.run(db, source, day)


async def listed(db: Database, **wanted: object) -> list[Difference]:
    return list((await db.ask(reconciliation.differences, **wanted, limit=200)).items)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
