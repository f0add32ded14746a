"""A payment channel that gives its bills out: those of a day become one statement."""

from datetime import date, timedelta

from steelyard.money.payments import Biller, Bills, NoBill, NotYet
from steelyard.money.payments.model import Unknown
from steelyard.money.reconciliation.formats.bundled import bundle


class FromChannel:
    """The bills of a channel, as a statement of the source of its name."""

    def __init__(self, channel: Biller) -> None:
        self.source = channel.name
        self.after: timedelta = channel.bills_after
        self._channel = channel

    async def statement(self, day: date) -> bytes | NoBill | NotYet | Unknown:
        found = await self._channel.bills(day)
        if not isinstance(found, Bills):
            return found
        return found.parts[0] if len(found.parts) == 1 else bundle(found.parts)
