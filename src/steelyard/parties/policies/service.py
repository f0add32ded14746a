"""Deciding otherwise, and going back to the default."""

from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties.policies.model import Policy
from steelyard.parties.policies.queries import KEPT


async def settle(tx: Tx, policy: Policy, value: int, by: UUID | None) -> int | None:
    """From now on this counts; what counted before, or none when nothing changes. Raises `Invalid` outside the range."""
    if not policy.least <= value <= policy.most:
        raise Invalid({policy.key: N_("This is outside the range.")})
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
