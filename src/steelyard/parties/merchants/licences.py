"""Licences that come to an end: the shop hands in the new one, the operator looks it over, and it counts from then on."""

from datetime import date
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import (
    LicenceRenewal,
    MerchantId,
    NewLicence,
    RenewalId,
    RenewalState,
    StaleRenewal,
)
from steelyard.parties.merchants.restricting import stop_or_reopen
from steelyard.parties.merchants.service import set_licence
from steelyard.parties.merchants.verifying import verify

RENEWALS_SHOWN_MAX = 20
REASON_CHARACTERS_MAX = 200
FILE_NAME_CHARACTERS_MAX = 200


async def hand_in_licence(tx: Tx, merchant_id: MerchantId, licence: NewLicence, by: str, today: date) -> None:
    """Hand in a new licence. One that waits already is replaced by it; said twice, nothing changes.
    Raises `Invalid` for a licence that has ended."""
    if licence.good_until is not None and licence.good_until < today:
        raise Invalid({"good_until": N_("This licence has ended.")})
    await tx.execute(
        """
        INSERT INTO licence_renewals AS r (merchant_id, renewal_id, good_until, file, name, bytes, state, handed_in_by)
        SELECT $1, $2, $3::date, $4, $5, $6::bigint, 'waiting', $7
        WHERE NOT EXISTS (SELECT FROM licence_renewals WHERE merchant_id = $1 AND renewal_id = $2)
        ON CONFLICT (merchant_id) WHERE state = 'waiting' DO UPDATE
        SET good_until = excluded.good_until, file = excluded.file, name = excluded.name, bytes = excluded.bytes
          , handed_in_at = now(), handed_in_by = excluded.handed_in_by
        WHERE (r.file, r.good_until) IS DISTINCT FROM (excluded.file, excluded.good_until)
        """,
        merchant_id,
        licence.renewal_id,
        licence.good_until,
        licence.file,
        licence.name[:FILE_NAME_CHARACTERS_MAX],
        licence.bytes,
        by,
    )


async def decide_licence(
    tx: Tx,
    merchant_id: MerchantId,
    renewal_id: RenewalId,
    *,
    accepted: bool,
    file: str,
    reason: str,
    by: str,
    today: date,
) -> LicenceRenewal:
    """Accept a new licence, which counts from now on and opens a shop that was suspended when the old one ended, or send it
    back with a reason. `file` is the one that was looked at.
    Raises `NotFound`, `StaleRenewal` when somebody was quicker or another was handed in meanwhile, `Invalid`."""
    reason = reason.strip()
    if not accepted and not reason:
        raise Invalid({"reason": N_("Please give a reason.")})
    renewal = await tx.one(
        LicenceRenewal,
        """
        SELECT merchant_id, renewal_id, good_until, file, name, bytes, state, reason, handed_in_at, handed_in_by, decided_at
             , decided_by
        FROM licence_renewals WHERE merchant_id = $1 AND renewal_id = $2 FOR UPDATE
        """,
        merchant_id,
        renewal_id,
    )
    if renewal is None:
        raise NotFound()
    if renewal.state is not RenewalState.WAITING or renewal.file != file:
        raise StaleRenewal()
    await tx.execute(
        """
        UPDATE licence_renewals SET state = $3, reason = $4, decided_at = now(), decided_by = $5
        WHERE merchant_id = $1 AND renewal_id = $2
        """,
        merchant_id,
        renewal_id,
        RenewalState.ACCEPTED if accepted else RenewalState.SENT_BACK,
        reason[:REASON_CHARACTERS_MAX],
        by,
    )
    if accepted:
        await set_licence(tx, merchant_id, renewal.good_until)
        await verify(tx, merchant_id, today)
        await stop_or_reopen(tx, merchant_id, today)
    return renewal


async def renewals_of(read: Read, merchant_id: MerchantId) -> list[LicenceRenewal]:
    """The licences that a shop has handed in, the last first."""
    return await read.all(
        LicenceRenewal,
        """
        SELECT merchant_id, renewal_id, good_until, file, name, bytes, state, reason, handed_in_at, handed_in_by, decided_at
             , decided_by
        FROM licence_renewals WHERE merchant_id = $1 ORDER BY handed_in_at DESC, renewal_id LIMIT $2
        """,
        merchant_id,
        RENEWALS_SHOWN_MAX,
    )


async def renewal(read: Read, merchant_id: MerchantId, renewal_id: UUID) -> LicenceRenewal:
    """Raises `NotFound`."""
    found = next((each for each in await renewals_of(read, merchant_id) if each.renewal_id == renewal_id), None)
    if found is None:
        raise NotFound()
    return found


async def renewals_waiting(read: Read, limit: int | None = None) -> list[MerchantId]:
    """Whose new licences wait to be looked over, the one that has waited longest first. For the operator."""
    rows = await read.fetch(
        "SELECT merchant_id FROM licence_renewals WHERE state = 'waiting' ORDER BY handed_in_at LIMIT $1",
        paging.limit(limit),
    )
    return [MerchantId(row["merchant_id"]) for row in rows]
