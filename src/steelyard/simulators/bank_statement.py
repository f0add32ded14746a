"""The bank's daily statement of the platform's account: what was paid out and what came in on one UTC day."""

import csv
import io
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from steelyard.simulators.store import Read

COLUMNS = ["time", "direction", "id", "reference", "party", "currency", "amount"]
"""time: ISO 8601, UTC. direction: out or in. id: the bank's. reference: the payer's. party: whom it went to or came from.
amount: minor units, above zero in both directions."""


class _Line(msgspec.Struct, frozen=True):
    at: datetime
    direction: str
    id: str
    reference: str
    party: str
    currency: str
    amount: int


def statement(read: Read, day: date) -> str:
    """The lines of the day in order of time, as CSV with a header (RFC 4180)."""
    start = datetime.combine(day, time.min, UTC)
    lines = read.rows(
        _Line,
        """SELECT decided_at AS at, 'out' AS direction, 'out_' || reference AS id, reference, name AS party, currency, amount
           FROM transfers WHERE status = 'paid' AND decided_at >= :start AND decided_at < :stop
           UNION ALL
           SELECT at, 'in', 'in_' || reference, reference, party, currency, amount
           FROM credits WHERE at >= :start AND at < :stop
           ORDER BY 1, 3""",
        {"start": start.timestamp(), "stop": (start + timedelta(days=1)).timestamp()},
    )
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in lines:
        at = line.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        writer.writerow([at, line.direction, line.id, line.reference, line.party, line.currency, line.amount])
    return text.getvalue()
