"""The channel's daily statement: what it captured, gave back and paid on to the bank on one UTC day, with its fee."""

import csv
import io
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from steelyard.simulators.payments.model import MONTHS
from steelyard.simulators.store import Read

FEE_PER_MILLE = 6
DISPUTE_FEE = 1_500
COLUMNS = ["time", "kind", "id", "payment", "reference", "currency", "amount", "fee", "net"]
"""time: ISO 8601, UTC. kind: capture, refund, dispute, dispute_won or payout. id: of any of them. payment: of the payment.
reference: the merchant's; of a payout the one the bank shows. amount: minor units, negative for a refund or a payout.
fee: minor units, for captures and disputes, the channel keeps it when it refunds or loses. net: amount less fee."""


class _Line(msgspec.Struct, frozen=True):
    at: datetime
    kind: str
    id: str
    payment: str
    reference: str
    currency: str
    amount: int
    months: int


def fee(amount: int, months: int = 0) -> int:
    """0.6 % of a captured amount in minor units, half a unit rounded up: 250 gives 2 (1.5), 249 gives 1 (1.494). Payment in
    three months costs 1.8 % more, rounded by itself."""
    return (amount * FEE_PER_MILLE + 500) // 1000 + (amount * MONTHS.get(months, (0, 0))[0] + 500_000) // 1_000_000


def statement(read: Read, day: date) -> str:
    """The lines of the day in order of time, as CSV with a header (RFC 4180)."""
    start = datetime.combine(day, time.min, UTC)
    lines = read.rows(
        _Line,
        """SELECT captured_at AS at, 'capture' AS kind, id, id AS payment, reference, currency, amount, months
           FROM payments WHERE captured_at >= :start AND captured_at < :stop AND later = 0
           UNION ALL
           SELECT c.created_at, 'capture', c.id, c.payment, c.reference, p.currency, c.amount, p.months
           FROM captures c JOIN payments p ON p.id = c.payment WHERE c.created_at >= :start AND c.created_at < :stop
           UNION ALL
           SELECT settled_at, 'refund', id, payment, reference, currency, -amount, 0
           FROM refunds WHERE status = 'succeeded' AND settled_at >= :start AND settled_at < :stop
           UNION ALL
           SELECT created_at, 'dispute', id, payment, reference, currency, -amount, 0
           FROM disputes WHERE created_at >= :start AND created_at < :stop
           UNION ALL
           SELECT decided_at, 'dispute_won', id, payment, reference, currency, amount, 0
           FROM disputes WHERE status = 'won' AND decided_at >= :start AND decided_at < :stop
           UNION ALL
           SELECT at, 'payout', id, '', id, currency, -amount, 0 FROM payouts WHERE at >= :start AND at < :stop
           ORDER BY 1, 3""",
        {"start": start.timestamp(), "stop": (start + timedelta(days=1)).timestamp()},
    )
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in lines:
        charged = DISPUTE_FEE if line.kind == "dispute" else 0
        if line.kind == "capture":
            charged = fee(line.amount, line.months)
        at = line.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        whose = [at, line.kind, line.id, line.payment, line.reference, line.currency]
        writer.writerow([*whose, line.amount, charged, line.amount - charged])
    return text.getvalue()
