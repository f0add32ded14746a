"""What somebody who sends statements can be asked."""

from datetime import date
from typing import Protocol

from steelyard.money.payments import Unknown


class Sender(Protocol):
    """Answers with a file, or that there is none (yet), or we do not know: `Unknown`. Nothing here tries twice, and
    nothing is called while a transaction is open."""

    source: str

    async def statement(self, day: date) -> bytes | Unknown | None:
        """The statement of a day that is over; None while there is none."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...
