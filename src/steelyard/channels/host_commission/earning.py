"""Commission becomes the host's when the order's money becomes the shop's, and goes back with what is refunded after that."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import msgspec

from steelyard.channels.host_commission.model import taken_back
from steelyard.kernel.db import Row, Tx
from steelyard.money import ledger
from steelyard.money.ledger import DatedTransfer
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import settlement
from steelyard.trade.settlement import EntryKind, NewEntry


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What a document moves between a shop and a payee, in minor units: to the payee, or back."""

    merchant_id: UUID
    payee_id: UUID
    document: UUID
    amount: int
    currency: str
    order_id: UUID | None = None
    at: datetime | None = None


async def completed(tx: Tx, orders: Mapping[tuple[UUID, UUID], datetime], *, elsewhere: bool = False) -> None:
    """These orders are final: what is left of their commission is earned. By (merchant, order), when. `elsewhere`: they were
    settled before this house could see them, and it is dated as they are."""
    rows = await tx.fetch(
        """
        WITH due AS (
            UPDATE host_commissions c SET earned_at = w.at
            FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS w (merchant_id, order_id, at)
            WHERE (c.merchant_id, c.order_id) = (w.merchant_id, w.order_id) AND c.earned_at IS NULL
            RETURNING c.merchant_id, c.order_id, c.currency
        )
        UPDATE host_commission_lines l SET earned = l.amount - l.dropped
        FROM due WHERE (l.merchant_id, l.order_id) = (due.merchant_id, due.order_id)
        RETURNING l.merchant_id, l.order_id, l.payee_id, l.earned, due.currency
        """,
        [merchant_id for merchant_id, _ in orders],
        [order_id for _, order_id in orders],
        list(orders.values()),
    )
    earned: dict[tuple[UUID, UUID, UUID, str], int] = {}
    for row in rows:
        key = row["merchant_id"], row["order_id"], row["payee_id"], row["currency"]
        earned[key] = earned.get(key, 0) + row["earned"]
    moved = [
        Moved(
            merchant_id=merchant_id,
            payee_id=payee_id,
            document=order_id,
            amount=amount,
            currency=currency,
            order_id=order_id,
            at=orders[merchant_id, order_id],
        )
        for (merchant_id, order_id, payee_id, currency), amount in sorted(earned.items())
        if amount
    ]
    # It is due with the order's own money, not before.
    await enter(tx, moved, EntryKind.HOST_COMMISSION, -1, waits=True, elsewhere=elsewhere)
    await post(tx, moved, "host_commission", to_payee=True, elsewhere=elsewhere)
    await add_up(tx, moved, "earned")


async def refunded(tx: Tx, refunds: Sequence[tuple[UUID, UUID]], *, elsewhere: bool = False) -> None:
    """By (merchant, refund), the oldest first: each takes its share of its lines' commission. What was earned is given back."""
    lines = await tx.fetch(
        """
        SELECT r.merchant_id, r.refund_id, r.amount AS refund, l.order_id, l.line, l.payee_id, l.paid, l.amount, l.refunded
             , c.currency, c.earned_at IS NOT NULL AS earned, f.at
        FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS w (merchant_id, refund_id, place)
        JOIN order_refunds f ON (f.merchant_id, f.refund_id) = (w.merchant_id, w.refund_id)
        JOIN order_refund_lines r ON (r.merchant_id, r.refund_id) = (w.merchant_id, w.refund_id)
        JOIN host_commission_lines l ON (l.merchant_id, l.order_id, l.line) = (r.merchant_id, r.order_id, r.line)
        JOIN host_commissions c ON (c.merchant_id, c.order_id) = (l.merchant_id, l.order_id)
        ORDER BY w.place, r.line
        """,
        [merchant_id for merchant_id, _ in refunds],
        [refund_id for _, refund_id in refunds],
    )
    if not lines:
        return
    gone: dict[tuple[UUID, int], int] = {}
    shares: list[tuple[Row, int]] = []
    for row in lines:
        key = row["order_id"], row["line"]
        before: int = gone[key] if key in gone else row["refunded"]
        shares.append((row, taken_back(row["amount"], row["paid"], before, row["refund"])))
        gone[key] = min(before + row["refund"], row["paid"])
    await _note(tx, shares)
    back: dict[tuple[UUID, UUID, UUID, UUID, str, datetime | None], int] = {}
    for row, share in shares:
        if row["earned"] and share:
            at = row["at"] if elsewhere else None
            key = row["merchant_id"], row["refund_id"], row["payee_id"], row["order_id"], row["currency"], at
            back[key] = back.get(key, 0) + share
    moved = [
        Moved(
            merchant_id=merchant_id,
            payee_id=payee_id,
            document=refund_id,
            amount=amount,
            currency=currency,
            order_id=order_id,
            at=at,
        )
        for (merchant_id, refund_id, payee_id, order_id, currency, at), amount in sorted(back.items(), key=_in_order)
    ]
    await enter(tx, moved, EntryKind.HOST_COMMISSION_RETURNED, 1, waits=False, elsewhere=elsewhere)
    await post(tx, moved, "host_commission_returned", to_payee=False, elsewhere=elsewhere)
    await add_up(tx, moved, "given_back")


async def _note(tx: Tx, shares: Sequence[tuple[Row, int]]) -> None:
    """Each refund's part of each line; and the lines' own sums."""
    await tx.execute(
        """
        INSERT INTO host_commission_returns (merchant_id, refund_id, order_id, line, amount, earned)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::bigint[], $6::boolean[])
        """,
        [row["merchant_id"] for row, _ in shares],
        [row["refund_id"] for row, _ in shares],
        [row["order_id"] for row, _ in shares],
        [row["line"] for row, _ in shares],
        [share for _, share in shares],
        [row["earned"] for row, _ in shares],
    )
    await tx.execute(
        """
        UPDATE host_commission_lines l
        SET refunded = least(l.paid, l.refunded + w.refund), dropped = l.dropped + w.dropped
          , given_back = l.given_back + w.given_back
        FROM (
            SELECT merchant_id, order_id, line, sum(refund)::bigint AS refund
                 , coalesce(sum(share) FILTER (WHERE NOT earned), 0)::bigint AS dropped
                 , coalesce(sum(share) FILTER (WHERE earned), 0)::bigint AS given_back
            FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::bigint[], $5::bigint[], $6::boolean[])
                AS s (merchant_id, order_id, line, refund, share, earned)
            GROUP BY merchant_id, order_id, line
        ) AS w
        WHERE (l.merchant_id, l.order_id, l.line) = (w.merchant_id, w.order_id, w.line)
        """,
        [row["merchant_id"] for row, _ in shares],
        [row["order_id"] for row, _ in shares],
        [row["line"] for row, _ in shares],
        [row["refund"] for row, _ in shares],
        [share for _, share in shares],
        [row["earned"] for row, _ in shares],
    )


def _in_order(given_back: tuple[tuple[UUID, UUID, UUID, UUID, str, datetime | None], int]) -> tuple[UUID, ...]:
    """Everybody takes rows in the same order."""
    (merchant_id, refund_id, payee_id, order_id, _, _), _ = given_back
    return merchant_id, refund_id, payee_id, order_id


async def enter(
    tx: Tx, moved: Sequence[Moved], kind: EntryKind, sign: int, *, waits: bool, elsewhere: bool = False
) -> None:
    """On the shop's statements, one entry for each document; what was settled elsewhere is parked for `bulk_settled`."""
    now = cast(datetime, await tx.value("SELECT now()")).astimezone(UTC)
    summed: dict[tuple[UUID, UUID], tuple[Moved, int]] = {}
    for each in moved:
        key = each.merchant_id, each.document
        summed[key] = each, each.amount + (summed[key][1] if key in summed else 0)
    entries = [
        NewEntry(
            merchant_id=MerchantId(each.merchant_id),
            order_id=each.order_id,
            document=each.document,
            kind=kind,
            amount=sign * amount,
            currency=each.currency,
            earned_at=each.at or now,
        )
        for each, amount in summed.values()
    ]
    if elsewhere:
        await settlement.bulk_enter(tx, entries)
    else:
        await settlement.enter(tx, entries, waits=waits)


async def post(tx: Tx, moved: Sequence[Moved], reason: str, *, to_payee: bool, elsewhere: bool = False) -> None:
    """In the books: the shop's payable and the payee's account meet in the clearing accounts, document by document."""
    of_shops: dict[tuple[UUID, UUID, str], int] = {}
    for each in moved:
        key = each.merchant_id, each.document, each.currency
        of_shops[key] = of_shops.get(key, 0) + each.amount
    payable, clearing, owed = AccountKind.PAYABLE, AccountKind.HOST_CLEARING, AccountKind.HOST_PAYABLE
    sides = [
        (merchant_id, payable, clearing, amount, currency, document)
        for (merchant_id, document, currency), amount in of_shops.items()
    ] + [(each.payee_id, clearing, owed, each.amount, each.currency, each.document) for each in moved]
    transfers = [
        Transfer(
            owner_id=owner_id,
            debit=out_of if to_payee else into,
            credit=into if to_payee else out_of,
            amount=amount,
            currency=currency,
            reason=reason,
            document=document,
        )
        for owner_id, out_of, into, amount, currency, document in sides
    ]
    if elsewhere:
        at = {each.document: each.at for each in moved}
        dated = [(each, at[each.document]) for each in transfers]
        await ledger.bulk_post(tx, [DatedTransfer.of(each, when) for each, when in dated if when is not None])
    else:
        await ledger.post(tx, transfers)


async def add_up(tx: Tx, moved: Sequence[Moved], what: str, sign: int = 1) -> None:
    """How it stands with each payee: `what` is earned, slots, given_back or paid."""
    summed: dict[tuple[UUID, UUID, str], int] = {}
    for each in moved:
        key = each.merchant_id, each.payee_id, each.currency
        summed[key] = summed.get(key, 0) + sign * each.amount
    keys = sorted(summed)
    await tx.execute(
        """
        INSERT INTO host_balances AS b (merchant_id, payee_id, currency, earned, slots, given_back, paid)
        SELECT w.merchant_id, w.payee_id, w.currency, CASE $5 WHEN 'earned' THEN w.amount ELSE 0 END
             , CASE $5 WHEN 'slots' THEN w.amount ELSE 0 END, CASE $5 WHEN 'given_back' THEN w.amount ELSE 0 END
             , CASE $5 WHEN 'paid' THEN w.amount ELSE 0 END
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) AS w (merchant_id, payee_id, currency, amount)
        ON CONFLICT (merchant_id, payee_id, currency) DO UPDATE
        SET earned = b.earned + excluded.earned, slots = b.slots + excluded.slots
          , given_back = b.given_back + excluded.given_back, paid = b.paid + excluded.paid
        """,
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
        [summed[key] for key in keys],
        what,
    )
