"""What people do, as it is told and as it is read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

import msgspec

from steelyard.kernel import ids

# What is of no merchant (the home page, a search over all shops) is the marketplace's.
MARKETPLACE = UUID(int=0)

BEHAVIOURS_PER_BATCH_MAX = 2_000
BEHAVIOURS_PER_READ_MAX = 20_000
WORDS_CHARACTERS_MAX = 200

_DOCUMENTS = UUID("0f2c8e5a-6a39-5c1e-9d1b-7b1f0c6a4e21")

Property: TypeAlias = str | int | bool


class Kind(StrEnum):
    """What somebody did. `exposure` (was shown a variant of an experiment) and `survey_answer` are for the modules that
    ask; `pay` and `refund` come from the house's own events, never from a surface."""

    ARRIVE = "arrive"
    VIEW = "view"
    SEARCH = "search"
    FAVOURITE = "favourite"
    CART = "cart"
    CHECKOUT = "checkout"
    PAY = "pay"
    REFUND = "refund"
    LIVE_ENTER = "live_enter"
    LIVE_LEAVE = "live_leave"
    LIVE_CLICK = "live_click"
    SHARE = "share"
    INVITE = "invite"
    MESSAGE_OPEN = "message_open"
    MESSAGE_CLICK = "message_click"
    SURVEY_ANSWER = "survey_answer"
    EXPOSURE = "exposure"


class Surface(StrEnum):
    """Where it was done."""

    STOREFRONT = "storefront"
    LIVE = "live"
    API = "api"
    UCP = "ucp"
    MAIL = "mail"
    HOUSE = "house"


class Channel(StrEnum):
    """By which people come."""

    DIRECT = "direct"
    SEARCH = "search"
    SOCIAL = "social"
    LINK = "link"
    MAIL = "mail"
    AD = "ad"
    QR = "qr"
    INVITE = "invite"
    LIVE = "live"


def _now() -> datetime:
    return datetime.now(UTC)


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Somebody did something. Each is itself, also where two say the same (so it can wait with a batcher); its id makes it
    one however often it is written.

    `visitor_id` is the browser's; without one (an agent's order) the buyer's. `buyer_id` is who was signed in or bought.
    `properties` are few and flat; which there are is in docs/guide/behaviour.md.
    """

    kind: Kind
    visitor_id: UUID
    at: datetime = msgspec.field(default_factory=_now)
    event_id: UUID = msgspec.field(default_factory=ids.mint)
    merchant_id: UUID = MARKETPLACE
    buyer_id: UUID | None = None
    product_id: UUID | None = None
    order_id: UUID | None = None
    session_id: UUID | None = None
    surface: Surface = Surface.STOREFRONT
    channel: Channel = Channel.DIRECT
    source: str = ""
    medium: str = ""
    campaign: str = ""
    device: str = ""
    properties: Mapping[str, Property] = msgspec.field(default_factory=dict)

    @property
    def who(self) -> UUID:
        """Under whom it stands: who was signed in, else the visitor."""
        return self.buyer_id or self.visitor_id


def event_of(kind: Kind, document: UUID) -> UUID:
    """The id of a payment's event by its order, of a refund's by the refund: whoever writes it down, it is one."""
    return ids.derived(_DOCUMENTS, kind, str(document))


class Cursor(msgspec.Struct, frozen=True, order=True):
    """How far a reader has come: after the event of this transaction and position. The first begins before all."""

    xid: int = 0
    position: int = 0


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did, as it is kept. `person` is the buyer whom the visitor has become by now, else who it stands
    under: nothing is rewritten when somebody signs in."""

    event_id: UUID
    xid: int
    position: int
    at: datetime
    merchant_id: UUID
    kind: Kind
    visitor_id: UUID
    buyer_id: UUID | None
    person: UUID
    product_id: UUID | None
    order_id: UUID | None
    session_id: UUID | None
    surface: Surface
    channel: Channel
    source: str
    medium: str
    campaign: str
    device: str
    properties: dict[str, Property]

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.xid, self.position)
