"""Limits on what a role may give back alone: dated, per currency, by default none. See docs/algorithms/refunds.md."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.limit_model import AMOUNT_MAX, Allowed, Giver, Limit

LIMITS_SHOWN_MAX = 500


async def limits_of(read: Read, merchant_id: MerchantId | None) -> list[Limit]:
    """All limits of a shop's roles, or with None of the operator's: of each role and currency the latest first."""
    if merchant_id is None:
        return await read.all(
            Limit,
            """
            SELECT role_id, currency, valid_from, per_refund, per_day, set_by, set_at FROM platform_refund_limits
            ORDER BY role_id, currency, valid_from DESC LIMIT $1
            """,
            LIMITS_SHOWN_MAX,
        )
    return await read.all(
        Limit,
        """
        SELECT role_id, currency, valid_from, per_refund, per_day, set_by, set_at FROM refund_limits
        WHERE merchant_id = $1 ORDER BY role_id, currency, valid_from DESC LIMIT $2
        """,
        merchant_id,
        LIMITS_SHOWN_MAX,
    )


def in_force(limits: Sequence[Limit], now: datetime) -> dict[tuple[str, str], Limit]:
    """By role and currency, the latest that has begun."""
    found: dict[tuple[str, str], Limit] = {}
    for limit in sorted(limits, key=lambda each: each.valid_from):
        if limit.valid_from <= now:
            found[limit.role_id, limit.currency] = limit
    return found


async def allowed(read: Read, giver: Giver, currency: str, now: datetime | None = None) -> Allowed:
    """What somebody may give back alone: the widest of their roles counts, for each of the two limits by itself.

    A role without any limit may give back what there is. One that has a limit in some currency and says nothing of this one
    may give back nothing alone in it.
    """
    counting = in_force(await limits_of(read, giver.merchant_id), now or datetime.now(UTC))
    return combined(counting, giver.roles, currency)


def combined(counting: dict[tuple[str, str], Limit], roles: Sequence[str], currency: str) -> Allowed:
    each = [_of_role(counting, role_id, currency) for role_id in roles]
    if not each:
        return Allowed(per_refund=0, per_day=0)
    refunds, days = [one.per_refund for one in each], [one.per_day for one in each]
    return Allowed(per_refund=_widest(refunds), per_day=_widest(days))


def _of_role(counting: dict[tuple[str, str], Limit], role_id: str, currency: str) -> Allowed:
    own = counting.get((role_id, currency))
    if own is not None:
        return Allowed(per_refund=own.per_refund, per_day=own.per_day)
    limited = any(
        role == role_id and (limit.per_refund is not None or limit.per_day is not None)
        for (role, _), limit in counting.items()
    )
    return Allowed(per_refund=0, per_day=0) if limited else Allowed()


def _widest(limits: Sequence[int | None]) -> int | None:
    known = [limit for limit in limits if limit is not None]
    return max(known) if len(known) == len(limits) else None


async def set_limit(
    tx: Tx,
    merchant_id: MerchantId | None,
    role_id: str,
    currency: str,
    *,
    per_refund: int | None,
    per_day: int | None,
    valid_from: datetime,
    by: UUID | None,
    now: datetime | None = None,
) -> None:
    """Limit what a role may give back alone from a moment on (None: as much as there is); said twice, the first counts.

    What has begun is not changed any more: a new limit follows it. Raises `Invalid`.
    """
    now = now or datetime.now(UTC)
    for name, amount in (("per_refund", per_refund), ("per_day", per_day)):
        if amount is not None and not 0 <= amount <= AMOUNT_MAX:
            raise Invalid({name: N_("Please enter an amount, or leave it empty for no limit.")})
    if per_refund is not None and per_day is not None and per_day < per_refund:
        raise Invalid({"per_day": N_("A day’s limit is not below that of one refund.")})
    if merchant_id is None:
        await tx.execute(
            """
            INSERT INTO platform_refund_limits (role_id, currency, valid_from, per_refund, per_day, set_by, set_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (role_id, currency, valid_from) DO NOTHING
            """,
            role_id,
            currency,
            valid_from,
            per_refund,
            per_day,
            by,
            now,
        )
        return
    await tx.execute(
        """
        INSERT INTO refund_limits (merchant_id, role_id, currency, valid_from, per_refund, per_day, set_by, set_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (merchant_id, role_id, currency, valid_from) DO NOTHING
        """,
        merchant_id,
        role_id,
        currency,
        valid_from,
        per_refund,
        per_day,
        by,
        now,
    )
