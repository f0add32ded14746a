"""A connection to an address that was looked at before: the request goes there, under the name that was asked for."""

from urllib.parse import urlsplit

import httpx

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0


def client() -> httpx.AsyncClient:
    """No redirects, no proxies, and nobody is waited for long."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS), follow_redirects=False, trust_env=False
    )


def pinned(opened: httpx.AsyncClient, method: str, url: str, address: str, **given: object) -> httpx.Request:
    """A request for `url` that connects to `address`; the certificate is still checked against the name."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    literal = f"[{address}]" if ":" in address else address
    target = httpx.URL(url).copy_with(host=literal)
    request = opened.build_request(method, target, **given)  # pyright: ignore[reportArgumentType]  # passed on
    request.headers["host"] = parts.netloc.rpartition("@")[2]
    request.extensions["sni_hostname"] = host
    return request
