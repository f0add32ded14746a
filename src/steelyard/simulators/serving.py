"""Serving several ASGI applications in one process, each on its port, until somebody says stop."""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from steelyard.simulators.web import foundation

READY_SECONDS_MAX = 20
READY_POLL_SECONDS = 0.02


class PortTaken(Exception):
    """Another program listens on this port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"Port {port} on {host} is taken by another program.")
        self.host = host
        self.port = port


class StoppedUnexpectedly(Exception):
    """A server ended though nobody had said stop; the log tells why."""


class Listener(msgspec.Struct, frozen=True):
    app: Litestar
    host: str
    port: int


async def serve_apps(
    listeners: Sequence[Listener],
    *,
    stop: asyncio.Event | None = None,
    ready: Callable[[], object] | None = None,
) -> None:
    """Serve until `stop` is set or, when none is given, until SIGINT or SIGTERM; `ready` is called once all listen.

    Raises PortTaken before anything has started, StoppedUnexpectedly when a server ends by itself. Requests under way
    are answered before it returns.
    """
    try:
        for listener in listeners:
            ensure_free(listener.host, listener.port)
    except PortTaken:
        for listener in listeners:
            foundation(listener.app).store.close()
        raise
    asked = stop or asyncio.Event()
    taken_signals = [] if stop is not None else _stop_on_signals(asked)
    servers = [
        Server(
            listener.app,
            address=listener.host,
            port=listener.port,
            interface=Interfaces.ASGI,
            websockets=False,
            log_enabled=False,
        )
        for listener in listeners
    ]
    serving = [asyncio.create_task(server.serve()) for server in servers]
    stopping = asyncio.create_task(asked.wait())
    try:
        await _wait_until_listening(listeners, serving)
        if ready is not None:
            ready()
        await asyncio.wait([*serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        for listener in listeners:
            foundation(listener.app).closing.set()
        for server in servers:
            server.stop()
        results = await asyncio.gather(*serving, return_exceptions=True)
        for number in taken_signals:
            asyncio.get_running_loop().remove_signal_handler(number)
    failed = next((result for result in results if isinstance(result, BaseException)), None)
    if failed is not None or not asked.is_set():
        raise StoppedUnexpectedly("A simulator stopped by itself.") from failed


def ensure_free(host: str, port: int) -> None:
    """Raise PortTaken unless the port can be had. Without this a second Granian would silently share it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(host, port) from error


def _stop_on_signals(asked: asyncio.Event) -> list[signal.Signals]:
    taken: list[signal.Signals] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError):
            asyncio.get_running_loop().add_signal_handler(number, asked.set)
            taken.append(number)
    return taken


async def _wait_until_listening(listeners: Sequence[Listener], serving: Sequence[asyncio.Task[None]]) -> None:
    async with asyncio.timeout(READY_SECONDS_MAX):
        for listener in listeners:
            while not any(task.done() for task in serving):
                try:
                    _, writer = await asyncio.open_connection(listener.host, listener.port)
                except OSError:
                    await asyncio.sleep(READY_POLL_SECONDS)
                    continue
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
                break
