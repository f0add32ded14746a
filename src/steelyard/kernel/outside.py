"""The way to programs that are not ours: one HTTP client a gateway, which never waits for ever."""

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
