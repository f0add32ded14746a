"""What goes on by itself: robots are found, and what strangers did long ago is forgotten."""

from datetime import UTC, datetime, timedelta

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.parties import policies
from steelyard.parties.policies.model import BEHAVIOUR_KEPT, ROBOT_VIEWS

EVENTS_PER_SWEEP = 5_000
# Of the last so many minutes; each is looked at several times, since a batch may come late.
LOOKED_BACK = timedelta(minutes=5)
# What an archive has not copied waits for it, but not for ever: who stood still for so long has stopped.
WAITS_FOR_ARCHIVE = timedelta(days=30)


async def find_robots(tx: Tx) -> int:
    """Flag who looked at more pages in one minute than people do (the policy says how many): analyses leave them out, with
    all that they ever did. Nothing is deleted, and who has signed in is somebody."""
    most = await policies.number(tx, ROBOT_VIEWS)
    return await tx.execute(
        """
        INSERT INTO behaviour_robots (visitor_id, views, minute)
        SELECT DISTINCT ON (visitor_id) visitor_id, views, minute FROM (
            SELECT visitor_id, date_trunc('minute', at) AS minute, count(*)::integer AS views
            FROM behaviour_events
            WHERE at > now() - $1::interval AND kind IN ('view', 'search') AND buyer_id IS NULL
            GROUP BY 1, 2 HAVING count(*) > $2) AS fast
        ORDER BY visitor_id, views DESC
        ON CONFLICT (visitor_id) DO NOTHING
        """,
        LOOKED_BACK,
        most,
    )


async def forget_strangers(tx: Tx, now: datetime) -> int:
    """Delete what visitors did who have become nobody, once it is older than the policy says and every archive has it."""
    before = now - timedelta(days=await policies.number(tx, BEHAVIOUR_KEPT))
    return await tx.execute(
        """
        DELETE FROM behaviour_events e USING (
            SELECT b.merchant_id, b.event_id FROM behaviour_events b
            WHERE b.at < $1 AND b.buyer_id IS NULL
              AND NOT EXISTS (SELECT FROM visitor_merges m WHERE m.visitor_id = b.visitor_id)
              AND NOT EXISTS (SELECT FROM buyers u WHERE u.buyer_id = b.visitor_id)
              AND (b.at < $2 OR NOT EXISTS (SELECT FROM behaviour_archive a WHERE (a.xid, a.position) < (b.xid, b.position)))
            ORDER BY b.at LIMIT $3 FOR UPDATE OF b SKIP LOCKED) AS old
        WHERE (e.merchant_id, e.event_id) = (old.merchant_id, old.event_id)
        """,
        before,
        before - WAITS_FOR_ARCHIVE,
        EVENTS_PER_SWEEP,
    )


async def _find_robots(db: Database) -> int:
    return await db.transact(find_robots)


async def _forget_strangers(db: Database) -> int:
    return await db.transact(forget_strangers, datetime.now(UTC))


SWEEPS = [
    Sweep("behaviour.find_robots", 30.0, _find_robots),
    Sweep("behaviour.forget_strangers", 3_600.0, _forget_strangers),
]
