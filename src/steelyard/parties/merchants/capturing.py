"""When a shop has its buyers' money taken, where the channel can keep it back first."""

import time
from collections.abc import Mapping
from enum import StrEnum
from typing import cast

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.parties.merchants.model import MerchantId

REMEMBERED_SECONDS = 2.0
KEPT = "parties.merchants.capturing"


class Captures(StrEnum):
    """When it is paid; when the order is packed; when its first parcel leaves."""

    AT_ONCE = "at_once"
    AT_PACKING = "at_packing"
    AT_SENDING = "at_sending"


async def captures_later(read: Read) -> Mapping[MerchantId, Captures]:
    """The merchants who have it taken later than it is paid, at most two seconds old: asking costs nothing on hot paths."""
    kept = cast("tuple[float, Mapping[MerchantId, Captures]] | None", read.kept.get(KEPT))
    if kept is None or time.monotonic() - kept[0] > REMEMBERED_SECONDS:
        rows = await read.fetch("SELECT merchant_id, captures FROM merchants WHERE captures <> 'at_once'")
        kept = (time.monotonic(), {MerchantId(row["merchant_id"]): Captures(row["captures"]) for row in rows})
        read.kept[KEPT] = kept
    return kept[1]


async def captures_of_merchant(read: Read, merchant_id: MerchantId) -> Captures:
    """Raises `NotFound`."""
    found = await read.value("SELECT captures FROM merchants WHERE merchant_id = $1", merchant_id)
    if found is None:
        raise NotFound()
    return Captures(found)


async def set_captures(tx: Tx, merchant_id: MerchantId, captures: Captures) -> None:
    """For what is paid from now on. Raises `NotFound`."""
    if not await tx.execute("UPDATE merchants SET captures = $2 WHERE merchant_id = $1", merchant_id, str(captures)):
        raise NotFound()
