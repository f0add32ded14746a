"""How Stripe's library reaches Stripe: by our own client. Loaded with the library itself, at the first call."""

from collections.abc import Mapping
from typing import Any, cast

import httpx
import stripe

from steelyard.kernel import outside


class Wire(stripe.HTTPXClient):
    """Their client on a connection of ours: no proxy out of the environment, no redirects, a limit to connecting."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__(timeout=outside.TIMEOUT_SECONDS)
        self._client_async = client

    def _get_request_args_kwargs(self, method: str, url: str, headers: Mapping[str, str], post_data: Any) -> list[Any]:
        """As theirs, but that a body which is text already is not called form data."""
        found = cast("list[Any]", super()._get_request_args_kwargs(method, url, headers, None))
        return [
            found[0],
            {**{name: value for name, value in found[1].items() if name != "data"}, "content": post_data or b""},
        ]


def api(url: str, key: str, client: httpx.AsyncClient) -> Any:
    """Their API, version 1. Nothing is tried twice, and nothing is told about earlier calls."""
    stripe.enable_telemetry = False
    made = stripe.StripeClient(key, base_addresses={"api": url}, http_client=Wire(client), max_network_retries=0)
    return made.v1
