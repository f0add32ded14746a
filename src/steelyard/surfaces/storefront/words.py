"""What states, problems and channels are called to buyers."""

from steelyard.kernel.i18n import N_
from steelyard.logistics.parcels.model import ParcelState
from steelyard.money.payments.model import RefundState
from steelyard.surfaces.components.page import Tone
from steelyard.surfaces.web import limit_words
from steelyard.trade.aftersales.model import OVERDUE, CancellationState
from steelyard.trade.checkout.model import Problem, ProblemCode
from steelyard.trade.orders import ActKind
from steelyard.trade.orders.model import OrderState, PurchaseState

ORDER_STATES: dict[OrderState, tuple[str, Tone]] = {
    OrderState.PLACED: (N_("Waiting for payment"), "warn"),
    OrderState.HELD: (N_("Paid, not sent yet"), "info"),
    OrderState.PAID: (N_("Paid, being packed"), "info"),
    OrderState.PARTLY_SHIPPED: (N_("Partly sent"), "info"),
    OrderState.SHIPPED: (N_("On its way"), "info"),
    OrderState.COMPLETED: (N_("Received"), "good"),
    OrderState.CANCELLED: (N_("Cancelled"), "quiet"),
}
PURCHASE_STATES: dict[PurchaseState, tuple[str, Tone]] = {
    PurchaseState.PLACED: (N_("Waiting for payment"), "warn"),
    PurchaseState.PAID: (N_("Paid"), "good"),
    PurchaseState.CANCELLED: (N_("Cancelled"), "quiet"),
}
# What the buyer may expect next, on the page of an order.
EXPECT: dict[OrderState, str] = {
    OrderState.PLACED: N_("Your goods are kept for you until it is paid."),
    OrderState.HELD: N_("It is sent once what it waits for has come about; otherwise all of your money goes back."),
    OrderState.PAID: N_("The shop is preparing your goods."),
    OrderState.PARTLY_SHIPPED: N_("A part is on its way; the shop is preparing the rest."),
    OrderState.SHIPPED: N_("Everything is on its way to you."),
    OrderState.COMPLETED: N_("We hope that you like it."),
    OrderState.CANCELLED: N_("Nothing of it is sent any more."),
}
STATE_ICONS: dict[OrderState, str] = {
    OrderState.PLACED: "wallet",
    OrderState.HELD: "timer",
    OrderState.PAID: "package",
    OrderState.PARTLY_SHIPPED: "truck",
    OrderState.SHIPPED: "truck",
    OrderState.COMPLETED: "circle-check",
    OrderState.CANCELLED: "circle-x",
}
ACTS: dict[ActKind, str] = {
    ActKind.PACKING: N_("The shop began to pack"),
    ActKind.REMINDED: N_("You reminded the shop"),
    ActKind.EXTENDED: N_("You extended the time to receive it"),
    ActKind.READDRESSED: N_("The address was changed"),
    ActKind.HIDDEN: N_("You took it off your list"),
    ActKind.SHOWN: N_("You put it back on your list"),
}
REQUEST_STATES: dict[CancellationState, tuple[str, Tone]] = {
    CancellationState.ASKED: (N_("You asked the shop to cancel"), "warn"),
    CancellationState.GRANTED: (N_("The shop agreed to cancel"), "good"),
    CancellationState.REFUSED: (N_("The shop did not agree to cancel"), "bad"),
    CancellationState.OVERTAKEN: (N_("It was sent before the shop answered"), "quiet"),
}
# What happened, as a timeline says it.
STEPS: dict[OrderState, str] = {
    OrderState.PLACED: N_("Ordered"),
    OrderState.HELD: N_("Paid, not sent yet"),
    OrderState.PAID: N_("Paid"),
    OrderState.PARTLY_SHIPPED: N_("A part was sent"),
    OrderState.SHIPPED: N_("Everything was sent"),
    OrderState.COMPLETED: N_("Receipt confirmed"),
    OrderState.CANCELLED: N_("Cancelled"),
}
PARCEL_STATES: dict[ParcelState, tuple[str, Tone]] = {
    ParcelState.HANDED_OVER: (N_("Handed to the carrier"), "info"),
    ParcelState.IN_TRANSIT: (N_("On its way"), "info"),
    ParcelState.DELIVERED: (N_("Delivered"), "good"),
    ParcelState.LOST: (N_("Lost"), "bad"),
    ParcelState.REFUSED: (N_("Refused at the door"), "warn"),
}
SCANS: dict[str, str] = {
    "accepted": N_("The carrier expects the parcel"),
    "picked_up": N_("Picked up"),
    "in_transit": N_("On its way"),
    "arrived": N_("Arrived at a depot"),
    "out_for_delivery": N_("Out for delivery"),
    "delivered": N_("Delivered"),
    "exception": N_("Held up"),
    "refused": N_("Not paid at the door: it goes back"),
}
REFUND_STATES: dict[RefundState, tuple[str, Tone]] = {
    RefundState.INSTRUCTED: (N_("Under way"), "info"),
    RefundState.SENT: (N_("Under way"), "info"),
    RefundState.SUCCEEDED: (N_("Paid back"), "good"),
    RefundState.FAILED: (N_("Being looked at"), "warn"),
}
CANCEL_REASONS: dict[str, str] = {
    "unpaid": N_("It was not paid in time."),
    "changed": N_("It was changed before it was paid."),
    "buyer": N_("You cancelled it."),
    "cancelled_by_buyer": N_("You cancelled it."),
    OVERDUE: N_("You cancelled it, since nothing was sent by the agreed day. All you have paid for it goes back."),
    "shop": N_("The shop does not deliver it."),
    "authorisation_lapsed": N_("It was not sent while your payment was kept back. Your card was not charged."),
    "group_failed": N_("The group did not come together in time. All of your money goes back."),
    "group_too_late": N_("The group had ended before it was paid. All of your money goes back."),
    "group_ended": N_("The group had ended before it was paid."),
    "refused_at_the_door": N_("The parcel was not paid when it was to be handed over."),
    "chargeback": N_("Your bank has taken the money back, so it is not sent."),
}
# Each channel's name and one line about it.
CHANNELS: dict[str, tuple[str, str]] = {
    "simpay": (N_("SimPay"), N_("Payment simulator: no real money is moved")),
    "stripe": (N_("Card (Stripe)"), ""),
    "bank_transfer": (N_("Bank transfer"), ""),
    "cod": (N_("Cash on delivery"), ""),
    "balance": (N_("Balance"), ""),
    "points": (N_("Reward points"), ""),
    "archive": (N_("Paid elsewhere"), ""),
}

_PROBLEMS: dict[ProblemCode, str] = {
    ProblemCode.ITEM_UNAVAILABLE: N_("No longer for sale"),
    ProblemCode.OUT_OF_STOCK: N_("Sold out"),
    ProblemCode.NOT_ENOUGH: N_("Only {free} left"),
    ProblemCode.PRICE_MOVED: N_("The price has changed"),
    ProblemCode.LIMIT_REACHED: N_("At the flash price you can have {free} more"),
    ProblemCode.FLASH_GONE: N_("At the flash price {free} are left: the usual price counts"),
    ProblemCode.PRESALE_ALONE: N_("Sold in a presale: please buy it by itself, on its page"),
    ProblemCode.PRESALE_LIMIT: N_("In the presale you can have {free} more"),
    ProblemCode.PRESALE_GONE: N_("In the presale {free} are left: the usual price counts"),
    ProblemCode.GROUP_ALONE: N_("What is bought in a group is bought alone"),
    ProblemCode.GROUP_LIMIT: N_("At the group price you can have {free} more"),
    ProblemCode.GROUP_OVER: N_("This group price is over"),
    ProblemCode.TEAM_CLOSED: N_("This team is not open any more"),
    ProblemCode.IN_TEAM_ALREADY: N_("You are in this team already"),
}


def problem_words(problem: Problem) -> str:
    """The message id of what is wrong with a line; the problem's facts fill it in."""
    return limit_words.wrong(problem) or _PROBLEMS.get(problem.code, N_("Please look at this line again"))
