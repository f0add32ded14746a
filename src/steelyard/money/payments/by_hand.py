"""Refunds that staff transfer from the house's bank account: each under a number of the bank that is used once.

Those of payments by bank transfer always go this way; those of a channel when it gave them up, since the way that the money came
is closed (an account that is no more, a card that has expired).
"""

from datetime import date
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.money.payments.model import BY_TRANSFER, Refund, RefundAnswer, RefundRoute, RefundState
from steelyard.money.payments.queries import refund_of
from steelyard.money.payments.refund_outcomes import record_refund, succeed_by_hand

BANK_NUMBER_CHARACTERS_MAX = 64
PARTY_CHARACTERS_MAX = 200


class ByHand(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the bank's statement by which a refund went to `party`'s account."""

    bank_number: str
    party: str
    on_day: date


class NumberUsed(Refusal):
    """One transfer at the bank is one refund."""

    code = "bank_number_used"
    title = N_("This bank number was used before")
    detail = N_("It belongs to another refund or another transfer. Please look at the bank’s statement again.")


class NotByHand(Refusal):
    """What a channel has, or may have, is not transferred by hand as well."""

    code = "not_by_hand"
    title = N_("This refund is not to be made by hand")
    detail = N_("Only what its channel gave up, and refunds of bank transfers, are transferred by staff.")


async def made_by_hand(tx: Tx, merchant_id: UUID, refund_id: UUID, made: ByHand, by: str) -> Refund:
    """Write down that a refund was transferred; said twice under the same number, the second changes nothing.

    Raises `NotFound`, `NumberUsed`, `NotByHand` when a channel may still pay it.
    """
    assert made.bank_number and len(made.bank_number) <= BANK_NUMBER_CHARACTERS_MAX
    known = await refund_of(tx, refund_id)
    if known is None or known.merchant_id != merchant_id:
        raise NotFound(refund_id=refund_id)
    if not await _claim(tx, known, made, by):
        again = await refund_of(tx, refund_id)
        assert again is not None
        return again
    # Held from here on: what it was before may have changed since it was read.
    held = await tx.row(
        "SELECT state, route FROM refunds WHERE merchant_id = $1 AND refund_id = $2 FOR UPDATE", merchant_id, refund_id
    )
    assert held is not None, "refunds are not deleted"
    if held["state"] == RefundState.FAILED:
        return await succeed_by_hand(tx, merchant_id, refund_id, made.bank_number, by)
    waits = held["state"] != RefundState.SUCCEEDED and held["route"] == RefundRoute.ORIGIN
    if known.channel != BY_TRANSFER or not waits:
        raise NotByHand(state=held["state"])
    answer = RefundAnswer(reference=made.bank_number, state=RefundState.SUCCEEDED)
    await record_refund(tx, refund_id, await _attempt(tx, merchant_id, refund_id), answer, by)
    done = await refund_of(tx, refund_id)
    assert done is not None and done.state is RefundState.SUCCEEDED
    return done


async def _claim(tx: Tx, refund: Refund, made: ByHand, by: str) -> bool:
    """Whether the number is new. One that is this refund's own, of the present try, is no second transfer."""
    if await tx.value("SELECT EXISTS (SELECT FROM bank_movements WHERE bank_number = $1)", made.bank_number):
        raise NumberUsed(bank_number=made.bank_number)
    fresh = await tx.execute(
        """
        INSERT INTO refunds_by_hand (bank_number, merchant_id, refund_id, amount, currency, party, on_day, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (bank_number) DO NOTHING
        """,
        made.bank_number,
        refund.merchant_id,
        refund.refund_id,
        refund.amount,
        refund.currency,
        made.party,
        made.on_day,
        by,
    )
    if fresh:
        return True
    mine = await tx.value(
        """
        SELECT EXISTS (SELECT FROM refunds_by_hand h JOIN refunds r USING (merchant_id, refund_id)
                       WHERE h.bank_number = $1 AND h.refund_id = $2 AND r.state = 'succeeded'
                         AND r.channel_reference = h.bank_number)
        """,
        made.bank_number,
        refund.refund_id,
    )
    if not mine:
        raise NumberUsed(bank_number=made.bank_number)
    return False


async def _attempt(tx: Tx, merchant_id: UUID, refund_id: UUID) -> int:
    return await tx.value(
        """
        SELECT count(*)::integer FROM refund_history
        WHERE merchant_id = $1 AND refund_id = $2 AND to_state = 'instructed'
        """,
        merchant_id,
        refund_id,
    )
