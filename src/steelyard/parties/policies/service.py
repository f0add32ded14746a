"""Deciding otherwise, now or from a day to come, and going back to the default."""

from datetime import date
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties.policies.model import Policy
from steelyard.parties.policies.queries import KEPT


async def settle(tx: Tx, policy: Policy, value: int, by: UUID | None) -> int | None:
    """From now on this counts; what counted before, or none when nothing changes. Raises `Invalid` outside the range."""
    _within(policy, value)
    before = await _before(tx, policy)
    if before == value:
        return None
    await tx.execute(
        """
        INSERT INTO policies (policy, value, changed_by) VALUES ($1, $2, $3)
        ON CONFLICT (policy) DO UPDATE SET value = excluded.value, changed_by = excluded.changed_by, changed_at = now()
        """,
        policy.key,
        value,
        by,
    )
    await _note(tx, policy, before, value, by)
    return before


def _within(policy: Policy, value: int) -> None:
    if not policy.least <= value <= policy.most:
        raise Invalid({policy.key: N_("This is outside the range.")})


async def plan(tx: Tx, policy: Policy, value: int, from_day: date, today: date, by: UUID | None) -> bool:
    """From the beginning of a day to come this counts; an earlier plan is replaced. False when it was planned so
    already. Raises `Invalid` outside the range, and for a day that has begun."""
    _within(policy, value)
    if from_day <= today:
        raise Invalid({f"{policy.key}-from": N_("Please choose a day to come.")})
    tx.kept.pop(KEPT, None)
    return bool(
        await tx.execute(
            """
            INSERT INTO policy_plans AS p (policy, value, from_day, planned_by) VALUES ($1, $2, $3, $4)
            ON CONFLICT (policy) DO UPDATE
            SET value = excluded.value, from_day = excluded.from_day, planned_at = now(), planned_by = excluded.planned_by
            WHERE (p.value, p.from_day) <> (excluded.value, excluded.from_day)
            """,
            policy.key,
            value,
            from_day,
            by,
        )
    )


async def withdraw(tx: Tx, policy: Policy) -> bool:
    """What was planned does not come. False when nothing was."""
    tx.kept.pop(KEPT, None)
    return bool(await tx.execute("DELETE FROM policy_plans WHERE policy = $1", policy.key))


async def reset(tx: Tx, policy: Policy, by: UUID | None) -> int | None:
    """The default counts again; what counted before, or none when it did already."""
    before = await _before(tx, policy)
    if not await tx.execute("DELETE FROM policies WHERE policy = $1", policy.key):
        return None
    await _note(tx, policy, before, policy.default, by)
    return before


async def _before(tx: Tx, policy: Policy) -> int:
    value = await tx.value("SELECT value FROM policies WHERE policy = $1 FOR UPDATE", policy.key)
    return policy.default if value is None else value


async def _note(tx: Tx, policy: Policy, before: int, after: int, by: UUID | None) -> None:
    tx.kept.pop(KEPT, None)
    await tx.execute(
        "INSERT INTO policy_changes (change_id, policy, before, after, by) VALUES ($1, $2, $3, $4, $5)",
        ids.mint(),
        policy.key,
        before,
        after,
        by,
    )
