"""The written review of a session that has ended (复盘), as data: plan against what came of it, minute by minute, product by
product, role by role. Amounts are in minor units of `currency`; times in seconds or minutes since the session began. No I/O."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from steelyard.channels.live.moments import Lost, Sold
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text

NOTE_CHARACTERS_MAX = 2_000
TASK_CHARACTERS_MAX = 300
NOTES_MAX, TASKS_MAX = 200, 100


class ProductReview(msgspec.Struct, frozen=True, kw_only=True):
    """A product: what the rundown had planned for it, and what came of it. `planned_price` is the lowest that the rundown names,
    `pieces_planned` how many were to be sold; `live_price` the lowest live price there was. `pieces` are those of paid orders,
    `gmv` what these came to, `refunded` what of it had been given back when the review was made."""

    product_id: UUID
    title: Text
    planned_minutes: int = 0
    planned_price: int | None = None
    pieces_planned: int | None = None
    explained_seconds: int = 0
    live_price: int | None = None
    clicks: int = 0
    carts: int = 0
    orders: int = 0
    paid: int = 0
    pieces: int = 0
    gmv: int = 0
    refunded: int = 0

    @property
    def conversion(self) -> float | None:
        """Of those who looked, who paid; none when nobody looked."""
        return self.paid / self.clicks if self.clicks else None

    @property
    def missed(self) -> bool:
        """Fewer pieces than planned were sold."""
        return self.pieces_planned is not None and self.pieces < self.pieces_planned


class MinuteReview(msgspec.Struct, frozen=True, kw_only=True):
    """A minute: `viewers` at its end, `peak` within it; orders that were placed in it, how many of them were paid, and what those
    came to. `product_id` was explained longest in it; none: nothing was."""

    minute: int
    viewers: int = 0
    peak: int = 0
    entered: int = 0
    chats: int = 0
    orders: int = 0
    paid: int = 0
    gmv: int = 0
    product_id: UUID | None = None


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What was explained from one second of the session to another."""

    product_id: UUID
    from_second: int
    to_second: int


class RoleReview(msgspec.Struct, frozen=True, kw_only=True):
    """A role in the room: the rows of the rundown that it saw to, those of them whose product was explained, and what its people
    did, by name of the act. `people`: their accounts."""

    role: str
    rows: int = 0
    rows_done: int = 0
    people: Sequence[UUID] = ()
    acts: Mapping[str, int] = {}


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """Something that viewers were told at a second of the session: `what` is pin, unpin, price, coupon, draw, muted,
    broke_off."""

    second: int
    what: str
    product_id: UUID | None = None


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """One of the shop's sessions in a line, to compare with."""

    session_id: UUID
    title: Text
    started_at: datetime
    seconds: int
    peak: int
    entered: int
    orders: int
    paid: int
    gmv: int


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A review as it is kept. `writers`: how many people wrote in the chat; `before`: the shop's sessions before this one."""

    title: Text
    host: str
    started_at: datetime
    planned_seconds: int
    seconds: int
    currency: str
    peak: int
    entered: int
    likes: int
    chats: int
    writers: int
    orders: int
    paid: int
    gmv: int
    refunded: int
    products: Sequence[ProductReview]
    minutes: Sequence[MinuteReview]
    stretches: Sequence[Stretch]
    happened: Sequence[Happened]
    roles: Sequence[RoleReview]
    sold: Sequence[Sold]
    lost: Sequence[Lost]
    before: Sequence[Brief]

    def explained_in(self, minute: int, minutes: int) -> list[tuple[UUID, int]]:
        """What was explained within these minutes, `(product_id, seconds)`, the longest first."""
        begin, end = minute * 60, (minute + minutes) * 60
        spoken: dict[UUID, int] = {}
        for each in self.stretches:
            seconds = min(each.to_second, end) - max(each.from_second, begin)
            if seconds > 0:
                spoken[each.product_id] = spoken.get(each.product_id, 0) + seconds
        return sorted(spoken.items(), key=lambda each: -each[1])

    def told_in(self, minute: int, minutes: int) -> list[Happened]:
        """What viewers were told within these minutes."""
        return [each for each in self.happened if minute * 60 <= each.second < (minute + minutes) * 60]


class Debrief(msgspec.Struct, frozen=True, kw_only=True):
    """A review, who made it when."""

    made_at: datetime
    by: str
    facts: Facts


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody of the shop adds to a review."""

    note_id: UUID
    at: datetime
    by: str
    words: str


class NewTask(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done next. `owner_id` is an account of the shop's staff, `due_on` a day of the house."""

    task_id: UUID
    words: str
    owner_id: UUID | None = None
    due_on: date | None = None


class Task(NewTask, frozen=True, kw_only=True):
    at: datetime
    by: str
    done_at: datetime | None
    done_by: str | None


class NotOverYet(Refusal):
    """A review is written of a session that has ended."""

    code = "live_not_over_yet"
    title = N_("The session is not over yet")
    detail = N_("Its review can be written when it has ended.")
