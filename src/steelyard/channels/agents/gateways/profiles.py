"""Reading a platform's profile."""

import re
from functools import lru_cache

import httpx
import msgspec

from steelyard.channels.agents.gateways.addresses import allowed_address, is_on_loopback
from steelyard.channels.agents.gateways.connection import client, pinned
from steelyard.channels.agents.model import (
    KEYS_PER_PROFILE_MAX,
    ORDER,
    PROFILE_URL_CHARACTERS_MAX,
    Platform,
    ProfileMalformed,
    ProfileRefused,
    ProfileUnreachable,
)

PROFILE_BYTES_MAX = 256 * 1024
PROFILES_KNOWN_MAX = 1_000
CACHE_SECONDS_MIN = 60
CACHE_SECONDS_MAX = 86_400
CACHE_SECONDS_USUAL = 3_600
OK = 200


class _Entry(msgspec.Struct, frozen=True):
    version: str
    config: dict[str, object] = {}


class _Ucp(msgspec.Struct, frozen=True):
    version: str
    capabilities: dict[str, list[_Entry]] = {}


class _Profile(msgspec.Struct, frozen=True):
    ucp: _Ucp
    keys: list[dict[str, object]] = []
    signing_keys: list[dict[str, object]] = []


@lru_cache(maxsize=PROFILES_KNOWN_MAX)
def is_allowed(profile_url: str, base_url: str) -> bool:
    """Whether such an address can be a profile's at all, before anything is asked of the network."""
    if len(profile_url) > PROFILE_URL_CHARACTERS_MAX or not profile_url.isprintable():
        return False
    try:
        url = httpx.URL(profile_url)
    except httpx.InvalidURL:
        return False
    return bool(url.host) and (url.scheme == "https" or (url.scheme == "http" and is_on_loopback(base_url)))


async def fetch(profile_url: str, base_url: str) -> tuple[Platform, int]:
    """The platform of this profile, and for how many seconds it may be remembered.

    Raises `ProfileRefused`, `ProfileUnreachable`, `ProfileMalformed`.
    """
    if not is_allowed(profile_url, base_url):
        raise ProfileRefused(profile=profile_url)
    address = await allowed_address(profile_url, base_url)
    if address is None:
        raise ProfileRefused(profile=profile_url)
    try:
        async with client() as opened:
            answer = await opened.send(pinned(opened, "GET", profile_url, address), stream=True)
            try:
                if answer.status_code != OK:
                    raise ProfileUnreachable(profile=profile_url, answer=answer.status_code)
                body = await _read(answer, profile_url)
            finally:
                await answer.aclose()
    except httpx.HTTPError as error:
        raise ProfileUnreachable(profile=profile_url, why=type(error).__name__) from error
    return _platform(profile_url, body), _seconds(answer.headers.get("cache-control", ""))


async def _read(answer: httpx.Response, profile_url: str) -> bytes:
    body = b""
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > PROFILE_BYTES_MAX:
            raise ProfileMalformed(profile=profile_url)
    return body


def _platform(profile_url: str, body: bytes) -> Platform:
    try:
        profile = msgspec.json.decode(body, type=_Profile)
    except msgspec.DecodeError as error:
        raise ProfileMalformed(profile=profile_url, why=str(error)) from error
    hooks = [entry.config.get("webhook_url") for entry in profile.ucp.capabilities.get(ORDER, [])]
    return Platform(
        profile_url=profile_url,
        version=profile.ucp.version,
        capabilities={name: [entry.version for entry in entries] for name, entries in profile.ucp.capabilities.items()},
        # `signing_keys` is what releases before 2026-08-25 call them.
        keys=[dict(key) for key in (profile.keys or profile.signing_keys)[:KEYS_PER_PROFILE_MAX]],
        webhook_url=next((hook for hook in hooks if isinstance(hook, str) and hook), None),
    )


def _seconds(cache_control: str) -> int:
    said = re.search(r"max-age=(\d{1,9})", cache_control)
    wanted = int(said[1]) if said else CACHE_SECONDS_USUAL
    return min(max(wanted, CACHE_SECONDS_MIN), CACHE_SECONDS_MAX)
