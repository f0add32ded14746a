"""What counts now."""

import time
from typing import cast

from steelyard.kernel.db import Read
from steelyard.parties.policies.model import POLICIES, Policy, PolicyChange, Settled

REMEMBERED_SECONDS = 2.0
KEPT = "parties.policies"
CHANGES_MAX = 100


async def number(read: Read, policy: Policy) -> int:
    """What a policy says, in its unit: the operator's decision, a plan whose day has come, or the default. At most two
    seconds old."""
    kept = cast("tuple[float, dict[str, int]] | None", read.kept.get(KEPT))
    if kept is None or time.monotonic() - kept[0] > REMEMBERED_SECONDS:
        rows = await read.fetch(
            """
            SELECT policy, value, false AS planned FROM policies
            UNION ALL
            SELECT policy, value, true FROM policy_plans WHERE from_day <= (now() AT TIME ZONE 'Asia/Shanghai')::date
            ORDER BY planned
            """
        )
        kept = (time.monotonic(), {row["policy"]: row["value"] for row in rows})
        read.kept[KEPT] = kept
    value = kept[1].get(policy.key, policy.default)
    return min(max(value, policy.least), policy.most)


async def settled(read: Read) -> list[Settled]:
    """Every policy, with what counts now, who said so and when: straight from the table."""
    rows = {
        row["policy"]: row for row in await read.fetch("SELECT policy, value, changed_at, changed_by FROM policies")
    }
    plans = {row["policy"]: row for row in await read.fetch("SELECT policy, value, from_day FROM policy_plans")}
    return [
        Settled(
            policy=policy,
            value=rows[policy.key]["value"] if policy.key in rows else policy.default,
            changed_at=rows[policy.key]["changed_at"] if policy.key in rows else None,
            changed_by=rows[policy.key]["changed_by"] if policy.key in rows else None,
            planned=plans[policy.key]["value"] if policy.key in plans else None,
            from_day=plans[policy.key]["from_day"] if policy.key in plans else None,
        )
        for policy in POLICIES
    ]


async def changes(read: Read, policy: str | None = None) -> list[PolicyChange]:
    """What was changed, the newest first."""
    return await read.all(
        PolicyChange,
        """
        SELECT change_id, policy, before, after, at, by FROM policy_changes
        WHERE $1::text IS NULL OR policy = $1 ORDER BY at DESC, change_id DESC LIMIT $2
        """,
        policy,
        CHANGES_MAX,
    )
