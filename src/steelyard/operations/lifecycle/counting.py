"""Counting: what is known of customers is made from their orders, anew whenever something of them changes.

Who asks says whom to look at; what was known before does not matter. So an event that is read twice, or late, leaves the
same, and the nightly recount of everybody is the same command. One transaction counts a buyer for all shops and for the
marketplace, with what they did as the visitors they were.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Row, Tx
from steelyard.money.exchange import HOUSE_CURRENCY
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.lifecycle import moving
from steelyard.operations.lifecycle.events import FactsChanged
from steelyard.operations.lifecycle.model import (
    BUYERS_PER_EVENT,
    PAYING,
    SEEN_AGAIN,
    Facts,
    Move,
    Pair,
    Rule,
    Sight,
    Spend,
)
from steelyard.operations.lifecycle.ruling import rules_in_force
from steelyard.operations.lifecycle.stages import history, stage_of
from steelyard.parties.customers.model import BuyerId


class Trace(NamedTuple):
    """When somebody was seen first and last, and when they first showed that they want something."""

    first: datetime
    last: datetime
    wanted: datetime | None


async def count(tx: Tx, buyer_ids: Collection[UUID], now: datetime | None = None) -> int:
    """Count these buyers anew, at every shop and at the marketplace. Returns of how many pairs of shop and customer the
    facts were otherwise; said again, none are. Announces `FactsChanged`, and `CustomerMoved` for each who moved."""
    now = now or datetime.now(UTC)
    owners = sorted(set((await _owner_of(tx, buyer_ids)).values()))
    if not owners:
        return 0
    known = await _known(tx, owners)
    bought, traces = await _bought(tx, owners), await _traces(tx, owners)
    pairs = {*known, *bought, *traces}
    merchants = {merchant_id for merchant_id, _ in pairs}
    currencies = await _currencies(tx, merchants)
    rules = await rules_in_force(tx, merchants, now)
    found: list[Facts] = []
    moves: dict[Pair, list[Move]] = {}
    for pair in sorted(pairs):
        before = known.get(pair)
        facts, paid = _facts(pair, before, bought.get(pair, []), traces.get(pair), currencies[pair[0]])
        facts, moved = _stand(facts, before, paid, rules[pair[0]], now)
        if facts != before:
            found.append(facts)
        if moved:
            moves[pair] = moved
    spend_changed = await _write_spend(tx, {pair: _spend(deals) for pair, deals in bought.items()})
    await _write_facts(tx, found)
    await moving.note(tx, moves, now)
    changed = {(facts.merchant_id, facts.buyer_id) for facts in found} | spend_changed
    await announce(tx, changed)
    return len(changed)


async def seen(tx: Tx, sights: Sequence[Sight], now: datetime | None = None) -> int:
    """These people were seen at these shops, and at the marketplace by that: who is not known becomes a visitor or a lead,
    who is known is about still (noted again after `SEEN_AGAIN`). Said twice, nothing changes. Returns of how many pairs
    something is otherwise now."""
    now = now or datetime.now(UTC)
    owner_of = await _owner_of(tx, [sight.buyer_id for sight in sights])
    traces: dict[Pair, Trace] = {}
    for sight in sights:
        if sight.buyer_id in owner_of:
            trace = Trace(sight.at, sight.at, sight.at if sight.wants else None)
            for pair in {(sight.merchant_id, owner_of[sight.buyer_id]), (MARKETPLACE, owner_of[sight.buyer_id])}:
                traces[pair] = _joined(traces.get(pair), trace)
    if not traces:
        return 0
    known = await _known(tx, list({buyer_id for _, buyer_id in traces}))
    merchants = {merchant_id for merchant_id, _ in traces}
    currencies, rules = await _currencies(tx, merchants), await rules_in_force(tx, merchants, now)
    found: list[Facts] = []
    moves: dict[Pair, list[Move]] = {}
    for pair, trace in sorted(traces.items()):
        before = known.get(pair)
        if before is None:
            facts, moved = _stand(_facts(pair, None, [], trace, currencies[pair[0]])[0], None, [], rules[pair[0]], now)
        else:
            whole = _joined(Trace(before.first_seen_at, before.last_seen_at, before.wanted_at), trace)
            soon = whole.last - before.last_seen_at < SEEN_AGAIN
            if soon and (whole.wanted, whole.first) == (before.wanted_at, before.first_seen_at):
                continue
            facts, moved = moving.stood(
                msgspec.structs.replace(
                    before, first_seen_at=whole.first, last_seen_at=whole.last, wanted_at=whole.wanted
                ),
                rules[pair[0]],
                now,
            )
        found.append(facts)
        if moved:
            moves[pair] = moved
    await _write_facts(tx, found)
    await moving.note(tx, moves, now)
    await announce(tx, [(facts.merchant_id, facts.buyer_id) for facts in found])
    return len(found)


async def announce(tx: Tx, changed: Iterable[Pair]) -> None:
    """Say of these customers that something is otherwise."""
    by_merchant: dict[UUID, list[UUID]] = defaultdict(list)
    for merchant_id, buyer_id in sorted(changed):
        by_merchant[merchant_id].append(buyer_id)
    told = [
        FactsChanged(merchant_id=merchant_id, buyer_ids=buyers[start : start + BUYERS_PER_EVENT])
        for merchant_id, buyers in by_merchant.items()
        for start in range(0, len(buyers), BUYERS_PER_EVENT)
    ]
    if told:
        await events.publish(tx, *told)


async def _owner_of(tx: Tx, buyer_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Who these are: the buyer that a visitor has become, or themselves. Who is forgotten is left out, and who is nobody: an
    order of an import that names no customer is of no person whom one could know again."""
    rows = await tx.fetch(
        """
        SELECT w.buyer_id, coalesce(m.buyer_id, w.buyer_id) AS owner
        FROM unnest($1::uuid[]) AS w (buyer_id) LEFT JOIN visitor_merges m ON m.visitor_id = w.buyer_id
        WHERE NOT EXISTS (SELECT FROM forgotten_customers f WHERE f.buyer_id = coalesce(m.buyer_id, w.buyer_id))
          AND NOT EXISTS (SELECT FROM buyers b WHERE b.buyer_id = coalesce(m.buyer_id, w.buyer_id) AND b.nobody)
        """,
        list(set(buyer_ids)),
    )
    return {row["buyer_id"]: row["owner"] for row in rows}


async def _known(tx: Tx, owners: Sequence[UUID]) -> dict[Pair, Facts]:
    known = await tx.all(
        Facts,
        """
        SELECT merchant_id, buyer_id, first_seen_at, last_seen_at, wanted_at, first_paid_at, previous_paid_at, last_paid_at
             , orders, cancelled, currency, spent, refunds, refunded, stage, stage_since, moves_at
        FROM customer_facts WHERE buyer_id = ANY($1) ORDER BY merchant_id, buyer_id FOR UPDATE
        """,
        owners,
    )
    return {(each.merchant_id, each.buyer_id): each for each in known}


async def _bought(tx: Tx, owners: Sequence[UUID]) -> dict[Pair, list[Row]]:
    rows = await tx.fetch(
        """
        WITH ids AS (
            SELECT w.buyer_id AS owner, w.buyer_id FROM unnest($1::uuid[]) AS w (buyer_id)
            UNION ALL
            SELECT m.buyer_id, m.visitor_id FROM visitor_merges m WHERE m.buyer_id = ANY($1)
        )
        SELECT i.owner, o.merchant_id, o.purchase_id, o.currency, o.total, o.refunded, o.placed_at, o.paid_at
             , o.paid_at IS NOT NULL AND o.state <> 'cancelled' AS counts
             , CASE WHEN o.refunded > 0 THEN (SELECT count(*) FROM order_refunds r
                                              WHERE r.order_id = o.order_id AND r.merchant_id = o.merchant_id)
                    ELSE 0 END AS refunds
        FROM ids i CROSS JOIN LATERAL (
            SELECT merchant_id, order_id, purchase_id, currency, total, refunded, placed_at, paid_at, state
            FROM orders WHERE buyer_id = i.buyer_id OFFSET 0) o
        ORDER BY i.owner, o.paid_at, o.placed_at, o.order_id
        """,
        owners,
    )
    found: dict[Pair, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["merchant_id"], row["owner"]].append(row)
        found[MARKETPLACE, row["owner"]].append(row)
    return found


async def _traces(tx: Tx, owners: Sequence[UUID]) -> dict[Pair, Trace]:
    """What else tells that somebody was here: kept in mind, put into the cart, looked at; that they signed up."""
    rows = await tx.fetch(
        """
        WITH ids AS (
            SELECT w.buyer_id AS owner, w.buyer_id FROM unnest($1::uuid[]) AS w (buyer_id)
            UNION ALL
            SELECT m.buyer_id, m.visitor_id FROM visitor_merges m WHERE m.buyer_id = ANY($1)
        ), told AS (
            SELECT i.owner, p.merchant_id, p.kept_at AS at, true AS wants FROM ids i JOIN favourite_products p USING (buyer_id)
            UNION ALL
            SELECT i.owner, s.merchant_id, s.kept_at, true FROM ids i JOIN favourite_shops s USING (buyer_id)
            UNION ALL
            SELECT i.owner, c.merchant_id, c.added_at, true FROM ids i JOIN cart_lines c USING (buyer_id)
            UNION ALL
            SELECT i.owner, p.merchant_id, p.seen_at, false FROM ids i JOIN footprints p USING (buyer_id)
            UNION ALL
            SELECT i.owner, $2, b.created_at, NOT b.guest FROM ids i JOIN buyers b USING (buyer_id)
            WHERE NOT b.guest OR i.owner = i.buyer_id
        )
        SELECT owner, merchant_id, min(at) AS first, max(at) AS last, min(at) FILTER (WHERE wants) AS wanted
        FROM told GROUP BY owner, merchant_id
        """,
        owners,
        MARKETPLACE,
    )
    found: dict[Pair, Trace] = {}
    for row in rows:
        trace = Trace(row["first"], row["last"], row["wanted"])
        for pair in {(row["merchant_id"], row["owner"]), (MARKETPLACE, row["owner"])}:
            found[pair] = _joined(found.get(pair), trace)
    return found


def _joined(one: Trace | None, other: Trace) -> Trace:
    if one is None:
        return other
    wanted = [at for at in (one.wanted, other.wanted) if at is not None]
    return Trace(min(one.first, other.first), max(one.last, other.last), min(wanted, default=None))


async def _currencies(tx: Tx, merchants: Collection[UUID]) -> dict[UUID, str]:
    rows = await tx.fetch("SELECT merchant_id, currency FROM merchants WHERE merchant_id = ANY($1)", sorted(merchants))
    return {MARKETPLACE: HOUSE_CURRENCY, **{row["merchant_id"]: row["currency"] for row in rows}}


def _facts(
    pair: Pair, before: Facts | None, deals: Sequence[Row], trace: Trace | None, currency: str
) -> tuple[Facts, list[datetime]]:
    """What is known of one customer at one shop, but for the stage; and when they paid, oldest first, a purchase once."""
    placed = [deal["placed_at"] for deal in deals]
    counted = [deal for deal in deals if deal["counts"]]
    paid_at: dict[UUID, datetime] = {}
    for deal in counted:
        paid_at.setdefault(deal["purchase_id"], deal["paid_at"])
    paid = sorted(paid_at.values())
    called_off = {deal["purchase_id"] for deal in deals if deal["paid_at"] is not None} - set(paid_at)
    own = [deal for deal in counted if deal["currency"] == currency]
    seen, wanted = [*placed, *paid], [*placed]
    if trace is not None:
        seen += [trace.first, trace.last]
        wanted += [trace.wanted] if trace.wanted is not None else []
    if before is not None:
        seen += [before.first_seen_at, before.last_seen_at]
        wanted += [before.wanted_at] if before.wanted_at is not None else []
    facts = Facts(
        merchant_id=pair[0],
        buyer_id=BuyerId(pair[1]),
        first_seen_at=min(seen),
        last_seen_at=max(seen),
        wanted_at=min(wanted, default=None),
        first_paid_at=paid[0] if paid else None,
        previous_paid_at=paid[-2] if len(paid) > 1 else None,
        last_paid_at=paid[-1] if paid else None,
        orders=len(paid),
        cancelled=len(called_off),
        currency=currency,
        spent=sum(deal["total"] for deal in own),
        refunds=sum(deal["refunds"] for deal in own),
        refunded=sum(deal["refunded"] for deal in own),
        stage=before.stage if before else moving.FIRST,
        stage_since=before.stage_since if before else min(seen),
        moves_at=None,
    )
    return facts, paid


def _stand(
    facts: Facts, before: Facts | None, paid: Sequence[datetime], rule: Rule, now: datetime
) -> tuple[Facts, list[Move]]:
    """The facts with the stage that they mean, and the moves that led there: of whom no order was known before, all."""
    if before is not None and (before.orders or not facts.orders):
        return moving.stood(facts, rule, now)
    standing = stage_of(
        rule,
        now,
        first_seen=facts.first_seen_at,
        wanted=facts.wanted_at,
        orders=facts.orders,
        previous_paid=facts.previous_paid_at,
        last_paid=facts.last_paid_at,
    )
    moves = history(rule, now, first_seen=facts.first_seen_at, wanted=facts.wanted_at, paid=paid)
    assert moves[-1].to_stage == standing.stage, "history ends where the facts stand"
    if before is not None:
        bought = [move for move in moves if move.to_stage in PAYING]
        moves = [msgspec.structs.replace(bought[0], from_stage=before.stage), *bought[1:]]
    whole = msgspec.structs.replace(facts, stage=standing.stage, stage_since=moves[-1].at, moves_at=standing.moves_at)
    return whole, moves


def _spend(deals: Sequence[Row]) -> list[Spend]:
    by_currency: dict[str, list[Row]] = defaultdict(list)
    for deal in deals:
        by_currency[deal["currency"]].append(deal)
    return [
        Spend(
            currency=currency,
            orders=len({deal["purchase_id"] for deal in some if deal["counts"]}),
            spent=sum(deal["total"] for deal in some if deal["counts"]),
            refunds=sum(deal["refunds"] for deal in some if deal["counts"]),
            refunded=sum(deal["refunded"] for deal in some if deal["counts"]),
        )
        for currency, some in by_currency.items()
    ]


async def _write_spend(tx: Tx, spends: dict[Pair, list[Spend]]) -> set[Pair]:
    flat = [(pair, each) for pair, some in sorted(spends.items()) for each in some]
    rows = await tx.fetch(
        """
        INSERT INTO customer_spend AS s (merchant_id, buyer_id, currency, orders, spent, refunds, refunded)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::bigint[], $6::integer[], $7::bigint[])
        ON CONFLICT (merchant_id, buyer_id, currency) DO UPDATE
        SET orders = excluded.orders, spent = excluded.spent, refunds = excluded.refunds, refunded = excluded.refunded
        WHERE (s.orders, s.spent, s.refunds, s.refunded)
              IS DISTINCT FROM (excluded.orders, excluded.spent, excluded.refunds, excluded.refunded)
        RETURNING s.merchant_id, s.buyer_id
        """,
        [pair[0] for pair, _ in flat],
        [pair[1] for pair, _ in flat],
        [each.currency for _, each in flat],
        [each.orders for _, each in flat],
        [each.spent for _, each in flat],
        [each.refunds for _, each in flat],
        [each.refunded for _, each in flat],
    )
    return {(row["merchant_id"], row["buyer_id"]) for row in rows}


async def _write_facts(tx: Tx, found: Sequence[Facts]) -> None:
    if not found:
        return
    await tx.execute(
        """
        INSERT INTO customer_facts (
            merchant_id, buyer_id, first_seen_at, last_seen_at, wanted_at, first_paid_at, previous_paid_at, last_paid_at
          , orders, cancelled, currency, spent, refunds, refunded, stage, stage_since, moves_at)
        SELECT * FROM unnest(
            $1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[]
          , $7::timestamptz[], $8::timestamptz[], $9::integer[], $10::integer[], $11::text[], $12::bigint[], $13::integer[]
          , $14::bigint[], $15::text[], $16::timestamptz[], $17::timestamptz[])
        ON CONFLICT (merchant_id, buyer_id) DO UPDATE
        SET first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at, wanted_at = excluded.wanted_at
          , first_paid_at = excluded.first_paid_at, previous_paid_at = excluded.previous_paid_at
          , last_paid_at = excluded.last_paid_at, orders = excluded.orders, cancelled = excluded.cancelled
          , currency = excluded.currency, spent = excluded.spent, refunds = excluded.refunds
          , refunded = excluded.refunded, stage = excluded.stage, stage_since = excluded.stage_since
          , moves_at = excluded.moves_at
        """,
        *([getattr(each, name) for each in found] for name in Facts.__struct_fields__),
    )
