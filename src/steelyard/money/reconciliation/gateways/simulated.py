"""The simulated channel and the simulated bank: both give out a CSV file for a day under the same address."""

from datetime import date

import httpx

from steelyard.kernel import outside
from steelyard.money.payments import Unknown


class Simulated:
    """A client of one simulator. `client` is given by tests; it carries the base URL and the key."""

    def __init__(self, source: str, url: str, key: str, *, client: httpx.AsyncClient | None = None) -> None:
        self.source = source
        self._client = client or outside.client(url, key)

    async def statement(self, day: date) -> bytes | Unknown | None:
        try:
            answer = await self._client.get(f"/v1/statements/{day.isoformat()}.csv")
        except httpx.HTTPError as error:
            return Unknown(why=type(error).__name__)
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            return Unknown(why=str(answer.status_code))
        return answer.content

    async def close(self) -> None:
        await self._client.aclose()
