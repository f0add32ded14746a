"""What time brings about: a setting that was planned from a day counts once the day has come."""

from datetime import date

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.parties.policies.model import POLICIES
from steelyard.parties.policies.service import settle

EVERY_SECONDS = 60.0


async def begin_due(tx: Tx, today: date) -> int:
    """Write down as decided what was planned up to today. (It counts from midnight on even before: see `queries.number`.)"""
    rows = await tx.fetch(
        "DELETE FROM policy_plans WHERE from_day <= $1 RETURNING policy, value, planned_by",
        today,
    )
    known = {policy.key: policy for policy in POLICIES}
    for row in rows:
        if row["policy"] in known:
            await settle(tx, known[row["policy"]], row["value"], row["planned_by"])
    return len(rows)


async def _begin(db: Database) -> int:
    return await db.transact(_today)


async def _today(tx: Tx) -> int:
    return await begin_due(tx, await tx.value("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date"))


SWEEPS = [Sweep("policies.begin", EVERY_SECONDS, _begin)]
