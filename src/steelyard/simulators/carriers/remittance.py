"""What a carrier pays on of the cash that it collected on a day (UTC), parcel by parcel: a CSV file.

columns: time, number (the parcel's), order (the sender's reference), amount, currency, fee (one in a hundred of it, half a minor
unit rounded up). Amounts are major units. The transfer at the bank is the sum of the amounts less that of the fees."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec

from steelyard.simulators.store import Store

COLUMNS = ("time", "number", "order", "amount", "currency", "fee")
FEE_PERCENT = 1
WITHOUT_MINOR_UNITS = frozenset({"JPY", "KRW", "VND"})


class _Paid(msgspec.Struct, frozen=True):
    at: datetime
    number: str
    reference: str | None
    amount: int
    currency: str


def written(store: Store, carrier: str, day: date) -> str:
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    paid = store.rows(
        _Paid,
        """
        SELECT e.at, p.number, p.reference, c.amount, c.currency
        FROM parcels_cash c JOIN parcels p USING (carrier, number) JOIN parcel_events e USING (carrier, number)
        WHERE p.carrier = :carrier AND e.code = 'delivered' AND e.at >= :begins AND e.at < :ends ORDER BY e.at, p.number
        """,
        {"carrier": carrier, "begins": begins.timestamp(), "ends": (begins + timedelta(days=1)).timestamp()},
    )
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for each in paid:
        fee = (each.amount * FEE_PERCENT + 50) // 100
        amounts = (_major(each.amount, each.currency), each.currency, _major(fee, each.currency))
        writer.writerow([each.at.astimezone(UTC).isoformat(), each.number, each.reference or "", *amounts])
    return text.getvalue()


def _major(amount: int, currency: str) -> str:
    return str(amount if currency in WITHOUT_MINOR_UNITS else Decimal(amount).scaleb(-2))
