"""DuckDB as the house opens it: silent. By itself it draws a bar into the standard output of whatever takes longer than two
seconds, which is what a command prints for a program."""

from typing import Any

SILENT = "SET enable_progress_bar = false"


def connect(database: str = ":memory:", **settings: Any) -> Any:
    """A DuckDB of its own with these settings."""
    import duckdb  # noqa: PLC0415  # only who asks has it in memory

    engine = duckdb.connect(database, config=settings)
    engine.execute(SILENT)
    return engine
