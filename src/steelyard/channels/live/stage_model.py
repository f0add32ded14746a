"""What happens on air, as data: messages, mutes, live prices, drops, draws, figures. No I/O."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text

CHAT_CHARACTERS_MAX = 120
NOTE_CHARACTERS_MAX = 200
WORD_CHARACTERS_MAX = 30
WORDS_PER_ROOM_MAX = 500
SLOW_SECONDS_MAX = 300
MUTE_MINUTES_MAX = 7 * 24 * 60
DRAW_SECONDS_MIN, DRAW_SECONDS_MAX = 10, 1_800
DRAW_WINNERS_MAX = 100
DROP_SECONDS_MIN, DROP_SECONDS_MAX = 10, 3_600
PRICE_SECONDS_MIN, PRICE_SECONDS_MAX = 10, 6 * 3_600
LIKES_PER_TAP_MAX = 50


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """How a session stands at this moment."""

    slow_seconds: int = 1
    muted: bool = False
    note: str = ""
    likes: int = 0
    viewers: int = 0
    peak: int = 0
    entered: int = 0


class Say(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a buyer writes. Its id is the form's: said twice, it stands once."""

    merchant_id: UUID
    session_id: UUID
    chat_id: UUID
    buyer_id: UUID
    text: str


class LivePrice(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of an article at this price (minor units of the shop's currency) for orders of this session: from a moment
    (`in_seconds` from now, a countdown) for so many `seconds`, so many for each buyer at most (none: as many as there are).
    `offer_id` is the caller's: said twice, it stands once."""

    merchant_id: UUID
    session_id: UUID
    offer_id: UUID
    sku_id: UUID
    price: int
    pieces: int
    per_buyer: int | None = 1
    seconds: int = 600
    in_seconds: int = 0


class NewDraw(msgspec.Struct, frozen=True, kw_only=True):
    """A draw among those who write (`word`: a message with it) within so many `seconds`. `secret`: 32 random bytes in hex, the
    caller's as the id is. `promotion_id`: a coupon of the shop that winners have at once."""

    merchant_id: UUID
    session_id: UUID
    draw_id: UUID
    secret: str
    prize: Text
    winners: int
    seconds: int
    word: str = ""
    promotion_id: UUID | None = None


class Grab(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer wants what was thrown into a session."""

    merchant_id: UUID
    session_id: UUID
    drop_id: UUID
    buyer_id: UUID


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """What one process has counted of a session since it told last: `viewers` are there now, the others came to it.
    `entries` by where they came from, `clicks` and `carts` by product."""

    merchant_id: UUID
    session_id: UUID
    viewers: int = 0
    likes: int = 0
    entries: Mapping[str, int] = {}
    clicks: Mapping[UUID, int] = {}
    carts: Mapping[UUID, int] = {}


class GoodFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Of a product: from clicks to paid orders, and what was paid for it (minor units of the shop's currency)."""

    clicks: int = 0
    carts: int = 0
    orders: int = 0
    paid: int = 0
    gmv: int = 0

    def plus(self, other: "GoodFigures") -> "GoodFigures":
        return GoodFigures(
            **{name: getattr(self, name) + getattr(other, name) for name in GoodFigures.__struct_fields__}
        )


class Minute(msgspec.Struct, frozen=True, kw_only=True):
    """A minute of a session, counted from 0 since it began. `viewers` at its end, `peak` the most within it."""

    minute: int
    viewers: int = 0
    peak: int = 0
    entries: dict[str, int] = {}
    chats: int = 0
    likes: int = 0
    goods: dict[UUID, GoodFigures] = {}

    @property
    def gmv(self) -> int:
        return sum(each.gmv for each in self.goods.values())


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A product that was pinned, from when until when (none: still)."""

    product_id: UUID
    from_seq: int
    from_at: datetime
    to_at: datetime | None


def commitment_of(secret: str) -> str:
    """What is told of a draw's secret before anybody takes part: nobody finds another secret with the same."""
    return hashlib.sha256(bytes.fromhex(secret)).hexdigest()


def drawn(secret: str, tickets: Sequence[int], winners: int) -> list[int]:
    """Who wins: of each entrant one ticket, the number of their first message that counts. The tickets with the smallest
    SHA-256 of secret, all tickets and ticket win, in that order. Whoever has the log and the secret can do it again."""
    every = ",".join(map(str, sorted(tickets))).encode()
    seed = hashlib.sha256(bytes.fromhex(secret) + every).digest()
    return sorted(tickets, key=lambda ticket: hashlib.sha256(seed + str(ticket).encode()).digest())[:winners]


class NotOnAir(Refusal):
    """What happens in a session happens while it is on air."""

    code = "live_not_on_air"
    title = N_("The live session is not on air")
    detail = N_("It has ended, or has not begun yet.")


class ChatMuted(Refusal):
    """Who is muted does not write; nobody does while all are."""

    code = "live_muted"
    status = 403
    title = N_("You cannot write here at the moment")
    detail = N_("The people of this room have muted the chat for you or for everybody.")


class TooQuick(Refusal):
    """Between two messages of one person lie some seconds."""

    code = "live_too_quick"
    status = 429
    title = N_("Please wait a moment")
    detail = N_("The next message can be sent in {seconds} seconds.")


class WordsRefused(Refusal):
    """What the dictionary or the room does not want is not said."""

    code = "live_words_refused"
    status = 422
    title = N_("This cannot be said here")
    detail = N_("Please write it without: {words}")


class NotInBag(Refusal):
    """What is shown in a session lies in its bag."""

    code = "live_not_in_bag"
    title = N_("This is not in the bag of this session")
    detail = N_("Please put it in first.")


class DropOver(Refusal):
    """What is thrown into a session is there for some time, and so many times."""

    code = "live_drop_over"
    title = N_("This is over")
    detail = N_("Others were faster, or the time is up.")
