"""What those who carry messages can be asked, and what they answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from steelyard.operations.outreach.model import Channel


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it leaves the house. `leave`: where it is ended at one click, for mail programs; `shop`: who says it."""

    message_id: UUID
    channel: Channel
    address: str
    locale: str
    shop: str
    subject: str = ""
    text: str = ""
    html: str = ""
    fields: Sequence[tuple[str, str]] = ()
    link: str = ""
    code: str = ""
    leave: str = ""
    list_id: str = ""
    created_at: datetime


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """It has been taken over; `delivered`: and handed to whom it is for."""

    delivered: bool = False


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """It was not taken. `hard`: the address is none, and will not become one. `again`: later it may be."""

    why: str
    hard: bool = False
    again: bool = False


class NotThere(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is known of such a message: it was not handed over."""


class Unsure(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it was taken is not known. `asks`: it can be asked about."""

    why: str
    asks: bool = True


Outcome = Taken | Refused | NotThere | Unsure


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway tells by itself of a message: `what` is delivered, bounced, complained or stopped (whoever got it answered
    that they want no more)."""

    event_id: str
    message_id: UUID
    what: str
    hard: bool = False
    why: str = ""


class Carrier(Protocol):
    """Who takes messages of some channels out of the house. Nothing here tries twice, and nothing is called while a transaction
    is open. The message's id is the key: handed over twice, it goes out once, as far as the other side can tell."""

    async def hand_over(self, letter: Letter) -> Outcome: ...

    async def ask(self, letter: Letter) -> Outcome:
        """What became of a message that may have been handed over."""
        ...
