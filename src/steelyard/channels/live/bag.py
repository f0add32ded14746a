"""The goods bag of a session: what is in it, in which order, and what buyers see."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.channels.live import queries
from steelyard.channels.live.model import GOODS_MAX, POINTS_CHARACTERS_MAX, TAKES_TIME, Session, SessionNotWritable
from steelyard.channels.live.planning import reconsider
from steelyard.channels.live.states import lock
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_


async def add_goods(tx: Tx, merchant_id: UUID, session_id: UUID, product_ids: Sequence[UUID], by: str) -> int:
    """Put products of the shop at the end of the bag, shown; how many are new. Said twice, nothing changes.

    Raises `NotFound` for what is not the shop's or is in the bin, `SessionNotWritable`, and `Invalid` when the bag is full.
    """
    session = await _writable(tx, merchant_id, session_id)
    wanted = list(dict.fromkeys(product_ids))
    known = await tx.value(
        "SELECT count(*)::integer FROM products WHERE merchant_id = $1 AND product_id = ANY($2) AND state <> 'binned'",
        merchant_id,
        wanted,
    )
    if known != len(wanted):
        raise NotFound()
    inside = {good.product_id for good in await queries.goods(tx, merchant_id, session_id)}
    new = [product_id for product_id in wanted if product_id not in inside]
    if len(inside) + len(new) > GOODS_MAX:
        raise Invalid({"goods": N_("The bag holds no more than this.")})
    await tx.execute(
        """
        INSERT INTO live_goods (merchant_id, session_id, product_id, position)
        SELECT $1, $2, w.product_id
             , (SELECT coalesce(max(position), 0) FROM live_goods WHERE merchant_id = $1 AND session_id = $2) + w.place
        FROM unnest($3::uuid[]) WITH ORDINALITY AS w (product_id, place)
        ON CONFLICT (merchant_id, session_id, product_id) DO NOTHING
        """,
        merchant_id,
        session_id,
        new,
    )
    await reconsider(tx, session, by)
    return len(new)


async def remove_goods(tx: Tx, merchant_id: UUID, session_id: UUID, product_id: UUID, by: str) -> None:
    """Take a product out of the bag. Said twice, nothing changes. Raises `NotFound`, `SessionNotWritable`."""
    session = await _writable(tx, merchant_id, session_id)
    await tx.execute(
        "DELETE FROM live_goods WHERE merchant_id = $1 AND session_id = $2 AND product_id = $3",
        merchant_id,
        session_id,
        product_id,
    )
    await reconsider(tx, session, by)


async def move_goods(tx: Tx, merchant_id: UUID, session_id: UUID, product_id: UUID, place: int) -> None:
    """A product stands at this place of the bag, counted from one; what stood there and behind moves on.
    Raises `NotFound`, `SessionNotWritable`."""
    await _writable(tx, merchant_id, session_id)
    order = [good.product_id for good in await queries.goods(tx, merchant_id, session_id)]
    if product_id not in order:
        raise NotFound()
    order.remove(product_id)
    order.insert(max(0, min(place - 1, len(order))), product_id)
    await tx.execute(
        """
        UPDATE live_goods g SET position = w.place
        FROM unnest($3::uuid[]) WITH ORDINALITY AS w (product_id, place)
        WHERE g.merchant_id = $1 AND g.session_id = $2 AND g.product_id = w.product_id AND g.position <> w.place
        """,
        merchant_id,
        session_id,
        order,
    )


async def set_goods(
    tx: Tx, merchant_id: UUID, session_id: UUID, product_id: UUID, *, shown: bool, points: str, by: str
) -> None:
    """Whether buyers see a product in the bag, and its selling points, a line each. Said twice, nothing changes.
    Raises `NotFound`, `SessionNotWritable`, `Invalid`."""
    if len(points) > POINTS_CHARACTERS_MAX:
        raise Invalid({"points": N_("This is too long")})
    session = await _writable(tx, merchant_id, session_id)
    found = await tx.value(
        """
        UPDATE live_goods SET shown = $4, points = $5 WHERE merchant_id = $1 AND session_id = $2 AND product_id = $3
        RETURNING product_id
        """,
        merchant_id,
        session_id,
        product_id,
        shown,
        points.strip(),
    )
    if found is None:
        raise NotFound()
    await reconsider(tx, session, by)


async def _writable(tx: Tx, merchant_id: UUID, session_id: UUID) -> Session:
    """The bag is filled and ordered while the session is on air, too."""
    session = await lock(tx, merchant_id, session_id)
    if session.state not in TAKES_TIME:
        raise SessionNotWritable(state=session.state)
    return session
