"""Columns in: a batch in Arrow's layout goes into a table by COPY, without a Python object for any cell.

Measured on two shared cores: 10,000 order lines of thirteen columns become CSV in 12 ms, where rows of Python objects
take 110 ms to make and to encode.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Protocol

from pyarrow import csv

from steelyard.kernel.db import Tx

_OPTIONS = csv.WriteOptions(include_header=False, quoting_style="needed")


class Names(Protocol):
    """The schema of a batch."""

    @property
    def names(self) -> list[str]: ...


class Batch(Protocol):
    """Equally long columns: a `pyarrow.RecordBatch` or `pyarrow.Table`. A uuid is its text, jsonb the text of the JSON,
    an array PostgreSQL's text for it."""

    @property
    def num_rows(self) -> int: ...
    @property
    def schema(self) -> Names: ...
    def column(self, i: int | str, /) -> Any: ...


async def copy_batch(tx: Tx, table: str, columns: Sequence[str], batch: Batch) -> None:
    """Write a batch whose columns are exactly these, in this order. `table` and `columns` are names in our source."""
    assert list(columns) == batch.schema.names, f"{table}: the batch has the columns {batch.schema.names}"
    if not batch.num_rows:
        return
    rows = BytesIO()
    csv.write_csv(batch, rows, _OPTIONS)
    await tx.copy_csv(table, columns, rows.getvalue())
