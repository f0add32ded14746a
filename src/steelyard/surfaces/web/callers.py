"""From which address somebody asks, for the limits on log-ins and look-ups."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from steelyard.kernel.settings import networks
from steelyard.surfaces.web.visit import Visit

HOPS_MAX = 20


def address_of(visit: Visit) -> str:
    """The IP address that asks: the connection's own, or what the proxies that are trusted have written down.

    Each proxy appends whom it was asked by to X-Forwarded-For, so the list is read from its end, as long as those
    who wrote it are trusted; whatever a visitor made up stands further in front and is never reached.
    """
    client = visit.connection.client
    told = visit.connection.headers.getall("x-forwarded-for", [])
    return behind_proxies(client.host if client else "", told, visit.settings.trusted_proxies)


def behind_proxies(here: str, told: Sequence[str], trusted: str) -> str:
    """Who asks, when the connection is from `here` and its headers X-Forwarded-For say so."""
    if not trusted or not _within(here, trusted):
        return here
    hops = ",".join(told).split(",")
    for hop in reversed(hops[-HOPS_MAX:]):
        address = hop.strip()
        if not _is_address(address):
            return here
        here = address
        if not _within(address, trusted):
            break
    return here


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True


def _within(address: str, trusted: str) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in _networks(trusted))


_networks = lru_cache(maxsize=4)(networks)
