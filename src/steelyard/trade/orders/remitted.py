"""A carrier's file of what it pays on is laid beside the books: its parcels and codes lead to orders, what it owed for them
is paid on by this file, and what it says otherwise is on the reconciliation's list."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.kernel import codes
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.logistics import parcels
from steelyard.money import payments, reconciliation
from steelyard.money.payments import ORDERS_PER_REMITTANCE_MAX, DoorCollection, DoorState
from steelyard.money.reconciliation.model import UPLOAD_BYTES_MAX, File, Line

# One transfer at the bank has one file, and a day has one statement: to cut the file would not help.
TOO_MANY = N_(
    "A file may have at most 500 parcels. Please ask the carrier to pay them on in parts, each with its file and day."
)


class Remitted(msgspec.Struct, frozen=True, kw_only=True):
    """A file as a carrier sends it, with the number and day of its transfer at the bank."""

    carrier: str
    currency: str
    name: str
    content: bytes
    bank_number: str
    on_day: date


async def lay_beside(tx: Tx, sent: Remitted, by: str) -> File:
    """Keep the file, write down that the orders on it which this carrier owed for are paid on, and reconcile its day. A file that
    cannot be read is kept with what is wrong, and nothing is paid on. Twice the same file raises `FileKnown`.

    Raises `NotFound` (no such carrier), `Invalid`, `FileKnown`, `DayTaken`, `RemittanceKnown`.
    """
    known = {each.carrier: each for each in await parcels.carriers(tx)}.get(sent.carrier)
    if known is None:
        raise NotFound()
    source = await reconciliation.source_of_carrier(tx, sent.carrier, known.name)
    traded = [each for each in await reconciliation.traded(tx) if each == sent.currency]
    statement = reconciliation.read_statement(
        source, sent.on_day, sent.name, sent.content, traded, bytes_max=UPLOAD_BYTES_MAX
    )
    if statement.problems:
        return await reconciliation.take(tx, statement, by)
    if len(statement.lines) > ORDERS_PER_REMITTANCE_MAX:
        raise Invalid({"file": TOO_MANY})
    lines, owed = await _led(tx, sent, statement.lines)
    file = await reconciliation.take(tx, msgspec.structs.replace(statement, lines=lines), by)
    if not owed:
        raise Invalid({"file": N_("This carrier owes nothing for the parcels in this file.")})
    fee = sum(line.fee for line in statement.lines)
    amount = sum(each.told or 0 for each in owed) - fee
    if amount <= 0:
        raise Invalid({"file": N_("The fees are more than what was collected.")})
    await payments.remit(
        tx, sent.carrier, bank_number=sent.bank_number, amount=amount, fee=fee, currency=sent.currency, on_day=sent.on_day,
        orders=[(each.merchant_id, each.order_id) for each in owed], by=by,
    )  # fmt: skip
    await reconciliation.run_within(tx, source.source, sent.on_day)
    return file


async def _led(read: Read, sent: Remitted, lines: Sequence[Line]) -> tuple[list[Line], list[DoorCollection]]:
    """The lines with the orders that they are about, by the parcel's number, else by the order's code; and of those orders what
    this carrier owes. What a carrier keeps is one fee of the file: the lines bear none."""
    by_number = await parcels.named_by_number(read, sent.carrier, [line.their_id for line in lines])
    by_code = await _by_code(read, [line.their_document for line in lines if line.their_document])
    led: list[Line] = []
    about: dict[UUID, tuple[UUID, UUID]] = {}
    for line in lines:
        found = by_number.get(line.their_id) or by_code.get(codes.read(line.their_document or ""))
        if found is not None:
            about[found[1]] = found
        led.append(msgspec.structs.replace(line, fee=0, reference=str(found[1]) if found else None))
    doors = (await payments.doors_of_all(read, list(about.values()))).values()
    owed = [
        each
        for each in doors
        if each.state is DoorState.COLLECTED and each.carrier == sent.carrier and each.currency == sent.currency
    ]
    return led, owed


async def _by_code(read: Read, typed: Sequence[str]) -> dict[str, tuple[UUID, UUID]]:
    rows = await read.fetch(
        "SELECT code, merchant_id, order_id FROM order_codes WHERE code = ANY($1) AND order_id IS NOT NULL",
        [codes.read(each) for each in typed],
    )
    return {row["code"]: (row["merchant_id"], row["order_id"]) for row in rows}
