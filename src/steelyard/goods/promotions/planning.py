"""Flash sales and presales: plan one, which takes its pieces out of what is sold; announce its beginning; end it or call it off,
which gives back what is left."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.goods import inventory, pricing
from steelyard.goods.inventory.model import Wanted
from steelyard.goods.promotions.events import FlashChanged
from steelyard.goods.promotions.model import FlashItem, NewFlash, OfferBegun, Scope, SpecialPrice
from steelyard.goods.promotions.queries import KEPT
from steelyard.goods.promotions.terms import WINDOW_DAYS_MAX, wrong_deposit, wrong_windows
from steelyard.kernel import events, ids
from steelyard.kernel.db import Row, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_

ITEMS_PER_SESSION_MAX = 50
SESSION_HOURS_MAX = 72
DAYS_AHEAD_MAX = 60
PIECES_MAX = 1_000_000
SESSIONS_PER_SWEEP = 20
REASON_CHARACTERS_MAX = 200


async def plan(tx: Tx, wanted: NewFlash, *, hours_most: int = SESSION_HOURS_MAX) -> None:
    """Sell these pieces at these prices from the beginning of the session until its end. They are kept for it from now on.
    Said twice, the second changes nothing.

    Raises `Invalid`, by the field `what_N` of the item where it is one: for goods that are not the shop's, are twice in
    it or in another session of the same time, have no lower price, or are not there. Nothing is done then.
    """
    _check(wanted, hours_most)
    skus = [(wanted.merchant_id, item.sku_id) for item in wanted.items]
    # First of all: whoever plans the same goods waits here, and then sees this session.
    await inventory.lock(tx, skus)
    tx.kept.pop(KEPT, None)
    claimed = await tx.value(
        """
        INSERT INTO flash_sessions (merchant_id, session_id, name, starts_at, ends_at, presale, only_source)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (merchant_id, session_id) DO NOTHING RETURNING true
        """,
        wanted.merchant_id,
        wanted.session_id,
        wanted.name,
        wanted.starts_at,
        wanted.ends_at,
        wanted.terms,
        wanted.only_source,
    )
    if not claimed:
        return
    goods = await _goods(tx, wanted)
    await _refuse_conflicts(tx, wanted, goods)
    await _write(tx, wanted, goods)
    short = {each.sku_id: each.free for each in await inventory.reserve(tx, list(_kept(wanted)))}
    if short:
        raise Invalid(
            {
                f"pieces_{n}": N_("There are not so many free")
                for n, item in enumerate(wanted.items)
                if item.sku_id in short
            }
        )
    await _announce(tx, [(wanted.merchant_id, wanted.session_id)])


def _kept(wanted: NewFlash) -> Sequence[Wanted]:
    return [
        Wanted(merchant_id=wanted.merchant_id, order_id=wanted.session_id, sku_id=item.sku_id, quantity=item.pieces)
        for item in wanted.items
    ]


def _check(wanted: NewFlash, hours_most: int) -> None:
    now = datetime.now(UTC)
    wrong: dict[str, str] = {}
    if not now < wanted.ends_at or wanted.starts_at >= wanted.ends_at:
        wrong["ends_at"] = N_("It ends after it begins, and not in the past")
    elif wanted.terms is not None and wanted.ends_at - wanted.starts_at > timedelta(days=WINDOW_DAYS_MAX):
        wrong["ends_at"] = N_("Deposits are paid for 60 days at most")
    elif wanted.terms is None and wanted.ends_at - wanted.starts_at > timedelta(hours=hours_most):
        wrong["ends_at"] = N_("A flash sale lasts three days at most")
    if wanted.starts_at > now + timedelta(days=DAYS_AHEAD_MAX):
        wrong["starts_at"] = N_("Please plan at most 60 days ahead")
    if wanted.terms is not None:
        wrong |= wrong_windows(wanted.terms, wanted.starts_at, wanted.ends_at)
    if not 0 < len(wanted.items) <= ITEMS_PER_SESSION_MAX:
        wrong["what_0"] = N_("Please choose what is sold, 50 articles at most")
    seen: set[UUID] = set()
    for n, item in enumerate(wanted.items):
        if item.sku_id in seen:
            wrong[f"what_{n}"] = N_("This article is named twice")
        seen.add(item.sku_id)
        wrong |= _wrong_in(n, item) | (wrong_deposit(n, item, wanted.terms) if wanted.terms is not None else {})
    if wrong:
        raise Invalid(wrong)


def _wrong_in(n: int, item: FlashItem) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if item.price < 1:
        wrong[f"price_{n}"] = N_("Please enter an amount above zero")
    if not 1 <= item.pieces <= PIECES_MAX:
        wrong[f"pieces_{n}"] = N_("Please enter a number above zero")
    if item.per_order is not None and item.per_order < 1:
        wrong[f"per_order_{n}"] = N_("Please enter a number above zero")
    if item.per_buyer is not None and item.per_buyer < 1:
        wrong[f"per_buyer_{n}"] = N_("Please enter a number above zero")
    return wrong


async def _goods(tx: Tx, wanted: NewFlash) -> dict[UUID, Row]:
    """The shop's own goods of the session, by SKU, with what they cost now in the shop's currency."""
    rows = await tx.fetch(
        """
        SELECT s.sku_id, s.product_id, m.currency FROM skus s JOIN merchants m USING (merchant_id)
        WHERE s.merchant_id = $1 AND s.sku_id = ANY($2)
        """,
        wanted.merchant_id,
        [item.sku_id for item in wanted.items],
    )
    return {row["sku_id"]: row for row in rows}


async def _refuse_conflicts(tx: Tx, wanted: NewFlash, goods: dict[UUID, Row]) -> None:
    """Raises `Invalid`."""
    currencies = {row["currency"] for row in goods.values()}
    prices = await pricing.current_in(tx, list(goods), currencies)
    current = {sku_id: price.amount for (sku_id, _), price in prices.items()}
    rows = await tx.fetch(
        """
        SELECT DISTINCT sku_id FROM promotions
        WHERE merchant_id = $1 AND sku_id = ANY($2) AND session_id <> $3 AND returned_at IS NULL
          AND starts_at < $5 AND ends_at > $4
        """,
        wanted.merchant_id,
        list(goods),
        wanted.session_id,
        wanted.starts_at,
        wanted.ends_at,
    )
    taken = {row["sku_id"] for row in rows}
    wrong: dict[str, str] = {}
    for n, item in enumerate(wanted.items):
        if item.sku_id not in current:
            wrong[f"what_{n}"] = N_("This article cannot be sold: it is not there, or has no price")
        elif item.sku_id in taken:
            wrong[f"what_{n}"] = N_("This article is in another flash sale at the same time")
        elif item.whole >= current[item.sku_id]:
            wrong[f"price_{n}"] = (
                N_("A flash price is below what the article costs now")
                if wanted.terms is None
                else N_("In a presale it costs less than now, with what the deposit counts for")
            )
    if wrong:
        raise Invalid(wrong)


async def _write(tx: Tx, wanted: NewFlash, goods: dict[UUID, Row]) -> None:
    # Rules and scopes as text: they are given as one array each.
    await tx.execute(
        """
        INSERT INTO promotions (merchant_id, promotion_id, name, rule, scope, currency, starts_at, ends_at, coupon
                              , session_id, sku_id, pieces, pieces_per_order, pieces_per_buyer, presale
                              , only_source)
        SELECT $1, i.promotion_id, $2, i.rule, i.scope, $3, $4, $5, false, $6, i.sku_id, i.pieces, i.per_order, i.per_buyer
             , i.presale, $15
        FROM unnest($7::uuid[], $8::jsonb[], $9::jsonb[], $10::uuid[], $11::integer[], $12::integer[], $13::integer[]
                  , $14::jsonb[])
            AS i (promotion_id, rule, scope, sku_id, pieces, per_order, per_buyer, presale)
        """,
        wanted.merchant_id,
        wanted.name,
        next(iter(goods.values()))["currency"],
        wanted.starts_at,
        wanted.ends_at,
        wanted.session_id,
        [ids.derived(wanted.session_id, str(item.sku_id)) for item in wanted.items],
        [SpecialPrice(prices={item.sku_id: item.whole}) for item in wanted.items],
        [Scope(products=frozenset([goods[item.sku_id]["product_id"]])) for item in wanted.items],
        [item.sku_id for item in wanted.items],
        [item.pieces for item in wanted.items],
        [item.per_order for item in wanted.items],
        [item.per_buyer for item in wanted.items],
        [wanted.presale_of(item) for item in wanted.items],
        wanted.only_source,
    )


async def replan(tx: Tx, wanted: NewFlash) -> None:
    """Another plan for a presale that has not begun: nobody has paid anything yet. Raises `NotFound`, what `plan` raises, and
    `OfferBegun` for one that has begun or was called off."""
    row = await tx.row(
        """
        SELECT starts_at > now() AND ended_at IS NULL AS open FROM flash_sessions
        WHERE merchant_id = $1 AND session_id = $2 AND presale IS NOT NULL FOR UPDATE
        """,
        wanted.merchant_id,
        wanted.session_id,
    )
    if row is None:
        raise NotFound()
    if not row["open"]:
        raise OfferBegun()
    await inventory.release_orders(tx, [(wanted.merchant_id, wanted.session_id)])
    await tx.execute(
        "DELETE FROM promotions WHERE merchant_id = $1 AND session_id = $2", wanted.merchant_id, wanted.session_id
    )
    await tx.execute(
        "DELETE FROM flash_sessions WHERE merchant_id = $1 AND session_id = $2", wanted.merchant_id, wanted.session_id
    )
    await plan(tx, wanted)


async def cancel(tx: Tx, merchant_id: UUID, session_id: UUID, *, by: str, reason: str = "") -> None:
    """Call a session off: nothing is sold at its prices from now on, and what is left is sold as everything else. Said
    twice, or of one that is over, nothing changes. Raises `NotFound`."""
    known = await tx.value(
        "SELECT true FROM flash_sessions WHERE merchant_id = $1 AND session_id = $2", merchant_id, session_id
    )
    if not known:
        raise NotFound()
    await _close(tx, [(merchant_id, session_id)], by=by, reason=reason[:REASON_CHARACTERS_MAX])


async def cancel_all(tx: Tx, sessions: Sequence[tuple[UUID, UUID]], *, by: str, reason: str = "") -> None:
    """`cancel` many at once, by `(merchant_id, session_id)`; those that are over, or are not there, are left alone."""
    await _close(tx, sessions, by=by, reason=reason[:REASON_CHARACTERS_MAX])


async def begin_due(tx: Tx) -> int:
    """Announce the sessions that have begun; returns how many. Their prices count by the clock, whether this is done or
    not."""
    rows = await tx.fetch(
        """
        UPDATE flash_sessions SET begun_at = now() WHERE (merchant_id, session_id) IN (
            SELECT merchant_id, session_id FROM flash_sessions
            WHERE begun_at IS NULL AND ended_at IS NULL AND starts_at <= now()
            ORDER BY starts_at LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING merchant_id, session_id
        """,
        SESSIONS_PER_SWEEP,
    )
    await _announce(tx, [(row["merchant_id"], row["session_id"]) for row in rows])
    return len(rows)


async def end_due(tx: Tx) -> int:
    """Give back what is left of the sessions that are over; returns how many."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, session_id FROM flash_sessions WHERE ended_at IS NULL AND ends_at <= now()
        ORDER BY ends_at LIMIT $1
        """,
        SESSIONS_PER_SWEEP,
    )
    await _close(tx, [(row["merchant_id"], row["session_id"]) for row in rows])
    return len(rows)


async def _close(tx: Tx, sessions: Sequence[tuple[UUID, UUID]], by: str | None = None, reason: str = "") -> None:
    """These sessions are over: first their prices are held, as by whoever buys at them, then the stock, and last the
    session is written. Whoever comes second finds nothing to be done."""
    if not sessions:
        return
    merchant_ids = [merchant_id for merchant_id, _ in sessions]
    session_ids = [session_id for _, session_id in sessions]
    tx.kept.pop(KEPT, None)
    await tx.fetch(
        """
        SELECT FROM promotions p JOIN unnest($1::uuid[], $2::uuid[]) AS s (merchant_id, session_id)
            USING (merchant_id, session_id)
        WHERE p.returned_at IS NULL ORDER BY p.merchant_id, p.promotion_id FOR NO KEY UPDATE OF p
        """,
        merchant_ids,
        session_ids,
    )
    rows = await tx.fetch(
        """
        WITH closed AS (
            UPDATE flash_sessions f SET ended_at = now(), cancelled_by = $3, reason = $4
            FROM unnest($1::uuid[], $2::uuid[]) AS s (merchant_id, session_id)
            WHERE f.merchant_id = s.merchant_id AND f.session_id = s.session_id AND f.ended_at IS NULL
            RETURNING f.merchant_id, f.session_id
        ), returned AS (
            UPDATE promotions p SET returned_at = now(), stopped_at = CASE WHEN $3::text IS NULL THEN NULL ELSE now() END
            FROM closed c WHERE p.merchant_id = c.merchant_id AND p.session_id = c.session_id
        )
        SELECT merchant_id, session_id FROM closed
        """,
        merchant_ids,
        session_ids,
        by,
        reason,
    )
    closed = [(row["merchant_id"], row["session_id"]) for row in rows]
    if closed:
        await inventory.release_orders(tx, closed)
        await _announce(tx, closed)


async def _announce(tx: Tx, sessions: Sequence[tuple[UUID, UUID]]) -> None:
    if not sessions:
        return
    rows = await tx.fetch(
        """
        SELECT p.merchant_id, p.session_id, array_agg(DISTINCT s.product_id) AS product_ids
             , array_agg(p.sku_id ORDER BY p.sku_id) AS sku_ids
        FROM unnest($1::uuid[], $2::uuid[]) AS f (merchant_id, session_id)
        JOIN promotions p USING (merchant_id, session_id)
        JOIN skus s ON s.merchant_id = p.merchant_id AND s.sku_id = p.sku_id
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
        [merchant_id for merchant_id, _ in sessions],
        [session_id for _, session_id in sessions],
    )
    await events.publish(
        tx,
        *(
            FlashChanged(
                merchant_id=row["merchant_id"],
                session_id=row["session_id"],
                product_ids=row["product_ids"],
                sku_ids=row["sku_ids"],
            )
            for row in rows
        ),
    )
