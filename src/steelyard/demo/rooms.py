"""Live rooms of the demo: one is open, with a session that can be on air now and one of tomorrow; another shop asks for one."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

from PIL import Image

from steelyard.channels import live, rooms
from steelyard.channels.live.model import NewSession, SessionId
from steelyard.channels.rooms.model import (
    CATEGORIES_MAX,
    Grade,
    HostId,
    NewApplication,
    NewHost,
    RoomApplicationId,
    RoomId,
    TrainingId,
)
from steelyard.demo.products import made
from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductState
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.files import PrivateFiles
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import Text, text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId

OPEN, ASKING = "zoufang", "yuxi"
BY = "staff:demo"
GOODS = 8
# Numbers of identity cards that nobody has; their check digits are right.
NUMBERS = {OPEN: "330102199003071230", ASKING: "330102199511201230"}
NAMES = {OPEN: ("小满", "林小满"), ASKING: ("阿禾", "周禾")}
ROOM_NAMES = {OPEN: text("走方鞋履直播间", "Zoufang live"), ASKING: text("雨溪直播间", "Yuxi live")}
LASTS = timedelta(hours=12)
SCRIPT = "大家晚上好，欢迎来到直播间。\n今天一共讲八款鞋：先看鞋面，再看鞋底，最后说尺码。\n有问题打在公屏上，我会一条一条回答。"

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
    await db.transact(_planned, merchant_id, room_id)
    asking = MerchantId(made("merchant", ASKING))
    if await db.ask(rooms.newest_application, asking) is None:
        await db.transact(_asked, ASKING, scan)


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
    sold = await catalog.sold_in(tx, merchant_id)
    wanted = NewApplication(
        merchant_id=merchant_id,
        application_id=RoomApplicationId(made("room", slug)),
        name=ROOM_NAMES[slug],
        about=text("每晚八点，试穿给你看。", "Every evening at eight, tried on for you."),
        slug=slug,
        category_ids=list(sold)[:CATEGORIES_MAX],
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


async def _planned(tx: Tx, merchant_id: MerchantId, room_id: RoomId) -> None:
    """Today's session is ready from now on; tomorrow's is planned, and has something to be corrected."""
    page = await catalog.products_page(tx, merchant_id, ProductState.ON_SHELF, limit=GOODS)
    goods = [row.product_id for row in page.items]
    known = await catalog.products(tx, goods)
    cover = next((each.pictures[0].file for each in known.values() if each.pictures), None)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    plans: tuple[tuple[str, Text, datetime, timedelta, str], ...] = (
        ("today", text("晚八点新鞋试穿", "New shoes at eight"), now, LASTS, SCRIPT),
        ("tomorrow", text("换季清仓专场", "End of the season"), now + timedelta(days=1), timedelta(hours=3), CLAIM),
    )  # fmt: skip
    for name, title, starts_at, lasts, script in plans:
        session_id = SessionId(made("live", OPEN, name))
        if await live.session(tx, merchant_id, session_id) is not None:
            continue
        wanted = NewSession(
            merchant_id=merchant_id,
            session_id=session_id,
            room_id=room_id,
            host_id=HostId(made("host", OPEN)),
            title=title,
            cover=cover,
            starts_at=starts_at,
            ends_at=starts_at + lasts,
            trailer=text("试穿、对比、答疑，下单包邮。", "Tried on, compared, and your questions answered."),
            script=script,
        )
        await live.plan(tx, wanted, BY)
        await live.add_goods(tx, merchant_id, session_id, goods, BY)
        await live.lay_out(tx, merchant_id, session_id, BY)
        if name == "today":
            await live.make_ready(tx, merchant_id, session_id, BY)
