"""The events of the house and of imported files as Parquet: the one frame (`frame`) that analyses read.

`manifest` holds the files and which of them are seen, `writing` how the lake grows, `keeping` how it stays small and people leave
it or get other names. `datasets` imports files of events from elsewhere.
"""

from typing import TYPE_CHECKING

from steelyard.kernel import late
from steelyard.operations.lake.datasets import dataset, datasets, import_events
from steelyard.operations.lake.manifest import files
from steelyard.operations.lake.model import Dataset
from steelyard.operations.lake.writing import mark_history

if TYPE_CHECKING:
    from steelyard.operations.lake.frame import COLUMNS, EVENT_FRAME
else:
    __getattr__ = late.face(__name__, frame=("COLUMNS", "EVENT_FRAME"))

__all__ = ["COLUMNS", "EVENT_FRAME", "Dataset", "dataset", "datasets", "files", "import_events", "mark_history"]
