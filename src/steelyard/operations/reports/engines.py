"""Where analyses are worked out: DuckDB in this process, or Spark by setting, on the same files with the same expressions.

DuckDB has a limit of memory and threads, spills beside the lake, and is interrupted after its seconds. Spark's limits are its
cluster's own; a session is made once and kept.
"""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import duckdb
import ibis
import pyarrow as pa

from steelyard.kernel import duck
from steelyard.operations import lake
from steelyard.operations.reports.model import ReportTooLarge, ReportTooSlow

MEMORY_LIMIT = "1GB"
THREADS = 2
SECONDS_MAX = 30.0
_INTERRUPTED_EVERY_SECONDS = 0.05


class Engine(Protocol):
    """An open engine with the events in it; to be closed."""

    name: str

    @property
    def events(self) -> Any: ...

    def rows(self, expression: Any) -> list[dict[str, Any]]:
        """Run a table's expression to its end. Raises `ReportTooSlow`, `ReportTooLarge`."""
        ...

    def close(self) -> None: ...


class DuckDb:
    """The events of some Parquet files in a DuckDB of their own, which has `seconds_max` from its opening on."""

    name = "duckdb"

    def __init__(
        self,
        files: Sequence[Path],
        *,
        spill: Path | None = None,
        memory_limit: str = MEMORY_LIMIT,
        threads: int = THREADS,
        seconds_max: float = SECONDS_MAX,
    ) -> None:
        settings: dict[str, Any] = {"memory_limit": memory_limit, "threads": threads}
        settings["preserve_insertion_order"] = False
        if spill is not None:
            spill.mkdir(parents=True, exist_ok=True)
            settings["temp_directory"] = str(spill)
        self._seconds_max = seconds_max
        self._ends_at = time.monotonic() + seconds_max
        self._connection: Any = ibis.duckdb.connect(**settings)
        self._connection.con.execute(duck.SILENT)
        if files:
            self.events = self._connection.read_parquet([str(file) for file in files], table_name="events")
        else:
            self.events = ibis.memtable(lake.EVENT_FRAME.empty_table())

    def rows(self, expression: Any) -> list[dict[str, Any]]:
        if time.monotonic() >= self._ends_at:
            raise ReportTooSlow(seconds=round(self._seconds_max))
        done = threading.Event()
        clock = threading.Thread(target=self._interrupt, args=(done,), daemon=True)
        clock.start()
        try:
            return self._connection.to_pyarrow(expression).to_pylist()
        except duckdb.InterruptException as error:
            raise ReportTooSlow(seconds=round(self._seconds_max)) from error
        except duckdb.OutOfMemoryException as error:
            raise ReportTooLarge() from error
        finally:
            done.set()
            clock.join()

    def _interrupt(self, done: threading.Event) -> None:
        """When the time is over, again and again: between two statements there is nothing that hears it."""
        pause = self._ends_at - time.monotonic()
        while not done.wait(max(pause, 0.0)):
            self._connection.con.interrupt()
            pause = _INTERRUPTED_EVERY_SECONDS

    def close(self) -> None:
        self._connection.disconnect()


class Spark:
    """The same in Spark: `master` as Spark says it, `local[2]` without a cluster."""

    name = "spark"

    def __init__(self, files: Sequence[Path], *, master: str = "local[2]") -> None:
        # Spark is seldom used, and not installed where it is not wanted.
        from pyspark.sql import SparkSession  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

        builder: Any = SparkSession.builder
        session: Any = (
            builder.master(master)
            .appName("steelyard")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.ansi.enabled", "true")
            .getOrCreate()
        )
        self._connection: Any = ibis.pyspark.connect(session)
        if files:
            session.read.parquet(*(str(file) for file in files)).createOrReplaceTempView("events")
            self.events = self._connection.table("events")
        else:
            self.events = ibis.memtable(lake.EVENT_FRAME.empty_table())

    def rows(self, expression: Any) -> list[dict[str, Any]]:
        found: pa.Table = self._connection.to_pyarrow(expression)
        return found.to_pylist()

    def close(self) -> None:
        """The session is shared and stays."""


def stop_spark() -> None:
    """End Spark's session of this process, and its Java with it."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  # pyright: ignore[reportMissingImports]  # seldom there

    session: Any = SparkSession.getActiveSession()
    if session is not None:
        session.stop()


def open_engine(which: str, files: Sequence[Path], **limits: Any) -> Engine:
    """`which`: duckdb, spark, or spark://… for a cluster."""
    if which == "duckdb":
        return DuckDb(files, **limits)
    return Spark(files) if which == "spark" else Spark(files, master=which)
