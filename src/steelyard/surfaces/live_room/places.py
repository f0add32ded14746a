"""How many event streams one address and one browser may hold open in this process.

Tabs of a browser share one stream, so a browser needs one for each session that it watches. Behind one address there may be a
school or a whole carrier: its limit is wide, and is there so that one machine cannot take every connection of the house.
"""

import ipaddress
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

STREAMS_PER_BROWSER_MAX = 6
RETRY_AFTER_SECONDS = 30
# Whoever has IPv6 has a network of this size at least.
IPV6_PREFIX = 64


class Full(Exception):
    """Too many streams are open from there."""


class Places:
    """Of one process; `per_address` 0 means as many as come."""

    def __init__(self, per_address: int, per_browser: int = STREAMS_PER_BROWSER_MAX) -> None:
        self._per_address = per_address
        self._per_browser = per_browser
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, address: str, browser: str) -> Generator[None]:
        """A place for one stream, given back at the end; `browser` is what its cookie says, empty where it has none.
        Raises `Full`."""
        wanted = {f"a{neighbourhood(address)}": self._per_address} if self._per_address else {}
        if browser:
            wanted[f"b{browser}"] = self._per_browser
        if any(self._taken[name] >= most for name, most in wanted.items()):
            raise Full()
        self._taken.update(wanted.keys())
        try:
            yield
        finally:
            for name in wanted:
                self._taken[name] -= 1
                if not self._taken[name]:
                    del self._taken[name]


def neighbourhood(address: str) -> str:
    """An address of IPv4, or the network of one of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
