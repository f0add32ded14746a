"""What is said against a chargeback: by the shop, in its time; then by staff, to the channel, once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from steelyard.kernel.db import Row, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.money.payments import EVIDENCE_FACTS
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.chargebacks import service, states
from steelyard.trade.chargebacks.model import (
    FILES_PER_PART_MAX,
    WORDS_CHARACTERS_MAX,
    Answer,
    Bearer,
    Chargeback,
    ChargebackId,
    ChargebackState,
    DueAnswer,
    NotOpen,
    Part,
    TooLateToAnswer,
)

FIRST_PAUSE_SECONDS = 5
PAUSE_SECONDS_MAX = 600
FAILURE_CHARACTERS_MAX = 500
EXPIRED_PER_SWEEP = 20
BY = "system"


async def _lock_part(tx: Tx, merchant_id: MerchantId, chargeback_id: ChargebackId, order_id: UUID) -> Part:
    """One merchant's part; another's is not there. Raises `NotFound`."""
    part = await tx.one(
        Part,
        """
        SELECT merchant_id, chargeback_id, order_id, code, amount, currency, reason, state, opened_at, shop_due_at, round, frozen
             , bearer, bearer_why, refund_id, made_good, fee, words, answered_at, answered_by, held, sent_anyway_at
             , sent_anyway_by, sent_anyway_why
        FROM chargeback_parts WHERE merchant_id = $1 AND chargeback_id = $2 AND order_id = $3 FOR UPDATE
        """,
        merchant_id,
        chargeback_id,
        order_id,
    )
    if part is None:
        raise NotFound()
    return part


async def say(
    tx: Tx,
    merchant_id: MerchantId,
    chargeback_id: ChargebackId,
    order_id: UUID,
    words: str,
    by: str,
    now: datetime | None = None,
) -> None:
    """The shop's word on it, for staff to check and hand on. It can be said anew until the shop's time is over.

    Raises `NotFound`, `TooLateToAnswer`, `Invalid`.
    """
    part = await _lock_part(tx, merchant_id, chargeback_id, order_id)
    if not part.waits_for_shop(now or datetime.now(UTC)):
        raise TooLateToAnswer()
    words = words.strip()
    if not words:
        raise Invalid({"words": N_("Please say what speaks against it: the bank decides by it.")})
    if len(words) > WORDS_CHARACTERS_MAX:
        raise Invalid({"words": N_("Please be brief: 2,000 characters at most")})
    await tx.execute(
        """
        UPDATE chargeback_parts SET words = $4, answered_at = now(), answered_by = $5
        WHERE merchant_id = $1 AND chargeback_id = $2 AND order_id = $3
        """,
        merchant_id,
        chargeback_id,
        order_id,
        words,
        by,
    )


async def add_file(
    tx: Tx,
    part: tuple[MerchantId, ChargebackId, UUID],
    file_id: UUID,
    stored: tuple[str, str, int],
    by: str,
    now: datetime | None = None,
) -> None:
    """Hand in a file, `stored` as (name in the private store, the name it had, its bytes), for a part named by merchant,
    chargeback and order. Said twice with the same id, the second changes nothing.

    Raises `NotFound`, `TooLateToAnswer`, `Invalid` when there are too many.
    """
    locked = await _lock_part(tx, *part)
    if not locked.waits_for_shop(now or datetime.now(UTC)):
        raise TooLateToAnswer()
    there: int = await tx.value(
        """
        SELECT count(*)::integer FROM chargeback_files
        WHERE merchant_id = $1 AND chargeback_id = $2 AND order_id = $3 AND file_id <> $4
        """,
        *part,
        file_id,
    )
    if there >= FILES_PER_PART_MAX:
        raise Invalid({"file": N_("There can be at most eight files")})
    await tx.execute(
        """
        INSERT INTO chargeback_files (merchant_id, file_id, chargeback_id, order_id, file, name, bytes, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (merchant_id, file_id) DO NOTHING
        """,
        locked.merchant_id,
        file_id,
        locked.chargeback_id,
        locked.order_id,
        *stored,
        by,
    )


async def remove_file(
    tx: Tx, part: tuple[MerchantId, ChargebackId, UUID], file_id: UUID, now: datetime | None = None
) -> None:
    """Take a file back while the shop still has time. Raises `NotFound`, `TooLateToAnswer`."""
    locked = await _lock_part(tx, *part)
    if not locked.waits_for_shop(now or datetime.now(UTC)):
        raise TooLateToAnswer()
    await tx.execute(
        "DELETE FROM chargeback_files WHERE merchant_id = $1 AND chargeback_id = $2 AND order_id = $3 AND file_id = $4",
        *part,
        file_id,
    )


async def set_bearer(tx: Tx, chargeback_id: ChargebackId, order_id: UUID, bearer: Bearer | None, why: str) -> None:
    """Say who bears a part if it is lost, with a reason, against the rule; none: the rule decides. While it is open.

    Raises `NotFound`, `NotOpen`, `Invalid`.
    """
    chargeback = await states.lock(tx, chargeback_id)
    if not chargeback.open:
        raise NotOpen()
    why = why.strip()
    if bearer is not None and not why:
        raise Invalid({"bearer_why": N_("Please give a reason: the shop reads it.")})
    if len(why) > WORDS_CHARACTERS_MAX:
        raise Invalid({"bearer_why": N_("Please be brief: 2,000 characters at most")})
    changed = await tx.execute(
        "UPDATE chargeback_parts SET bearer = $3, bearer_why = $4 WHERE chargeback_id = $1 AND order_id = $2",
        chargeback_id,
        order_id,
        bearer,
        why if bearer else "",
    )
    if not changed:
        raise NotFound()


async def answer(
    tx: Tx,
    chargeback_id: ChargebackId,
    what: Answer,
    facts: Mapping[str, str],
    words: str,
    by: str,
    *,
    by_channel: bool,
) -> None:
    """Staff answer, once: evidence, or that it is not contested. `by_channel`: the channel is told by us, and it counts when it
    says so; else staff have told the bank themselves, and it counts now. Said twice, the second changes nothing.

    Raises `NotFound`, `NotOpen`, `Invalid`.
    """
    held = await service.hold(tx, chargeback_id)
    known = held.chargeback
    if known.answer is what and known.state is not ChargebackState.EVIDENCE_DUE:
        return
    if known.state is not ChargebackState.EVIDENCE_DUE:
        raise NotOpen()
    words = words.strip()
    if what is Answer.EVIDENCE and not words:
        raise Invalid({"words": N_("Please say what speaks against it: the bank decides by it.")})
    given = {name: facts[name].strip() for name in EVIDENCE_FACTS if facts.get(name, "").strip()}
    if any(len(each) > WORDS_CHARACTERS_MAX for each in (*given.values(), words)):
        raise Invalid({"words": N_("Please be brief: 2,000 characters at most")})
    await tx.execute(
        """
        UPDATE chargebacks SET answer = $3, facts = $4, words = $5, failure = NULL
        WHERE buyer_id = $1 AND chargeback_id = $2
        """,
        known.buyer_id,
        known.chargeback_id,
        what,
        given if what is Answer.EVIDENCE else {},
        words if what is Answer.EVIDENCE else "",
    )
    if by_channel:
        await states.move(tx, known, ChargebackState.ANSWERING, by)
    elif what is Answer.EVIDENCE:
        await states.move(tx, known, ChargebackState.SUBMITTED, by)
    else:
        await service.end(tx, held, ChargebackState.ACCEPTED, by)


async def to_answer(tx: Tx, limit: int) -> list[DueAnswer]:
    """Take up to `limit` answers that channels are to be told now; the next try is pushed ahead first (5 s … 10 minutes)."""
    return await tx.all(
        DueAnswer,
        """
        WITH due AS (
            SELECT buyer_id, chargeback_id FROM chargebacks WHERE answer_at <= now()
            ORDER BY answer_at LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        UPDATE chargebacks c
        SET attempts = c.attempts + 1, answer_at = now() + least($2 * 2 ^ least(c.attempts, 20), $3) * interval '1 second'
        FROM due WHERE (c.buyer_id, c.chargeback_id) = (due.buyer_id, due.chargeback_id)
        RETURNING c.chargeback_id, c.channel, c.reference, c.answer, c.facts, c.words
        """,
        limit,
        FIRST_PAUSE_SECONDS,
        PAUSE_SECONDS_MAX,
    )


async def answered(tx: Tx, chargeback_id: ChargebackId, what: Answer) -> None:
    """The channel has our answer. Where it was decided or answered meanwhile, that stands."""
    held = await service.hold(tx, chargeback_id)
    if held.chargeback.state is not ChargebackState.ANSWERING:
        return
    if what is Answer.EVIDENCE:
        await states.move(tx, held.chargeback, ChargebackState.SUBMITTED, "channel")
    else:
        await service.end(tx, held, ChargebackState.ACCEPTED, "channel")


async def answer_refused(tx: Tx, chargeback_id: ChargebackId, why: str) -> None:
    """The channel will not take our answer: staff see why, and may answer otherwise while there is time."""
    chargeback = await states.lock(tx, chargeback_id)
    if chargeback.state is not ChargebackState.ANSWERING:
        return
    back = await states.move(tx, chargeback, ChargebackState.EVIDENCE_DUE, "channel")
    await tx.execute(
        "UPDATE chargebacks SET failure = $3 WHERE buyer_id = $1 AND chargeback_id = $2",
        back.buyer_id,
        back.chargeback_id,
        why[:FAILURE_CHARACTERS_MAX],
    )


async def decide_by_hand(tx: Tx, chargeback_id: ChargebackId, state: ChargebackState, by: str) -> Chargeback:
    """What a bank's letter says came of it: won, lost, recovered after that, or, of an inquiry, closed. Said twice, the second
    changes nothing.

    Raises `NotFound`, `TransitionRefused`.
    """
    held = await service.hold(tx, chargeback_id)
    if held.chargeback.state is not state:
        await service.end(tx, held, state, by)
    return await states.lock(tx, chargeback_id)


async def expire(tx: Tx, now: datetime | None = None) -> int:
    """What nobody has answered by the channel's day is lost by silence; returns how many. What another transaction holds is left
    to the next round."""
    now = now or datetime.now(UTC)
    due = await tx.fetch(
        """
        SELECT c.chargeback_id FROM chargebacks c JOIN orders o USING (purchase_id)
        WHERE c.ended_at IS NULL AND c.due_at <= $1 AND c.state IN ('evidence_due', 'answering')
        ORDER BY c.due_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED
        """,
        now,
        EXPIRED_PER_SWEEP,
    )
    for chargeback_id in _each(due):
        held = await service.hold(tx, chargeback_id)
        late = held.chargeback.due_at is not None and held.chargeback.due_at <= now
        if late and held.chargeback.state in (ChargebackState.EVIDENCE_DUE, ChargebackState.ANSWERING):
            await service.end(tx, held, ChargebackState.EXPIRED, BY)
    return len(due)


def _each(rows: Sequence[Row]) -> list[ChargebackId]:
    return [ChargebackId(each) for each in dict.fromkeys(row["chargeback_id"] for row in rows)]


async def forget(tx: Tx, buyer_ids: Sequence[UUID]) -> None:
    """Erase what was handed in about buyers who leave, of chargebacks that have ended: name, e-mail, address, words."""
    await tx.execute(
        "UPDATE chargebacks SET facts = '{}', words = '', note = '' WHERE buyer_id = ANY($1) AND ended_at IS NOT NULL",
        list(buyer_ids),
    )
