"""Who an agent comes from: the platform's profile, fetched unless it is remembered, and the release that we both speak."""

import time
from typing import cast

from steelyard.channels.agents import gateways
from steelyard.channels.agents.model import VERSION, VERSIONS, Platform, ProfileRefused, VersionUnsupported
from steelyard.channels.agents.queries import platforms
from steelyard.channels.agents.service import remember_platform
from steelyard.kernel.db import Database
from steelyard.kernel.keeping import KEPT_SECONDS
from steelyard.kernel.lookups import look_up
from steelyard.kernel.settings import Settings

KEPT = "channels.agents.platforms"
KEPT_MAX = 1_000


async def platform_of(db: Database, settings: Settings, profile_url: str) -> Platform:
    """The platform of this profile.

    Without `ucp_fetch_profiles`, and in the lenient test setting, nobody is asked: what is remembered counts, and else
    the platform is taken to speak all that we do. Raises `ProfileRefused`, `ProfileUnreachable`, `ProfileMalformed`,
    `VersionUnsupported`.
    """
    if not gateways.is_allowed(profile_url, settings.base_url):
        raise ProfileRefused(profile=profile_url)
    known = await _remembered(db, profile_url)
    if known is None:
        if settings.ucp_lenient or not settings.ucp_fetch_profiles:
            return Platform(profile_url=profile_url, version=VERSION)
        known, seconds = await gateways.fetch(profile_url, settings.base_url)
        await db.transact(remember_platform, known, seconds)
        _kept(db).pop(profile_url, None)
    if known.version not in VERSIONS:
        raise VersionUnsupported(spoken=", ".join(VERSIONS), version=known.version)
    return known


async def _remembered(db: Database, profile_url: str) -> Platform | None:
    """What is remembered of this profile, or was at most `KEPT_SECONDS` ago: each request of a platform asks for it."""
    kept, now = _kept(db), time.monotonic()
    known = kept.get(profile_url)
    if known is not None and now - known[0] < KEPT_SECONDS:
        return known[1]
    found = await look_up(db, platforms, profile_url)
    if len(kept) >= KEPT_MAX:
        kept.clear()
    kept[profile_url] = now, found
    return found


def _kept(db: Database) -> dict[str, tuple[float, Platform | None]]:
    return cast("dict[str, tuple[float, Platform | None]]", db.kept.setdefault(KEPT, {}))
