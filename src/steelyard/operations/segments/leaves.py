"""For whom conditions hold: one statement for each family of conditions, whatever shops, people and conditions there are.

The house takes SQL as literals only, and a tree is nobody's literal. So a tree is not made into a statement: conditions go into
a statement as rows, people go in as rows, and what comes back is for whom which of them holds (0186). The trees are then put
together of sets. What changes by time alone says when: `due_at` is the first moment at which the answer can be another one.
"""

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Row
from steelyard.operations.segments.tree import (
    MOST,
    Answered,
    Bought,
    Consent,
    Country,
    Did,
    Foretold,
    Guest,
    Inside,
    Joined,
    Language,
    Leaf,
    Number,
    Rfm,
    Stage,
    When,
)

Person = tuple[UUID, UUID]  # merchant, buyer
Asked = tuple[UUID, Leaf]  # whose condition it is


class Truths(msgspec.Struct):
    """`known` are the places of the people who are customers there; `of` the places for whom each condition holds; `due` when
    somebody's answer can change next."""

    known: set[int]
    of: dict[Asked, set[int]]
    due: dict[int, datetime]


async def truths(read: Read, people: Sequence[Person], asked: Sequence[Asked], at: datetime) -> Truths:
    """For whom of these people each condition holds at this moment. Places are those in `people`."""
    found = Truths(known=await _known(read, people), of={each: set() for each in asked}, due={})
    for family, rows_of, ask in _FAMILIES:
        mine = [each for each in asked if isinstance(each[1], family)]
        if not mine:
            continue
        rows = [{"n": n, "merchant_id": each[0], **rows_of(each[1])} for n, each in enumerate(mine)]
        for row in await ask(read, rows, people, at):
            if row["holds"]:
                found.of[mine[row["n"]]].add(row["i"])
            due = row["due_at"]
            if due is not None and (row["i"] not in found.due or due < found.due[row["i"]]):
                found.due[row["i"]] = due
    return found


def _apart(people: Sequence[Person]) -> tuple[list[int], list[UUID], list[UUID]]:
    return list(range(len(people))), [merchant for merchant, _ in people], [buyer for _, buyer in people]


async def _known(read: Read, people: Sequence[Person]) -> set[int]:
    rows = await read.fetch(
        """
        SELECT p.i FROM unnest($1::integer[], $2::uuid[], $3::uuid[]) AS p (i, merchant_id, buyer_id)
        JOIN customer_facts f USING (merchant_id, buyer_id)
        """,
        *_apart(people),
    )
    return {row["i"] for row in rows}


def _profile(leaf: Any) -> dict[str, object]:
    match leaf:
        case Country():
            return {"what": "country", "words": leaf.countries}
        case Language():
            return {"what": "language", "words": leaf.languages}
        case Guest():
            return {"what": "guest", "truth": leaf.guest}
        case Consent():
            return {"what": "consent", "truth": leaf.agreed}
        case _:
            return {"what": "joined", "truth": leaf.within, "days": leaf.days}


async def _ask_profile(
    read: Read, conditions: list[dict[str, object]], people: Sequence[Person], at: datetime
) -> list[Row]:
    return await read.fetch(
        """
        SELECT c.n, p.i
             , CASE c.what WHEN 'country' THEN coalesce(b.country, o.country) = ANY(c.words)
                           WHEN 'language' THEN b.locale = ANY(c.words)
                           WHEN 'guest' THEN b.guest = c.truth
                           WHEN 'consent' THEN coalesce(m.agreed, false) = c.truth
                           ELSE (b.created_at + c.days * interval '1 day' > $5) = c.truth END AS holds
             , CASE WHEN b.created_at + c.days * interval '1 day' > $5
                    THEN b.created_at + c.days * interval '1 day' END AS due_at
        FROM unnest($2::integer[], $3::uuid[], $4::uuid[]) AS p (i, merchant_id, buyer_id)
        JOIN buyers b USING (buyer_id)
        JOIN jsonb_to_recordset($1::jsonb) AS c (n integer, merchant_id uuid, what text, words text[], truth boolean
                                               , days integer)
          ON c.merchant_id = p.merchant_id
        LEFT JOIN LATERAL (SELECT s.agreed FROM marketing_consents s WHERE s.buyer_id = p.buyer_id AND s.channel = 'email'
                           ORDER BY s.at DESC, s.consent_id DESC LIMIT 1) AS m ON c.what = 'consent'
        LEFT JOIN LATERAL (SELECT r.tax_country AS country FROM orders r
                           WHERE r.buyer_id = ANY(p.buyer_id || ARRAY(SELECT v.visitor_id FROM visitor_merges v
                                                                      WHERE v.buyer_id = p.buyer_id))
                             AND r.paid_at IS NOT NULL
                             AND p.merchant_id IN (r.merchant_id, '00000000-0000-0000-0000-000000000000')
                           ORDER BY r.placed_at DESC, r.order_id DESC LIMIT 1) AS o
          ON c.what = 'country' AND b.country IS NULL
        """,
        conditions,
        *_apart(people),
        at,
    )


def _facts(leaf: Any) -> dict[str, object]:
    match leaf:
        case Stage():
            return {"what": "stage", "words": leaf.stages}
        case When():
            return {"what": leaf.moment, "truth": leaf.within, "days": leaf.days}
        case _:
            return {"what": leaf.measure, **_bounds(leaf)}


def _bounds(leaf: "Number | Foretold | Answered") -> dict[str, object]:
    return {"low": leaf.at_least or 0, "high": MOST if leaf.at_most is None else leaf.at_most}


async def _ask_facts(
    read: Read, conditions: list[dict[str, object]], people: Sequence[Person], at: datetime
) -> list[Row]:
    # An average is compared by multiplying: money is never divided.
    return await read.fetch(
        """
        SELECT c.n, p.i
             , CASE c.what WHEN 'stage' THEN f.stage = ANY(c.words)
                           WHEN 'orders' THEN f.orders BETWEEN c.low AND c.high
                           WHEN 'spent' THEN f.spent BETWEEN c.low AND c.high
                           WHEN 'refunds' THEN f.refunds BETWEEN c.low AND c.high
                           WHEN 'refunded' THEN f.refunded BETWEEN c.low AND c.high
                           WHEN 'average' THEN f.orders > 0 AND f.spent::numeric BETWEEN c.low::numeric * f.orders
                                                                                     AND c.high::numeric * f.orders
                           ELSE (t.at + c.days * interval '1 day' > $5) = c.truth END AS holds
             , CASE WHEN t.at + c.days * interval '1 day' > $5 THEN t.at + c.days * interval '1 day' END AS due_at
        FROM unnest($2::integer[], $3::uuid[], $4::uuid[]) AS p (i, merchant_id, buyer_id)
        JOIN customer_facts f USING (merchant_id, buyer_id)
        JOIN jsonb_to_recordset($1::jsonb) AS c (n integer, merchant_id uuid, what text, words text[], truth boolean, days integer
                                               , low bigint, high bigint)
          ON c.merchant_id = p.merchant_id
        CROSS JOIN LATERAL (SELECT CASE c.what WHEN 'first_seen' THEN f.first_seen_at WHEN 'last_seen' THEN f.last_seen_at
                                               WHEN 'first_paid' THEN f.first_paid_at
                                               WHEN 'last_paid' THEN f.last_paid_at END AS at) AS t
        """,
        conditions,
        *_apart(people),
        at,
    )


def _values(leaf: Any) -> dict[str, object]:
    if isinstance(leaf, Rfm):
        return {"what": "rfm", "words": leaf.classes}
    return {"what": leaf.measure, **_bounds(leaf)}


async def _ask_values(
    read: Read, conditions: list[dict[str, object]], people: Sequence[Person], _at: datetime
) -> list[Row]:
    return await read.fetch(
        """
        SELECT c.n, p.i
             , CASE c.what WHEN 'rfm' THEN v.segment = ANY(c.words)
                           WHEN 'value' THEN v.expected_spent BETWEEN c.low AND c.high
                           ELSE v.alive * 100 BETWEEN c.low AND c.high END AS holds
             , NULL::timestamptz AS due_at
        FROM unnest($2::integer[], $3::uuid[], $4::uuid[]) AS p (i, merchant_id, buyer_id)
        JOIN customer_values v USING (merchant_id, buyer_id)
        JOIN jsonb_to_recordset($1::jsonb) AS c (n integer, merchant_id uuid, what text, words text[], low bigint, high bigint)
          ON c.merchant_id = p.merchant_id
        """,
        conditions,
        *_apart(people),
    )


def _did(leaf: Any) -> dict[str, object]:
    """What decides is the event of this number, counted back from now: whether it is within the days, and until when."""
    return {
        "what": leaf.event,
        "truth": leaf.at_least,
        "days": leaf.days,
        "nth": leaf.times if leaf.at_least else leaf.times + 1,
        "products": leaf.products,
        "categories": leaf.categories,
        "words": leaf.channels,
    }


async def _ask_did(
    read: Read, conditions: list[dict[str, object]], people: Sequence[Person], at: datetime
) -> list[Row]:
    return await read.fetch(
        """
        SELECT c.n, p.i, (k.at IS NOT NULL) = c.truth AS holds, k.at + c.days * interval '1 day' AS due_at
        FROM (SELECT q.i, q.merchant_id
                   , q.buyer_id || ARRAY(SELECT v.visitor_id FROM visitor_merges v WHERE v.buyer_id = q.buyer_id) AS pasts
              FROM unnest($2::integer[], $3::uuid[], $4::uuid[]) AS q (i, merchant_id, buyer_id)) AS p
        JOIN jsonb_to_recordset($1::jsonb) AS c (n integer, merchant_id uuid, what text, words text[], truth boolean, days integer
                                               , nth integer, products uuid[], categories uuid[])
          ON c.merchant_id = p.merchant_id
        LEFT JOIN LATERAL (
            SELECT e.at
            FROM (SELECT a.at, a.merchant_id, a.kind, a.product_id, a.channel FROM behaviour_events a
                  WHERE a.buyer_id = ANY(p.pasts) AND a.at + c.days * interval '1 day' > $5
                    AND a.at > $5::timestamptz - (c.days + 1) * interval '1 day'
                  UNION ALL
                  SELECT a.at, a.merchant_id, a.kind, a.product_id, a.channel FROM behaviour_events a
                  WHERE a.visitor_id = ANY(p.pasts) AND a.buyer_id IS NULL AND a.at + c.days * interval '1 day' > $5
                    AND a.at > $5::timestamptz - (c.days + 1) * interval '1 day') AS e
            WHERE e.kind = c.what AND p.merchant_id IN (e.merchant_id, '00000000-0000-0000-0000-000000000000')
              AND (c.words = '{}' OR e.channel = ANY(c.words))
              AND (c.products = '{}' OR e.product_id = ANY(c.products))
              AND (c.categories = '{}' OR EXISTS (
                    SELECT FROM products g JOIN categories t ON t.category_id = g.category_id
                    WHERE g.merchant_id = e.merchant_id AND g.product_id = e.product_id AND t.path && c.categories))
            ORDER BY e.at DESC OFFSET c.nth - 1 LIMIT 1) AS k ON true
        """,
        conditions,
        *_apart(people),
        at,
    )


def _bought(leaf: Any) -> dict[str, object]:
    return {"products": leaf.products, "categories": leaf.categories, "shops": leaf.shops, "days": leaf.days}


async def _ask_bought(
    read: Read, conditions: list[dict[str, object]], people: Sequence[Person], at: datetime
) -> list[Row]:
    return await read.fetch(
        """
        SELECT c.n, p.i, k.at IS NOT NULL AND (c.days IS NULL OR k.at + c.days * interval '1 day' > $5) AS holds
             , CASE WHEN k.at + c.days * interval '1 day' > $5 THEN k.at + c.days * interval '1 day' END AS due_at
        FROM (SELECT q.i, q.merchant_id
                   , q.buyer_id || ARRAY(SELECT v.visitor_id FROM visitor_merges v WHERE v.buyer_id = q.buyer_id) AS pasts
              FROM unnest($2::integer[], $3::uuid[], $4::uuid[]) AS q (i, merchant_id, buyer_id)) AS p
        JOIN jsonb_to_recordset($1::jsonb) AS c (n integer, merchant_id uuid, days integer, products uuid[], categories uuid[]
                                               , shops uuid[])
          ON c.merchant_id = p.merchant_id
        CROSS JOIN LATERAL (
            SELECT max(o.paid_at) AS at
            FROM orders o JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id
            WHERE o.buyer_id = ANY(p.pasts) AND p.merchant_id IN (o.merchant_id, '00000000-0000-0000-0000-000000000000')
              AND o.paid_at IS NOT NULL AND o.state <> 'cancelled' AND l.quantity > l.refunded_quantity
              AND (c.shops = '{}' OR o.merchant_id = ANY(c.shops))
              AND (c.products = '{}' OR l.product_id = ANY(c.products))
              AND (c.categories = '{}' OR EXISTS (
                    SELECT FROM products g JOIN categories t ON t.category_id = g.category_id
                    WHERE g.merchant_id = l.merchant_id AND g.product_id = l.product_id AND t.path && c.categories))) AS k
        """,
        conditions,
        *_apart(people),
        at,
    )


def _inside(leaf: Any) -> dict[str, object]:
    return {"segment_id": leaf.segment_id}


async def _ask_inside(
    read: Read, conditions: list[dict[str, object]], people: Sequence[Person], _at: datetime
) -> list[Row]:
    return await read.fetch(
        """
        SELECT c.n, p.i, true AS holds, NULL::timestamptz AS due_at
        FROM unnest($2::integer[], $3::uuid[], $4::uuid[]) AS p (i, merchant_id, buyer_id)
        JOIN jsonb_to_recordset($1::jsonb) AS c (n integer, merchant_id uuid, segment_id uuid) ON c.merchant_id = p.merchant_id
        JOIN segment_members m ON m.merchant_id = p.merchant_id AND m.segment_id = c.segment_id AND m.buyer_id = p.buyer_id
        """,
        conditions,
        *_apart(people),
    )


def _answered(leaf: Any) -> dict[str, object]:
    """A question that is not answered with a number has none within bounds."""
    bounded = leaf.at_least is not None or leaf.at_most is not None
    return {
        "survey_id": leaf.survey_id,
        "question": leaf.question,
        "words": leaf.choices,
        "truth": bounded,
        **_bounds(leaf),
    }


async def _ask_answered(
    read: Read, conditions: list[dict[str, object]], people: Sequence[Person], _at: datetime
) -> list[Row]:
    return await read.fetch(
        """
        SELECT c.n, p.i, true AS holds, NULL::timestamptz AS due_at
        FROM (SELECT q.i, q.merchant_id
                   , q.buyer_id || ARRAY(SELECT v.visitor_id FROM visitor_merges v WHERE v.buyer_id = q.buyer_id) AS pasts
              FROM unnest($2::integer[], $3::uuid[], $4::uuid[]) AS q (i, merchant_id, buyer_id)) AS p
        JOIN jsonb_to_recordset($1::jsonb) AS c (n integer, merchant_id uuid, survey_id uuid, question text, words text[]
                                               , truth boolean, low bigint, high bigint)
          ON c.merchant_id = p.merchant_id
        JOIN segment_answers s ON s.merchant_id = p.merchant_id AND s.buyer_id = ANY(p.pasts) AND s.survey_id = c.survey_id
                              AND s.question = c.question
        WHERE (c.words = '{}' OR s.choices && c.words) AND (NOT c.truth OR s.number BETWEEN c.low AND c.high)
        """,
        conditions,
        *_apart(people),
    )


_Ask = Callable[[Read, list[dict[str, object]], Sequence[Person], datetime], Coroutine[Any, Any, list[Row]]]

_FAMILIES: tuple[tuple[tuple[type, ...], Callable[[Any], dict[str, object]], _Ask], ...] = (
    ((Country, Language, Joined, Guest, Consent), _profile, _ask_profile),
    ((Number, When, Stage), _facts, _ask_facts),
    ((Rfm, Foretold), _values, _ask_values),
    ((Did,), _did, _ask_did),
    ((Bought,), _bought, _ask_bought),
    ((Inside,), _inside, _ask_inside),
    ((Answered,), _answered, _ask_answered),
)
