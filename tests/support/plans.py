"""How PostgreSQL goes about a question: whether it reads a large table from end to end."""

from collections.abc import Awaitable, Callable
from typing import Any, LiteralString

import pytest

from steelyard.kernel.db import Database, Read, Row, Tx

LARGE_FROM_ROWS = 5_000


class Listening(Tx):
    """A transaction that writes down in `scans` which of `large` tables are read whole by what is asked of it, with the
    plan for these very values and with the one that is kept for any."""

    def __init__(self, tx: Tx, large: set[str]) -> None:
        super().__init__(tx._connection)  # pyright: ignore[reportPrivateUsage]
        self.large = large
        self.scans: list[str] = []

    async def fetch(self, sql: LiteralString, *args: Any) -> list[Row]:
        await self._listen(sql, *args)
        return await super().fetch(sql, *args)

    async def row(self, sql: LiteralString, *args: Any) -> Row | None:
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    async def value(self, sql: LiteralString, *args: Any) -> Any:
        row = await self.row(sql, *args)
        return row[0] if row else None

    async def execute(self, sql: LiteralString, *args: Any) -> int:
        await self._listen(sql, *args)
        return await super().execute(sql, *args)

    async def _listen(self, sql: LiteralString, *args: Any) -> None:
        for head in ("EXPLAIN (FORMAT JSON) ", "EXPLAIN (GENERIC_PLAN, FORMAT JSON) "):
            (plan,) = await super().fetch(head + sql, *args)
            self.scans += [f"{table}: {' '.join(sql.split())[:90]}" for table in self._whole(plan[0][0]["Plan"])]

    def _whole(self, plan: dict[str, Any]) -> list[str]:
        name = plan.get("Relation Name")
        own = [str(name)] if plan["Node Type"] == "Seq Scan" and name in self.large else []
        return own + [table for child in plan.get("Plans", []) for table in self._whole(child)]


async def large_tables(read: Read) -> set[str]:
    rows = await read.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > $1", LARGE_FROM_ROWS)
    return {row["relname"] for row in rows}


class NeverMind(Exception):
    """What was done to see how is undone."""


async def scans(db: Database, ask: Callable[[Tx], Awaitable[Any]]) -> list[str]:
    """Which large tables are read whole by what is asked; nothing of it stays."""
    heard: list[str] = []

    async def listen(tx: Tx) -> None:
        listening = Listening(tx, await large_tables(tx))
        await ask(listening)
        heard.extend(listening.scans)
        raise NeverMind

    with pytest.raises(NeverMind):
        await db.transact(listen)
    return heard


def copying(table: str, ids: list[str], texts: list[str], rows: int, *, moved: str = "") -> str:
    """A statement that fills a table with copies of what is in it: each with other `ids` (the same ones in all tables), `texts`
    with a number behind them, and the moment `moved` earlier from copy to copy."""
    changed = [f"'{name}', md5(t.{name}::text || n)::uuid" for name in ids]
    changed += [f"'{name}', t.{name} || n" for name in texts]
    changed += [f"'{moved}', t.{moved} - n * interval '1 minute'"] if moved else []
    # What PostgreSQL computes by itself cannot be given.
    own = f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND attgenerated = ''"
    return f"""
        DO $$ DECLARE names text := (SELECT string_agg(quote_ident(attname), ', ') FROM ({own}) AS a); BEGIN
        EXECUTE 'INSERT INTO {table} (' || names || ') SELECT ' || names || ' FROM (SELECT (c.copy).* FROM (
            SELECT jsonb_populate_record(t, jsonb_build_object({", ".join(changed).replace("'", "''")})) AS copy
            FROM {table} t CROSS JOIN generate_series(1, (SELECT {rows} / count(*) FROM {table})) AS g (n)) AS c) AS r';
        END $$
    """
