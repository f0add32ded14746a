"""HTTP idempotency keys: the same request under the same key is done once and answered alike, refusals included.

A key belongs to its caller. The first request claims it and works under an `operation_id` that stays with the key, so
that a command which claims that id has its effect once even if the process dies before its answer is kept: the next
request takes the claim over and works under the same id. Keys that are asked for at the same moment are claimed, and
answers kept, together: see `batching`. (The header is that of draft-ietf-httpapi-idempotency-key.)

What is done by the database alone is claimed, done and kept in one transaction (`answer_all`): either all of it is there
or nothing is, and nobody else sees the key in between.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog

from steelyard.kernel import ids
from steelyard.kernel.batching import join
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


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's wish to answer a request (its `fingerprint`). `claim` is new each time, so that no two are the same."""

    caller: str
    key: str
    fingerprint: bytes
    claim: UUID

    @property
    def name(self) -> tuple[str, str]:
        return self.key, self.caller


class Kept(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The answer of who has the claim."""

    held: Claim
    reply: Reply


class Mine(NamedTuple):
    """Whose claim holds: its place among those who asked, and the id that its work is done under."""

    place: int
    operation_id: UUID


class _Entry(msgspec.Struct, frozen=True):
    caller: str
    key: str
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
    db: Database,
    caller: str,
    key: str,
    request: bytes,
    answer: Callable[[UUID], Awaitable[Reply]],
    at_once: Callable[[Claim], Awaitable[Reply | UUID]] | None = None,
) -> Reply:
    """The reply to `request` (its `fingerprint`): kept from the first time, or made now by `answer(operation_id)`.

    `at_once` claims the key by way of `answer_all`, and answers with what that says of it. A reply of 500 and above and an
    exception are not kept: the next request tries again under the same operation id. Raises `KeyUsedOtherwise`,
    `StillRunning`, and `Invalid` for a key that is empty or too long.
    """
    if not 0 < len(key) <= KEY_LETTERS_MAX or not key.isprintable():
        raise Invalid({"Idempotency-Key": N_("1 to 255 printable characters")})
    held = Claim(caller=caller, key=key, fingerprint=request, claim=ids.mint())
    claimed = await (at_once(held) if at_once else join(db, claim_all, held, lambda wanted: wanted.name))
    if isinstance(claimed, Reply):
        return claimed
    kept = False
    try:
        reply = await answer(claimed)
        if reply.status < SERVER_ERROR_STATUS:
            await join(db, keep_all, Kept(held=held, reply=reply), lambda kept: kept.held.name)
            kept = True
        return reply
    finally:
        if not kept:
            await _let_go_of(db, caller, key, held.claim)


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


async def claim_all(tx: Tx, claims: Sequence[Claim]) -> list[Reply | UUID | Refusal]:
    """For each the kept reply, or the operation id for who must answer now, or the refusal that `once` raises.

    Keys are claimed in their order, each once.
    """
    operation_of = await _claim_fresh(tx, sorted(claims, key=lambda wanted: wanted.name))
    known = [wanted for wanted in claims if wanted.name not in operation_of]
    entries = await _entries(tx, known) if known else {}
    answers = {wanted.name: _known(wanted, entries.get(wanted.name)) for wanted in known}
    if late := [wanted for wanted in known if isinstance(answers[wanted.name], UUID)]:
        await _take_over(tx, late)
    return [operation_of.get(wanted.name) or answers[wanted.name] for wanted in claims]


async def answer_all(
    tx: Tx, claims: Sequence[Claim], answer: Callable[[Sequence[Mine]], Awaitable[Sequence[Reply | None]]]
) -> list[Reply | UUID | Refusal]:
    """`claim_all`, and in the same transaction what `answer` says to those who must answer now, kept.

    For whom it says none, the claim stands, as after `claim_all`: they go on under their operation id.
    """
    said = await claim_all(tx, claims)
    mine = [Mine(place, one) for place, one in enumerate(said) if isinstance(one, UUID)]
    if mine:
        answered = [
            (place, reply)
            for (place, _), reply in zip(mine, await answer(mine), strict=True)
            if reply is not None and reply.status < SERVER_ERROR_STATUS
        ]
        await keep_all(tx, [Kept(held=claims[place], reply=reply) for place, reply in answered])
        for place, reply in answered:
            said[place] = reply
    return said


async def _claim_fresh(tx: Tx, claims: Sequence[Claim]) -> dict[tuple[str, str], UUID]:
    rows = await tx.fetch(
        """
        INSERT INTO http_idempotency_keys (caller, key, fingerprint, operation_id, claimed_at, claim)
        SELECT caller, key, fingerprint, operation_id, now(), claim
        FROM unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::uuid[])
            WITH ORDINALITY AS w (caller, key, fingerprint, operation_id, claim, place)
        ORDER BY place
        ON CONFLICT (key, caller) DO NOTHING
        RETURNING key, caller, operation_id
        """,
        [wanted.caller for wanted in claims],
        [wanted.key for wanted in claims],
        [wanted.fingerprint for wanted in claims],
        [ids.mint() for _ in claims],
        [wanted.claim for wanted in claims],
    )
    return {(row["key"], row["caller"]): row["operation_id"] for row in rows}


async def _entries(tx: Tx, claims: Sequence[Claim]) -> dict[tuple[str, str], _Entry]:
    """What stands under these keys; held until the transaction ends."""
    found = await tx.all(
        _Entry,
        """
        SELECT k.caller, k.key, k.fingerprint, k.operation_id, k.claim, k.status, k.headers, k.body, k.answered_at
             , k.claimed_at <= now() - $3 * interval '1 second' AS late
        FROM http_idempotency_keys k JOIN unnest($1::text[], $2::text[]) AS w (caller, key) USING (key, caller)
        ORDER BY k.key, k.caller
        FOR UPDATE OF k
        """,
        [wanted.caller for wanted in claims],
        [wanted.key for wanted in claims],
        ANSWER_SECONDS_MAX,
    )
    return {(entry.key, entry.caller): entry for entry in found}


def _known(wanted: Claim, entry: _Entry | None) -> Reply | UUID | Refusal:
    """The answer to who finds a key claimed: its operation id when the claim is late and may be taken over."""
    if entry is None:  # forgotten between the two statements
        return StillRunning(retry_after=RETRY_AFTER_SECONDS)
    if entry.fingerprint != wanted.fingerprint:
        return KeyUsedOtherwise()
    if entry.status is not None and entry.headers is not None and entry.body is not None:
        return Reply(entry.status, entry.headers, entry.body)
    return entry.operation_id if entry.late else StillRunning(retry_after=RETRY_AFTER_SECONDS)


async def _take_over(tx: Tx, claims: Sequence[Claim]) -> None:
    await tx.execute(
        """
        UPDATE http_idempotency_keys k SET claim = w.claim, claimed_at = now()
        FROM unnest($1::text[], $2::text[], $3::uuid[]) AS w (caller, key, claim)
        WHERE k.caller = w.caller AND k.key = w.key
        """,
        [wanted.caller for wanted in claims],
        [wanted.key for wanted in claims],
        [wanted.claim for wanted in claims],
    )


async def keep_all(tx: Tx, answers: Sequence[Kept]) -> list[None]:
    """Keep these answers, each unless another has taken the claim over meanwhile."""
    answers_by_key = sorted(answers, key=lambda kept: kept.held.name)
    await tx.execute(
        """
        UPDATE http_idempotency_keys k SET status = w.status, headers = w.headers, body = w.body, answered_at = now()
        FROM unnest($1::text[], $2::text[], $3::uuid[], $4::integer[], $5::jsonb[], $6::bytea[])
            AS w (caller, key, claim, status, headers, body)
        WHERE k.caller = w.caller AND k.key = w.key AND k.claim = w.claim AND k.answered_at IS NULL
        """,
        [kept.held.caller for kept in answers_by_key],
        [kept.held.key for kept in answers_by_key],
        [kept.held.claim for kept in answers_by_key],
        [kept.reply.status for kept in answers_by_key],
        [kept.reply.headers for kept in answers_by_key],
        [kept.reply.body for kept in answers_by_key],
    )
    return [None] * len(answers)


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
