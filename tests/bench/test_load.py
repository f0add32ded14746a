"""Conversations that begin when it is their time."""

import asyncio
import time

from bench import load
from bench.load import Conversation

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def asking() -> Conversation:
    status, _ = yield load.request("GET", "/")
    return "good" if status == 200 else "bad"


async def test_who_is_slow_keeps_nobody_from_coming_and_each_is_timed_from_when_it_was_due() -> None:
    first = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            if not first.is_set():
                first.set()
                await asyncio.sleep(0.3)
            writer.write(ANSWER)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    began = time.perf_counter()
    async with server:
        found = await load._open((asking() for _ in range(50)), port, 100.0, 20, time.time())

    assert found.outcomes == {"good": 20}
    assert found.latencies_ms[-1] >= 300 > found.latencies_ms[-2]
    assert time.perf_counter() - began < 5
