"""HTTP idempotency keys: the same request under the same key is done once and answered alike, refusals included.

A key belongs to its caller. The first request claims it and works under an `operation_id` that stays with the key, so
that a command which claims that id has its effect once even if the process dies before its answer is kept: the next
request takes the claim over and works under the same id. (The header is that of draft-ietf-httpapi-idempotency-key.)
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx, Unreachable
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.sweeps import Sweep

KEY_LETTERS_MAX = 255
KEPT_HOURS = 48
# Longer than an answer takes: who has died with a key in hand does not keep it for longer than this.
ANSWER_SECONDS_MAX = 30
RETRY_AFTER_SECONDS = 1
FORGOTTEN_PER_ROUND_MAX = 1_000
FORGET_EVERY_SECONDS = 600.0
SERVER_ERROR_STATUS = 500

log = structlog.get_logger()


class Reply(msgspec.Struct, frozen=True):
    """An answer as it went over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class KeyUsedOtherwise(Refusal):
    """A key names one request; this one is different from the one it was used for."""

    code = "idempotency_key_reused"
    status = 409
    title = N_("This key was used for another request")
    detail = N_("Send a new idempotency key with a new request.")


class StillRunning(Refusal):
    """The first request under this key has not been answered yet; `retry_after` is in seconds."""

    code = "idempotency_key_in_progress"
    status = 409
    title = N_("This request is being worked on")
    detail = N_("Please ask again in {retry_after} seconds.")


class _Entry(msgspec.Struct, frozen=True):
    fingerprint: bytes
    operation_id: UUID
    claim: UUID
    late: bool
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None
    answered_at: datetime | None


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """What makes two requests the same: SHA-256 over method, path with query, and the raw body."""
    return hashlib.sha256(f"{method.upper()} {path}\n".encode() + body).digest()


async def once(
    db: Database, caller: str, key: str, request: bytes, answer: Callable[[UUID], Awaitable[Reply]]
) -> Reply:
    """The reply to `request` (its `fingerprint`): kept from the first time, or made now by `answer(operation_id)`.

    A reply of 500 and above and an exception are not kept: the next request tries again under the same operation id.
    Raises `KeyUsedOtherwise`, `StillRunning`, and `Invalid` for a key that is empty or too long.
    """
    if not 0 < len(key) <= KEY_LETTERS_MAX or not key.isprintable():
        raise Invalid({"Idempotency-Key": N_("1 to 255 printable characters")})
    claimed = await db.transact(claim, caller, key, request)
    if isinstance(claimed, Reply):
        return claimed
    operation_id, token = claimed
    kept = False
    try:
        reply = await answer(operation_id)
        if reply.status < SERVER_ERROR_STATUS:
            await db.transact(_keep, caller, key, token, reply)
            kept = True
        return reply
    finally:
        if not kept:
            await _let_go_of(db, caller, key, token)


async def _let_go_of(db: Database, caller: str, key: str, token: UUID) -> None:
    """Let the next request have the key at once; while the database is away, as soon as it is back."""
    try:
        await db.transact(_let_go, caller, key, token)
    except Unreachable:
        later = asyncio.create_task(_let_go_later(db, caller, key, token))
        _letting_go.add(later)
        later.add_done_callback(_letting_go.discard)


async def _let_go_later(db: Database, caller: str, key: str, token: UUID) -> None:
    for _ in range(ANSWER_SECONDS_MAX):
        await asyncio.sleep(RETRY_AFTER_SECONDS)
        try:
            await db.transact(_let_go, caller, key, token)
        except Unreachable:
            continue
        except Exception as error:  # the process ends, and the claim with its time
            log.warning("idempotency.not_let_go", error=str(error))
        return


_letting_go: set[asyncio.Task[None]] = set()


async def claim(tx: Tx, caller: str, key: str, request: bytes) -> Reply | tuple[UUID, UUID]:
    """The kept reply, or `(operation_id, claim)` for who must answer now. Raises as `once` does."""
    token = ids.mint()
    mine = await tx.value(
        """
        INSERT INTO http_idempotency_keys (caller, key, fingerprint, operation_id, claimed_at, claim)
        VALUES ($1, $2, $3, $4, now(), $5)
        ON CONFLICT (key, caller) DO NOTHING
        RETURNING operation_id
        """,
        caller,
        key,
        request,
        ids.mint(),
        token,
    )
    if mine is not None:
        return mine, token
    entry = await tx.one(
        _Entry,
        """
        SELECT fingerprint, operation_id, claim, status, headers, body, answered_at
             , claimed_at <= now() - $3 * interval '1 second' AS late
        FROM http_idempotency_keys WHERE caller = $1 AND key = $2
        FOR UPDATE
        """,
        caller,
        key,
        ANSWER_SECONDS_MAX,
    )
    if entry is None:  # forgotten between the two statements
        raise StillRunning(retry_after=RETRY_AFTER_SECONDS)
    if entry.fingerprint != request:
        raise KeyUsedOtherwise()
    if entry.status is not None and entry.headers is not None and entry.body is not None:
        return Reply(entry.status, entry.headers, entry.body)
    if not entry.late:
        raise StillRunning(retry_after=RETRY_AFTER_SECONDS)
    await tx.execute(
        "UPDATE http_idempotency_keys SET claim = $3, claimed_at = now() WHERE caller = $1 AND key = $2",
        caller,
        key,
        token,
    )
    return entry.operation_id, token


async def _keep(tx: Tx, caller: str, key: str, token: UUID, reply: Reply) -> None:
    await tx.execute(
        """
        UPDATE http_idempotency_keys SET status = $4, headers = $5, body = $6, answered_at = now()
        WHERE caller = $1 AND key = $2 AND claim = $3 AND answered_at IS NULL
        """,
        caller,
        key,
        token,
        reply.status,
        reply.headers,
        reply.body,
    )


async def _let_go(tx: Tx, caller: str, key: str, token: UUID) -> None:
    """The next request need not wait; it finds the same operation id."""
    await tx.execute(
        """
        UPDATE http_idempotency_keys SET claimed_at = now() - $4 * interval '1 second'
        WHERE caller = $1 AND key = $2 AND claim = $3 AND answered_at IS NULL
        """,
        caller,
        key,
        token,
        ANSWER_SECONDS_MAX,
    )


async def forget(tx: Tx) -> int:
    """Delete what is older than `KEPT_HOURS`, a batch at a time; returns how many went."""
    return await tx.execute(
        """
        DELETE FROM http_idempotency_keys WHERE (key, caller) IN (
            SELECT key, caller FROM http_idempotency_keys
            WHERE claimed_at < now() - $1 * interval '1 hour'
            ORDER BY claimed_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        KEPT_HOURS,
        FORGOTTEN_PER_ROUND_MAX,
    )


SWEEP = Sweep("idempotency.forget", FORGET_EVERY_SECONDS, lambda db: db.transact(forget))
