"""What goes on by itself: members of a segment are invited, and mails ask whom it is time to ask."""

from datetime import UTC, datetime

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.operations.research.inviting import invite_segments, send_due


async def _invite(db: Database) -> int:
    return await db.transact(invite_segments)


async def _send(db: Database) -> int:
    return await db.transact(send_due, datetime.now(UTC))


SWEEPS = [
    Sweep("research.invite", 2.0, _invite),
    Sweep("research.send", 5.0, _send),
]
