"""How PostgreSQL goes about a question: whether it reads a large table from end to end."""

from typing import Any, LiteralString

from steelyard.kernel.db import Row, Tx

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
