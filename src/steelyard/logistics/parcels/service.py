"""Commands on parcels."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Row, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.logistics.parcels.events import ParcelDelivered, ParcelRefused
from steelyard.logistics.parcels.model import (
    CORRECTION_HOURS,
    CORRECTIONS_MAX,
    MACHINE,
    NUMBER_CHARACTERS_MAX,
    Correction,
    NewParcel,
    NumberTaken,
    ParcelId,
    ParcelState,
    Scan,
    ToCollect,
    TooLateToCorrect,
)

ASK_AGAIN = timedelta(minutes=15)
ASK_TRIES_MAX = 3_000  # at one every fifteen minutes, a month
ASKS_PER_SWEEP = 50
LEASE = timedelta(minutes=1)

_STATE_OF = {"exception": ParcelState.LOST, "delivered": ParcelState.DELIVERED}


def clean_number(number: str) -> str:
    """A tracking number as it is kept. Raises `Invalid` for what cannot be one."""
    number = number.strip().upper()
    if not (1 <= len(number) <= NUMBER_CHARACTERS_MAX and number.isascii() and number.replace("-", "").isalnum()):
        raise Invalid({"number": N_("A tracking number has 1 to 40 letters and digits")})
    return number


async def hand_over(
    tx: Tx, *, parcel_id: ParcelId, merchant_id: UUID, order_id: UUID, carrier: str, number: str, by: str
) -> None:
    """Write down that a parcel left the house under a carrier's number; the carrier is asked about it from now on.

    Said twice with the same id, nothing changes. Raises `NumberTaken` when another parcel has the number, and `Invalid`
    for a number that cannot be one or a carrier that is not known.
    """
    parcel = NewParcel(parcel_id=parcel_id, order_id=order_id, carrier=carrier, number=clean_number(number))
    if not await tx.value("SELECT true FROM carriers WHERE carrier = $1 AND active", carrier):
        raise Invalid({"carrier": N_("Please choose a carrier")})
    if await hand_over_many(tx, merchant_id, [parcel], by):
        return
    mine = await tx.value("SELECT true FROM parcels WHERE merchant_id = $1 AND parcel_id = $2", merchant_id, parcel_id)
    if not mine:
        raise NumberTaken(number=parcel.number, carrier=carrier)


async def hand_over_many(tx: Tx, merchant_id: UUID, parcels: Sequence[NewParcel], by: str) -> set[UUID]:
    """`hand_over` of many parcels, whose numbers are clean and whose carriers are known; returns those that are new. One
    that is missing had left before, or its number is another's."""
    rows = await tx.fetch(
        """
        WITH made AS (
            INSERT INTO parcels (merchant_id, parcel_id, order_id, carrier, number, state, attempt_at)
            SELECT $1, p.parcel_id, p.order_id, p.carrier, p.number, $6, CASE WHEN p.carrier <> 'other' THEN now() END
            FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) AS p (parcel_id, order_id, carrier, number)
            ORDER BY p.parcel_id
            ON CONFLICT DO NOTHING
            RETURNING parcel_id
        ), noted AS (
            INSERT INTO parcel_history (merchant_id, parcel_id, step, from_state, to_state, by)
            SELECT $1, parcel_id, 1, 'nowhere', $6, $7 FROM made
        )
        SELECT parcel_id FROM made
        """,
        merchant_id,
        [parcel.parcel_id for parcel in parcels],
        [parcel.order_id for parcel in parcels],
        [parcel.carrier for parcel in parcels],
        [parcel.number for parcel in parcels],
        ParcelState.HANDED_OVER,
        by,
    )
    return {row["parcel_id"] for row in rows}


async def correct_number(
    tx: Tx, merchant_id: UUID, parcel_id: ParcelId, carrier: str, number: str, by: str
) -> Correction | None:
    """A parcel left under another number than was typed in. Returns what changed, none when that is what it had.

    Only while its carrier has told nothing of it that happened on the road, within `CORRECTION_HOURS` of its sending and
    `CORRECTIONS_MAX` times: later a buyer has followed the number. Raises `NotFound`, `TooLateToCorrect`, `NumberTaken`,
    `Invalid`.
    """
    number = clean_number(number)
    if not await tx.value("SELECT true FROM carriers WHERE carrier = $1 AND active", carrier):
        raise Invalid({"carrier": N_("Please choose a carrier")})
    parcel = await tx.row(
        """
        SELECT carrier, number, state = 'handed_over' AND sent_at > now() - $3::interval
             AND (SELECT count(*) FROM parcel_corrections c
                  WHERE c.merchant_id = $1 AND c.parcel_id = $2) < $4 AS open
        FROM parcels WHERE merchant_id = $1 AND parcel_id = $2 FOR UPDATE
        """,
        merchant_id,
        parcel_id,
        timedelta(hours=CORRECTION_HOURS),
        CORRECTIONS_MAX,
    )
    if parcel is None:
        raise NotFound()
    if (parcel["carrier"], parcel["number"]) == (carrier, number):
        return None
    if not parcel["open"]:
        raise TooLateToCorrect(number=parcel["number"])
    taken = await tx.value(
        "SELECT true FROM parcels WHERE merchant_id = $1 AND carrier = $2 AND number = $3", merchant_id, carrier, number
    )
    if taken:
        raise NumberTaken(number=number, carrier=carrier)
    await tx.execute(
        """
        WITH noted AS (
            INSERT INTO parcel_corrections (merchant_id, parcel_id, correction, carrier, number, by)
            SELECT $1, $2, (SELECT count(*) + 1 FROM parcel_corrections WHERE merchant_id = $1 AND parcel_id = $2)
                 , $5, $6, $7
        )
        UPDATE parcels SET carrier = $3, number = $4, registered_at = NULL, refused_at = NULL, attempts = 0
             , attempt_at = CASE WHEN $3 <> 'other' THEN now() END
        WHERE merchant_id = $1 AND parcel_id = $2
        """,
        merchant_id,
        parcel_id,
        carrier,
        number,
        parcel["carrier"],
        parcel["number"],
        by,
    )
    return Correction(carrier_was=parcel["carrier"], number_was=parcel["number"], carrier=carrier, number=number)


async def ask_to_collect(tx: Tx, merchant_id: UUID, wanted: Mapping[UUID, ToCollect]) -> None:
    """Of these parcels, which leave now, so much is to be paid at the door: their carriers are told so with the number."""
    await tx.execute(
        """
        UPDATE parcels p SET collect = w.amount, collect_currency = w.currency
        FROM unnest($2::uuid[], $3::bigint[], $4::text[]) AS w (parcel_id, amount, currency)
        WHERE p.merchant_id = $1 AND p.parcel_id = w.parcel_id
        """,
        merchant_id,
        list(wanted),
        [each.amount for each in wanted.values()],
        [each.currency for each in wanted.values()],
    )


async def give_up(tx: Tx, merchant_id: UUID, order_id: UUID, by: str) -> None:
    """Of an order that nobody paid at the door: its parcels go back, whatever their carrier tells later. Announces nothing:
    whoever says so knows."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, parcel_id, state FROM parcels
        WHERE merchant_id = $1 AND order_id = $2 AND state NOT IN ('delivered', 'refused') ORDER BY parcel_id FOR UPDATE
        """,
        merchant_id,
        order_id,
    )
    for row in rows:  # one: what is paid at the door leaves in one parcel
        await _refuse(tx, row, ParcelState(row["state"]), by)


async def _refuse(tx: Tx, parcel: Row, before: ParcelState, by: str) -> None:
    await tx.execute(
        "UPDATE parcels SET state = 'refused', attempt_at = NULL WHERE merchant_id = $1 AND parcel_id = $2",
        parcel["merchant_id"],
        parcel["parcel_id"],
    )
    await _note(tx, parcel["merchant_id"], parcel["parcel_id"], before, ParcelState.REFUSED, by)


async def record_scans(
    tx: Tx, *, carrier: str, number: str, scans: Sequence[Scan], by: str = "carrier", collected: int | None = None
) -> None:
    """Write down what the carrier told about a number, and move the parcels that have it.

    A scan that is known already is no news; scans may come in any order and more than once: a parcel is where its latest
    scan says, and once delivered it stays so. A number that nobody here sent is ignored. `collected`: the cash
    that the carrier says it got. Announces `ParcelDelivered`, or `ParcelRefused`, once a parcel.
    """
    parcels = await tx.fetch(
        """
        SELECT merchant_id, parcel_id, order_id, state, collect FROM parcels WHERE carrier = $1 AND number = $2
        ORDER BY merchant_id, parcel_id FOR UPDATE
        """,
        carrier,
        number.strip().upper(),
    )
    for parcel in parcels:  # one, unless two merchants typed in the same number
        await tx.execute(
            """
            INSERT INTO parcel_scans (merchant_id, parcel_id, at, code, place, words)
            SELECT $1, $2, * FROM unnest($3::timestamptz[], $4::text[], $5::text[], $6::jsonb[])
            ON CONFLICT DO NOTHING
            """,
            parcel["merchant_id"],
            parcel["parcel_id"],
            [scan.at for scan in scans],
            [scan.code for scan in scans],
            [scan.place for scan in scans],
            [dict(scan.words) for scan in scans],
        )
        await _follow(tx, parcel, by, collected)


async def _follow(tx: Tx, parcel: Row, by: str, collected: int | None) -> None:
    """Move a locked parcel to where its scans, all of them, say it is."""
    scan = await tx.row(
        """
        SELECT at, code FROM parcel_scans WHERE merchant_id = $1 AND parcel_id = $2
        ORDER BY code = 'delivered' DESC, CASE WHEN code = 'delivered' THEN at END, at DESC, code LIMIT 1
        """,
        parcel["merchant_id"],
        parcel["parcel_id"],
    )
    if scan is None:
        return
    before, after = ParcelState(parcel["state"]), _STATE_OF.get(scan["code"], ParcelState.IN_TRANSIT)
    if scan["code"] == "refused":  # what is paid already and not taken is trouble like any other, for people to look at
        after = ParcelState.REFUSED if parcel["collect"] else ParcelState.LOST
    if not MACHINE.allows(before, after):
        return
    if after is ParcelState.REFUSED:
        await _refuse(tx, parcel, before, by)
        gone = ParcelRefused(
            merchant_id=parcel["merchant_id"], parcel_id=parcel["parcel_id"], order_id=parcel["order_id"]
        )
        await events.publish(tx, gone)
        return
    # Whatever the carrier's clock says, or an old number: nothing arrives before it was sent.
    delivered_at = await tx.value(
        """
        UPDATE parcels
        SET state = $3
          , delivered_at = CASE WHEN $3 = 'delivered' THEN greatest($4, sent_at) END
          , attempt_at = CASE WHEN $3 <> 'delivered' THEN attempt_at END
        WHERE merchant_id = $1 AND parcel_id = $2
        RETURNING delivered_at
        """,
        parcel["merchant_id"],
        parcel["parcel_id"],
        after,
        scan["at"],
    )
    await _note(tx, parcel["merchant_id"], parcel["parcel_id"], before, after, by)
    if after is ParcelState.DELIVERED:
        await events.publish(
            tx,
            ParcelDelivered(
                merchant_id=parcel["merchant_id"],
                parcel_id=parcel["parcel_id"],
                order_id=parcel["order_id"],
                at=delivered_at,
                collected=collected if parcel["collect"] else None,
            ),
        )


async def _note(tx: Tx, merchant_id: UUID, parcel_id: UUID, before: str, after: ParcelState, by: str) -> None:
    await tx.execute(
        """
        INSERT INTO parcel_history (merchant_id, parcel_id, step, from_state, to_state, by)
        SELECT $1, $2, coalesce(max(step), 0) + 1, $3, $4, $5 FROM parcel_history
        WHERE merchant_id = $1 AND parcel_id = $2
        """,
        merchant_id,
        parcel_id,
        before,
        after,
        by,
    )


class ToAsk(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel to ask the carrier about; `registered` says whether the carrier already promised to tell us."""

    merchant_id: UUID
    parcel_id: ParcelId
    carrier: str
    number: str
    registered: bool
    collect: int | None = None
    collect_currency: str | None = None

    @property
    def to_collect(self) -> ToCollect | None:
        if self.collect is None or self.collect_currency is None:
            return None
        return ToCollect(amount=self.collect, currency=self.collect_currency)


async def take_to_ask(tx: Tx) -> list[ToAsk]:
    """Parcels whose carrier is to be asked now; each is put off a minute, so that a crash only delays it."""
    return await tx.all(
        ToAsk,
        """
        UPDATE parcels p SET attempt_at = now() + $1, attempts = attempts + 1
        FROM (SELECT merchant_id, parcel_id FROM parcels WHERE attempt_at <= now()
              ORDER BY attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED) due
        WHERE p.merchant_id = due.merchant_id AND p.parcel_id = due.parcel_id
        RETURNING p.merchant_id, p.parcel_id, p.carrier, p.number, p.registered_at IS NOT NULL AS registered
                , p.collect, p.collect_currency
        """,
        LEASE,
        ASKS_PER_SWEEP,
    )


async def asked(tx: Tx, parcel: ToAsk, *, known: bool = True) -> None:
    """The carrier answered. One that knows the number is asked again later in case it forgets to tell; one that does
    not know it may come to know it."""
    await tx.execute(
        """
        UPDATE parcels SET registered_at = CASE WHEN $5 THEN coalesce(registered_at, now()) END
             , refused_at = CASE WHEN NOT $5 THEN coalesce(refused_at, now()) END
             , attempt_at = CASE WHEN state NOT IN ('delivered', 'refused') AND attempts < $4 THEN now() + $3::interval END
        WHERE merchant_id = $1 AND parcel_id = $2
        """,
        parcel.merchant_id,
        parcel.parcel_id,
        ASK_AGAIN,
        ASK_TRIES_MAX,
        known,
    )
