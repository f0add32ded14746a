"""Samples: a host asks, the shop decides and sends, it arrives, and comes back where it is to."""

from uuid import UUID

from steelyard.channels import rooms
from steelyard.channels.rooms.model import HostState
from steelyard.channels.selection import queries
from steelyard.channels.selection.model import (
    PIECES_MAX,
    REASON_CHARACTERS_MAX,
    RECEIVER_CHARACTERS_MAX,
    SAMPLE_MACHINE,
    TRACKING_CHARACTERS_MAX,
    WORDS_CHARACTERS_MAX,
    NewSample,
    NoSamplesLeft,
    OfferClosed,
    OfferState,
    Sample,
    SampleState,
)
from steelyard.channels.selection.offering import lock_offer
from steelyard.goods import inventory
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import NOWHERE

WORKING = (HostState.WAITING, HostState.VERIFIED, HostState.SENT_BACK)


async def ask(tx: Tx, wanted: NewSample, by: str) -> None:
    """A host wants to try what is offered. Said twice, nothing changes. Raises `NotFound`, `OfferClosed`, `NoSamplesLeft`,
    and `Invalid`, by field."""
    found = await lock_offer(tx, wanted.merchant_id, wanted.offer_id)
    if await queries.sample(tx, wanted.merchant_id, wanted.sample_id) is not None:
        return
    if found.state is not OfferState.OPEN:
        raise OfferClosed()
    problems = await _wrong(tx, wanted)
    if problems:
        raise Invalid(problems)
    if wanted.quantity > found.samples_left:
        raise NoSamplesLeft(left=found.samples_left)
    await tx.execute(
        """
        INSERT INTO pool_samples (merchant_id, sample_id, offer_id, host_id, quantity, receiver, words, back, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'asked')
        """,
        wanted.merchant_id,
        wanted.sample_id,
        wanted.offer_id,
        wanted.host_id,
        wanted.quantity,
        {field: said.strip() for field, said in wanted.receiver.items()},
        wanted.words.strip(),
        found.sample_back,
    )
    await _note(tx, wanted.merchant_id, wanted.sample_id, NOWHERE, SampleState.ASKED, by)


async def _wrong(tx: Tx, wanted: NewSample) -> dict[str, str]:
    problems: dict[str, str] = {}
    host = await rooms.host(tx, wanted.merchant_id, wanted.host_id)
    if host is None or host.state not in WORKING:
        problems["host_id"] = N_("Please choose one.")
    if not 1 <= wanted.quantity <= PIECES_MAX:
        problems["quantity"] = N_("Please enter a number from 1 to 100")
    for field in ("name", "phone", "address"):
        said = wanted.receiver.get(field, "").strip()
        if not said:
            problems[field] = N_("Please fill this in")
        elif len(said) > RECEIVER_CHARACTERS_MAX:
            problems[field] = N_("This is too long")
    if len(wanted.words) > WORDS_CHARACTERS_MAX:
        problems["words"] = N_("This is too long")
    return problems


async def approve(tx: Tx, merchant_id: UUID, sample_id: UUID, by: str) -> None:
    """The shop gives it. Said twice, nothing changes. Raises `NotFound`, `NoSamplesLeft`, `TransitionRefused`."""
    known = await queries.sample(tx, merchant_id, sample_id)
    if known is None:
        raise NotFound()
    of = await lock_offer(tx, merchant_id, known.offer_id)
    found = await _lock(tx, merchant_id, sample_id)
    if found.state is SampleState.APPROVED:
        return
    SAMPLE_MACHINE.check(found.state, SampleState.APPROVED)
    if found.quantity > of.samples_left:
        raise NoSamplesLeft(left=of.samples_left)
    await _move(tx, found, SampleState.APPROVED, by)


async def refuse(tx: Tx, merchant_id: UUID, sample_id: UUID, reason: str, by: str) -> None:
    """The shop does not give it, and says why. Raises `NotFound`, `TransitionRefused`, `Invalid`."""
    if not 0 < len(reason.strip()) <= REASON_CHARACTERS_MAX:
        raise Invalid({"reason": N_("Please give a reason, in 500 characters at most")})
    found = await _lock(tx, merchant_id, sample_id)
    if found.state is not SampleState.REFUSED:
        await _move(tx, found, SampleState.REFUSED, by, reason=reason.strip())


async def withdraw(tx: Tx, merchant_id: UUID, sample_id: UUID, by: str) -> None:
    """The host does not want it any more, as long as it was not sent. Raises `NotFound`, `TransitionRefused`."""
    found = await _lock(tx, merchant_id, sample_id)
    if found.state is not SampleState.WITHDRAWN:
        await _move(tx, found, SampleState.WITHDRAWN, by)


async def send(
    tx: Tx,
    merchant_id: UUID,
    sample_id: UUID,
    carrier: str,
    tracking: str,
    by: str,
    shelf: tuple[UUID, UUID] | None = None,
) -> None:
    """It is on its way, under a number, out of the stock of this article in this warehouse (none: it was not in stock). Said
    twice, nothing changes. Raises `NotFound`, `TransitionRefused`, `Invalid`, `Promised` where the pieces are kept for orders.
    """
    problems = {
        field: N_("Please fill this in")
        for field, said in (("carrier", carrier), ("tracking", tracking))
        if not 0 < len(said.strip()) <= TRACKING_CHARACTERS_MAX
    }
    if problems:
        raise Invalid(problems)
    found = await _lock(tx, merchant_id, sample_id)
    if found.state is SampleState.SENT:
        return
    SAMPLE_MACHINE.check(found.state, SampleState.SENT)
    if shelf is not None:
        if not any(shelf == (each.sku_id, each.warehouse_id) for each in await queries.shelves(tx, found)):
            raise Invalid({"shelf": N_("Please choose one.")})
        await inventory.hand_out(
            tx,
            merchant_id,
            *shelf,
            found.quantity,
            document=sample_id,
            by=by,
            note=f"{carrier.strip()} {tracking.strip()}",
        )
        await tx.execute(
            "UPDATE pool_samples SET sku_id = $3, warehouse_id = $4 WHERE merchant_id = $1 AND sample_id = $2",
            merchant_id,
            sample_id,
            *shelf,
        )
    await _move(tx, found, SampleState.SENT, by, carrier=carrier.strip(), tracking=tracking.strip())


async def note_received(tx: Tx, merchant_id: UUID, sample_id: UUID, by: str) -> None:
    """The host has it. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    found = await _lock(tx, merchant_id, sample_id)
    if found.state is not SampleState.RECEIVED:
        await _move(tx, found, SampleState.RECEIVED, by)


async def note_returned(tx: Tx, merchant_id: UUID, sample_id: UUID, by: str, *, fit: bool = True) -> None:
    """It is back with the shop; `fit` to be sold, it lies on the shelf again from which it was taken. Said twice, nothing
    changes. Raises `NotFound`, `TransitionRefused`."""
    found = await _lock(tx, merchant_id, sample_id)
    if found.state is SampleState.RETURNED:
        return
    await _move(tx, found, SampleState.RETURNED, by)
    if fit and found.sku_id is not None and found.warehouse_id is not None:
        await inventory.put_sample_back(
            tx, merchant_id, found.sku_id, found.warehouse_id, found.quantity, document=sample_id, by=by
        )


async def _lock(tx: Tx, merchant_id: UUID, sample_id: UUID) -> Sample:
    held = await tx.value(
        "SELECT true FROM pool_samples WHERE merchant_id = $1 AND sample_id = $2 FOR UPDATE", merchant_id, sample_id
    )
    found = await queries.sample(tx, merchant_id, sample_id) if held else None
    if found is None:
        raise NotFound()
    return found


async def _move(
    tx: Tx, found: Sample, to: SampleState, by: str, *, reason: str = "", carrier: str = "", tracking: str = ""
) -> None:
    """Where it goes is not kept when it is over: refused, withdrawn, back, or received for good."""
    SAMPLE_MACHINE.check(found.state, to)
    over = to in (SampleState.REFUSED, SampleState.WITHDRAWN, SampleState.RETURNED)
    over = over or (to is SampleState.RECEIVED and not found.back)
    await tx.execute(
        """
        UPDATE pool_samples
        SET state = $3, reason = $4, carrier = coalesce(nullif($5, ''), carrier), tracking = coalesce(nullif($6, ''), tracking)
          , receiver = CASE WHEN $7 THEN '{}' ELSE receiver END, changed_at = now()
        WHERE merchant_id = $1 AND sample_id = $2
        """,
        found.merchant_id,
        found.sample_id,
        to,
        reason,
        carrier,
        tracking,
        over,
    )
    await _note(tx, found.merchant_id, found.sample_id, found.state, to, by)


async def _note(tx: Tx, merchant_id: UUID, sample_id: UUID, before: str, to: SampleState, by: str) -> None:
    await tx.execute(
        """
        INSERT INTO pool_sample_history (merchant_id, sample_id, step, from_state, to_state, by)
        SELECT $1, $2, coalesce(max(step), 0) + 1, $3, $4, $5 FROM pool_sample_history
        WHERE merchant_id = $1 AND sample_id = $2
        """,
        merchant_id,
        sample_id,
        before,
        to,
        by,
    )
