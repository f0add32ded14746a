"""What is agreed with those who send statements: a channel's fee, from a day on; and through which bank account money moves."""

from datetime import date, datetime

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.money.reconciliation.taking import source_called


class AgreedFee(msgspec.Struct, frozen=True, kw_only=True):
    """`fee_ppm` millionths of a captured amount from a day on; none: fees are not compared from then on."""

    source: str
    from_day: date
    fee_ppm: int | None
    agreed_by: str
    agreed_at: datetime


async def agree_fee(tx: Tx, source: str, from_day: date, fee_ppm: int | None, by: str) -> None:
    """Write down the fee that counts from a day on; days that were run already stay as they were. Said again for the same day,
    the last counts. Raises `NoSuchSource` and `Invalid` (a bank has no fee of this kind)."""
    known = await source_called(tx, source)
    if known.side != "channel":
        raise Invalid({"source": N_("Please choose one.")})
    if fee_ppm is not None and not 0 <= fee_ppm <= PARTS_PER_MILLION:
        raise Invalid({"fee": N_("Please enter a percentage such as 0.6")})
    await tx.execute(
        """
        INSERT INTO reconciliation_fees (source, from_day, fee_ppm, agreed_by) VALUES ($1, $2, $3, $4)
        ON CONFLICT (source, from_day)
        DO UPDATE SET fee_ppm = excluded.fee_ppm, agreed_by = excluded.agreed_by, agreed_at = now()
        """,
        source,
        from_day,
        fee_ppm,
        by,
    )


async def agreed_fees(read: Read) -> list[AgreedFee]:
    """All that was written down, the newest first of each source."""
    return await read.all(
        AgreedFee,
        "SELECT source, from_day, fee_ppm, agreed_by, agreed_at FROM reconciliation_fees ORDER BY source, from_day DESC",
    )


async def routes(read: Read) -> list[tuple[str, str | None]]:
    """Why money moves, and through which bank account; `*` is for all that is not said."""
    rows = await read.fetch("SELECT reason, source FROM reconciliation_routes ORDER BY reason = '*', source, reason")
    return [(row["reason"], row["source"]) for row in rows]
