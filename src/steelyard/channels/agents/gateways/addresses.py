"""Where we may connect to when somebody else wrote the address: the public network over https, and nothing else.

The one exception is a house on loopback, which may talk to its neighbours on loopback over http: for demos and tests.
"""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

RESOLVE_SECONDS = 3.0
HTTPS_PORT = 443


async def allowed_address(url: str, base_url: str) -> str | None:
    """The network address to connect to for `url`, from a house that is served at `base_url`; None when it may not be.

    Every address that the name stands for has to be public: none of them leads into this network. Whoever connects
    does so to the address given here, so that the name cannot lead elsewhere in between.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.username or parts.password or parts.scheme not in ("https", "http"):
        return None
    addresses = await _resolve(host, port or HTTPS_PORT)
    if not addresses:
        return None
    if all(address.is_loopback for address in addresses) and is_on_loopback(base_url):
        return str(addresses[0])
    if parts.scheme != "https" or not all(address.is_global and not address.is_multicast for address in addresses):
        return None
    return str(addresses[0])


def is_on_loopback(base_url: str) -> bool:
    """Whether the house itself is only to be reached on this machine."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _resolve(host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        pass
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        return []
    return [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
