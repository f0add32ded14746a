"""The origin put together: RTMP on one port, HTTP on another, until somebody says stop."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

from granian.constants import Interfaces
from granian.server.embed import Server

from steelyard.media.hooks import ClientMaker, Hooks
from steelyard.media.rtmp import Connection
from steelyard.media.settings import Settings
from steelyard.media.streams import Origin
from steelyard.media.web import Web

READY_SECONDS_MAX = 20


async def serve(
    settings: Settings,
    *,
    stop: asyncio.Event | None = None,
    ready: Callable[[Origin], object] | None = None,
    client: ClientMaker | None = None,
) -> None:
    """Serve until `stop` is set, or until SIGINT or SIGTERM when none is given; `ready` is called once both ports listen.

    Raises OSError when a port is taken.
    """
    asked = stop or asyncio.Event()
    if stop is None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError, RuntimeError):
                asyncio.get_running_loop().add_signal_handler(number, asked.set)
    hooks = Hooks(
        settings.home, settings.hooks_url, settings.secret, retry_seconds=settings.retry_seconds, client=client
    )
    origin = Origin(settings, hooks)
    connections: set[Connection] = set()
    loop = asyncio.get_running_loop()
    rtmp = await loop.create_server(lambda: Connection(origin, connections), settings.host, settings.rtmp_port)
    web = Web(origin)
    server = Server(
        web,
        address=settings.host,
        port=settings.http_port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(asked.wait())
    try:
        await _listening(settings, serving)
        origin.start()
        if ready is not None:
            ready(origin)
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        rtmp.close()
        for connection in list(connections):
            connection.cut_off("dropped")
        await web.close()
        for stream in origin.streams.values():
            stream.window.let_go()
        server.stop()
        await asyncio.gather(serving, return_exceptions=True)
        await origin.close()


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Raises OSError when a port is taken."""
    asyncio.run(serve(settings))


async def _listening(settings: Settings, serving: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(READY_SECONDS_MAX):
        while not serving.done():
            try:
                _, writer = await asyncio.open_connection(settings.host, settings.http_port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return
