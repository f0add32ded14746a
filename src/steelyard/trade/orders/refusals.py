"""What is refused about orders and purchases, and the rule behind each."""

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_


class NotPayable(Refusal):
    """A purchase that is paid or cancelled is not paid again."""

    code = "not_payable"
    title = N_("This purchase is not waiting for payment")
    detail = N_("It is “{state}” now.")


class NotCancellable(Refusal):
    """Only what is not paid can be dropped without a refund; what is paid is cancelled order by order."""

    code = "not_cancellable"
    title = N_("This can no longer be cancelled")
    detail = N_("It is “{state}” now.")


class UseCancel(Refusal):
    """An order of which nothing was sent and nothing is to be sent any more is called off, not refunded piece by piece."""

    code = "use_cancel"
    title = N_("Please cancel this order instead")
    detail = N_(
        "Nothing of it has been sent, and nothing would be left to send. Cancelling gives all of its money back, freight "
        "included."
    )


class RemindedAlready(Refusal):
    """The shop is reminded of an order once a day."""

    code = "reminded_already"
    title = N_("The shop has been reminded already")
    detail = N_("You can remind it again a day after the last time.")


class ExtendedAlready(Refusal):
    """The time for receiving an order is extended once."""

    code = "extended_already"
    title = N_("The time was extended already")
    detail = N_("This can be done once for each order.")


class PackedAlready(Refusal):
    """What the shop has begun to pack is not sent elsewhere without asking it."""

    code = "packed_already"
    title = N_("The shop is packing this order already")
    detail = N_("The address can no longer be changed here. Please ask the shop, or ask it to cancel.")


class AddressCostsMore(Refusal):
    """An address may be changed when sending it there costs no more than was paid for sending."""

    code = "address_costs_more"
    title = N_("Sending it there costs more")
    detail = N_("You paid {paid} for delivery; to that address it is {fee}. Please cancel and order again.")


class AddressOutOfReach(Refusal):
    """An address may be changed to one in the same country to which the chosen way of delivery leads."""

    code = "address_out_of_reach"
    title = N_("This order cannot be sent there")
    detail = N_("The shop does not deliver there in the way that was chosen. Please cancel and order again.")


class OneParcelAtTheDoor(Refusal):
    """What is paid at the door leaves in one parcel: it is paid whole, or not at all."""

    code = "one_parcel_at_the_door"
    title = N_("This order leaves in one parcel")
    detail = N_("It is paid when it is handed over. Please send all that is left of it together.")


class NotPaidAtTheDoor(Refusal):
    """Receipt of what is paid at the door counts once its cash was collected."""

    code = "not_paid_at_the_door"
    title = N_("This order is not paid yet")
    detail = N_("It is paid when the parcel is handed over. As soon as that is known here, receipt can be confirmed.")


class CarrierCollects(Refusal):
    """Where a carrier hands the parcel over, it says what became of the cash, or the marketplace does."""

    code = "carrier_collects"
    title = N_("The carrier collects for this order")
    detail = N_(
        "It tells by itself whether the parcel was paid at the door. If it does not, please ask the marketplace."
    )
