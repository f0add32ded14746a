"""Which of the carriers a shop sends with, and which delivery option goes with whom."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.logistics.parcels.model import Carrier, CarrierList


async def carriers_of(read: Read, merchant_id: UUID) -> CarrierList:
    """The carriers that a shop chose, or all: the house's switch counts before the shop's."""
    rows = await read.fetch(
        """
        SELECT c.carrier, c.name, s.place IS NOT NULL AS mine FROM carriers c
        LEFT JOIN shop_carriers s ON s.merchant_id = $1 AND s.carrier = c.carrier
        WHERE c.active ORDER BY s.place NULLS LAST, c.carrier = 'other', c.carrier
        """,
        merchant_id,
    )
    options = await read.fetch("SELECT template_id, carrier FROM delivery_carriers WHERE merchant_id = $1", merchant_id)
    chosen = any(row["mine"] for row in rows)
    return CarrierList(
        carriers=[Carrier(carrier=row["carrier"], name=row["name"]) for row in rows if row["mine"] or not chosen],
        chosen=chosen,
        by_option={row["template_id"]: row["carrier"] for row in options},
    )


async def use_carriers(tx: Tx, merchant_id: UUID, carriers: Sequence[str]) -> None:
    """The shop sends with these and no others, the first of them by preference. Raises `Invalid` for none, and for what
    is no carrier."""
    wanted = list(dict.fromkeys(carriers))
    known = {row["carrier"] for row in await tx.fetch("SELECT carrier FROM carriers WHERE active")}
    if not wanted or not set(wanted) <= known:
        raise Invalid({"carriers": N_("Please choose a carrier")})
    await tx.execute("DELETE FROM shop_carriers WHERE merchant_id = $1 AND carrier <> ALL ($2)", merchant_id, wanted)
    await tx.execute(
        """
        INSERT INTO shop_carriers (merchant_id, carrier, place)
        SELECT $1, c.carrier, c.place FROM unnest($2::text[]) WITH ORDINALITY AS c (carrier, place)
        ON CONFLICT (merchant_id, carrier) DO UPDATE SET place = excluded.place
        """,
        merchant_id,
        wanted,
    )


async def send_with(tx: Tx, merchant_id: UUID, template_id: UUID, carrier: str | None) -> None:
    """A delivery option goes with this carrier; none: with the one that the shop prefers. Raises `Invalid`."""
    if not carrier:
        await tx.execute(
            "DELETE FROM delivery_carriers WHERE merchant_id = $1 AND template_id = $2", merchant_id, template_id
        )
        return
    if not await tx.value("SELECT true FROM carriers WHERE carrier = $1 AND active", carrier):
        raise Invalid({"carrier": N_("Please choose a carrier")})
    await tx.execute(
        """
        INSERT INTO delivery_carriers (merchant_id, template_id, carrier) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id, template_id) DO UPDATE SET carrier = excluded.carrier
        """,
        merchant_id,
        template_id,
        carrier,
    )
