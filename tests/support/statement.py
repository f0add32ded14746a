"""A channel's statement with something on it that nobody here knows of."""

from datetime import UTC, date, datetime

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money import reconciliation
from steelyard.money.reconciliation.model import Difference

DAY = date(2026, 3, 5)
HEADER = "time,kind,id,payment,reference,currency,amount,fee,net"


def strange_file(amount: int = 10_000) -> bytes:
    """A statement of simpay with one payment that is none of ours."""
    fee = (amount * 6 + 500) // 1_000
    at = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC).isoformat()
    return f"{HEADER}\n{at},capture,pay_x,pay_x,{ids.mint()},CNY,{amount},{fee},{amount - fee}\n".encode()


async def strange(db: Database, amount: int = 10_000) -> Difference:
    """It has been read and run, and the day after it, too: the difference is to be looked at."""
    source = await db.ask(reconciliation.source_called, "simpay")
    traded = await db.ask(reconciliation.traded)
    next_day = date(2026, 3, 6)
    for day, content in ((DAY, strange_file(amount)), (next_day, f"{HEADER}\n".encode())):
        statement = reconciliation.read_statement(source, day, f"simpay-{day}.csv", content, traded)
        await db.transact(reconciliation.take, statement, "system")
        await reconciliation.run(db, "simpay", day)
    [found] = (await db.ask(reconciliation.differences, source="simpay")).items
    return found
