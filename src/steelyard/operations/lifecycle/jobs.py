"""What goes on by itself: time moves customers on, rules take effect, everybody is counted anew each night."""

from datetime import UTC, datetime

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.operations.lifecycle.following import follow, forget_visitors
from steelyard.operations.lifecycle.moving import apply_rules, move_due
from steelyard.operations.lifecycle.ruling import rule_by_interval
from steelyard.operations.lifecycle.service import ask_for_imports, recount_some
from steelyard.operations.lifecycle.wanting import value_next
from steelyard.trade.settlement import settlement_day

RECOUNTS_KEPT = 400


async def begin_night(tx: Tx, now: datetime) -> int:
    """Once on each day of the house: have everybody counted anew, and the house's own rules follow the usual intervals.
    Returns 1 where it was this time."""
    new = await tx.execute(
        "INSERT INTO recounts (recount_id) VALUES ($1) ON CONFLICT DO NOTHING", f"night:{settlement_day(now)}"
    )
    if new:
        await rule_by_interval(tx, now)
        await tx.execute(
            """
            DELETE FROM recounts WHERE recount_id LIKE 'night:%' AND finished_at IS NOT NULL AND recount_id NOT IN (
                SELECT recount_id FROM recounts WHERE recount_id LIKE 'night:%' ORDER BY begun_at DESC LIMIT $1)
            """,
            RECOUNTS_KEPT,
        )
    return new


async def _move_due(db: Database) -> int:
    return await db.transact(move_due)


async def _apply_rules(db: Database) -> int:
    return await db.transact(apply_rules, datetime.now(UTC))


async def _begin_night(db: Database) -> int:
    return await db.transact(begin_night, datetime.now(UTC))


async def _ask_for_imports(db: Database) -> int:
    return await db.transact(ask_for_imports)


async def _recount(db: Database) -> int:
    return await db.transact(recount_some, datetime.now(UTC))


async def _follow(db: Database) -> int:
    return await db.transact(follow, datetime.now(UTC))


async def _forget_visitors(db: Database) -> int:
    return await db.transact(forget_visitors, datetime.now(UTC))


async def _value(db: Database) -> int:
    return await value_next(db, datetime.now(UTC))


SWEEPS = [
    Sweep("lifecycle.move_due", 2.0, _move_due),
    Sweep("lifecycle.follow", 1.0, _follow),
    Sweep("lifecycle.forget_visitors", 3_600.0, _forget_visitors),
    Sweep("lifecycle.apply_rules", 5.0, _apply_rules),
    Sweep("lifecycle.begin_night", 600.0, _begin_night),
    Sweep("lifecycle.ask_for_imports", 60.0, _ask_for_imports),
    Sweep("lifecycle.recount", 2.0, _recount),
    Sweep("lifecycle.value", 10.0, _value),
]
