"""Giving money back: never more than was captured; promised at once. What becomes of it is in `refund_outcomes`."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from steelyard.kernel import ids, money
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Refusal
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments.model import DueRefund, PaymentSplit, Refund, RefundId, RefundRoute, is_purse
from steelyard.money.payments.refusals import NothingCaptured, RefundTooLarge
from steelyard.money.payments.voids import let_go_all

FIRST_PAUSE_SECONDS = 5
PAUSE_SECONDS_MAX = 600

OutOf = Literal[AccountKind.HELD, AccountKind.PAYABLE, AccountKind.GIFT_CARDS]


class Giving(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` of an order's money is to go back: see `refund`."""

    refund_id: RefundId
    merchant_id: UUID
    order_id: UUID
    amount: int
    reason: str
    out_of: OutOf
    by: str
    payment_id: UUID | None = None
    route: RefundRoute = RefundRoute.ORIGIN


async def refund(
    tx: Tx,
    *,
    refund_id: UUID,
    merchant_id: UUID,
    order_id: UUID,
    amount: int,
    reason: str,
    out_of: OutOf,
    by: str,
    payment_id: UUID | None = None,
    route: RefundRoute = RefundRoute.ORIGIN,
) -> Refund:
    """Promise the buyer `amount` of an order's money back; the same id twice is the same refund.

    `out_of` says where the money is now: held until receipt, already the merchant's, or owed for a gift card. Without a
    `payment_id` it goes back the ways that the order's money came, in proportion to what is left of each, never more than came
    that way: what goes back by the channel (or most of it) is this refund, what goes back another way a refund that is part
    of it. With the `route` to the balance, what came by a channel goes into the buyer's balance instead; what came out of a
    purse goes back there on any route. Raises `NothingCaptured` or `RefundTooLarge`; two that together are too large wait for
    each other, and the second is refused.
    """
    giving = Giving(
        refund_id=RefundId(refund_id), merchant_id=merchant_id, order_id=order_id, amount=amount, reason=reason,
        out_of=out_of, by=by, payment_id=payment_id, route=route,
    )  # fmt: skip
    splits = await lock_splits(tx, [giving])
    [answer] = await refund_each(tx, [(giving, splits[giving.refund_id])])
    if isinstance(answer, Refusal):
        raise answer
    return answer


async def refund_each(
    tx: Tx, wanted: Sequence[tuple[Giving, Sequence[PaymentSplit]]]
) -> list[Refund | NothingCaptured | RefundTooLarge]:
    """`refund` for many orders at once, each with its splits, which are locked, and with an answer of its own. No order is
    there twice."""
    assert len({(giving.merchant_id, giving.order_id) for giving, _ in wanted}) == len(wanted), "each order once"
    earlier = await _claimed(tx, [giving for giving, _ in wanted])
    answers: dict[UUID, Refund | NothingCaptured | RefundTooLarge] = {}
    parts: list[_Part] = []
    taken: list[Transfer] = []
    for giving, locked in wanted:
        assert giving.amount > 0
        before = earlier.get(giving.refund_id)
        splits = [split for split in locked if split.captured]
        if not splits:
            answers[giving.refund_id] = NothingCaptured(order_id=giving.order_id)
        elif before is not None:
            assert before.order_id == giving.order_id, "a refund's id belongs to one refund"
            answers[giving.refund_id] = before
        else:
            try:
                parts += _parts(giving, splits)
            except RefundTooLarge as refusal:
                answers[giving.refund_id] = refusal
                continue
            currency = splits[0].currency
            taken.append(refund_due(giving.merchant_id, giving.refund_id, giving.amount, currency, giving.out_of))
    if parts:
        await _take(tx, parts)
        answers |= {made.refund_id: made for made in await _promise(tx, parts) if made.part_of is None}
        await ledger.post(tx, taken)
    return [answers[giving.refund_id] for giving, _ in wanted]


class _Part(msgspec.Struct, frozen=True):
    """What of a refund goes back of one payment; `whole`, what it is part of."""

    refund_id: RefundId
    split: PaymentSplit
    amount: int
    route: RefundRoute
    whole: Giving

    @property
    def part_of(self) -> RefundId | None:
        return None if self.refund_id == self.whole.refund_id else self.whole.refund_id


def _parts(giving: Giving, splits: Sequence[PaymentSplit]) -> list[_Part]:
    found: list[_Part] = []
    for split, part in shared(splits, giving.amount):
        part_id = RefundId(ids.derived(giving.refund_id, str(split.payment_id)) if found else giving.refund_id)
        found.append(
            _Part(part_id, split, part, RefundRoute.ORIGIN if is_purse(split.channel) else giving.route, giving)
        )
    return found


def shared(splits: Sequence[PaymentSplit], amount: int) -> list[tuple[PaymentSplit, int]]:
    """Which part goes back of which payment: the channel's first, then the largest."""
    left = sum(split.refundable + split.uncaptured for split in splits)
    if left < amount:
        one = splits[0]
        raise RefundTooLarge(order_id=one.order_id, asked=amount, left=left, currency=one.currency)
    parts = zip(splits, money.split(amount, [split.refundable + split.uncaptured for split in splits]), strict=True)
    return sorted(
        ((split, part) for split, part in parts if part),
        key=lambda each: (is_purse(each[0].channel), -each[1], each[0].payment_id),
    )


async def _promise(tx: Tx, parts: Sequence[_Part]) -> list[Refund]:
    made = await tx.all(
        Refund,
        """
        WITH made AS (
            INSERT INTO refunds (merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state
              , channel, attempt_at, part_of, route)
            SELECT merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, 'instructed', channel
                 , now(), part_of, route
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::text[]
                      , $9::text[], $10::uuid[], $11::text[])
                AS w (merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, channel, part_of
                    , route)
            ON CONFLICT (merchant_id, refund_id) DO NOTHING
            RETURNING merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
              , channel_reference, failure, created_at, succeeded_at, part_of, route
        ), step AS (
            INSERT INTO refund_history (merchant_id, refund_id, step, from_state, to_state, by)
            SELECT m.merchant_id, m.refund_id, 1, 'nowhere', m.state, w.by
            FROM made m JOIN unnest($1::uuid[], $2::uuid[], $12::text[]) AS w (merchant_id, refund_id, by)
                USING (merchant_id, refund_id)
        )
        SELECT merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
             , channel_reference, failure, created_at, succeeded_at, part_of, route
        FROM made
        """,
        [part.split.merchant_id for part in parts],
        [part.refund_id for part in parts],
        [part.split.order_id for part in parts],
        [part.split.payment_id for part in parts],
        [part.split.buyer_id for part in parts],
        [part.amount for part in parts],
        [part.split.currency for part in parts],
        [part.whole.reason for part in parts],
        [part.split.channel for part in parts],
        [part.part_of for part in parts],
        [part.route for part in parts],
        [part.whole.by for part in parts],
    )
    assert len(made) == len(parts), "the orders' splits are locked: nobody else claims their refunds"
    return made


async def lock_splits(tx: Tx, wanted: Sequence[Giving]) -> dict[RefundId, list[PaymentSplit]]:
    """By refund, the parts of payments for its order that have come, or are kept back for it: who refunds of them goes one after
    the other. Locked in the order of their keys."""
    rows = await tx.all(
        PaymentSplit,
        """
        SELECT s.merchant_id, s.order_id, s.payment_id, s.buyer_id, s.channel, s.amount, s.currency, s.authorised, s.capturing
             , s.captured, s.released, s.refunding, s.refunded, s.disputed
        FROM payment_splits s
        JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (merchant_id, order_id, payment_id)
            ON (s.merchant_id, s.order_id) = (w.merchant_id, w.order_id) AND s.payment_id = coalesce(w.payment_id, s.payment_id)
        WHERE s.authorised > 0
        ORDER BY s.merchant_id, s.order_id, s.payment_id
        FOR UPDATE OF s
        """,
        [giving.merchant_id for giving in wanted],
        [giving.order_id for giving in wanted],
        [giving.payment_id for giving in wanted],
    )
    by_order: dict[tuple[UUID, UUID], list[PaymentSplit]] = {}
    for split in rows:
        by_order.setdefault((split.merchant_id, split.order_id), []).append(split)
    return {giving.refund_id: by_order.get((giving.merchant_id, giving.order_id), []) for giving in wanted}


async def _claimed(tx: Tx, wanted: Sequence[Giving]) -> dict[UUID, Refund]:
    found = await tx.all(
        Refund,
        """
        SELECT merchant_id, refund_id, order_id, payment_id, buyer_id, amount, currency, reason, state, channel
             , channel_reference, failure, created_at, succeeded_at, part_of, route
        FROM refunds JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, refund_id) USING (merchant_id, refund_id)
        """,
        [giving.merchant_id for giving in wanted],
        [giving.refund_id for giving in wanted],
    )
    return {each.refund_id: each for each in found}


async def _take(tx: Tx, parts: Sequence[_Part]) -> None:
    """Put so much of what was captured on its way back."""
    await tx.execute(
        """
        UPDATE payment_splits s SET refunding = s.refunding + w.amount
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[]) AS w (merchant_id, order_id, payment_id, amount)
        WHERE (s.merchant_id, s.order_id, s.payment_id) = (w.merchant_id, w.order_id, w.payment_id)
        """,
        [part.split.merchant_id for part in parts],
        [part.split.order_id for part in parts],
        [part.split.payment_id for part in parts],
        [part.amount for part in parts],
    )


async def refund_surplus(tx: Tx, payment_id: UUID, reason: str) -> list[Refund]:
    """Give a captured payment back whole, since its purchase did not need it (paid twice, or cancelled before).

    Said twice it is done once. The money is still held: nothing of a surplus is ever released. What is only authorised of it is
    let go.
    """
    marked = await tx.execute(
        "UPDATE payments SET surplus = true WHERE payment_id = $1 AND state IN ('captured', 'authorised')", payment_id
    )
    assert marked == 1, "only what has come, or is kept back, can be a surplus"
    splits = await tx.all(
        PaymentSplit,
        """
        SELECT merchant_id, order_id, payment_id, buyer_id, channel, amount, currency, authorised, capturing, captured, released
             , refunding, refunded, disputed
        FROM payment_splits WHERE payment_id = $1
        ORDER BY merchant_id, order_id
        FOR UPDATE
        """,
        payment_id,
    )
    await let_go_all(tx, splits, reason=reason, by="system")
    return [
        await refund(
            tx,
            refund_id=ids.derived(payment_id, "surplus", str(split.order_id)),
            merchant_id=split.merchant_id,
            order_id=split.order_id,
            payment_id=payment_id,
            amount=split.refundable,
            reason=reason,
            out_of=AccountKind.HELD,
            by="system",
        )
        for split in splits
        if split.refundable > 0
    ]


async def to_refund(tx: Tx, limit: int) -> list[DueRefund]:
    """Take up to `limit` refunds that are to be sent or asked for now.

    Their next attempt is pushed ahead first (5 s, 10 s, 20 s … at most 10 minutes).
    """
    return await tx.all(
        DueRefund,
        """
        WITH due AS (
            SELECT merchant_id, refund_id FROM refunds
            WHERE attempt_at <= now()
            ORDER BY attempt_at
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        )
        UPDATE refunds r
        SET attempts = r.attempts + 1
          , attempt_at = now() + least($2 * 2 ^ least(r.attempts, 20), $3) * interval '1 second'
          , channel_payment = coalesce(r.channel_payment, (SELECT p.channel_reference FROM payments p
                WHERE (p.buyer_id, p.payment_id) = (r.buyer_id, r.payment_id)))
        FROM due
        WHERE (r.merchant_id, r.refund_id) = (due.merchant_id, due.refund_id)
        RETURNING r.merchant_id, r.refund_id, r.payment_id, r.amount, r.currency, r.state, r.channel, r.channel_payment
                , r.route, r.attempts > 1 AS asked_before
                , (SELECT p.amount FROM payments p WHERE (p.buyer_id, p.payment_id) = (r.buyer_id, r.payment_id))
                  AS of_amount
                , (SELECT count(*) FROM refund_history h
                   WHERE (h.merchant_id, h.refund_id) = (r.merchant_id, r.refund_id) AND h.to_state = 'instructed')
                  AS attempt
        """,
        limit,
        FIRST_PAUSE_SECONDS,
        PAUSE_SECONDS_MAX,
    )


def refund_due(merchant_id: UUID, refund_id: UUID, amount: int, currency: str, out_of: AccountKind) -> Transfer:
    """The merchant owes this to the buyer from now on."""
    return Transfer(
        owner_id=merchant_id,
        debit=out_of,
        credit=AccountKind.REFUND_DUE,
        amount=amount,
        currency=currency,
        reason="refund_due",
        document=refund_id,
    )
