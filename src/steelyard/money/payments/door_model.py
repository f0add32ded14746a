"""What is collected at the door: how far it is, what carriers owe and pay on, and what is refused about it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId

AT_THE_DOOR = "cod"
# Why a refund cannot go back the way the money came.
PAID_AT_THE_DOOR = "paid_at_the_door"


class DoorState(StrEnum):
    """`due`: nothing has left. `carried`: the parcel is on its way, and whoever hands it over knows what to ask for.
    `collected`: the carrier has the cash; `remitted`: and has paid it on. `kept`: the shop brought it itself and has the cash.
    `refused`: nobody paid at the door. `void`: called off before it left."""

    DUE = "due"
    CARRIED = "carried"
    COLLECTED = "collected"
    REMITTED = "remitted"
    KEPT = "kept"
    REFUSED = "refused"
    VOID = "void"


DOOR_MACHINE = Machine(
    "door",
    {DoorState.DUE},
    {
        DoorState.DUE: {DoorState.CARRIED, DoorState.VOID},
        DoorState.CARRIED: {DoorState.COLLECTED, DoorState.KEPT, DoorState.REFUSED},
        DoorState.COLLECTED: {DoorState.REMITTED},
        DoorState.REMITTED: set(),
        DoorState.KEPT: set(),
        DoorState.REFUSED: set(),
        DoorState.VOID: set(),
    },
)

# As long as one of these counts, the cash is not there: the order waits for it.
WAITS = (DoorState.DUE, DoorState.CARRIED)


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be paid at the door for one order. `amount` was promised, `undone` was taken off it by refunds since; `told` is
    what whoever hands it over asks for, once the parcel has left. `reported` is what the carrier says that it got, where that is
    something else. All in minor units."""

    merchant_id: MerchantId
    order_id: UUID
    payment_id: UUID
    buyer_id: BuyerId
    amount: int
    undone: int
    currency: str
    state: DoorState
    told: int | None
    reported: int | None
    carrier: str | None
    created_at: datetime
    ended_at: datetime | None
    remittance: str | None = None

    @property
    def left(self) -> int:
        """What the buyer owes at the door now; nothing once it is over."""
        return self.amount - self.undone if self.state in WAITS else 0


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """An order that a carrier says it handed over; `reported` is the cash that it says it got, where it says so."""

    merchant_id: UUID
    order_id: UUID
    carrier: str
    reported: int | None = None


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What a carrier has collected and not paid on; `late` is the part of it that it has had for longer than it may."""

    carrier: str
    currency: str
    orders: int
    amount: int
    late: int
    oldest: datetime


class Remittance(msgspec.Struct, frozen=True, kw_only=True):
    """What a carrier paid on: `amount` came to the bank, `fee` it kept; together they are what it had collected for `orders`."""

    bank_number: str
    carrier: str
    amount: int
    fee: int
    currency: str
    on_day: date
    recorded_at: datetime
    by: str
    orders: int = 0


class RemittanceKnown(Refusal):
    """A line of the bank statement is written down once."""

    code = "remittance_known"
    title = N_("This bank number was written down before")
    detail = N_("It belongs to another remittance.")


class DoesNotAddUp(Refusal):
    """What came to the bank and what the carrier kept are together what it had collected for the orders named."""

    code = "does_not_add_up"
    title = N_("This does not add up")
    detail = N_("The orders come to {expected}; the amount and the fee come to {said}.")


class NotWithTheCarrier(Refusal):
    """Only what a carrier has collected and not paid on yet can be paid on."""

    code = "not_with_the_carrier"
    title = N_("This carrier does not owe all of these")
    detail = N_("One of the orders was paid on meanwhile, or its cash is not with this carrier.")


class NotAtTheDoor(Refusal):
    """Only what is on its way, to be paid at the door, is collected or refused there."""

    code = "not_at_the_door"
    title = N_("Nothing is to be collected for this order now")
    detail = N_("It has not left yet, or what became of it at the door is known already.")
