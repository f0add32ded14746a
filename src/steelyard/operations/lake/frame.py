"""The one frame that every analysis reads, whichever way the events came: the lake, an imported file, a test."""

from typing import Any

import pyarrow as pa

# Moments are UTC and written without a zone: so both engines take them as they are.
EVENT_FRAME: Any = pa.schema(
    [
        pa.field("user", pa.string()),
        pa.field("at", pa.timestamp("us")),
        pa.field("kind", pa.string()),
        pa.field("item", pa.string()),
        pa.field("category", pa.string()),
        pa.field("amount", pa.int64()),
        pa.field("currency", pa.string()),
        pa.field("merchant", pa.string()),
        pa.field("order_id", pa.string()),
        pa.field("channel", pa.string()),
        pa.field("source", pa.string()),
        pa.field("medium", pa.string()),
        pa.field("campaign", pa.string()),
        pa.field("device", pa.string()),
    ]
)
COLUMNS: tuple[str, ...] = tuple(EVENT_FRAME.names)
