"""A live session of the demo that has ended, with its record, a recording of some seconds, and its review.

Its orders are orders that the shop has anyway, those of its evening (`evening`), and say so. Of each product that was explained
some seconds were recorded, with the built-in host: a recording has no gaps where a session has them.
"""

import asyncio
import io
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import av
import msgspec

from steelyard.channels import live
from steelyard.channels.live import BeatKind, GoodFigures, Minute, NewTask, PastBeat, PastSession, Segment
from steelyard.channels.live.model import Entry, EntryId, NewSession
from steelyard.channels.rooms.model import HostId, Role, RoomId
from steelyard.demo.evening import LENGTH, SESSION, SPOKEN, begun
from steelyard.demo.products import made
from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductId, ProductState, ProductView
from steelyard.kernel import days
from steelyard.kernel.db import Database, Read
from steelyard.kernel.files import Files
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import text
from steelyard.media.recording import Kept, Recording
from steelyard.parties import access
from steelyard.parties.merchants.model import MerchantId
from steelyard.simulators.host import model, reel, stage

PLANNED = timedelta(minutes=45)
IN_BAG = 12
EXPLAINED = len(SPOKEN)
# Who watches at the end of each minute: people come, stay for the second product, and go when it is over.
VIEWERS = (
    12, 25, 38, 46, 52, 55, 58, 60, 63, 66, 70, 74, 78, 83, 90, 96, 101, 104, 106, 108,
    107, 105, 102, 99, 96, 84, 66, 55, 52, 51, 50, 50, 48, 47, 44, 42, 38, 33, 27, 18,
)  # fmt: skip
SAID = (
    (90, "主播晚上好！"), (150, "这双偏大还是偏小？"), (310, "脚宽的能穿吗？"), (620, "刚拍了一双"), (900, "这个颜色好看"),
    (1010, "有没有黑色"), (1250, "已下单，等收货"), (1560, "下一款是什么？"), (1700, "这双防滑吗？"), (2050, "什么时候发货？"),
)  # fmt: skip
ANSWERED = (
    (180, "按平时的码数拍就行，脚背高的朋友大一码。"),
    (1040, "黑色有的，点开选颜色就能看到。"),
    (2080, "今天下单，四十八小时内发出。"),
)
SURNAMES = ("林", "周", "陈", "许", "何", "沈", "顾", "叶")
NOTE = "第二款讲完之后空了两分钟才上第三款，人掉得最多。下次先把第三款的样品放在手边。"
TASKS = (("第三款的样品和尺码牌开播前摆好", True), ("把防滑测试录成十秒短视频，直播时播放", False))


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """An order of those minutes, with what it came to by product."""

    order_id: UUID
    buyer_id: UUID
    placed_at: datetime
    second: int
    paid: bool
    goods: dict[str, int]


async def hold(db: Database, settings: Settings, shop: str, host: HostId, room: RoomId) -> None:
    """Write the session down, record it, and review it; made already, nothing changes."""
    merchant_id, session_id = MerchantId(made("merchant", shop)), SESSION
    if await db.ask(live.session, merchant_id, session_id) is not None:
        return
    sold = await db.ask(_orders, merchant_id)
    # Each order says at which second it was placed.
    began = sold[0].placed_at - timedelta(seconds=sold[0].second) if sold else begun(datetime.now(UTC))
    products = await db.ask(_products, merchant_id, sold)
    if not products:
        return
    staff = await db.ask(access.staff, merchant_id)
    people = [f"staff:{each.account_id}" for each in staff] or ["staff:demo"]
    segments = await asyncio.to_thread(_recorded, settings, live.stream_of(session_id), products[:EXPLAINED], began)
    new = NewSession(
        merchant_id=merchant_id,
        session_id=session_id,
        room_id=room,
        host_id=host,
        title=text("周末新款专场", "New for the weekend"),
        cover=next((each.pictures[0].file for each in products if each.pictures), None),
        starts_at=began,
        ends_at=began + PLANNED,
        script="先试穿，再说尺码，最后答疑。",
    )
    past = PastSession(
        session=new,
        started_at=began,
        ended_at=began + LENGTH,
        goods=[each.product_id for each in products],
        rundown=_rundown(session_id, products),
        beats=_beats(products, sold, people),
        minutes=_minutes(products, sold),
        segments=segments,
        order_ids=[each.order_id for each in sold],
        peak=max(VIEWERS),
        likes=1_386,
    )
    await db.transact(live.remember, past)
    await db.transact(live.make_debrief, merchant_id, session_id, people[0])
    await db.transact(live.add_note, merchant_id, session_id, made("live", "note"), NOTE, people[-1])
    for place, (words, done) in enumerate(TASKS):
        owner = staff[place % len(staff)].account_id if staff else None
        task = NewTask(
            task_id=made("live", f"task {place}"),
            words=words,
            owner_id=owner if staff and staff[place % len(staff)].disabled_at is None else None,
            due_on=days.today() + timedelta(days=7),
        )
        await db.transact(live.add_task, merchant_id, session_id, task, people[0])
        if done:
            await db.transact(live.finish_task, merchant_id, session_id, task.task_id, people[0], done=True)


async def _orders(read: Read, merchant_id: MerchantId) -> list[Sold]:
    """The orders of that evening, in the order of time."""
    return await read.all(
        Sold,
        """
        SELECT o.order_id, o.buyer_id, o.placed_at, o.paid_at IS NOT NULL AS paid, split_part(o.source, ':', 3)::integer AS second
             , (SELECT jsonb_object_agg(n.product_id, n.amount)
                FROM (SELECT product_id, sum(amount)::bigint AS amount FROM order_lines n
                      WHERE n.merchant_id = $1 AND n.order_id = o.order_id GROUP BY product_id) n) AS goods
        FROM orders o WHERE o.merchant_id = $1 AND o.source LIKE $2 || ':%' ORDER BY o.placed_at, o.order_id
        """,
        merchant_id,
        live.source_of(SESSION),
    )


async def _products(read: Read, merchant_id: MerchantId, sold: Sequence[Sold]) -> list[ProductView]:
    """What was bought most while each of the three was explained, then what else was bought, then others of the shop: of what is
    on the shelf."""
    page = await catalog.products_page(read, merchant_id, ProductState.ON_SHELF, limit=IN_BAG)
    bought = [[UUID(each) for each in _most(sold, begin, end)] for begin, end in SPOKEN]
    others = [
        *(UUID(each) for each in _most(sold, 0, int(LENGTH.total_seconds()))),
        *(row.product_id for row in page.items),
    ]
    known = await catalog.products(
        read, [ProductId(each) for each in {*others, *(each for some in bought for each in some)}]
    )
    found: dict[UUID, ProductView] = {}
    for some in (*bought, *([others] * IN_BAG)):
        fresh = (each for each in (*some, *others) if each not in found)
        best = next(
            (known[ProductId(each)] for each in fresh if each in known and known[ProductId(each)].on_sale), None
        )
        if best is not None and len(found) < IN_BAG:
            found[best.product_id] = best
    return list(found.values())


def _most(sold: Sequence[Sold], begin: int, end: int) -> list[str]:
    """What was ordered from this second up to that one, the most frequent first."""
    counted = Counter(each for order in sold if begin <= order.second < end for each in order.goods)
    return sorted(counted, key=lambda each: (-counted[each], each))


def _rundown(session_id: UUID, products: Sequence[ProductView]) -> list[Entry]:
    """The first four were planned; there was no time for the last of them."""
    return [
        Entry(
            entry_id=EntryId(made("live", f"{session_id} row {place}")),
            minute=place * 11,
            minutes=11,
            product_id=each.product_id,
            offer="下单包邮",
            owner=Role.HOST,
            pieces=2 + place,
        )
        for place, each in enumerate(products[: EXPLAINED + 1])
    ]


def _beats(products: Sequence[ProductView], sold: Sequence[Sold], people: Sequence[str]) -> list[PastBeat]:
    desk, service = people[0], people[-1]
    found = [PastBeat(second=0, kind=BeatKind.STATE, body={"state": "on_air"})]
    for product, (begin, end) in zip(products[:EXPLAINED], SPOKEN, strict=False):
        body: dict[str, object] = {"product_id": product.product_id}
        found.append(PastBeat(second=begin, kind=BeatKind.PIN, body=body, by=desk, act="pin", until=end))
    found.append(PastBeat(second=SPOKEN[1][1], kind=BeatKind.UNPIN, body={}, by=desk, act="unpin"))
    buyers = list(dict.fromkeys(each.buyer_id for each in sold))
    for place, (second, words) in enumerate(SAID):
        name = f"{SURNAMES[place % len(SURNAMES)]}***"
        buyer_id = buyers[place % len(buyers)] if buyers else None
        found.append(PastBeat(second=second, kind=BeatKind.CHAT, body={"name": name, "text": words}, buyer_id=buyer_id))
    found += [
        PastBeat(
            second=second, kind=BeatKind.CHAT, body={"name": "客服", "text": words, "shop": True}, by=service, act="say"
        )
        for second, words in ANSWERED
    ]
    end = int(LENGTH.total_seconds())
    return [*found, PastBeat(second=end, kind=BeatKind.STATE, body={"state": "ended"}, by=desk, act="end")]


def _minutes(products: Sequence[ProductView], sold: Sequence[Sold]) -> list[Minute]:
    """What was counted: people look most at what is explained."""
    said = [second // 60 for second, _ in (*SAID, *ANSWERED)]
    found: list[Minute] = []
    for number, viewers in enumerate(VIEWERS):
        before = VIEWERS[number - 1] if number else 0
        goods: dict[UUID, GoodFigures] = {}
        for product, (begin, end) in zip(products[:EXPLAINED], SPOKEN, strict=False):
            if begin <= number * 60 < end:
                goods[product.product_id] = GoodFigures(clicks=viewers // 12, carts=viewers // 40)
        for order in sold:
            if order.second // 60 == number:
                for product_id, amount in order.goods.items():
                    one, paid = goods.get(UUID(product_id), GoodFigures()), int(order.paid)
                    more = GoodFigures(clicks=1, carts=1, orders=1, paid=paid, gmv=amount * paid)
                    goods[UUID(product_id)] = one.plus(more)
        more = max(viewers - before, 0) + 2
        found.append(
            Minute(
                minute=number,
                viewers=viewers,
                peak=max(viewers, before),
                entries={"list": more - more // 3, "shop": more // 3},
                chats=said.count(number),
                likes=viewers // 2,
                goods=goods,
            )
        )
    return found


def _recorded(settings: Settings, stream: str, products: Sequence[ProductView], began: datetime) -> list[Segment]:
    """Some seconds of each of these, played by the built-in host, kept where the media origin keeps its recordings."""
    folder = settings.home.absolute() / "media" / stream
    files = Files(settings.home)
    shown = model.Session(stream=stream, push="", title={"zh-Hans": "周末新款专场"})
    clips: list[bytes] = []
    for place, product in enumerate(products):
        data = files.path(product.pictures[0].file).read_bytes() if product.pictures else None
        goods = model.Goods(name=dict(product.title), price="")
        clips.append(reel.scene(stage.scene(shown, goods, place, data), seed=place))
    recording = Recording(folder)
    recording.begin("demo", began.timestamp())
    found: list[Segment] = []
    with tempfile.TemporaryDirectory() as made_in:
        _cut(clips, Path(made_in))
        digest = recording.put_initialisation(0, (Path(made_in) / "init-0.mp4").read_bytes())
        for number, (begin, _) in zip(range(len(clips)), SPOKEN, strict=False):
            at = began + timedelta(seconds=begin)
            line = Kept(number, reel.SCENE_MS, at.timestamp(), 0, False, 0, "", digest, (number + 1) * reel.SCENE_MS, 0)
            kept = recording.put([(Path(made_in) / f"{number}.m4s").read_bytes()], line)
            found.append(
                Segment(
                    number=number, started_at=at, seconds=reel.SCENE_MS / 1000, size=kept.size, file=f"{number}.m4s",
                    sha256=kept.sha256,
                )
            )  # fmt: skip
    recording.close()
    return found


def _cut(clips: Sequence[bytes], folder: Path) -> None:
    """One clip after the other as fragments of MP4, a file each."""
    options: Mapping[str, str] = {
        "hls_segment_type": "fmp4",
        "hls_fmp4_init_filename": "init-0.mp4",
        "hls_segment_filename": str(folder / "%d.m4s"),
        "hls_time": str(reel.SCENE_MS / 1000),
        "hls_playlist_type": "vod",
    }
    with (
        av.open(io.BytesIO(clips[0])) as first,
        av.open(str(folder / "list.m3u8"), "w", format="hls", options=dict(options)) as out,
    ):
        streams: dict[str, Any] = {each.type: out.add_stream_from_template(each) for each in first.streams}
        for number, clip in enumerate(clips):
            for packet, at_ms in reel.packets(clip):
                packet.stream = streams[packet.stream.type]
                packet.pts = packet.dts = number * reel.SCENE_MS + at_ms
                packet.time_base = Fraction(1, 1000)
                out.mux(packet)
