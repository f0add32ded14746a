"""What somebody who sends statements can be asked."""

from datetime import date, timedelta
from typing import Protocol

from steelyard.money.payments import NoBill, NotYet
from steelyard.money.payments.model import Unknown


class Sender(Protocol):
    """Answers with a file, or that there is none (yet), or we do not know: `Unknown`. Nothing here tries twice, and
    nothing is called while a transaction is open. `after`: how long after midnight, where its days begin, it has one ready."""

    source: str
    after: timedelta

    async def statement(self, day: date) -> bytes | NoBill | NotYet | Unknown:
        """The statement of a day that is over."""
        ...
