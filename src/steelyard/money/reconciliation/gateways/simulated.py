"""The simulated channel and the simulated bank: both give out a CSV file for a day under the same address."""

from datetime import date, timedelta

import httpx

from steelyard.kernel import outside
from steelyard.money.payments import NotYet
from steelyard.money.payments.model import Unknown

# A sender closes its day some minutes after midnight.
AFTER = timedelta(minutes=10)


class Simulated:
    """A client of one simulator. `client` is given by tests; it carries the base URL and the key."""

    after = AFTER

    def __init__(self, source: str, url: str, key: str, *, client: httpx.AsyncClient | None = None) -> None:
        self.source = source
        self._client = client or outside.client(url, key)

    async def statement(self, day: date) -> bytes | NotYet | Unknown:
        try:
            answer = await self._client.get(f"/v1/statements/{day.isoformat()}.csv")
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)
        if answer.status_code == 404:
            return NotYet(why="no statement yet")
        if not answer.is_success:
            return Unknown(why=str(answer.status_code))
        return answer.content

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()
