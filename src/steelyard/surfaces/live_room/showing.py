"""What is shown of a room: its session, the bag at the prices of this moment, what is pinned, what can be grabbed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import msgspec

from steelyard.channels import live, rooms
from steelyard.channels.live import Stage
from steelyard.channels.live.model import Session, SessionState
from steelyard.channels.rooms.model import Room, RoomState
from steelyard.goods import catalog, promotions, search
from steelyard.goods.promotions.model import Offer, PromotionId
from steelyard.goods.search.model import Hit
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.trade.checkout.model import LIVE

# Of viewers.
HERE = "/live"
# Of a room's sessions so many are looked at to find the one that is shown.
SESSIONS_LOOKED_AT = 20
COMING = (SessionState.READY, SessionState.PLANNED)
_ORDER = (SessionState.ON_AIR, SessionState.READY, SessionState.PLANNED, SessionState.ENDED, SessionState.TAKEN_DOWN)


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the bag. `price` is what a piece costs here now, in minor units, `was` what it costs otherwise; `left` how
    many pieces are left at a live price (none: there is none), until when, and how many each buyer may have."""

    product_id: UUID
    position: int
    title: Text
    picture: str | None
    currency: str
    price: int
    was: int | None = None
    points: str = ""
    in_stock: bool = True
    left: int | None = None
    pieces: int | None = None
    per_buyer: int | None = None
    until: datetime | None = None
    begins: datetime | None = None
    sku_id: UUID | None = None

    @property
    def sold_out(self) -> bool:
        """Nothing can be had, at the live price or otherwise."""
        return not self.in_stock and not self.left


class Drop(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be grabbed, or a draw to take part in; `over`: others were faster."""

    kind: str
    drop_id: UUID
    name: Text
    until: datetime
    over: bool = False
    word: str = ""
    winners: int = 0


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A room as everybody sees it at this moment; none of its sessions: one is not planned yet."""

    room: Room
    shop: ShopCard
    session: Session | None
    stage: Stage = Stage()
    goods: Sequence[Good] = ()
    pinned_id: UUID | None = None
    drops: Sequence[Drop] = ()
    ai_host: bool = False
    host: str = ""
    replay: bool = False

    @property
    def here(self) -> str:
        """The address that it is shown at."""
        own = f"{HERE}/{quote(self.slug)}"
        return f"{own}/replay/{self.session.session_id}" if self.replay and self.session else own

    @property
    def state(self) -> str:
        return str(self.session.state) if self.session else ""

    @property
    def slug(self) -> str:
        return self.room.slug

    @property
    def seq(self) -> int:
        """The number of its last beat."""
        return self.session.last_seq if self.session else 0

    @property
    def cover(self) -> str | None:
        """What stands where no picture moves: its cover, else that of what is sold first."""
        if self.session is None:
            return None
        return self.session.cover or self.session.trailer_file or next((each.picture for each in self.goods), None)

    @property
    def on_air(self) -> bool:
        return self.session is not None and self.session.state is SessionState.ON_AIR

    @property
    def title(self) -> Text:
        return self.session.title if self.session else self.room.name

    @property
    def pinned(self) -> Good | None:
        return next((good for good in self.goods if good.product_id == self.pinned_id), None)

    @property
    def second(self) -> int:
        """How long it has been on air."""
        return second_of(self.session, datetime.now(UTC)) if self.session else 0


def second_of(session: Session, now: datetime) -> int:
    """The second of a session that it is now, from 0."""
    return max(0, int((now - session.started_at).total_seconds())) if session.started_at else 0


def client_of(session: Session, second: int) -> str:
    """What orders of this session say of their source."""
    return f"{LIVE}:{session.session_id}:{second}"


def play_address(settings: Settings, session: Session | None) -> str:
    """Where the player finds the stream; empty where there is none."""
    if session is None or session.state is not SessionState.ON_AIR:
        return ""
    told = str(session.playback.get("hls", ""))
    return told or settings.media_play_url.replace("{stream}", live.stream_of(session.session_id))


def recording_address(settings: Settings, session: Session) -> str:
    """Where the player finds the recording of a session: beside its stream. Empty where nothing of it was streamed."""
    told = str(session.playback.get("hls", ""))
    if not told and session.published_at is None:
        return ""
    address = told or settings.media_play_url.replace("{stream}", live.stream_of(session.session_id))
    head, slash, file = address.rpartition("/")
    return f"{head}/recording.m3u8" if slash and file.endswith(".m3u8") else ""


def session_to_show(sessions: Sequence[Session]) -> Session | None:
    """Of a room's sessions the one that is on air, else that which comes next, else the last one."""
    waiting = sorted((each for each in sessions if each.state in COMING), key=lambda each: each.starts_at)
    known = [*(each for each in sessions if each.state not in COMING), *waiting]
    shown = [each for each in known if each.state in _ORDER]
    return min(shown, key=lambda each: _ORDER.index(each.state), default=None)


async def room_of(read: Read, slug: str) -> tuple[Room, Session | None]:
    """The room of this address and the session that it shows. Raises `NotFound`."""
    found = await rooms.by_slug(read, slug)
    if found is None or found.state is not RoomState.OPEN:
        raise NotFound()
    sessions = await live.sessions_of_room(read, found.merchant_id, found.room_id, SESSIONS_LOOKED_AT)
    return found, session_to_show(sessions)


async def replay_of(read: Read, slug: str, session_id: UUID) -> tuple[Room, Session]:
    """The room of this address and a session of it that has ended and whose replay is shown. Raises `NotFound`."""
    found = await rooms.by_slug(read, slug)
    if found is None or found.state is not RoomState.OPEN:
        raise NotFound()
    session = await live.replay(read, found.merchant_id, session_id)
    if session is None or session.room_id != found.room_id:
        raise NotFound()
    return found, session


async def shown(read: Read, slug: str) -> Shown:
    """Everything that everybody sees of the room of this address. Raises `NotFound`."""
    room, session = await room_of(read, slug)
    return await of_session(read, room, session)


async def of_session(read: Read, room: Room, session: Session | None) -> Shown:
    """A room as it shows this session."""
    if session is None:
        return Shown(room=room, shop=await _shop_of(read, room), session=None)
    around = await set_out(read, room, session)
    if session.started_at is None:
        return around
    pinned = await live.pinned(read, session.merchant_id, session.session_id)
    return msgspec.structs.replace(
        around,
        stage=await live.stage(read, session.merchant_id, session.session_id),
        pinned_id=pinned.product_id if pinned else None,
        drops=await drops_of(read, session),
    )


async def set_out(read: Read, room: Room, session: Session, *, replay: bool = False) -> Shown:
    """What a session, or its replay, shows whether it is on air or not: the shop, the host, the goods."""
    host = await rooms.host(read, room.merchant_id, session.host_id) if session.host_id else None
    return Shown(
        room=room,
        shop=await _shop_of(read, room),
        session=session,
        goods=await goods_of(read, session, shown_only=True),
        ai_host=bool(host and host.is_ai),
        host=host.name if host else "",
        replay=replay,
    )


async def _shop_of(read: Read, room: Room) -> ShopCard:
    return (await merchants.cards(read, [MerchantId(room.merchant_id)]))[MerchantId(room.merchant_id)]


async def drops_of(read: Read, session: Session) -> list[Drop]:
    """What can be grabbed of a session now, and the draws that are open, those that end first first."""
    thrown = await live.drops(read, session.merchant_id, session.session_id)
    draws = await live.draws(read, session.merchant_id, session.session_id)
    now = datetime.now(UTC)
    running = (await promotions.running(read, [session.merchant_id])).get(session.merchant_id, []) if thrown else []
    coupons = {offer.promotion_id: offer for offer in running}
    found = [
        Drop(
            kind=each.kind,
            drop_id=each.drop_id,
            name=coupon.name,
            until=each.until,
            over=coupon.copies is not None and coupon.claimed >= coupon.copies,
        )
        for each in thrown
        if each.until > now and (coupon := coupons.get(PromotionId(each.promotion_id))) is not None
    ]
    found += [
        Drop(
            kind="draw",
            drop_id=each.draw_id,
            name=each.prize,
            until=each.closes_at,
            word=each.word,
            winners=each.winners,
        )
        for each in draws
        if each.closes_at > now
    ]
    return sorted(found, key=lambda each: each.until)


async def goods_of(read: Read, session: Session, *, shown_only: bool) -> list[Good]:
    """The bag at the prices of this moment; what is not for sale is left out where only what is shown is wanted."""
    bag = await live.goods(read, session.merchant_id, session.session_id)
    wanted = [each for each in bag if each.shown or not shown_only]
    hits: dict[UUID, Hit] = {
        hit.product_id: hit
        for hit in await search.cards(read, [(session.merchant_id, each.product_id) for each in wanted])
    }
    lows = await live_prices(read, session)
    return [
        _good(hits[each.product_id], each.position, each.points, lows.get(each.product_id))
        for each in wanted
        if each.product_id in hits
    ]


async def live_prices(read: Read, session: Session) -> dict[UUID, Offer]:
    """By product, the live price that counts in this session now; of several variants the lowest."""
    source = live.source_of(session.session_id)
    running = (await promotions.running(read, [session.merchant_id], [source])).get(session.merchant_id, [])
    now = datetime.now(UTC)
    mine = [
        each
        for each in running
        if each.only_source == source and each.flash is not None and each.ends_at > now and each.stopped_at is None
    ]
    if not mine:
        return {}
    cards = await catalog.cards(read, [each.flash.sku_id for each in mine if each.flash])
    found: dict[UUID, Offer] = {}
    for offer in sorted(mine, key=lambda each: (each.starts_at > now, promotions.flash_price(each) or 0)):
        card = cards.get(offer.flash.sku_id) if offer.flash else None
        if card is not None:
            found.setdefault(card.product_id, offer)
    return found


def _good(hit: Hit, position: int, points: str, low: Offer | None) -> Good:
    good = Good(
        product_id=hit.product_id,
        position=position,
        title=hit.title,
        picture=hit.picture,
        currency=hit.currency,
        price=hit.price,
        was=hit.compare_at if hit.compare_at and hit.compare_at > hit.price else None,
        points=points,
        in_stock=hit.in_stock,
    )
    price = promotions.flash_price(low) if low else None
    if low is None or low.flash is None or price is None:
        return good
    begun = low.starts_at <= datetime.now(UTC)
    changed = msgspec.structs.replace(
        good,
        left=low.flash.left,
        pieces=low.flash.pieces,
        per_buyer=low.flash.per_buyer,
        until=low.ends_at,
        begins=None if begun else low.starts_at,
        sku_id=low.flash.sku_id,
    )
    if not (begun and low.flash.left):
        return changed
    return msgspec.structs.replace(changed, price=price, was=max(good.price, good.was or 0) or None)


def by_product(goods: Sequence[Good]) -> Mapping[UUID, Good]:
    return {good.product_id: good for good in goods}
