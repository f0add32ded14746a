"""What must be true of a house under attack, at any moment and once it is at rest."""

import asyncio
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from steelyard.kernel import checks
from tests.chaos.house import House, until
from tests.chaos.load import Bought, Memory

# A purchase is made whole or not at all: its orders, lines, codes, history and news.
HALF_MADE = """
WITH told AS (SELECT (payload ->> 'purchase_id')::uuid AS purchase_id FROM events WHERE kind = 'orders.placed')
   , parts AS (
    SELECT o.purchase_id, sum(o.total) AS total, array_agg(DISTINCT o.state) AS states
         , bool_and(o.goods = coalesce(l.amount, 0)) AS whole
    FROM orders o
    LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM order_lines GROUP BY order_id) l USING (order_id)
    GROUP BY o.purchase_id)
SELECT p.purchase_id, p.state, p.total, o.total AS of_orders, o.states, o.whole
     , c.purchase_id IS NOT NULL AS coded, h.purchase_id IS NOT NULL AS noted, t.purchase_id IS NOT NULL AS told
FROM purchases p
LEFT JOIN parts o USING (purchase_id)
LEFT JOIN (SELECT DISTINCT purchase_id FROM order_codes WHERE order_id IS NULL) c USING (purchase_id)
LEFT JOIN purchase_history h ON h.purchase_id = p.purchase_id AND h.to_state = p.state
LEFT JOIN told t ON t.purchase_id = p.purchase_id
WHERE o.total IS DISTINCT FROM p.total OR NOT o.whole OR o.states <> ARRAY[p.state]
   OR c.purchase_id IS NULL OR h.purchase_id IS NULL OR t.purchase_id IS NULL
"""

# Pieces kept are those of orders that wait; nobody is promised what is not there.
STOCK = """
SELECT s.sku_id, s.on_hand, s.reserved, coalesce(r.kept, 0)::integer AS kept, coalesce(w.wanted, 0)::integer AS wanted
FROM stock s
LEFT JOIN (SELECT sku_id, sum(quantity) AS kept FROM reservations GROUP BY sku_id) r USING (sku_id)
LEFT JOIN (SELECT l.sku_id, sum(l.quantity) AS wanted FROM orders o JOIN order_lines l USING (merchant_id, order_id)
           WHERE o.state IN ('placed', 'paid') GROUP BY l.sku_id) w USING (sku_id)
WHERE s.sku_id = ANY(%(skus)s)
"""

PURCHASES = """
SELECT c.checkout_id::text, p.purchase_id::text, p.code, p.state, p.total, l.lines
     , coalesce(y.captured, 0) AS captured, coalesce(e.told, 0) AS told
FROM purchases p
LEFT JOIN checkouts c ON c.purchase_id = p.purchase_id
LEFT JOIN (SELECT o.purchase_id, array_agg(l.sku_id || ' ' || l.quantity ORDER BY l.sku_id::text) AS lines
           FROM orders o JOIN order_lines l USING (merchant_id, order_id) GROUP BY 1) l ON l.purchase_id = p.purchase_id
LEFT JOIN (SELECT purchase_id, count(*) AS captured FROM payments WHERE state = 'captured' GROUP BY 1) y
       ON y.purchase_id = p.purchase_id
LEFT JOIN (SELECT (payload ->> 'purchase_id')::uuid AS purchase_id, count(*) AS told
           FROM events WHERE kind = 'orders.paid' GROUP BY 1) e ON e.purchase_id = p.purchase_id
"""

# What a subscriber has done is what it has read: sales are counted, mails written, exactly once for each event.
SOLD = """
SELECT k.sku_product AS product_id, coalesce(f.sold, 0) AS counted, coalesce(t.sold, 0)::integer AS read
FROM (SELECT product_id AS sku_product FROM skus WHERE sku_id = ANY(%(skus)s)) k
LEFT JOIN search_figures f ON f.product_id = k.sku_product
LEFT JOIN (SELECT l.product_id, sum(l.quantity) AS sold
           FROM event_cursors c JOIN events e ON (e.xid, e.position) <= (c.xid, c.position)
           JOIN orders o ON o.purchase_id = (e.payload ->> 'purchase_id')::uuid
           JOIN order_lines l USING (merchant_id, order_id)
           WHERE c.subscriber = 'orders' AND e.kind = 'orders.paid' GROUP BY l.product_id) t ON t.product_id = k.sku_product
WHERE coalesce(f.sold, 0) <> coalesce(t.sold, 0)
"""

BOOKS = "SELECT currency, sum(debits) AS debits, sum(credits) AS credits FROM ledger_accounts GROUP BY currency"
REST = """
SELECT (SELECT count(*) FROM event_cursors c WHERE EXISTS (
            SELECT FROM events e WHERE (e.xid, e.position) > (c.xid, c.position))) AS behind
     , (SELECT count(*) FROM payments WHERE state IN ('instructed', 'pending')) AS unknown
     , (SELECT count(*) FROM webhook_receipts WHERE applied_at IS NULL AND error IS NULL) AS receipts
     , (SELECT count(*) FROM refunds WHERE state IN ('instructed', 'sent')) AS refunds
"""

HEARD = """
SELECT EXISTS (SELECT FROM events e JOIN event_cursors c ON (e.xid, e.position) <= (c.xid, c.position)
               WHERE c.subscriber = 'orders' AND e.kind = 'orders.paid' AND e.payload ->> 'purchase_id' = ANY(%(ids)s))
"""


class Untrue(AssertionError):
    """Something that must be true is not; the message says what."""


def at_any_moment(house: House, memory: Memory) -> None:
    """What was acknowledged before this call is there, once, as it was acknowledged; nothing is half made; stock, books and
    every subscriber's effects are right. Others may be buying meanwhile: all is read at one instant."""
    acknowledged = list(memory.bought)
    skus = {house.world.items[ware].sku_id: pieces for ware, pieces in house.stock.items()}
    with psycopg.connect(house.database_url(), row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        found: list[str] = []
        by_id = {row["purchase_id"]: row for row in connection.execute(PURCHASES)}
        found += [wrong for bought in acknowledged if (wrong := _differs(bought, by_id.get(bought.purchase_id)))]
        found += [f"half made: {row}" for row in connection.execute(HALF_MADE)]
        for row in connection.execute(STOCK, {"skus": list(skus)}):
            if not (row["reserved"] == row["kept"] == row["wanted"] <= row["on_hand"] == skus[row["sku_id"]]):
                found.append(f"stock: {row}, of {skus[row['sku_id']]}")
        found += [f"counted twice or not at all: {row}" for row in connection.execute(SOLD, {"skus": list(skus)})]
        found += [f"books: {row}" for row in connection.execute(BOOKS) if row["debits"] != row["credits"]]
        paid_twice = [row for row in by_id.values() if row["captured"] > 1 or row["told"] > 1]
        found += [f"paid twice: {row}" for row in paid_twice]
    codes = Counter(bought.code for bought in acknowledged)
    found += [f"acknowledged twice: {code}" for code, times in codes.items() if times > 1]
    found += memory.contradictions
    found += [
        f"check: {violation.name} {violation.rows[:2]}" for violation in asyncio.run(checks.run(house.database_url()))
    ]
    if found:
        raise Untrue("\n".join(found[:20]))


def heard_of(house: House, purchase_ids: list[str]) -> bool:
    """Whether the subscribers have read of one of these."""
    with psycopg.connect(house.database_url()) as connection:
        row = connection.execute(HEARD, {"ids": purchase_ids}).fetchone()
    return row is not None and row[0]


def _differs(bought: Bought, row: dict[str, Any] | None) -> str:
    if row is None:
        return f"lost: {bought}"
    there = (row["checkout_id"], row["code"], row["total"], row["lines"])
    lines = [f"{sku_id} {quantity}" for sku_id, quantity in bought.lines]
    if there != (bought.checkout_id, bought.code, bought.total, lines) or row["state"] != "paid":
        return f"not what was acknowledged: {bought} is {row}"
    return ""


def at_rest(house: House, memory: Memory) -> None:
    """Nobody buys any more. What everybody was told is all there is, and house, channel and mail say the same."""
    until(lambda: _rests(house), "the house comes to rest")
    at_any_moment(house, memory)
    found: list[str] = []
    with psycopg.connect(house.database_url(), row_factory=dict_row) as connection:
        paid = {row["purchase_id"]: row for row in connection.execute(PURCHASES) if row["state"] == "paid"}
        unknown = set(paid) - {bought.purchase_id for bought in memory.bought}
        found += [f"bought by nobody: {paid[purchase_id]}" for purchase_id in unknown]
        mails = connection.execute("SELECT count(*) AS n FROM mails WHERE template = 'order_confirmed'").fetchone()
        assert mails is not None
        if mails["n"] != len(paid):
            found.append(f"{mails['n']} mails about {len(paid)} purchases")
        cash = connection.execute(
            "SELECT coalesce(sum(debits - credits), 0)::bigint AS n FROM ledger_accounts WHERE kind = 'channel_cash'"
        ).fetchone()
        assert cash is not None
    channel = _captured(house.home / "simulators" / "payments.sqlite3")
    if channel != cash["n"]:
        found.append(f"the channel has {channel}, our books say {cash['n']}")
    checked = house.command("check")
    if checked.returncode:
        found.append(checked.stdout + checked.stderr)
    if found:
        raise Untrue("\n".join(found[:20]))


def _captured(file: Path) -> int:
    """What the channel has taken and not given back."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        return connection.execute(
            "SELECT coalesce(sum(amount - refunded), 0) FROM payments WHERE status = 'captured'"
        ).fetchone()[0]


def _rests(house: House) -> bool:
    house.tend()
    try:
        with psycopg.connect(house.database_url()) as connection:
            row = connection.execute(REST).fetchone()
    except psycopg.OperationalError:
        return False
    return row is not None and not any(row)
