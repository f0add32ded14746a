"""What can begin a journey, end it, or be waited for: the news that the house has of what people do and what becomes of their
orders. Each has a name that a journey keeps for ever, and words for people. Others find all of this in `model`.
"""

from enum import StrEnum
from typing import Final

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.operations.behaviour import Kind as Behaving


class Event(StrEnum):
    """What happens to a customer of a shop."""

    REGISTERED = "registered"
    FIRST_ORDER_PAID = "first_order_paid"
    ORDER_PAID = "order_paid"
    ORDER_UNPAID = "order_unpaid"
    ORDER_CANCELLED = "order_cancelled"
    PARCEL_RECEIVED = "parcel_received"
    ORDER_COMPLETED = "order_completed"
    REFUND_PAID = "refund_paid"
    REVIEW_WRITTEN = "review_written"
    BECAME_DORMANT = "became_dormant"
    BECAME_LOST = "became_lost"
    PRODUCT_VIEWED = "product_viewed"
    SEARCHED = "searched"
    FAVOURITED = "favourited"
    CART_LEFT = "cart_left"
    CHECKOUT_BEGUN = "checkout_begun"
    LIVE_ENTERED = "live_entered"
    SURVEY_ANSWERED = "survey_answered"
    MESSAGE_OPENED = "message_opened"
    MESSAGE_CLICKED = "message_clicked"
    PRICE_DROPPED = "price_dropped"
    BACK_IN_STOCK = "back_in_stock"
    LIVE_SESSION_SOON = "live_session_soon"
    BIRTHDAY = "birthday"


class Source(StrEnum):
    """From where the news comes: from the house's events, from what people do (behaviour), or because the engine looks for whom
    something concerns (who keeps a product in mind, who follows the shop, whose birthday it is)."""

    HOUSE = "house"
    BEHAVIOUR = "behaviour"
    LOOKED_FOR = "looked_for"


class EventKind(msgspec.Struct, frozen=True, kw_only=True):
    """`title` is a msgid. `goods`: it is about products, so it can be narrowed to some. `begins`: a journey can begin with it;
    `follows`: it can be waited for, be a goal, or end a journey. `transactional`: what is said about it belongs to a deal that
    the buyer has begun, and is no advertising. `still`: after the delay it is looked whether it is so still."""

    event: Event
    title: str
    source: Source
    goods: bool = False
    begins: bool = True
    follows: bool = True
    transactional: bool = False
    still: bool = False


_KINDS = (
    EventKind(event=Event.REGISTERED, title=N_("Showed interest for the first time"), source=Source.HOUSE),
    EventKind(event=Event.FIRST_ORDER_PAID, title=N_("Paid for the first order"), source=Source.HOUSE, goods=True),
    EventKind(event=Event.ORDER_PAID, title=N_("Paid for an order"), source=Source.HOUSE, goods=True),
    EventKind(
        event=Event.ORDER_UNPAID,
        title=N_("Placed an order and has not paid"),
        source=Source.HOUSE,
        goods=True,
        follows=False,
        transactional=True,
        still=True,
    ),
    EventKind(event=Event.ORDER_CANCELLED, title=N_("An order was cancelled"), source=Source.HOUSE, goods=True),
    EventKind(event=Event.PARCEL_RECEIVED, title=N_("A parcel was delivered"), source=Source.HOUSE, goods=True),
    EventKind(event=Event.ORDER_COMPLETED, title=N_("An order was completed"), source=Source.HOUSE, goods=True),
    EventKind(event=Event.REFUND_PAID, title=N_("Got money back"), source=Source.HOUSE, goods=True),
    EventKind(event=Event.REVIEW_WRITTEN, title=N_("Wrote a review"), source=Source.HOUSE, goods=True),
    EventKind(event=Event.BECAME_DORMANT, title=N_("Has not bought for a long time (dormant)"), source=Source.HOUSE),
    EventKind(event=Event.BECAME_LOST, title=N_("Has not bought for very long (lost)"), source=Source.HOUSE),
    EventKind(event=Event.PRODUCT_VIEWED, title=N_("Looked at a product"), source=Source.BEHAVIOUR, goods=True),
    EventKind(event=Event.SEARCHED, title=N_("Searched in the shop"), source=Source.BEHAVIOUR),
    EventKind(event=Event.FAVOURITED, title=N_("Added to favourites"), source=Source.BEHAVIOUR, goods=True),
    EventKind(
        event=Event.CART_LEFT,
        title=N_("Put something into the cart and left it there"),
        source=Source.BEHAVIOUR,
        goods=True,
        follows=False,
        still=True,
    ),
    EventKind(event=Event.CHECKOUT_BEGUN, title=N_("Went to the checkout"), source=Source.BEHAVIOUR),
    EventKind(event=Event.LIVE_ENTERED, title=N_("Entered a live room"), source=Source.BEHAVIOUR),
    EventKind(event=Event.SURVEY_ANSWERED, title=N_("Answered a survey"), source=Source.BEHAVIOUR),
    EventKind(event=Event.MESSAGE_OPENED, title=N_("Opened a message"), source=Source.BEHAVIOUR, begins=False),
    EventKind(
        event=Event.MESSAGE_CLICKED, title=N_("Followed a link of a message"), source=Source.BEHAVIOUR, begins=False
    ),
    EventKind(
        event=Event.PRICE_DROPPED,
        title=N_("A favourite became cheaper"),
        source=Source.LOOKED_FOR,
        goods=True,
        follows=False,
    ),
    EventKind(
        event=Event.BACK_IN_STOCK,
        title=N_("A favourite is back in stock"),
        source=Source.LOOKED_FOR,
        goods=True,
        follows=False,
    ),
    EventKind(
        event=Event.LIVE_SESSION_SOON,
        title=N_("A live session begins within the hour (who follows the shop)"),
        source=Source.LOOKED_FOR,
        follows=False,
    ),
    EventKind(event=Event.BIRTHDAY, title=N_("Has a birthday"), source=Source.LOOKED_FOR, follows=False),
)
EVENTS: Final = {each.event: each for each in _KINDS}

# What people do, by the name that behaviour has for it.
OF_BEHAVIOUR: Final = {
    Behaving.VIEW: Event.PRODUCT_VIEWED,
    Behaving.SEARCH: Event.SEARCHED,
    Behaving.FAVOURITE: Event.FAVOURITED,
    Behaving.CART: Event.CART_LEFT,
    Behaving.CHECKOUT: Event.CHECKOUT_BEGUN,
    Behaving.LIVE_ENTER: Event.LIVE_ENTERED,
    Behaving.SURVEY_ANSWER: Event.SURVEY_ANSWERED,
    Behaving.MESSAGE_OPEN: Event.MESSAGE_OPENED,
    Behaving.MESSAGE_CLICK: Event.MESSAGE_CLICKED,
}


def kind_of(event: str) -> EventKind | None:
    """What is known of an event by its name; none for a name that there is not."""
    try:
        return EVENTS[Event(event)]
    except ValueError:
        return None
