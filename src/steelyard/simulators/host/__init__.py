"""The built-in host: asks the house which sessions want a picture, and sends each a made one by RTMP.

await host.serve(settings)   until somebody says stop

speech · stage               a voice that says nothing, what is seen (`kernel/drawings` makes pixels of pictures)
performer                    one session that is played
reel · clock                 video that is encoded once and sent again and again; a clock in it that programs read

It shares nothing with the house but the list it asks for (docs/decisions/0160). While nothing is on air it does next to
nothing; when the house is away, who is on air stays on air.
"""

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import msgspec
import structlog

from steelyard.simulators.host.model import Session

if TYPE_CHECKING:
    from steelyard.simulators.host.performer import Performer

__all__ = ["Settings", "serve"]

SESSIONS_MAX = 8
ASK_SECONDS = 2.0
ANSWER_SECONDS_MAX = 5

log = structlog.get_logger()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`hooks_url` and `secret` are the media origin's own; `clock` sends a picture with a clock instead of scenes."""

    hooks_url: str
    secret: str
    clock: bool = False
    ask_seconds: float = ASK_SECONDS


class Wanted(msgspec.Struct, frozen=True):
    sessions: list[Session]


async def serve(settings: Settings, *, stop: asyncio.Event | None = None) -> None:
    """Play what the house wants until `stop` is set, or until SIGINT or SIGTERM when none is given."""
    asked = stop or asyncio.Event()
    if stop is None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError, RuntimeError):
                asyncio.get_running_loop().add_signal_handler(number, asked.set)
    on_air: dict[str, Performer] = {}
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
        while not asked.is_set():
            wanted = await _wanted(client, settings)
            if wanted or (wanted is not None and on_air):
                _follow(on_air, wanted, settings)
            with suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), settings.ask_seconds)
    for performer in on_air.values():
        performer.leave()


async def _wanted(client: httpx.AsyncClient, settings: Settings) -> list[Session] | None:
    """The sessions that the house wants played; None when it does not say."""
    try:
        answer = await client.get(
            f"{settings.hooks_url.rstrip('/')}/host", headers={"authorization": f"Bearer {settings.secret}"}
        )
        if answer.status_code != 200:
            return None
        return msgspec.json.decode(answer.content, type=Wanted).sessions[:SESSIONS_MAX]
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        log.debug("host.not_told", error=type(error).__name__)
        return None


def _follow(on_air: "dict[str, Performer]", wanted: list[Session], settings: Settings) -> None:
    from steelyard.simulators.host.performer import Performer  # noqa: PLC0415  # who is idle holds no codecs in memory

    by_stream = {session.stream: session for session in wanted}
    for stream in set(on_air) - set(by_stream):
        on_air.pop(stream).leave()
        log.info("host.left", stream=stream)
    for stream, session in by_stream.items():
        if stream in on_air:
            on_air[stream].session = session
        else:
            log.info("host.enters", stream=stream)
            on_air[stream] = Performer(session, clock=settings.clock)
