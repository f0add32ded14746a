"""The record of a session: a chain of seals over its beats, pieces of video and trades that shows when something was altered.

A seal is made every few seconds over what came since the last one. Of each thing (a leaf) it keeps the beginning of its SHA-256,
and its own digest is over the digest before it and all leaves; so the first seal that does not come out, and in it the first
leaf, is where something was altered, taken out or put in. docs/algorithms/live.md argues what that shows and what it cannot.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog

from steelyard.channels.live import beats
from steelyard.kernel.db import Read, Row, Tx

SESSIONS_PER_SWEEP = 50
LEAVES_PER_SEAL = 2_000
SEALS_MAX = 100_000
SESSIONS_VERIFIED_MAX = 200
LEAF_HEX = 16

log = structlog.get_logger()


class Altered(msgspec.Struct, frozen=True, kw_only=True):
    """The first place that is not what was sealed: `what` is seal, beat, segment, order, or missing; `which` its number or id."""

    seal: int
    what: str
    which: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, the digest of the last seal that came out, and where something was altered first, if it was.
    `unsealed`: so many beats are younger than the last seal."""

    seals: int
    beats: int
    segments: int
    orders: int
    unsealed: int
    digest: str
    altered: Altered | None

    @property
    def whole(self) -> bool:
        return self.altered is None


class _Leaf(msgspec.Struct, frozen=True):
    what: str
    which: str
    digest: str


def leaf_of(what: str, which: object, *facts: object) -> _Leaf:
    """The digest of a thing: over its kind, its name and its facts as JSON with sorted keys."""
    told = msgspec.json.encode([what, str(which), *facts], order="sorted")
    return _Leaf(what, str(which), hashlib.sha256(told).hexdigest())


def digest_of(previous: str, leaves: Iterable[_Leaf]) -> str:
    """The digest of a seal."""
    found = hashlib.sha256(previous.encode())
    for leaf in leaves:
        found.update(leaf.digest.encode())
    return found.hexdigest()


async def seal_due(tx: Tx) -> int:
    """Seal what is new in some sessions; returns how many seals were made."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, session_id FROM live_unsealed
        ORDER BY since LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        SESSIONS_PER_SWEEP,
    )
    made = 0
    for row in sorted(rows, key=lambda row: (row["merchant_id"], row["session_id"])):
        made += await seal(tx, row["merchant_id"], row["session_id"])
    return made


async def seal(tx: Tx, merchant_id: UUID, session_id: UUID) -> bool:
    """Make one seal over what is new in a session; False where nothing is."""
    # Nobody writes beats meanwhile, so that those that are there are all up to the last.
    await beats.lock(tx, [(merchant_id, session_id)])
    last = await tx.row(
        """
        SELECT number, to_seq, digest FROM live_seals WHERE merchant_id = $1 AND session_id = $2
        ORDER BY number DESC LIMIT 1
        """,
        merchant_id,
        session_id,
    )
    number, after, previous = (last["number"], last["to_seq"], last["digest"]) if last else (0, 0, "")
    said = await _beats(tx, merchant_id, session_id, after, after + LEAVES_PER_SEAL)
    video = await _segments(tx, merchant_id, session_id, None)
    trades = await _orders(tx, merchant_id, session_id, None)
    leaves = [*said, *video, *trades]
    if len(said) < LEAVES_PER_SEAL:
        await tx.execute(
            "DELETE FROM live_unsealed WHERE merchant_id = $1 AND session_id = $2", merchant_id, session_id
        )
    if not leaves:
        return False
    of = {
        "segments": [int(leaf.which) for leaf in video],
        "orders": [leaf.which for leaf in trades],
        "leaves": "".join(leaf.digest[:LEAF_HEX] for leaf in leaves),
    }
    digest = digest_of(previous, leaves)
    await tx.execute(
        """
        WITH sealed AS (
            UPDATE live_orders SET seal = $3 WHERE merchant_id = $1 AND session_id = $2 AND order_id = ANY($9)
        ), video AS (
            INSERT INTO live_sealed_segments (merchant_id, session_id, number, seal)
            SELECT $1, $2, n, $3 FROM unnest($10::integer[]) AS n
        )
        INSERT INTO live_seals (merchant_id, session_id, number, from_seq, to_seq, of, previous, digest)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        merchant_id,
        session_id,
        number + 1,
        after + 1,
        after + len(said),
        of,
        previous,
        digest,
        [UUID(leaf.which) for leaf in trades],
        [int(leaf.which) for leaf in video],
    )
    # Where whoever alters the database does not come: the log of the worker, which is kept elsewhere.
    log.info("live.sealed", session=str(session_id), seal=number + 1, to_seq=after + len(said), digest=digest)
    return True


async def verify(read: Read, merchant_id: UUID, session_id: UUID) -> Verdict:
    """Make the chain again from what is there now."""
    rows = await read.fetch(
        """
        SELECT number, from_seq, to_seq, of, previous, digest FROM live_seals
        WHERE merchant_id = $1 AND session_id = $2 ORDER BY number LIMIT $3
        """,
        merchant_id,
        session_id,
        SEALS_MAX,
    )
    counted = {"beat": 0, "segment": 0, "order": 0}
    digest, to_seq, altered, come_out = "", 0, None, 0
    for place, row in enumerate(rows, 1):
        altered, leaves = await _looked_at(read, merchant_id, session_id, row, place, digest, to_seq)
        if altered is not None:
            break
        for leaf in leaves:
            counted[leaf.what] += 1
        digest, to_seq, come_out = row["digest"], row["to_seq"], place
    last = await read.value(
        "SELECT last_seq FROM live_sessions WHERE merchant_id = $1 AND session_id = $2", merchant_id, session_id
    )
    return Verdict(
        seals=come_out,
        beats=counted["beat"],
        segments=counted["segment"],
        orders=counted["order"],
        unsealed=max(0, (last or 0) - to_seq),
        digest=digest,
        altered=altered,
    )


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """A session whose record was looked at."""

    session_id: UUID
    started_at: datetime
    verdict: Verdict

    @property
    def told(self) -> str:
        """In one line."""
        one = self.verdict
        when = f"{self.session_id}  {self.started_at:%Y-%m-%d %H:%M}"
        told = f"{when}  {one.beats} beats, {one.segments} segments, {one.orders} orders"
        if one.altered is None:
            return f"{told}  whole, {one.unsealed} not sealed yet  {one.digest}"
        return f"{told}  ALTERED: seal {one.altered.seal}, {one.altered.what} {one.altered.which}"


async def verify_room(read: Read, slug: str) -> list[Looked] | None:
    """`verify` for the sessions of a room that were on air, the latest first; none where there is no such room."""
    row = await read.row("SELECT merchant_id, room_id FROM room_slugs WHERE slug = $1", slug)
    if row is None:
        return None
    rows = await read.fetch(
        """
        SELECT session_id, started_at FROM live_sessions
        WHERE merchant_id = $1 AND room_id = $2 AND started_at IS NOT NULL
        ORDER BY starts_at DESC, session_id DESC LIMIT $3
        """,
        row["merchant_id"],
        row["room_id"],
        SESSIONS_VERIFIED_MAX,
    )
    return [
        Looked(
            session_id=each["session_id"],
            started_at=each["started_at"],
            verdict=await verify(read, row["merchant_id"], each["session_id"]),
        )
        for each in rows
    ]


async def _looked_at(
    read: Read, merchant_id: UUID, session_id: UUID, row: Row, place: int, digest: str, to_seq: int
) -> tuple[Altered | None, Sequence[_Leaf]]:
    """A seal against what it is over."""
    if (row["number"], row["from_seq"], row["previous"]) != (place, to_seq + 1, digest):
        return Altered(seal=place, what="seal", which=str(place)), ()
    of: Mapping[str, Any] = row["of"]
    leaves = [
        *await _beats(read, merchant_id, session_id, to_seq, row["to_seq"]),
        *await _segments(read, merchant_id, session_id, of["segments"]),
        *await _orders(read, merchant_id, session_id, [UUID(each) for each in of["orders"]]),
    ]
    if digest_of(digest, leaves) == row["digest"]:
        return None, leaves
    kept: str = of["leaves"]
    for n, leaf in enumerate(leaves):
        if kept[n * LEAF_HEX : (n + 1) * LEAF_HEX] != leaf.digest[:LEAF_HEX]:
            return Altered(seal=place, what=leaf.what, which=leaf.which), ()
    if len(kept) > len(leaves) * LEAF_HEX:
        return Altered(seal=place, what="missing", which=str(len(leaves) + 1)), ()
    return Altered(seal=place, what="seal", which=str(place)), ()


async def _beats(read: Read, merchant_id: UUID, session_id: UUID, after: int, until: int) -> list[_Leaf]:
    rows = await read.fetch(
        """
        SELECT seq, at, kind, body FROM live_beats
        WHERE merchant_id = $1 AND session_id = $2 AND seq > $3 AND seq <= $4 ORDER BY seq
        """,
        merchant_id,
        session_id,
        after,
        until,
    )
    return [leaf_of("beat", row["seq"], _at(row["at"]), row["kind"], row["body"]) for row in rows]


async def _segments(read: Read, merchant_id: UUID, session_id: UUID, numbers: Sequence[int] | None) -> list[_Leaf]:
    """Those that a seal names; none: those that none does yet."""
    rows = await read.fetch(
        """
        SELECT v.number, v.at, v.sha256, v.file, v.bytes FROM live_segments v
        WHERE v.merchant_id = $1 AND v.session_id = $2
          AND CASE WHEN $3::integer[] IS NULL
              THEN NOT EXISTS (SELECT FROM live_sealed_segments s WHERE s.merchant_id = v.merchant_id
                                 AND s.session_id = v.session_id AND s.number = v.number)
              ELSE v.number = ANY($3) END
        ORDER BY v.number LIMIT $4
        """,
        merchant_id,
        session_id,
        None if numbers is None else list(numbers),
        LEAVES_PER_SEAL,
    )
    return [leaf_of("segment", row["number"], _at(row["at"]), row["sha256"], row["file"], row["bytes"]) for row in rows]


async def _orders(read: Read, merchant_id: UUID, session_id: UUID, order_ids: Sequence[UUID] | None) -> list[_Leaf]:
    """The trades as they were placed: what does not change of an order afterwards."""
    rows = await read.fetch(
        """
        SELECT o.order_id, o.placed_at, o.currency, o.source, l.product_id AS on_screen
             , (SELECT jsonb_agg(jsonb_build_array(n.line, n.sku_id, n.quantity, n.unit_price) ORDER BY n.line)
                FROM order_lines n WHERE n.merchant_id = o.merchant_id AND n.order_id = o.order_id) AS lines
        FROM live_orders l JOIN orders o USING (merchant_id, order_id)
        WHERE l.merchant_id = $1 AND l.session_id = $2
          AND CASE WHEN $3::uuid[] IS NULL THEN l.seal IS NULL ELSE l.order_id = ANY($3) END
        ORDER BY o.order_id LIMIT $4
        """,
        merchant_id,
        session_id,
        None if order_ids is None else list(order_ids),
        LEAVES_PER_SEAL,
    )
    return [
        leaf_of(
            "order", row["order_id"], _at(row["placed_at"]), row["currency"], row["source"], str(row["on_screen"]),
            row["lines"],
        )
        for row in rows
    ]  # fmt: skip


def _at(moment: datetime) -> int:
    """A moment in microseconds since 1970."""
    return round(moment.timestamp() * 1_000_000)
