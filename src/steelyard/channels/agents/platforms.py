"""Who an agent comes from: the platform's profile, fetched unless it is remembered, and the release that we both speak."""

from steelyard.channels.agents import gateways
from steelyard.channels.agents.model import VERSION, VERSIONS, Platform, ProfileRefused, VersionUnsupported
from steelyard.channels.agents.queries import platforms
from steelyard.channels.agents.service import remember_platform
from steelyard.kernel.db import Database
from steelyard.kernel.lookups import look_up
from steelyard.kernel.settings import Settings


async def platform_of(db: Database, settings: Settings, profile_url: str) -> Platform:
    """The platform of this profile.

    Without `ucp_fetch_profiles`, and in the lenient test setting, nobody is asked: what is remembered counts, and else
    the platform is taken to speak all that we do. Raises `ProfileRefused`, `ProfileUnreachable`, `ProfileMalformed`,
    `VersionUnsupported`.
    """
    if not gateways.is_allowed(profile_url, settings.base_url):
        raise ProfileRefused(profile=profile_url)
    known = await look_up(db, platforms, profile_url)
    if known is None:
        if settings.ucp_lenient or not settings.ucp_fetch_profiles:
            return Platform(profile_url=profile_url, version=VERSION)
        known, seconds = await gateways.fetch(profile_url, settings.base_url)
        await db.transact(remember_platform, known, seconds)
    if known.version not in VERSIONS:
        raise VersionUnsupported(spoken=", ".join(VERSIONS), version=known.version)
    return known
