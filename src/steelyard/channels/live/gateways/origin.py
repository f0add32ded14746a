"""The media origin's own API: docs/decisions/0160."""

import httpx

from steelyard.kernel import outside
from steelyard.kernel.settings import Settings

NOT_FOUND = 404


class Origin:
    """`url` is where the API is, `secret` what it knows us by."""

    def __init__(self, url: str, secret: str, *, client: httpx.AsyncClient | None = None) -> None:
        self._client = client or outside.client(url, secret)

    async def take_down(self, stream: str) -> bool:
        """Cut its publisher off and play it no more; True when that is so, also where nothing was streamed. Said twice,
        nothing changes."""
        try:
            answer = await self._client.delete(f"/api/v1/streams/{stream}")
        except httpx.HTTPError:
            return False
        return answer.is_success or answer.status_code == NOT_FOUND

    async def close(self) -> None:
        await self._client.aclose()


def of_settings(settings: Settings) -> Origin | None:
    """The origin of this house; none where it has no API."""
    if not settings.media_api_url or not settings.media_webhook_secret:
        return None
    return Origin(settings.media_api_url, settings.media_webhook_secret)
