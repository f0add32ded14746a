"""What staff did is written down in its own transaction, with what became different by it, field by field."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from steelyard.kernel import ids, logs
from steelyard.kernel.db import Tx
from steelyard.parties.access.model import Actor

FIELDS_MAX = 200
LETTERS_MAX = 2_000

Told = Mapping[str, object] | msgspec.Struct | None


async def audit(
    tx: Tx,
    actor: Actor,
    action: str,
    subject: str,
    facts: Mapping[str, object] | None = None,
    *,
    merchant_id: UUID | None = None,
    before: Told = None,
    after: Told = None,
) -> None:
    """Write down a command of staff, in its transaction: `audit(tx, actor, "orders.ship", order_code, {...})`.

    Where a thing was changed, `before` and `after` are the thing itself (a struct or a mapping): what differs between
    them is kept, field by field. `merchant_id` says whose affair it was when the actor is not that merchant's staff. No
    secrets in either. The id of the request is added from the log's context.
    """
    account = actor.account
    await tx.execute(
        """
        INSERT INTO audit_log (audit_id, account_id, merchant_id, action, subject, facts, changes, request_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        ids.mint(),
        account.account_id if account else None,
        (account.merchant_id if account else None) or merchant_id,
        action,
        subject,
        dict(facts or {}),
        changes(before, after),
        logs.request_id(),
    )


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What one of many at once did; `request_id` is that of the request that asked for it."""

    actor: Actor
    action: str
    subject: str
    facts: Mapping[str, object]
    request_id: str | None


async def audit_all(tx: Tx, acts: Sequence[Act]) -> None:
    """`audit` for what many did in one transaction."""
    accounts = [act.actor.account for act in acts]
    await tx.execute(
        """
        INSERT INTO audit_log (audit_id, account_id, merchant_id, action, subject, facts, changes, request_id)
        SELECT audit_id, account_id, merchant_id, action, subject, facts, '[]', request_id
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::jsonb[], $7::text[])
            AS a (audit_id, account_id, merchant_id, action, subject, facts, request_id)
        """,
        [ids.mint() for _ in acts],
        [account.account_id if account else None for account in accounts],
        [account.merchant_id if account else None for account in accounts],
        [act.action for act in acts],
        [act.subject for act in acts],
        [dict(act.facts) for act in acts],
        [act.request_id for act in acts],
    )


def changes(before: Told, after: Told) -> list[dict[str, Any]]:
    """What differs, by field; the fields of a mapping within one are named with a point between: `payout.bank`. What
    was not there before, or is not there any more, is null on that side."""
    had, has = _flat(before), _flat(after)
    names = [*had, *(name for name in has if name not in had)]
    differing = [name for name in names if had.get(name) != has.get(name)]
    return [
        {"field": name, "before": _short(had.get(name)), "after": _short(has.get(name))}
        for name in differing[:FIELDS_MAX]
    ]


def _flat(told: Told) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def walk(name: str, value: object) -> None:
        if isinstance(value, dict) and value:
            for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]  # what JSON holds
                walk(f"{name}.{key}" if name else str(key), inner)  # pyright: ignore[reportUnknownArgumentType]  # as above
        elif name:
            found[name] = value if value != {} else None

    walk("", msgspec.to_builtins(told) if told is not None else {})
    return found


def _short(value: object) -> object:
    return value[:LETTERS_MAX] if isinstance(value, str) else value
