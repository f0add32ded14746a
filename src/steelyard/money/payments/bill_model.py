"""The bills that channels give out for a day: what was paid, given back and kept, for whoever lays it beside the books."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol, runtime_checkable

import msgspec

from steelyard.money.payments.model import Unknown

# What one bill may come to as it is downloaded, and unpacked; and how long a download may take.
BILL_BYTES_MAX = 64 * 1024 * 1024
BILL_UNPACKED_BYTES_MAX = 512 * 1024 * 1024
DOWNLOAD_SECONDS_MAX = 25.0


class Bills(msgspec.Struct, frozen=True, kw_only=True):
    """The bills of a day as they came: of the trades, and of what moved on the account; or the one of them that there is."""

    parts: Sequence[bytes]


class NoBill(msgspec.Struct, frozen=True, kw_only=True):
    """The channel says that there is no bill of the day, which is what it says when nothing happened. `certain` is false where it
    says the same of one that is not written yet."""

    certain: bool


class NotYet(msgspec.Struct, frozen=True, kw_only=True):
    """The bill of the day is being written."""

    why: str


@runtime_checkable
class Biller(Protocol):
    """A channel that gives its bills out. `bills_after`: how long after midnight, where its days begin, it has them ready."""

    name: str
    bills_after: timedelta

    async def bills(self, day: date) -> Bills | NoBill | NotYet | Unknown:
        """The bills of a day that is over. Nothing here tries twice, and nothing is called while a transaction is open."""
        ...
