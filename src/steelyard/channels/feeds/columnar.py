"""The little of pyarrow that we lean on, as protocols: pyarrow ships no types."""

from collections.abc import Iterator
from typing import Any, Protocol

from pyarrow import compute as _compute

Array = Any  # a `pyarrow.Array`: one column
DataType = Any  # a `pyarrow.DataType`
# Its functions are made when it is imported, where no type checker sees them.
compute: Any = _compute


class Schema(Protocol):
    """Names and types of columns."""

    @property
    def names(self) -> list[str]: ...
    def __iter__(self) -> Iterator[Any]: ...
    def append(self, field: Any, /) -> "Schema": ...
    def remove_metadata(self) -> "Schema": ...


class RecordBatch(Protocol):
    """Equally long columns: a `pyarrow.RecordBatch`."""

    @property
    def num_rows(self) -> int: ...
    @property
    def schema(self) -> Schema: ...
    def column(self, i: int | str, /) -> Any: ...
    def slice(self, offset: int = 0, length: int | None = None) -> "RecordBatch": ...
    def append_column(self, field_: str, column: Any, /) -> "RecordBatch": ...
    def replace_schema_metadata(self, metadata: Any = None, /) -> "RecordBatch": ...
    def to_pylist(self) -> list[dict[str, Any]]: ...
    def to_pydict(self) -> dict[str, list[Any]]: ...


class BatchReader(Protocol):
    """A stream of batches: a `pyarrow.RecordBatchReader`."""

    @property
    def schema(self) -> Schema: ...
    def read_next_batch(self) -> RecordBatch: ...
    def __iter__(self) -> Iterator[RecordBatch]: ...


class InvalidRow(Protocol):
    """A CSV row with another number of columns than the header: a `pyarrow.csv.InvalidRow`."""

    number: int
    text: str
