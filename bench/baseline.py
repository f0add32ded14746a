"""The line to be measured against: PostgreSQL writing the same rows, one order a transaction, by pgbench; and beside it what
it does with 64 of them in one.

One order is made at the door, as any other; a function is then written that makes the rows of that order anew, with ids of
their own, in one call. It does what placing and paying an order writes and nothing of what they ask: no prices are read, no
rules looked at, the states are final from the start, and the stock row, which others wait for, is locked last. So it is
as quick as this can be done one transaction an order. `tests/bench/test_baseline.py` holds its rows equal to ours, table by
table.
"""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx, administer
from steelyard.kernel.postgres import binaries

PER_TRANSACTION = 64
# Enough that both cores are busy; each of them holds what the others want for a long time.
CLIENTS_OF_MANY = 8
_CODE = "'B-' || substr(translate(gen_random_uuid()::text, '-', ''), 1, 16)"


class Rows(msgspec.Struct, frozen=True):
    """Rows of one table that an order makes: which they are, and what is another in each copy."""

    table: str
    which: str
    anew: dict[str, str]


# `$m` names the model order's ids, `v_` the variables of the function.
COPIED = (
    Rows(
        "http_idempotency_keys",
        "operation_id = '$operation'",
        {"key": "gen_random_uuid()::text", "operation_id": "uuidv7()", "claim": "uuidv7()"},
    ),
    Rows("purchases", "purchase_id = '$purchase'", {"buyer_id": "v_buyer", "purchase_id": "v_purchase", "code": _CODE}),
    Rows("purchase_history", "purchase_id = '$purchase'", {"buyer_id": "v_buyer", "purchase_id": "v_purchase"}),
    Rows(
        "orders",
        "purchase_id = '$purchase'",
        {
            "merchant_id": "v_merchant",
            "order_id": "v_order",
            "purchase_id": "v_purchase",
            "buyer_id": "v_buyer",
            "code": _CODE,
        },
    ),
    Rows("order_history", "order_id = '$order'", {"merchant_id": "v_merchant", "order_id": "v_order"}),
    Rows("order_lines", "order_id = '$order'", {"merchant_id": "v_merchant", "order_id": "v_order", "sku_id": "v_sku"}),
    Rows(
        "order_codes",
        "purchase_id = '$purchase'",
        {
            "code": _CODE,
            "purchase_id": "v_purchase",
            "buyer_id": "v_buyer",
            "merchant_id": "v_merchant",
            "order_id": "v_order",
        },
    ),
    Rows(
        "payments",
        "purchase_id = '$purchase'",
        {"buyer_id": "v_buyer", "payment_id": "v_payment", "purchase_id": "v_purchase"},
    ),
    Rows("payment_history", "payment_id = '$payment'", {"buyer_id": "v_buyer", "payment_id": "v_payment"}),
    Rows(
        "payment_splits",
        "payment_id = '$payment'",
        {"merchant_id": "v_merchant", "order_id": "v_order", "payment_id": "v_payment", "buyer_id": "v_buyer"},
    ),
    Rows(
        "fulfilment_lines",
        "order_id = '$order'",
        {"merchant_id": "v_merchant", "order_id": "v_order", "sku_id": "v_sku"},
    ),
    Rows("events", "payload ->> 'purchase_id' = '$purchase'", {}),
    Rows("ledger_accounts", "owner_id = '$buyer'", {"owner_id": "v_buyer"}),
    Rows(
        "ledger_transfers",
        "owner_id = '$buyer' AND document = '$payment'",
        {"owner_id": "v_buyer", "transfer_id": "uuidv7()", "document": "v_payment"},
    ),
)

# What an order has alone; `$copies` are the rows of the model.
_OWN = """
    UPDATE checkouts SET state = 'completed', changed_at = now() WHERE checkout_id = v_checkout;
    $copies
    INSERT INTO reservations (merchant_id, order_id, sku_id, warehouse_id, quantity)
    VALUES (v_merchant, v_order, v_sku, v_warehouse, 1);
    INSERT INTO ledger_transfers (owner_id, transfer_id, debit, credit, amount, currency, reason, document)
    SELECT v_merchant, uuidv7(), 'order_clearing', 'held', amount, currency, 'allotted', v_payment
    FROM ledger_transfers WHERE owner_id = v_buyer;
"""
_ORDER = """
CREATE OR REPLACE FUNCTION bench_order() RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
    v_n bigint := nextval('bench_turn');
    v_checkout uuid; v_buyer uuid; v_purchase uuid; v_merchant uuid; v_sku uuid; v_warehouse uuid;
    v_order uuid := uuidv7(); v_payment uuid := uuidv7();
BEGIN
    SELECT checkout_id, buyer_id, purchase_id, merchant_id, sku_id, warehouse_id
    INTO STRICT v_checkout, v_buyer, v_purchase, v_merchant, v_sku, v_warehouse FROM bench_ready WHERE n = v_n;
    $own
    UPDATE ledger_accounts
    SET debits = debits + CASE kind WHEN 'order_clearing' THEN 9900 ELSE 0 END
      , credits = credits + CASE kind WHEN 'held' THEN 9900 ELSE 0 END
    WHERE owner_id = v_merchant AND kind IN ('held', 'order_clearing');
    UPDATE stock SET reserved = reserved + 1
    WHERE merchant_id = v_merchant AND sku_id = v_sku AND warehouse_id = v_warehouse AND reserved < on_hand;
    IF NOT FOUND THEN RAISE 'sold out'; END IF;
END $function$
"""


# The same for many: what each has alone is written one after the other, and what they share once, in the order of its keys.
_MANY = """
CREATE OR REPLACE FUNCTION bench_orders(v_count integer) RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
    v_turns bigint[] := ARRAY(SELECT nextval('bench_turn') FROM generate_series(1, v_count));
    v_n bigint; v_checkout uuid; v_buyer uuid; v_purchase uuid; v_merchant uuid; v_sku uuid; v_warehouse uuid;
    v_order uuid; v_payment uuid;
BEGIN
    FOREACH v_n IN ARRAY v_turns LOOP
        SELECT checkout_id, buyer_id, purchase_id, merchant_id, sku_id, warehouse_id, uuidv7(), uuidv7()
        INTO STRICT v_checkout, v_buyer, v_purchase, v_merchant, v_sku, v_warehouse, v_order, v_payment
        FROM bench_ready WHERE n = v_n;
        $own
    END LOOP;
    PERFORM FROM ledger_accounts WHERE owner_id IN (SELECT merchant_id FROM bench_ready WHERE n = ANY (v_turns))
        AND kind IN ('held', 'order_clearing') ORDER BY owner_id, kind FOR NO KEY UPDATE;
    UPDATE ledger_accounts a
    SET debits = debits + CASE kind WHEN 'order_clearing' THEN 9900 * w.orders ELSE 0 END
      , credits = credits + CASE kind WHEN 'held' THEN 9900 * w.orders ELSE 0 END
    FROM (SELECT merchant_id, count(*) AS orders FROM bench_ready WHERE n = ANY (v_turns) GROUP BY merchant_id) w
    WHERE a.owner_id = w.merchant_id AND a.kind IN ('held', 'order_clearing');
    PERFORM FROM stock WHERE sku_id IN (SELECT sku_id FROM bench_ready WHERE n = ANY (v_turns)) ORDER BY sku_id FOR NO KEY UPDATE;
    UPDATE stock s SET reserved = reserved + w.pieces
    FROM (SELECT merchant_id, sku_id, warehouse_id, count(*) AS pieces FROM bench_ready WHERE n = ANY (v_turns)
          GROUP BY merchant_id, sku_id, warehouse_id) w
    WHERE s.merchant_id = w.merchant_id AND s.sku_id = w.sku_id AND s.warehouse_id = w.warehouse_id
      AND s.reserved + w.pieces <= s.on_hand;
    IF NOT FOUND THEN RAISE 'sold out'; END IF;
END $function$
"""


async def clear(url: str) -> None:
    """Take away what a measurement has left in a house that is kept: it is no part of the schema."""
    async with administer(url) as owner:
        await owner.execute(
            "DROP FUNCTION IF EXISTS bench_order(), bench_orders(integer); DROP SEQUENCE IF EXISTS bench_turn"
        )
        await owner.execute(f"DROP TABLE IF EXISTS bench_ready, {', '.join(f'bench_{rows.table}' for rows in COPIED)}")


async def install(tx: Tx, purchase_id: UUID) -> None:
    """Write the functions after the model of this purchase, which is paid and of one order with one line."""
    model = await tx.row(
        """
        SELECT p.purchase_id AS purchase, p.buyer_id AS buyer, o.order_id AS order, y.payment_id AS payment
             , k.operation_id AS operation
        FROM purchases p JOIN orders o USING (purchase_id) JOIN payments y USING (purchase_id)
        JOIN checkouts c USING (purchase_id)
        JOIN http_idempotency_keys k ON convert_from(k.body, 'UTF8') LIKE '%' || p.purchase_id || '%' AND k.status = 200
        WHERE p.purchase_id = $1 AND p.state = 'paid'
        """,
        purchase_id,
    )
    assert model is not None, "the model order is paid, and its answer is kept"
    copies = [await _copy(tx, rows, dict(model)) for rows in COPIED]
    run = tx._connection.execute  # pyright: ignore[reportPrivateUsage]  # a function is no statement with parameters
    own = _OWN.replace("$copies", "\n    ".join(copies))
    await run(_ORDER.replace("$own", own))
    await run(_MANY.replace("$own", own))


async def _copy(tx: Tx, rows: Rows, model: dict[str, UUID]) -> str:
    columns = [
        row["attname"]
        for row in await tx.fetch(
            """
            SELECT attname FROM pg_attribute
            WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
              AND attidentity = '' AND atttypid <> 'xid8'::regtype
            ORDER BY attnum
            """,
            rows.table,
        )
    ]
    which = re.sub(r"\$(\w+)", lambda found: str(model[found[1]]), rows.which)
    # The model's rows stand in a table of their own, so that finding them costs next to nothing.
    await tx.execute(f"DROP TABLE IF EXISTS bench_{rows.table}")  # pyright: ignore[reportArgumentType]
    await tx.execute(
        f"CREATE UNLOGGED TABLE bench_{rows.table} AS SELECT {', '.join(columns)} FROM {rows.table} WHERE {which}"  # noqa: S608  # pyright: ignore[reportArgumentType]  # names of our own
    )
    values = ", ".join(_value(rows, column) for column in columns)
    return f"INSERT INTO {rows.table} ({', '.join(columns)}) SELECT {values} FROM bench_{rows.table};"  # noqa: S608  # names of our own


def _value(rows: Rows, column: str) -> str:
    new = rows.anew.get(column)
    if new is None:
        return column
    # A purchase's own code stands beside those of its orders, which alone name a merchant.
    optional = rows.table == "order_codes" and column in ("merchant_id", "order_id")
    return f"CASE WHEN {column} IS NOT NULL THEN {new} END" if optional else new


async def ready(tx: Tx, checkout_ids: Sequence[UUID]) -> None:
    """These checkouts are there to be completed, in turn; their merchants have accounts."""
    await tx.execute(
        """
        CREATE UNLOGGED TABLE IF NOT EXISTS bench_ready (
            n bigint PRIMARY KEY, checkout_id uuid, buyer_id uuid, purchase_id uuid, merchant_id uuid, sku_id uuid
          , warehouse_id uuid)
        """
    )
    await tx.execute("CREATE SEQUENCE IF NOT EXISTS bench_turn")
    await tx.execute("TRUNCATE bench_ready")
    await tx.execute(
        """
        INSERT INTO bench_ready
        SELECT w.n, c.checkout_id, c.buyer_id, c.purchase_id, s.merchant_id, s.sku_id, s.warehouse_id
        FROM unnest($1::uuid[]) WITH ORDINALITY AS w (checkout_id, n) JOIN checkouts c USING (checkout_id)
        JOIN stock s ON s.sku_id = (c.lines -> 0 ->> 'sku_id')::uuid
        """,
        list(checkout_ids),
    )
    await tx.execute(
        """
        INSERT INTO ledger_accounts (owner_id, kind, currency)
        SELECT DISTINCT merchant_id, kind, 'CNY' FROM bench_ready, unnest(ARRAY['held', 'order_clearing']) AS k (kind)
        ON CONFLICT DO NOTHING
        """
    )
    await tx.value("SELECT setval('bench_turn', 1, false)")


def run(url: str, clients: int, seconds: float) -> float:
    """Orders a second, one a transaction."""
    return _pgbench(url, "SELECT bench_order();", "-c", clients, "-j", 2, "-T", int(seconds))


def run_many(url: str, orders: int) -> float:
    """Orders a second, so many a transaction until about `orders` are made."""
    each = max(1, orders // PER_TRANSACTION // CLIENTS_OF_MANY)
    script = f"SELECT bench_orders({PER_TRANSACTION});"
    return PER_TRANSACTION * _pgbench(url, script, "-c", CLIENTS_OF_MANY, "-j", 2, "-t", each)


def _pgbench(url: str, said: str, *options: object) -> float:
    """Transactions a second."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "order.sql"
        script.write_text(f"{said}\n")
        program = binaries.programs(binaries.site()) / "pgbench"
        told = subprocess.run(  # noqa: S603  # a program that we brought
            [program, "-n", "-M", "prepared", *map(str, options), "-f", script, url],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    found = re.search(r"tps = ([\d.]+)", told.stdout)
    if found is None or "aborted" in told.stderr:
        raise RuntimeError(f"pgbench: {told.stdout}{told.stderr}")
    return float(found[1])
