"""Taking what was authorised: order by order, once it is packed or sent.

A shop's command only marks its own split (`want`), in its own transaction. What is marked is written down as a capture
(`to_capture`), the channel is called with no transaction open, and what it answered is recorded (`record_capture`): only then is
money in the books. What is not wanted any more is let go (`releases`), and the channel told once every order's part is decided
(`to_void`, `record_void`). A channel that captures once takes the sum of what is still wanted when the first part is.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import ledger
from steelyard.money.payments.capture_model import (
    Capture,
    CaptureAnswer,
    CaptureId,
    CaptureUnderWay,
    DueCapture,
    Moment,
)
from steelyard.money.payments.model import ChannelAnswer, PaymentSplit
from steelyard.money.payments.outcomes import allotted, captured
from steelyard.money.payments.refunds import refund_surplus
from steelyard.money.payments.state_model import CAPTURE_MACHINE, CaptureState, PaymentState
from steelyard.money.payments.voids import close, step

FIRST_PAUSE_SECONDS = 10
PAUSE_SECONDS_MAX = 300


async def want(tx: Tx, orders: Sequence[tuple[UUID, UUID]], moment: Moment) -> None:
    """These orders (merchant, order) are packed, or sent: what is authorised for them is to be captured, where their shop wants
    it by then. What was captured when it was paid is not touched."""
    await tx.execute(
        """
        UPDATE payment_splits s SET wanted_at = now()
        FROM unnest($1::uuid[], $2::uuid[]) AS o (merchant_id, order_id) JOIN merchants m USING (merchant_id)
        WHERE (s.merchant_id, s.order_id) = (o.merchant_id, o.order_id) AND s.wanted_at IS NULL
          AND s.capturing + s.captured + s.released < s.authorised AND ($3 = 'sending' OR m.captures <> 'at_sending')
        """,
        [merchant_id for merchant_id, _ in orders],
        [order_id for _, order_id in orders],
        moment,
    )


async def require_collected(read: Read, orders: Sequence[tuple[UUID, UUID]]) -> None:
    """Raises `CaptureUnderWay` while something of the money of these orders (merchant, order) is authorised only, or being
    taken."""
    row = await read.row(
        """
        SELECT s.order_id
        FROM unnest($1::uuid[], $2::uuid[]) AS o (merchant_id, order_id) JOIN payment_splits s USING (merchant_id, order_id)
        WHERE s.captured + s.released < s.authorised LIMIT 1
        """,
        [merchant_id for merchant_id, _ in orders],
        [order_id for _, order_id in orders],
    )
    if row is not None:
        raise CaptureUnderWay(order_id=row["order_id"])


async def to_capture(tx: Tx, once: Collection[str], limit: int) -> list[DueCapture]:
    """Write down captures of what is wanted, and take those that are to be asked for (again) now.

    `once`: the channels that capture a payment once. The next attempt is pushed ahead first, so that two processes never ask for
    the same and one that dies has only delayed it: asked twice under its id, a capture is done once.
    """
    rows = await tx.fetch(
        """
        SELECT DISTINCT payment_id FROM (
            SELECT payment_id FROM payment_splits
            WHERE wanted_at IS NOT NULL AND refused_at IS NULL AND capturing + captured + released < authorised
            ORDER BY wanted_at LIMIT $1) AS wanted
        """,
        limit,
    )
    for row in sorted(row["payment_id"] for row in rows):
        await _instruct(tx, row, once)
    return await tx.all(
        DueCapture,
        """
        WITH due AS (
            SELECT buyer_id, capture_id FROM payment_captures
            WHERE attempt_at <= now() ORDER BY attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED
        ), asked AS (
            UPDATE payment_captures c
            SET attempts = c.attempts + 1
              , attempt_at = now() + least($2 * 2 ^ least(c.attempts, 20), $3) * interval '1 second'
            FROM due WHERE (c.buyer_id, c.capture_id) = (due.buyer_id, due.capture_id)
            RETURNING c.buyer_id, c.payment_id, c.capture_id, c.amount, c.final
        )
        SELECT a.capture_id, a.amount AS take, a.final, p.payment_id, p.channel, p.channel_reference AS reference, p.amount
             , p.currency, p.created_at, p.expires_at
        FROM asked a JOIN payments p USING (buyer_id, payment_id)
        """,
        limit,
        FIRST_PAUSE_SECONDS,
        PAUSE_SECONDS_MAX,
    )


async def _instruct(tx: Tx, payment_id: UUID, once: Collection[str]) -> None:
    payment = await tx.row(
        "SELECT buyer_id, channel, currency, state FROM payments WHERE payment_id = $1 FOR UPDATE SKIP LOCKED",
        payment_id,
    )
    if payment is None or payment["state"] != PaymentState.AUTHORISED:
        return
    at_once = payment["channel"] in once
    parts = [split for split in await lock_splits(tx, payment_id, wanted=not at_once) if split.uncaptured]
    if not parts:
        return
    capture_id = CaptureId(ids.mint())
    await tx.execute(
        """
        INSERT INTO payment_captures (buyer_id, capture_id, payment_id, document, amount, currency, final, state, attempt_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'instructed', now())
        """,
        payment["buyer_id"],
        capture_id,
        payment_id,
        payment_id if at_once else capture_id,
        sum(split.uncaptured for split in parts),
        payment["currency"],
        at_once or await _nothing_else(tx, payment_id, [split.order_id for split in parts]),
    )
    await step(tx, payment["buyer_id"], capture_id, "nowhere", CaptureState.INSTRUCTED, "system")
    await tx.execute(
        """
        WITH parts AS (
            UPDATE payment_splits s SET capturing = s.capturing + p.amount
            FROM unnest($2::uuid[], $3::uuid[], $4::bigint[]) AS p (merchant_id, order_id, amount)
            WHERE (s.merchant_id, s.order_id, s.payment_id) = (p.merchant_id, p.order_id, $1)
            RETURNING s.merchant_id, s.order_id, p.amount
        )
        INSERT INTO payment_capture_parts (merchant_id, order_id, payment_id, capture_id, amount)
        SELECT merchant_id, order_id, $1, $5, amount FROM parts
        """,
        payment_id,
        [split.merchant_id for split in parts],
        [split.order_id for split in parts],
        [split.uncaptured for split in parts],
        capture_id,
    )


async def lock_splits(tx: Tx, payment_id: UUID, *, wanted: bool = False) -> list[PaymentSplit]:
    """The splits of a payment, held until the transaction ends; `wanted`: those that are to be captured."""
    return await tx.all(
        PaymentSplit,
        """
        SELECT merchant_id, order_id, payment_id, buyer_id, channel, amount, currency, authorised, capturing, captured, released
             , refunding, refunded
        FROM payment_splits
        WHERE payment_id = $1 AND (NOT $2 OR (wanted_at IS NOT NULL AND refused_at IS NULL))
        ORDER BY merchant_id, order_id FOR UPDATE
        """,
        payment_id,
        wanted,
    )


async def _nothing_else(read: Read, payment_id: UUID, order_ids: Sequence[UUID]) -> bool:
    """Whether no other order's part of it is still to be decided."""
    return not await read.value(
        """
        SELECT EXISTS (SELECT FROM payment_splits
                       WHERE payment_id = $1 AND order_id <> ALL ($2::uuid[]) AND captured + released < authorised)
        """,
        payment_id,
        list(order_ids),
    )


async def record_capture(tx: Tx, capture_id: UUID, answer: CaptureAnswer, by: str) -> CaptureState:
    """Write down what the channel says of a capture; returns the state it is in now. Raises `NotFound`.

    What was taken is in the books, and held for the orders until receipt. What the channel will not take is marked: what was
    not sent is called off, what was sent is given back, by those who sell it. Said twice, the second changes nothing.
    """
    payment = await tx.row(
        """
        SELECT p.buyer_id, p.payment_id, p.channel FROM payments p
        WHERE (p.buyer_id, p.payment_id) = (SELECT c.buyer_id, c.payment_id FROM payment_captures c WHERE c.capture_id = $1)
        FOR UPDATE
        """,
        capture_id,
    )
    if payment is None:
        raise NotFound(capture_id=capture_id)
    await lock_splits(tx, payment["payment_id"])
    (before,) = [each for each in await captures_of(tx, payment["payment_id"]) if each.capture_id == capture_id]
    if not CAPTURE_MACHINE.allows(before.state, answer.state):
        return before.state
    await tx.execute(
        """
        UPDATE payment_captures SET state = $3, failure = $4, attempt_at = NULL, ended_at = now()
        WHERE buyer_id = $1 AND capture_id = $2
        """,
        before.buyer_id,
        capture_id,
        str(answer.state),
        answer.failure,
    )
    await step(tx, before.buyer_id, capture_id, before.state, answer.state, by)
    taken = answer.state is CaptureState.SUCCEEDED
    parts = await tx.fetch(
        """
        UPDATE payment_splits s
        SET capturing = s.capturing - c.amount
          , captured = s.captured + CASE WHEN $3 THEN c.amount ELSE 0 END
          , refused_at = CASE WHEN $3 THEN s.refused_at ELSE now() END
        FROM payment_capture_parts c
        WHERE c.capture_id = $2 AND (s.merchant_id, s.order_id, s.payment_id) = (c.merchant_id, c.order_id, $1)
        RETURNING s.merchant_id, c.amount
        """,
        before.payment_id,
        capture_id,
        taken,
    )
    if taken:
        await _book(tx, before, payment["channel"], [(row["merchant_id"], row["amount"]) for row in parts])
        await close(tx, before.payment_id, by, told=before.final)
    return answer.state


async def _book(tx: Tx, capture: Capture, channel: str, parts: Sequence[tuple[UUID, int]]) -> None:
    """The money is at the channel, and each order's part of it held for its merchant."""
    assert sum(amount for _, amount in parts) == capture.amount, "a capture is the sum of its parts"
    by_merchant: dict[UUID, int] = {}
    for merchant_id, amount in parts:
        by_merchant[merchant_id] = by_merchant.get(merchant_id, 0) + amount
    await ledger.post(
        tx,
        [captured(capture.buyer_id, capture.document, capture.amount, capture.currency, channel)]
        + [allotted(merchant, capture.document, amount, capture.currency) for merchant, amount in by_merchant.items()],
    )


async def record_void(tx: Tx, payment_id: UUID, answer: ChannelAnswer | None, by: str) -> PaymentState | None:
    """Write down what the channel says once it was told to let go; returns the payment's state, none where it has not ended.

    None: it never heard of it, so it keeps nothing back. Should it have taken everything after all, that is in the books and on
    its way back to the buyer. While it says that it is still authorised, it is told again.
    """
    payment = await tx.row("SELECT channel, amount, state FROM payments WHERE payment_id = $1 FOR UPDATE", payment_id)
    if payment is None:
        raise NotFound(payment_id=payment_id)
    if payment["state"] != PaymentState.AUTHORISED:
        return PaymentState(payment["state"])
    splits = await lock_splits(tx, payment_id)
    if any(split.captured + split.released < split.authorised for split in splits):
        return None  # a part came back to be decided: nothing does that, and nothing is closed over it
    if answer is not None and answer.state is PaymentState.CAPTURED and not any(split.captured for split in splits):
        if answer.amount not in (None, payment["amount"]):
            return None
        await _taken_all_the_same(tx, splits, payment["channel"], by)
        state = await close(tx, payment_id, by, told=True)
        await refund_surplus(tx, payment_id, "paid_late")
        return state
    if answer is not None and answer.state not in (PaymentState.CAPTURED, PaymentState.CANCELLED):
        return None
    return await close(tx, payment_id, by, told=True)


async def _taken_all_the_same(tx: Tx, splits: Sequence[PaymentSplit], channel: str, by: str) -> None:
    """Somebody took at the channel what we had let go: what was released is captured after all."""
    (buyer_id, payment_id, currency), *others = {(s.buyer_id, s.payment_id, s.currency) for s in splits}
    assert not others, "the splits of one payment"
    await tx.execute(
        """
        WITH taken AS (
            UPDATE payment_splits s SET captured = s.released, released = 0, let_go_at = NULL
            FROM unnest($2::uuid[], $3::uuid[]) AS t (merchant_id, order_id)
            WHERE (s.merchant_id, s.order_id, s.payment_id) = (t.merchant_id, t.order_id, $1)
            RETURNING s.merchant_id, s.order_id, s.captured AS amount, s.currency
        )
        INSERT INTO payment_releases (merchant_id, document, order_id, payment_id, amount, currency, reason, by)
        SELECT t.merchant_id, gen_random_uuid(), t.order_id, $1, -t.amount, t.currency, 'taken_all_the_same', $4
        FROM taken t WHERE t.amount > 0
        """,
        payment_id,
        [split.merchant_id for split in splits],
        [split.order_id for split in splits],
        by,
    )
    by_merchant: dict[UUID, int] = {}
    for split in splits:
        by_merchant[split.merchant_id] = by_merchant.get(split.merchant_id, 0) + split.released
    await ledger.post(
        tx,
        [captured(buyer_id, payment_id, sum(by_merchant.values()), currency, channel)]
        + [allotted(merchant, payment_id, amount, currency) for merchant, amount in by_merchant.items() if amount],
    )


async def captures_of(read: Read, payment_id: UUID) -> list[Capture]:
    """What was asked to be captured of a payment, the first first."""
    return await read.all(
        Capture,
        """
        SELECT buyer_id, capture_id, payment_id, document, amount, currency, final, state, failure, created_at, ended_at
        FROM payment_captures WHERE payment_id = $1 ORDER BY created_at, capture_id
        """,
        payment_id,
    )
