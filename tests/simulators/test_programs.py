"""The simulators as programs: they listen, they survive, and they stop when they are told to."""

import asyncio
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from steelyard.simulators import programs
from steelyard.simulators.settings import Settings
from tests.simulators.test_mail import a_mail
from tests.simulators.world import a_charge

PROGRAM = """
import asyncio, sys
from pathlib import Path
from steelyard.simulators import programs
stripe_port, *ports = [int(port) for port in sys.argv[2:]]
settings = programs.Settings(
    home=Path(sys.argv[1]), stripe_port=stripe_port,
    payments_port=ports[0], carriers_port=ports[1], bank_port=ports[2], mail_port=ports[3],
    alipay_port=ports[4], wechatpay_port=ports[5], smtp_port=ports[6], refund_seconds=0, timeout_seconds=60,
)
asyncio.run(programs.serve(list(programs.LISTENERS), settings, ready=lambda: print("ready", flush=True)))
print("stopped", flush=True)
"""


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def settings_on(home: Path, ports: list[int]) -> Settings:
    return Settings(
        home=home,
        stripe_port=free_ports(1)[0],
        payments_port=ports[0],
        carriers_port=ports[1],
        bank_port=ports[2],
        mail_port=ports[3],
        alipay_port=ports[4],
        wechatpay_port=ports[5],
        smtp_port=ports[6],
    )


async def started(home: Path, ports: list[int]) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error", "-c", PROGRAM, str(home), *map(str, [*free_ports(1), *ports])),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(Path(programs.__file__).parents[2]), "PATH": ""},
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
    return process


async def stopped(process: asyncio.subprocess.Process, how: signal.Signals) -> bytes:
    process.send_signal(how)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return output


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_all_run_in_one_process_and_stop_cleanly(tmp_path: Path, how: signal.Signals) -> None:
    ports = free_ports(7)
    process = await started(tmp_path, ports)
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            for port, name in zip(ports[:-1], programs.LISTENERS, strict=False):
                assert (await http.get(f"http://127.0.0.1:{port}/health")).json()["program"] == name
            await aiosmtplib.send(a_mail(), hostname="127.0.0.1", port=ports[6])
            # A charge that hangs does not keep the program open.
            hanging = asyncio.create_task(
                http.post(
                    f"http://127.0.0.1:{ports[0]}/v1/payments",
                    json=a_charge(token="tok_timeout", webhook_url=f"http://127.0.0.1:{ports[6]}/nobody"),
                    headers={"authorization": "Bearer simulated-api-key", "idempotency-key": "k"},
                    timeout=50,
                )
            )
            await asyncio.sleep(0.3)
            begun = time.monotonic()
            output = await stopped(process, how)
            with suppress(httpx.HTTPError):
                await hanging
    finally:
        if process.returncode is None:
            process.kill()
    assert (process.returncode, output) == (0, b"stopped\n")
    assert time.monotonic() - begun < 45
    assert sorted(file.name for file in tmp_path.glob("*.sqlite3")) == sorted(
        f"{name}.sqlite3" for name in programs.LISTENERS
    )


async def test_a_killed_channel_sends_the_webhook_after_it_comes_back(tmp_path: Path) -> None:
    ports = free_ports(7)
    got: asyncio.Queue[bytes] = asyncio.Queue()

    async def shop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await got.put(await reader.readuntil(b"\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    shop_port = free_ports(1)[0]
    process = await started(tmp_path, ports)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.post(
            f"http://127.0.0.1:{ports[0]}/v1/payments",
            json=a_charge(token="tok_approve", webhook_url=f"http://127.0.0.1:{shop_port}/hook"),
            headers={"authorization": "Bearer simulated-api-key", "idempotency-key": "k"},
        )
        assert answer.json()["status"] == "captured"
    process.kill()
    await process.communicate()

    server = await asyncio.start_server(shop, "127.0.0.1", shop_port)
    process = await started(tmp_path, ports)
    try:
        assert (await asyncio.wait_for(got.get(), 60)).startswith(b"POST /hook ")
    finally:
        await stopped(process, signal.SIGTERM)
        server.close()
        await server.wait_closed()


async def test_a_program_stops_when_its_embedder_says_so(tmp_path: Path) -> None:
    ports = free_ports(7)
    stop = asyncio.Event()
    ready = asyncio.Event()
    settings = settings_on(tmp_path, ports)
    serving = asyncio.create_task(programs.serve(["bank"], settings, stop=stop, ready=ready.set))
    await asyncio.wait_for(ready.wait(), 60)
    stop.set()
    await asyncio.wait_for(serving, 60)


@pytest.mark.parametrize("taken", [2, 4])
async def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path, taken: int) -> None:
    ports = free_ports(7)
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports[taken]))
        other.listen()
        with pytest.raises(programs.PortTaken) as told:
            await programs.serve(list(programs.LISTENERS), settings_on(tmp_path, ports), stop=asyncio.Event())
    assert told.value.port == ports[taken]


async def test_a_program_that_cannot_start_does_not_end_as_if_it_had_been_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = free_ports(7)
    monkeypatch.setattr("steelyard.simulators.mail.ensure_free", lambda _host, _port: None)
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports[6]))
        other.listen()
        with pytest.raises(programs.StoppedUnexpectedly):
            await asyncio.wait_for(programs.serve(["mail"], settings_on(tmp_path, ports), stop=asyncio.Event()), 60)
