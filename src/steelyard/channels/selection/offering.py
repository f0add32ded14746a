"""The shop offers products to hosts, and ends what it offered."""

from uuid import UUID

from steelyard.channels.host_commission.model import SLOT_FEE_MAX
from steelyard.channels.selection import queries
from steelyard.channels.selection.model import (
    OFFER_MACHINE,
    OFFERS_OPEN_MAX,
    SAMPLES_MAX,
    TERMS_CHARACTERS_MAX,
    AlreadyOffered,
    NewPoolOffer,
    OfferState,
    PoolOffer,
)
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.kernel.states import NOWHERE


async def offer(tx: Tx, wanted: NewPoolOffer, by: str) -> None:
    """A product stands in the pool at these terms. Said twice, nothing changes. Raises `AlreadyOffered`, `Invalid`, by field."""
    if await queries.offer_of(tx, wanted.merchant_id, wanted.offer_id) is not None:
        return
    problems = _wrong(wanted)
    state = await tx.value(
        "SELECT state FROM products WHERE merchant_id = $1 AND product_id = $2", wanted.merchant_id, wanted.product_id
    )
    if state is None or state == "binned":
        problems["product_id"] = N_("There is no such product in the shop.")
    many = await tx.value(
        "SELECT count(*) FROM pool_offers WHERE merchant_id = $1 AND state = 'open'", wanted.merchant_id
    )
    if many >= OFFERS_OPEN_MAX:
        problems["product_id"] = N_("A shop has no more of them than this.")
    if problems:
        raise Invalid(problems)
    made = await tx.value(
        """
        INSERT INTO pool_offers (merchant_id, offer_id, product_id, millionths, slot_fee, currency, terms, samples, sample_back
                               , state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open')
        ON CONFLICT (merchant_id, product_id) WHERE state = 'open' DO NOTHING RETURNING offer_id
        """,
        wanted.merchant_id,
        wanted.offer_id,
        wanted.product_id,
        wanted.millionths,
        wanted.slot_fee,
        wanted.currency if wanted.slot_fee is not None else None,
        wanted.terms.strip(),
        wanted.samples,
        wanted.sample_back,
    )
    if made is None:
        raise AlreadyOffered()
    await _note(tx, wanted.merchant_id, wanted.offer_id, NOWHERE, OfferState.OPEN, by)


async def close_offer(tx: Tx, merchant_id: UUID, offer_id: UUID, by: str) -> None:
    """It is not offered any more; what was agreed by it stays. Said twice, nothing changes. Raises `NotFound`."""
    found = await lock_offer(tx, merchant_id, offer_id)
    if found.state is OfferState.CLOSED:
        return
    OFFER_MACHINE.check(found.state, OfferState.CLOSED)
    await tx.execute(
        "UPDATE pool_offers SET state = 'closed', closed_at = now() WHERE merchant_id = $1 AND offer_id = $2",
        merchant_id,
        offer_id,
    )
    await _note(tx, merchant_id, offer_id, found.state, OfferState.CLOSED, by)


async def lock_offer(tx: Tx, merchant_id: UUID, offer_id: UUID) -> PoolOffer:
    """An offer, held until commit: what is given of its samples is counted by one at a time. Raises `NotFound`."""
    held = await tx.value(
        "SELECT true FROM pool_offers WHERE merchant_id = $1 AND offer_id = $2 FOR UPDATE", merchant_id, offer_id
    )
    found = await queries.offer_of(tx, merchant_id, offer_id) if held else None
    if found is None:
        raise NotFound()
    return found


def _wrong(wanted: NewPoolOffer) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not 0 <= wanted.millionths <= PARTS_PER_MILLION:
        problems["rate"] = N_("A rate is between 0 % and 100 %")
    if wanted.slot_fee is not None and not 0 <= wanted.slot_fee <= SLOT_FEE_MAX:
        problems["slot_fee"] = N_("Please enter an amount that is not negative, and not above a million")
    if not 0 <= wanted.samples <= SAMPLES_MAX:
        problems["samples"] = N_("Please enter a number up to 10,000")
    if len(wanted.terms) > TERMS_CHARACTERS_MAX:
        problems["terms"] = N_("This is too long")
    return problems


async def _note(tx: Tx, merchant_id: UUID, offer_id: UUID, before: str, to: OfferState, by: str) -> None:
    await tx.execute(
        """
        INSERT INTO pool_offer_history (merchant_id, offer_id, step, from_state, to_state, by)
        SELECT $1, $2, coalesce(max(step), 0) + 1, $3, $4, $5 FROM pool_offer_history
        WHERE merchant_id = $1 AND offer_id = $2
        """,
        merchant_id,
        offer_id,
        before,
        to,
        by,
    )
