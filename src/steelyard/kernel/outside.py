"""The way to programs that are not ours: one HTTP client a gateway, which never waits for ever."""

from urllib.parse import urlsplit

import httpx

TIMEOUT_SECONDS = 8.0
CONNECT_TIMEOUT_SECONDS = 2.0


def client(url: str, key: str) -> httpx.AsyncClient:
    """A client of the API at `url` that shows `key` as its bearer token. It keeps its connections, follows no redirect
    (the key would go along), and takes no proxy from the environment."""
    return httpx.AsyncClient(
        base_url=url,
        headers={"authorization": f"Bearer {key}"},
        timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )


def bare_client() -> httpx.AsyncClient:
    """The same for whoever signs each request, and shows no key."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )


def origin(url: str) -> str:
    """Scheme, host and port of an address, as a content security policy names them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
