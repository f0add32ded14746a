"""What the origin is told: its ports, its folder, the house's address, and its limits."""

from pathlib import Path

import msgspec

from steelyard.kernel.settings import Settings as HouseSettings


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`hooks_url` is where the house is asked; `secret` signs what is said to it and opens the origin's own API."""

    home: Path
    hooks_url: str
    secret: str
    host: str = "127.0.0.1"
    http_port: int = 8111
    rtmp_port: int = 8135
    play_url: str = ""
    """The address of playback with {stream} in it, as others are told of it."""
    grace_seconds: float = 30
    """How long a publisher may be gone before its recording is closed."""
    rooms_max: int = 32
    connections_max: int = 128
    """RTMP connections, those that are not yet admitted included."""
    bits_per_second_max: int = 12_000_000
    """Of one publisher, over ten seconds."""
    window_segments: int = 6
    """How many whole segments the live playlist tells."""
    ask_again_seconds: float = 5
    """How long the house's word that a recording may be played counts."""
    retry_seconds: float = 1
    """The pause before what was told to the house is said again; it doubles with each try."""


def of(house: HouseSettings) -> Settings:
    """The origin of this installation."""
    return Settings(
        home=house.home.absolute() / "media",
        hooks_url=house.media_hooks_url or f"{house.base_url}/hooks/media",
        secret=house.media_webhook_secret,
        host="127.0.0.1" if house.loopback_only else "0.0.0.0",  # noqa: S104  # players are everybody
        http_port=house.media_http_port,
        rtmp_port=house.media_rtmp_port,
        play_url=house.media_play_url,
    )
