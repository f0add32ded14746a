"""The big screen of a session: who is there, what is looked at, put into carts, ordered and paid, minute by minute under what was
explained. It is drawn anew as things happen, by the same event stream as the room."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.channels import live
from steelyard.channels.live import Explained, GoodFigures, Minute, Stage
from steelyard.channels.live.model import Session
from steelyard.channels.rooms.model import Room
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.live_room.desk import SEE, session_of, studio
from steelyard.surfaces.live_room.showing import Good, goods_of, second_of
from steelyard.surfaces.web.visit import Visit

# Of a long session the charts show the last so many minutes.
MINUTES_CHARTED = 240
COLOURS = 8
# Where viewers came from; anything else is told by its own name.
SOURCES = {
    "shop": N_("The shop"),
    "home": N_("Home"),
    "desk": N_("Control desk"),
    "again": N_("Came back"),
    "room": N_("Live room"),
    "list": N_("List of live rooms"),
    "product": N_("Product pages"),
    "direct": N_("The address, a code"),
    "search": N_("Search engines"),
    "social": N_("Social networks"),
    "mail": N_("Mails"),
    "ad": N_("Advertisements"),
    "site": N_("Other pages of the shop"),
    "other": N_("Other sites"),
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A product's figures over the whole session."""

    good: Good
    figures: GoodFigures
    seconds: int

    @property
    def conversion(self) -> float | None:
        """Of those who looked, who paid; none when nobody looked."""
        return self.figures.paid / self.figures.clicks if self.figures.clicks else None


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What was explained from one second of the session to another."""

    product_id: UUID
    from_second: int
    to_second: int
    colour: int
    title: str


class ScreenPage(msgspec.Struct, frozen=True, kw_only=True):
    session: Session
    room: Room
    stage: Stage
    currency: str
    goods: Sequence[Good]
    minutes: Sequence[Minute]
    explained: Sequence[Explained]

    @property
    def now_second(self) -> int:
        at = self.session.ended_at or datetime.now(UTC)
        return second_of(self.session, at)

    @property
    def entries(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for minute in self.minutes:
            total.update(minute.entries)
        return total

    @property
    def by_product(self) -> Mapping[UUID, GoodFigures]:
        total: dict[UUID, GoodFigures] = {}
        for minute in self.minutes:
            for product_id, figures in minute.goods.items():
                total[product_id] = total.get(product_id, GoodFigures()).plus(figures)
        return total

    @property
    def total(self) -> GoodFigures:
        total = GoodFigures()
        for figures in self.by_product.values():
            total = total.plus(figures)
        return total

    @property
    def rows(self) -> list[Row]:
        """Products by what was paid for them."""
        known, spoken = self.by_product, self._spoken()
        rows = [
            Row(
                good=good,
                figures=known.get(good.product_id, GoodFigures()),
                seconds=spoken.get(good.product_id, 0),
            )
            for good in self.goods
        ]
        return sorted(rows, key=lambda row: (-row.figures.gmv, -row.figures.clicks, row.good.position))

    @property
    def chats_now(self) -> int:
        """Messages of this minute and the one before, whichever are more: how quickly people write."""
        return max((minute.chats for minute in self.minutes[-2:]), default=0)

    def _spoken(self) -> Counter[UUID]:
        spoken: Counter[UUID] = Counter()
        for each in self.explained:
            spoken[each.product_id] += self._seconds(each)[1] - self._seconds(each)[0]
        return spoken

    def _seconds(self, each: Explained) -> tuple[int, int]:
        begin = second_of(self.session, each.from_at)
        return begin, max(begin, second_of(self.session, each.to_at) if each.to_at else self.now_second)

    def stretches(self, locale: str) -> list[Stretch]:
        """The timeline of what was explained, in the stretch that the charts show."""
        titles = {good.product_id: good.title.in_language(locale) for good in self.goods}
        order = {good.product_id: place for place, good in enumerate(self.goods)}
        first = self.first_minute * 60
        return [
            Stretch(
                product_id=each.product_id,
                from_second=max(begin, first) - first,
                to_second=max(end, first) - first,
                colour=order.get(each.product_id, 0) % COLOURS + 1,
                title=titles.get(each.product_id, ""),
            )
            for each in self.explained
            for begin, end in [self._seconds(each)]
            if end > first
        ]

    @property
    def first_minute(self) -> int:
        return max(0, self.now_second // 60 - MINUTES_CHARTED + 1)

    @property
    def charted(self) -> list[Minute]:
        """Every minute of the charts, those in which nothing happened too."""
        known = {minute.minute: minute for minute in self.minutes}
        last = self.now_second // 60 if self.session.started_at else -1
        return [known.get(n, Minute(minute=n)) for n in range(self.first_minute, last + 1)]


async def screen_page(read: Read, merchant_id: MerchantId, session_id: UUID) -> ScreenPage:
    """Raises `NotFound`: another shop's session is not there."""
    session, room = await session_of(read, merchant_id, session_id)
    shop = (await merchants.cards(read, [merchant_id]))[merchant_id]
    return ScreenPage(
        session=session,
        room=room,
        stage=await live.stage(read, merchant_id, session_id),
        currency=shop.currency,
        goods=await goods_of(read, session, shown_only=False),
        minutes=await live.minutes(read, merchant_id, session_id),
        explained=await live.explained(read, merchant_id, session_id),
    )


@get("/{session_id:uuid}/screen", opt={"permission": SEE})
async def screen(visit: NamedDependency[Visit], session_id: FromPath[UUID]) -> Response[str]:
    """The figures of a session as they come."""
    view = await visit.merchant_db.ask(screen_page, visit.merchant_id, session_id)
    values: dict[str, Any] = {
        "gmv": _gmv(visit, view),
        "crowd": _crowd(visit, view),
        "funnel": _funnel(visit, view),
        "sources": _sources(visit, view),
    }
    return await studio(
        visit,
        "screen.html",
        view.session,
        view.room,
        view=view,
        stretches=view.stretches(visit.locale),
        width=max(60, len(view.charted) * 60),
        **values,
    )


def _labels(view: ScreenPage) -> list[str]:
    return [f"{each.minute // 60}:{each.minute % 60:02d}" for each in view.charted]


def _gmv(visit: Visit, view: ScreenPage) -> Chart:
    return Chart(
        "bar",
        visit.say(N_("Paid by minute")),
        _labels(view),
        [Series(visit.say(N_("Paid")), [each.gmv for each in view.charted])],
        "money",
        view.currency,
    )


def _crowd(visit: Visit, view: ScreenPage) -> Chart:
    return Chart(
        "line",
        visit.say(N_("Viewers and messages by minute")),
        _labels(view),
        [
            Series(visit.say(N_("Viewers at most")), [each.peak for each in view.charted]),
            Series(visit.say(N_("Chat messages")), [each.chats for each in view.charted]),
        ],
    )


def _funnel(visit: Visit, view: ScreenPage) -> Chart:
    total = view.total
    steps = [
        (N_("People who came in"), view.stage.entered),
        (N_("Goods looked at"), total.clicks),
        (N_("Checkouts begun"), total.carts),
        (N_("Ordered"), total.orders),
        (N_("Paid"), total.paid),
    ]
    return Chart(
        "funnel",
        visit.say(N_("From coming in to paying")),
        [visit.say(words) for words, _ in steps],
        [Series(visit.say(N_("People and orders")), [count for _, count in steps])],
    )


def _sources(visit: Visit, view: ScreenPage) -> Chart:
    found = view.entries.most_common()
    return Chart(
        "pie",
        visit.say(N_("Where viewers came from")),
        [visit.say(SOURCES[name]) if name in SOURCES else name for name, _ in found],
        [Series(visit.say(N_("Viewers")), [count for _, count in found])],
    )


HANDLERS = [screen]
