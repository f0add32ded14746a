"""A module writes its own tables only, and reads only what stands before it in the house."""

import re
from pathlib import Path

import pytest

from steelyard.kernel.modules import MODULES
from tests.rules.reading import PACKAGE, ROOT, nothing_wrong, write
from tests.rules.sql_reading import Touched, module_of, statements, touched

# The queue's tables are made by its library and belong to the kernel, as does the runner's own book.
OF_THE_KERNEL = re.compile(r"procrastinate_\w+|migrations")
# The demo marketplace comes through a bulk path, which a test holds equal to the commands.
WRITES_EVERYTHING = ("demo",)


def owners(root: Path) -> dict[str, str]:
    """Whose each table is: the module whose schema.sql creates it."""
    found: dict[str, str] = {}
    for file in sorted((root / PACKAGE).rglob("schema*.sql")):
        for table in re.findall(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", file.read_text("utf-8"), re.MULTILINE):
            found[table] = module_of(file.relative_to(root / PACKAGE))
    return found


def _rank(module: str) -> int:
    """What is no module (the worker, the demo) stands on top of all."""
    return MODULES.index(module) if module in MODULES else len(MODULES)


def statements_out_of_bounds(root: Path) -> list[str]:
    """Statements that write another module's tables, or read upwards."""
    owned = owners(root)
    made: dict[tuple[str, str], set[str]] = {}
    found: list[str] = []
    for statement in statements(root):
        if statement.sql is None:
            continue  # told by the rule on statements
        tables = touched(statement.sql)
        temporary = made.setdefault((statement.module, statement.function), set())
        temporary |= tables.makes
        for table in sorted((tables.reads | tables.writes) - temporary):
            owner = "kernel" if OF_THE_KERNEL.fullmatch(table) else owned.get(table)
            if owner is None:
                found.append(f"{statement.place}: {table} is in no module's schema.sql")
            elif table in tables.writes and owner != statement.module and statement.module not in WRITES_EVERYTHING:
                found.append(f"{statement.place}: {statement.module} writes {table}, which is {owner}'s: call {owner}")
            elif _rank(owner) > _rank(statement.module):
                found.append(
                    f"{statement.place}: {statement.module} reads {table} of {owner}, which stands above it: "
                    f"let {owner} push down what is needed, by a command"
                )
    return found


def test_every_statement_keeps_to_its_module() -> None:
    nothing_wrong(statements_out_of_bounds(ROOT))


WRONG = """
from steelyard.kernel.db import Tx


async def fine(tx: Tx) -> None:
    await tx.execute("INSERT INTO skus SELECT * FROM currencies ON CONFLICT DO NOTHING")
    await tx.execute("CREATE TEMP TABLE scratch AS SELECT FROM skus")
    await tx.execute("DELETE FROM scratch")
    await tx.fetch("SELECT * FROM skus FOR UPDATE SKIP LOCKED")


async def wrong(tx: Tx) -> None:
    await tx.fetch("WITH recent AS (SELECT * FROM orders) SELECT * FROM recent JOIN skus USING (sku_id)")
    await tx.execute("UPDATE currencies SET name = ''")
    await tx.value("WITH gone AS (DELETE FROM currencies RETURNING 1) SELECT count(*) FROM gone")
    await tx.copy("currencies", ["name"], [])
    await tx.fetch("SELECT 1 FROM nowhere")
"""


def test_a_statement_out_of_bounds_is_seen(tmp_path: Path) -> None:
    write(tmp_path, "src/steelyard/money/currencies/schema.sql", "CREATE TABLE currencies (name text);\n")
    write(tmp_path, "src/steelyard/goods/catalog/schema.sql", "CREATE TABLE skus (sku_id uuid);\n")
    write(tmp_path, "src/steelyard/trade/orders/schema.sql", "CREATE TABLE orders (sku_id uuid);\n")
    write(tmp_path, "src/steelyard/goods/catalog/service.py", WRONG)

    found = [line.removeprefix("goods/catalog/service.py:") for line in statements_out_of_bounds(tmp_path)]

    assert found == [
        "13: goods.catalog reads orders of trade.orders, which stands above it: let trade.orders push down what is "
        "needed, by a command",
        "14: goods.catalog writes currencies, which is money.currencies's: call money.currencies",
        "15: goods.catalog writes currencies, which is money.currencies's: call money.currencies",
        "16: goods.catalog writes currencies, which is money.currencies's: call money.currencies",
        "17: nowhere is in no module's schema.sql",
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT FROM a JOIN b USING (x), unnest($1::int[]) AS u (x)", Touched({"a", "b"}, set(), set())),
        ("INSERT INTO a (x) SELECT x FROM b ON CONFLICT (x) DO UPDATE SET x = 1", Touched({"b"}, {"a"}, set())),
        ("UPDATE a SET x = b.x FROM b WHERE a.x = b.x RETURNING a.x", Touched({"b"}, {"a"}, set())),
        ("DELETE FROM a USING b WHERE a.x = b.x", Touched({"b"}, {"a"}, set())),
        ("WITH w AS (INSERT INTO a VALUES (1) RETURNING *) SELECT * FROM w, c", Touched({"c"}, {"a"}, set())),
        ("SELECT x FROM a WHERE x IN (SELECT x FROM b) FOR UPDATE OF a SKIP LOCKED", Touched({"a", "b"}, set(), set())),
        ("SELECT * FROM pg_stat_activity, generate_series(1, 5) AS n", Touched(set(), set(), set())),
        ("CREATE TEMP TABLE t ON COMMIT DROP AS SELECT x FROM a", Touched({"a"}, set(), {"t"})),
        ("MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE", Touched({"b"}, {"a"}, set())),
        ("SELECT * FROM a WHERE y = ANY ((SELECT x FROM b)::int[])", Touched({"a", "b"}, set(), set())),
    ],
)
def test_tables_are_found_wherever_they_stand(sql: str, expected: Touched) -> None:
    assert touched(sql) == expected
