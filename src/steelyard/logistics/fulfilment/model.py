"""What has to leave the house."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.logistics.parcels.model import ParcelId

LINES_PER_DISPATCH_MAX = 500


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a paid order that wants sending, within `ship_hours` from now where that was promised, or by
    the moment `ship_by`; `withdrawn` pieces of it were given back before."""

    merchant_id: UUID
    order_id: UUID
    line: int
    sku_id: UUID
    quantity: int
    ship_hours: int | None = None
    ship_by: datetime | None = None
    withdrawn: int = 0


class Packed(msgspec.Struct, frozen=True):
    line: int
    quantity: int


class Dispatch(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that leaves now. `lines` none means all that is still to be sent."""

    merchant_id: UUID
    order_id: UUID
    parcel_id: ParcelId
    carrier: str
    number: str
    lines: Sequence[Packed] | None = None


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """What sending a parcel came to: `fresh` unless it had left before, `whole` when nothing of the order is left."""

    fresh: bool
    whole: bool


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """What calling pieces back came to: of each line, how many had not left and now stay. `left` and `sent` are the
    whole order's pieces still to be sent, and those that have gone."""

    lines: dict[int, int]
    left: int
    sent: int


class LineStatus(msgspec.Struct, frozen=True, kw_only=True):
    order_id: UUID
    line: int
    quantity: int
    shipped: int
    withdrawn: int
    ship_by: datetime | None = None

    @property
    def left(self) -> int:
        """Pieces still to be sent."""
        return self.quantity - self.shipped - self.withdrawn


class Promised(msgspec.Struct, frozen=True, kw_only=True):
    """A promise whose time is over: how many pieces were `wanted`, and how many had left `in_time`."""

    merchant_id: UUID
    order_id: UUID
    line: int
    ship_by: datetime
    wanted: int
    in_time: int


class ToLeave(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of a line are to leave by a promised time."""

    order_id: UUID
    line: int
    ship_by: datetime
    pieces: int


class ParcelLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of a line are in a parcel."""

    parcel_id: UUID
    line: int
    quantity: int


class AlreadyLeft(Refusal):
    """What has left the house cannot be called back: it is returned instead."""

    code = "already_left"
    title = N_("This order has already been sent")
    detail = N_(
        "Something of it has left the house, so it can no longer be cancelled. Please ask for a return instead."
    )


class ParcelTaken(Refusal):
    """A parcel is one order's."""

    code = "parcel_taken"
    title = N_("This parcel belongs to another order")
    detail = N_("Please reload the page and send the order in a parcel of its own.")


class NothingLeft(Refusal):
    """A parcel holds what is still to be sent, and no more of it."""

    code = "nothing_to_ship"
    title = N_("There is not that much left to send")
    detail = N_("Line {line}: {left} still to be sent, {wanted} in this parcel.")


class NotSent(Refusal):
    """Orders that are sent together are all sent or none: `troubles` says by order what is in the way."""

    code = "not_sent"
    title = N_("Nothing has been sent yet")
    detail = N_("Some of these orders cannot be sent like this. Please mend their rows, then send them all.")

    def __init__(self, troubles: Mapping[UUID, Refusal]) -> None:
        super().__init__(troubles=troubles)
