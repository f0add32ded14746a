"""Valuing: the scores and predictions of a shop's customers, counted each night after the recount and when asked for.

All customers' figures are read a page at a time into arrays (some hundred bytes a customer), foretold without a transaction
open, and written a page at a time. A model is fitted to some thousands of them, and tried on their last days first.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
import numpy as np

from steelyard.kernel import events
from steelyard.kernel.db import Database, Read, Row, Tx
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.lifecycle import foretelling, scoring
from steelyard.operations.lifecycle.events import ValuesCounted
from steelyard.operations.lifecycle.foretelling import (
    FITTED_MOST,
    Foretold,
    Models,
    Past,
)
from steelyard.operations.lifecycle.judging import (
    DAY_SECONDS,
    HOLDOUT_PART,
    WEEK_SECONDS,
    Scored,
    Totals,
    scored,
    summed,
)
from steelyard.operations.lifecycle.model import HORIZON_DAYS, Segment, ValueFacts
from steelyard.operations.lifecycle.purchasing import Numbers
from steelyard.operations.lifecycle.queries import orders_of_nobody
from steelyard.operations.lifecycle.scoring import Scores

CUSTOMERS_PER_PAGE = 5_000
BUYERS_PER_QUESTION = 2_000


class Customers(NamedTuple):
    """Who has paid, in the order of their ids, and what they bought."""

    ids: list[UUID]
    bought: Totals


async def value(db: Database, merchant_id: UUID, now: datetime) -> int:
    """Count scores and predictions of all who have paid at this shop (`MARKETPLACE`: anywhere). Returns how many."""
    currencies = await db.ask(_currencies, merchant_id)
    customers = await _customers(db, merchant_id, next(iter(currencies), ""))
    tried = await _tried(db, merchant_id, customers, now)
    judged, foretold, facts = await asyncio.to_thread(_valued, customers, tried, now)
    left_out = await db.ask(orders_of_nobody, merchant_id, now)
    facts = msgspec.structs.replace(facts, currencies=currencies, left_out=left_out)
    for start in range(0, len(customers.ids), CUSTOMERS_PER_PAGE):
        page = slice(start, start + CUSTOMERS_PER_PAGE)
        await db.transact(_write, merchant_id, customers, judged, foretold, facts.model, page, now)
    await db.transact(_end, merchant_id, len(customers.ids), facts, now)
    return len(customers.ids)


async def _currencies(read: Read, merchant_id: UUID) -> dict[str, int]:
    """In how many orders customers paid with each currency. First stands that which values are told in: a shop's own; at the
    marketplace the one of the most orders, so that a house whose shops all sell abroad is not told that nobody spends."""
    rows = await read.fetch(
        """
        SELECT s.currency, sum(s.orders)::bigint AS orders FROM customer_spend s
        LEFT JOIN merchants m ON m.merchant_id = s.merchant_id
        WHERE s.merchant_id = $1 AND s.orders > 0
        GROUP BY s.currency, m.currency ORDER BY s.currency IS NOT DISTINCT FROM m.currency DESC, 2 DESC, 1
        """,
        merchant_id,
    )
    found = {row["currency"]: row["orders"] for row in rows}
    own: str | None = await read.value("SELECT currency FROM merchants WHERE merchant_id = $1", merchant_id)
    return found if own is None or own in found else {own: 0, **found}


async def _customers(db: Database, merchant_id: UUID, currency: str) -> Customers:
    ids: list[UUID] = []
    parts: list[Numbers] = []
    while True:
        rows = await db.ask(_page, merchant_id, currency, ids[-1] if ids else None)
        if rows:
            ids += [row["buyer_id"] for row in rows]
            parts.append(np.array([[row[name] for name in _FIGURES] for row in rows], dtype=float))
        if len(rows) < CUSTOMERS_PER_PAGE:
            break
    whole = np.concatenate(parts) if parts else np.zeros((0, len(_FIGURES)))
    return Customers(ids, Totals(currency=currency, **dict(zip(_FIGURES, whole.T, strict=True))))


_FIGURES = ("first", "last", "orders", "spent", "refunded")


async def _page(read: Read, merchant_id: UUID, currency: str, after: UUID | None) -> list[Row]:
    return await read.fetch(
        """
        SELECT f.buyer_id, extract(epoch FROM f.first_paid_at)::float8 AS first
             , extract(epoch FROM f.last_paid_at)::float8 AS last, f.orders
             , coalesce(s.spent, 0) AS spent, coalesce(s.refunded, 0) AS refunded
        FROM customer_facts f
        LEFT JOIN customer_spend s ON (s.merchant_id, s.buyer_id, s.currency) = (f.merchant_id, f.buyer_id, $2)
        WHERE f.merchant_id = $1 AND f.orders > 0 AND ($3::uuid IS NULL OR f.buyer_id > $3)
        ORDER BY f.buyer_id LIMIT $4
        """,
        merchant_id,
        currency,
        after,
        CUSTOMERS_PER_PAGE,
    )


class Tried(NamedTuple):
    """What some customers had bought when the last `days` began, and how many orders each has placed since."""

    before: Past
    after: Numbers
    days: int


async def _tried(db: Database, merchant_id: UUID, customers: Customers, now: datetime) -> Tried | None:
    """The customers of whom it is tried how well the model foretells: the last horizon, or a third of the time there is."""
    if not customers.ids:
        return None
    days = int(
        min(HORIZON_DAYS, (now.timestamp() - float(np.min(customers.bought.first))) / DAY_SECONDS / HOLDOUT_PART)
    )
    if days < 1:
        return None
    split = now - timedelta(days=days)
    step = -(-len(customers.ids) // FITTED_MOST)
    known = np.flatnonzero(customers.bought.first < split.timestamp())[::step].tolist()
    rows: list[list[float]] = []
    for start in range(0, len(known), BUYERS_PER_QUESTION):
        some = [customers.ids[place] for place in known[start : start + BUYERS_PER_QUESTION]]
        rows += await db.ask(_split, merchant_id, some, split)
    whole = np.array(rows, dtype=float).reshape(-1, 5)
    before = Past(whole[:, 0], whole[:, 1] / WEEK_SECONDS, whole[:, 2] / WEEK_SECONDS, whole[:, 3])
    return Tried(before, whole[:, 4], days)


async def _split(read: Read, merchant_id: UUID, buyers: Sequence[UUID], at: datetime) -> list[list[float]]:
    rows = await read.fetch(
        """
        SELECT count(DISTINCT o.purchase_id) FILTER (WHERE o.paid_at < $3::timestamptz)::float8 AS orders
             , extract(epoch FROM max(o.paid_at) FILTER (WHERE o.paid_at < $3) - min(o.paid_at))::float8 AS apart
             , extract(epoch FROM $3::timestamptz - min(o.paid_at))::float8 AS age
             , coalesce(sum(o.total - o.refunded) FILTER (WHERE o.paid_at < $3), 0)::float8 AS net
             , count(DISTINCT o.purchase_id) FILTER (WHERE o.paid_at >= $3)::float8 AS after
        FROM unnest($2::uuid[]) AS w (buyer_id)
        CROSS JOIN LATERAL (
            SELECT purchase_id, paid_at, total, refunded FROM orders
            WHERE buyer_id = w.buyer_id AND ($1::uuid = $4::uuid OR merchant_id = $1)
              AND paid_at IS NOT NULL AND state <> 'cancelled' OFFSET 0) o
        GROUP BY w.buyer_id HAVING min(o.paid_at) < $3
        """,
        merchant_id,
        list(buyers),
        at,
        MARKETPLACE,
    )
    return [list(row) for row in rows]


class Judged(NamedTuple):
    """The scores of each customer, and what follows from them."""

    score: Scored
    segments: list[Segment]
    tiers: Scores


def _valued(customers: Customers, tried: Tried | None, now: datetime) -> tuple[Judged, Foretold | None, ValueFacts]:
    bought = customers.bought
    score = scored(bought, now)
    models = foretelling.learn(past := bought.past(max(now.timestamp(), float(np.max(bought.last, initial=0.0)))))
    told = foretelling.foretell(models, past) if models is not None else None
    worth = bought.net if told is None else told.spent
    judged = Judged(score, scoring.segments(score.r, score.f, score.m), scoring.tiers(worth))
    rfm = summed(bought, score)
    facts = ValueFacts(
        currency=rfm.currency,
        first_at=datetime.fromtimestamp(float(np.min(bought.first)), UTC) if rfm.customers else None,
        last_at=datetime.fromtimestamp(float(np.max(bought.last)), UTC) if rfm.customers else None,
        paid_orders=rfm.orders,
        paid=rfm.spent,
        refunded=rfm.refunded,
        paid_monetary=rfm.paid_monetary,
        paid_top_share=rfm.paid_top_share,
        grid=rfm.grid,
        tiers=scoring.tier_counts(worth, bought.net, *(() if told is None else (told.orders, told.spent))),
        recency_days=rfm.recency_days,
        frequency=rfm.frequency,
        monetary=rfm.monetary,
        top_share=rfm.top_share,
    )
    if models is None or told is None:
        return judged, None, facts
    return judged, told, _with_models(facts, models, told, tried)


def _with_models(facts: ValueFacts, models: Models, told: Foretold, tried: Tried | None) -> ValueFacts:
    return msgspec.structs.replace(
        facts,
        model=str(models.purchases.model),
        parameters=models.parameters(),
        log_likelihood=models.purchases.log_likelihood,
        orders=float(np.sum(told.orders)),
        low=float(np.sum(told.low)),
        high=float(np.sum(told.high)),
        spent=float(np.sum(told.spent)),
        holdout=foretelling.holdout(*tried) if tried is not None else None,
    )


async def _write(
    tx: Tx,
    merchant_id: UUID,
    customers: Customers,
    judged: Judged,
    told: Foretold | None,
    model: str,
    page: slice,
    now: datetime,
) -> None:
    nothing = [None] * len(customers.ids[page])
    await tx.execute(
        """
        INSERT INTO customer_values AS v (merchant_id, buyer_id, counted_at, recency_days, frequency, monetary, r, f, m, segment
                                        , tier, model, alive, silent, expected_orders, expected_low, expected_high
                                        , expected_spent)
        SELECT $1, w.buyer_id, $2, w.recency, w.frequency, w.monetary, w.r, w.f, w.m, w.segment, w.tier, $3, w.alive, w.silent
             , w.orders, w.low, w.high, w.spent
        FROM unnest($4::uuid[], $5::integer[], $6::integer[], $7::bigint[], $8::smallint[], $9::smallint[], $10::smallint[]
                  , $11::text[], $12::smallint[], $13::float8[], $14::float8[], $15::float8[], $16::float8[], $17::float8[]
                  , $18::bigint[])
             AS w (buyer_id, recency, frequency, monetary, r, f, m, segment, tier, alive, silent, orders, low, high, spent)
        JOIN customer_facts f ON f.merchant_id = $1 AND f.buyer_id = w.buyer_id
        ON CONFLICT (merchant_id, buyer_id) DO UPDATE
        SET counted_at = excluded.counted_at, recency_days = excluded.recency_days, frequency = excluded.frequency
          , monetary = excluded.monetary, r = excluded.r, f = excluded.f, m = excluded.m, segment = excluded.segment
          , tier = excluded.tier, model = excluded.model, alive = excluded.alive, silent = excluded.silent
          , expected_orders = excluded.expected_orders, expected_low = excluded.expected_low
          , expected_high = excluded.expected_high, expected_spent = excluded.expected_spent
        """,
        merchant_id,
        now,
        model,
        customers.ids[page],
        judged.score.days[page].astype(int).tolist(),
        customers.bought.orders[page].astype(int).tolist(),
        customers.bought.net[page].astype(int).tolist(),
        judged.score.r[page].tolist(),
        judged.score.f[page].tolist(),
        judged.score.m[page].tolist(),
        [str(each) for each in judged.segments[page]],
        judged.tiers[page].tolist(),
        nothing if told is None or told.alive is None else told.alive[page].tolist(),
        nothing if told is None else told.silent[page].tolist(),
        nothing if told is None else told.orders[page].tolist(),
        nothing if told is None else told.low[page].tolist(),
        nothing if told is None else told.high[page].tolist(),
        nothing if told is None else [round(each) for each in told.spent[page].tolist()],
    )


async def _end(tx: Tx, merchant_id: UUID, count: int, facts: ValueFacts, now: datetime) -> None:
    await tx.execute("DELETE FROM customer_values WHERE merchant_id = $1 AND counted_at < $2", merchant_id, now)
    await tx.execute(
        """
        INSERT INTO value_runs (merchant_id, wanted_at, begun_at, counted_at, customers, horizon_days, facts)
        VALUES ($1, $2, $2, $2, $3, $4, $5)
        ON CONFLICT (merchant_id) DO UPDATE
        SET begun_at = excluded.begun_at, counted_at = excluded.counted_at
          , customers = excluded.customers, horizon_days = excluded.horizon_days, facts = excluded.facts
        """,
        merchant_id,
        now,
        count,
        HORIZON_DAYS,
        msgspec.to_builtins(facts),
    )
    await events.publish(tx, ValuesCounted(merchant_id=merchant_id))
