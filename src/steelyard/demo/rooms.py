"""Live rooms of the demo: one is open, with a session that can be on air now and one of tomorrow; another shop asks for one."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import UUID

import msgspec
from PIL import Image

from steelyard.channels import live, rooms
from steelyard.channels.live.model import NewSession, Session, SessionId, SessionState
from steelyard.channels.rooms.model import (
    CATEGORIES_MAX,
    PERMISSION_OF,
    Grade,
    HostId,
    NewApplication,
    NewHost,
    Role,
    RoomApplicationId,
    RoomId,
    TrainingId,
)
from steelyard.demo import broadcast, preview
from steelyard.demo.products import made
from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductState
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.files import PrivateFiles, Videos
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import Text, text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId

OPEN, ASKING = "zoufang", "yuxi"
BY = "staff:demo"
# The third of the shop's staff is its host.
SPEAKER = f"{OPEN}.3"
GOODS = 8
# Numbers of identity cards that nobody has; their check digits are right.
NUMBERS = {OPEN: "330102199003071230", ASKING: "330102199511201230"}
NAMES = {OPEN: ("小满", "林小满"), ASKING: ("阿禾", "周禾")}
ROOM_NAMES = {OPEN: text("走方鞋履直播间", "Zoufang live"), ASKING: text("雨溪直播间", "Yuxi live")}
LASTS = timedelta(hours=12)
UNDER_WAY = (SessionState.PLANNED, SessionState.READY, SessionState.ON_AIR)
# As the worker calls off what nobody began, and what the demo says of a script with a claim in it.
MISSED, UNCORRECTED = "missed", "讲稿没有改好，改期再播。"
SCRIPT = "大家晚上好，欢迎来到直播间。\n今天一共讲八款鞋：先看鞋面，再看鞋底，最后说尺码。\n有问题打在公屏上，我会一条一条回答。"
TOMORROW = text("换季清仓专场", "End of the season")
# The platform finds this before it is said: nobody can prove it.
CLAIM = "全网最低价，错过再等一年。"


async def go_live(db: Database, settings: Settings) -> None:
    """Rooms and sessions as shops and the platform's staff would make them; made already, nothing changes."""
    chief = await db.ask(_chief)
    shown = BytesIO()
    Image.new("RGB", (856, 540), (226, 232, 240)).save(shown, "PNG")
    scan = PrivateFiles(settings.home).put(shown.getvalue(), "image/png")
    merchant_id, room_id = MerchantId(made("merchant", OPEN)), RoomId(made("room", OPEN))
    if await db.ask(rooms.room, merchant_id, room_id) is None:
        host_id = await db.transact(_asked, OPEN, scan)
        await db.transact(_opened, chief, merchant_id, room_id, host_id)
    await db.transact(_linked, merchant_id)
    await broadcast.hold(db, settings, OPEN, HostId(made("host", OPEN)), room_id)
    await of_today(db, settings)
    asking = MerchantId(made("merchant", ASKING))
    if await db.ask(rooms.newest_application, asking) is None:
        await db.transact(_asked, ASKING, scan)


async def of_today(db: Database, settings: Settings) -> None:
    """What the room shows at this start of the demo: nothing of yesterday. Where people have changed it so that it cannot be
    on air, it is left as they want it."""
    merchant_id, room_id = MerchantId(made("merchant", OPEN)), RoomId(made("room", OPEN))
    if await db.ask(rooms.room, merchant_id, room_id) is None:
        return  # a house without made-up shops
    now = datetime.now(UTC)
    await db.transact(_cleared, merchant_id, room_id, now)
    with suppress(Refusal):
        await db.transact(_on_air, merchant_id, room_id, now)
    video = await _video(db, settings, merchant_id)
    with suppress(Refusal):
        await db.transact(_announced, merchant_id, room_id, now, video)


async def _chief(read: Read) -> Actor:
    account = await access.account(read, (await access.staff(read, None))[0].account_id)
    assert account is not None
    return Actor(account=account, permissions=frozenset({"rooms.manage"}))


async def _asked(tx: Tx, slug: str, scan: str) -> HostId:
    """A shop registers a host and asks for a room that sells what it sells."""
    merchant_id, host_id = MerchantId(made("merchant", slug)), HostId(made("host", slug))
    name, real_name = NAMES[slug]
    host = NewHost(
        merchant_id=merchant_id,
        host_id=host_id,
        name=name,
        real_name=real_name,
        document_number=NUMBERS[slug],
        scan=scan,
    )
    await rooms.register(tx, host, BY)
    sold: list[UUID] = [*await catalog.sold_in(tx, merchant_id)]
    wanted = NewApplication(
        merchant_id=merchant_id,
        application_id=RoomApplicationId(made("room", slug)),
        name=ROOM_NAMES[slug],
        about=text("每晚八点，试穿给你看。", "Every evening at eight, tried on for you."),
        slug=slug,
        category_ids=sold[:CATEGORIES_MAX],
        host_id=host_id,
    )
    await rooms.apply(tx, wanted, BY)
    return host_id


async def _opened(tx: Tx, chief: Actor, merchant_id: MerchantId, room_id: RoomId, host_id: HostId) -> None:
    await rooms.verify(tx, chief, merchant_id, host_id)
    today, training_id = datetime.now(UTC).date(), TrainingId(made("training", OPEN))
    await rooms.note_training(tx, chief, merchant_id, host_id, training_id, "直播合规基础课", today)
    await rooms.approve(tx, chief, merchant_id, room_id)
    await rooms.set_grade(tx, chief, merchant_id, room_id, Grade.TRUSTED)


async def _linked(tx: Tx, merchant_id: MerchantId) -> None:
    """The host works with an account of the shop, and sees there what she earns; where people said otherwise, it stays so."""
    host_id, account_id = HostId(made("host", OPEN)), made("account", SPEAKER)
    host = await rooms.host(tx, merchant_id, host_id)
    speakers = await access.staff_with(tx, merchant_id, PERMISSION_OF[Role.HOST])
    known = host is not None and host.account_id is None and account_id in {each.account_id for each in speakers}
    if known and await rooms.host_of_account(tx, merchant_id, account_id) is None:
        await rooms.link(tx, merchant_id, host_id, account_id)


async def _cleared(tx: Tx, merchant_id: MerchantId, room_id: RoomId, now: datetime) -> None:
    """What is over ends; who was on air when the demo stopped may come back; what was never corrected makes room for today."""
    for each in await _under_way(tx, merchant_id, room_id):
        if each.state is SessionState.ON_AIR and each.ends_at <= now:
            await live.end(tx, merchant_id, each.session_id, BY)
        elif each.state is SessionState.ON_AIR:
            await live.wait_again(tx, merchant_id, each.session_id)
        elif each.ends_at <= now:
            await live.cancel(tx, merchant_id, each.session_id, MISSED, BY)
        elif each.script == CLAIM and each.state is SessionState.PLANNED and each.starts_at <= now + LASTS:
            await live.cancel(tx, merchant_id, each.session_id, UNCORRECTED, BY)


async def _on_air(tx: Tx, merchant_id: MerchantId, room_id: RoomId, now: datetime) -> None:
    """One session is on air, or ready to be at once."""
    others = await _under_way(tx, merchant_id, room_id)
    if any(each.state is not SessionState.PLANNED and each.starts_at <= now for each in others):
        return
    starts_at = now.replace(second=0, microsecond=0)
    ends_at = min([starts_at + LASTS, *(each.starts_at for each in others if each.starts_at > now)])
    title = text("今日新鞋试穿", "New shoes, tried on")
    today = _session(merchant_id, room_id, title, starts_at, ends_at, SCRIPT)
    await _plan(tx, today)
    await live.make_ready(tx, merchant_id, today.session_id, BY)


async def _video(db: Database, settings: Settings, merchant_id: MerchantId) -> str | None:
    """The trailer of what is planned, as an earlier start made it, or made now."""
    page = await db.ask(live.sessions, merchant_id)
    known = next((each.trailer_video for each in page.items if each.trailer_video), None)
    if known is not None and Videos(settings.home).path(known).is_file():
        return known
    goods = await db.ask(catalog.products_page, merchant_id, ProductState.ON_SHELF, limit=1)
    products = await db.ask(catalog.products, [row.product_id for row in goods.items])
    for each in products.values():
        picture = each.pictures[0].file if each.pictures else None
        return await asyncio.to_thread(preview.made, settings, TOMORROW, each.title, picture)
    return None


async def _announced(tx: Tx, merchant_id: MerchantId, room_id: RoomId, now: datetime, video: str | None) -> None:
    """One of tomorrow is planned, and has something to be corrected."""
    if any(each.starts_at > now for each in await _under_way(tx, merchant_id, room_id)):
        return
    starts_at = now.replace(second=0, microsecond=0) + timedelta(days=1)
    tomorrow = _session(merchant_id, room_id, TOMORROW, starts_at, starts_at + timedelta(hours=3), CLAIM)
    await _plan(tx, msgspec.structs.replace(tomorrow, trailer_video=video))


async def _under_way(tx: Tx, merchant_id: MerchantId, room_id: RoomId) -> list[Session]:
    page = await live.sessions(tx, merchant_id, UNDER_WAY)
    return [each for each in page.items if each.room_id == room_id]


def _session(
    merchant_id: MerchantId, room_id: RoomId, title: Text, starts_at: datetime, ends_at: datetime, script: str
) -> NewSession:
    return NewSession(
        merchant_id=merchant_id,
        session_id=SessionId(ids.mint()),
        room_id=room_id,
        host_id=HostId(made("host", OPEN)),
        title=title,
        starts_at=starts_at,
        ends_at=ends_at,
        trailer=text("试穿、对比、答疑，下单包邮。", "Tried on, compared, and your questions answered."),
        script=script,
    )


async def _plan(tx: Tx, wanted: NewSession) -> None:
    """With a bag of goods, a cover, and a rundown."""
    page = await catalog.products_page(tx, MerchantId(wanted.merchant_id), ProductState.ON_SHELF, limit=GOODS)
    goods = [row.product_id for row in page.items]
    known = await catalog.products(tx, goods)
    cover = next((each.pictures[0].file for each in known.values() if each.pictures), None)
    await live.plan(tx, msgspec.structs.replace(wanted, cover=cover), BY)
    await live.add_goods(tx, wanted.merchant_id, wanted.session_id, goods, BY)
    await live.lay_out(tx, wanted.merchant_id, wanted.session_id, BY)
