"""A live session of the shop that sells tea, for tests: written down as it stands, with green tea and nuts in its bag."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.channels import live
from steelyard.channels.live.beats import Beat, BeatKind
from steelyard.channels.live.stage_model import Say
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.text import text
from tests.support.world import World


class OnAir(msgspec.Struct, frozen=True, kw_only=True):
    """A session: its keys and what lies in its bag."""

    merchant_id: UUID
    room_id: UUID
    session_id: UUID
    slug: str
    products: dict[str, UUID]

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.merchant_id, self.session_id

    def say(self, buyer_id: UUID, words: str, chat_id: UUID | None = None) -> Say:
        return Say(
            merchant_id=self.merchant_id, session_id=self.session_id, chat_id=chat_id or ids.mint(), buyer_id=buyer_id,
            text=words,
        )  # fmt: skip


async def on_air(db: Database, world: World, *, state: str = "on_air", slug: str = "tea-live") -> OnAir:
    return await db.transact(_begun, world, state, slug)


async def _begun(tx: Tx, world: World, state: str, slug: str) -> OnAir:
    merchant_id, room_id, session_id = world.tea.merchant_id, ids.mint(), ids.mint()
    now = datetime.now(UTC)
    await tx.execute(
        "INSERT INTO rooms (merchant_id, room_id, slug, name, category_ids, state) VALUES ($1, $2, $3, $4, '{}', 'open')",
        merchant_id,
        room_id,
        slug,
        text("云上茶庄直播间", "Tea live"),
    )
    await tx.execute(
        "INSERT INTO room_history (merchant_id, room_id, step, from_state, to_state, by) "
        "VALUES ($1, $2, 1, 'nowhere', 'open', 'test')",
        merchant_id,
        room_id,
    )
    await tx.execute(
        "INSERT INTO room_slugs (slug, merchant_id, room_id) VALUES ($1, $2, $3)", slug, merchant_id, room_id
    )
    await tx.execute(
        """
        INSERT INTO live_sessions (merchant_id, session_id, room_id, title, starts_at, ends_at, state, started_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        merchant_id,
        session_id,
        room_id,
        text("春茶专场", "Spring tea"),
        now - timedelta(minutes=5),
        now + timedelta(hours=2),
        state,
        now - timedelta(minutes=5) if state == "on_air" else None,
    )
    steps = [("nowhere", "planned"), ("planned", "ready"), ("ready", "on_air")]
    for step, (before, after) in enumerate(steps[: 3 if state == "on_air" else 2], 1):
        await tx.execute(
            "INSERT INTO live_session_history (merchant_id, session_id, step, from_state, to_state, by) "
            "VALUES ($1, $2, $3, $4, $5, 'test')",
            merchant_id,
            session_id,
            step,
            before,
            after,
        )
    products: dict[str, UUID] = {name: world.items[name].product_id for name in ("green", "nuts")}
    await tx.execute(
        """
        INSERT INTO live_goods (merchant_id, session_id, product_id, position)
        SELECT $1, $2, product_id, place FROM unnest($3::uuid[]) WITH ORDINALITY AS g (product_id, place)
        """,
        merchant_id,
        session_id,
        list(products.values()),
    )
    return OnAir(merchant_id=merchant_id, room_id=room_id, session_id=session_id, slug=slug, products=products)


async def heard(db: Database, session: OnAir, *kinds: BeatKind) -> list[Beat]:
    """The log, or what it holds of these kinds; its numbers are without gaps."""
    found = await db.ask(live.beats_after, *session.key)
    assert [beat.seq for beat in found] == list(range(1, len(found) + 1))
    assert await db.ask(_last, session) == len(found)
    return [beat for beat in found if not kinds or beat.kind in kinds]


async def _last(read: Read, session: OnAir) -> int:
    return await read.value("SELECT last_seq FROM live_sessions WHERE session_id = $1", session.session_id)
