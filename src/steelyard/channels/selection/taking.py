"""What is offered goes into a session's bag, and its commission is agreed by that."""

from uuid import UUID

from steelyard.channels import host_commission, live
from steelyard.channels.host_commission.model import AgreementId, NewAgreement, PayeeId
from steelyard.channels.selection.model import OfferClosed, OfferState
from steelyard.channels.selection.offering import lock_offer
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_


async def take(
    tx: Tx, merchant_id: UUID, offer_id: UUID, session_id: UUID, payee_id: UUID, agreement_id: AgreementId, by: str
) -> None:
    """The session's host sells it at the terms of the offer, and this payee gets the commission. Said twice, nothing changes.

    Raises `NotFound`, `OfferClosed`, `SessionNotWritable`, and `Invalid` (no host yet, no such payee, the bag is full)."""
    found = await lock_offer(tx, merchant_id, offer_id)
    session = await live.session(tx, merchant_id, session_id)
    if session is None:
        raise NotFound()
    if await tx.value(
        "SELECT true FROM pool_picks WHERE merchant_id = $1 AND session_id = $2 AND offer_id = $3",
        merchant_id,
        session_id,
        offer_id,
    ):
        return
    if found.state is not OfferState.OPEN:
        raise OfferClosed()
    if session.host_id is None:
        raise Invalid({"session_id": N_("Choose the host of this session first.")})
    await live.add_goods(tx, merchant_id, session_id, [found.product_id], by)
    wanted = NewAgreement(
        merchant_id=merchant_id,
        agreement_id=agreement_id,
        payee_id=PayeeId(payee_id),
        host_id=session.host_id,
        session_id=session_id,
        product_id=found.product_id,
        millionths=found.millionths,
        slot_fee=found.slot_fee,
        currency=found.currency,
        note=found.terms[:200],
    )
    await host_commission.agree(tx, wanted, by)
    await tx.execute(
        """
        INSERT INTO pool_picks (merchant_id, session_id, offer_id, agreement_id, by) VALUES ($1, $2, $3, $4, $5)
        """,
        merchant_id,
        session_id,
        offer_id,
        agreement_id,
        by,
    )
