"""The house that is measured: one that runs already, or a demo of its own in a folder that is thrown away."""

import os
import random
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.programs import NotThere, answers, running
from steelyard.demo.running import (
    MEDIA_HTTP_AFTER_PORT,
    MEDIA_RTMP_AFTER_PORT,
    SIMULATORS_AFTER_PORT,
    SMTP_AFTER_PORT,
)
from steelyard.kernel import installation, processes
from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
# Below the ports that systems give to whoever asks for any.
PORTS = range(20_000, 32_000, 200)
MAKING_SECONDS_MAX = 4 * 3600
READY = "/health/ready"


class House(msgspec.Struct, frozen=True):
    """`settings` with the database's address, for parts that ask in this process; `url` where its pages are served."""

    settings: Settings
    url: str


@contextmanager
def opened(scale: float) -> Generator[House]:
    """The demo on PORT if that is set, with its STEELYARD_HOME; else one of so large a scale, made for this and stopped."""
    if os.environ.get("PORT"):
        settings = kernel_settings.load()
        if not answers(settings.base_url + READY):
            raise NotThere(f"Nothing answers at {settings.base_url}: start `make demo` there, or leave PORT unset.")
        with installation.opened(settings) as here:
            yield House(here, settings.base_url)
        return
    kept = os.environ.get("STEELYARD_HOME")
    home = Path(kept) if kept else Path(tempfile.mkdtemp(prefix="steelyard-bench-"))
    try:
        with _demo(home, scale) as house:
            yield house
    finally:
        if not kept:
            shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _demo(home: Path, scale: float) -> Generator[House]:
    port = _free()
    home.mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, "STEELYARD_HOME": str(home), "PORT": str(port), "PYTHONPATH": str(ROOT / "src")}
    print(f"Making a demo of scale {scale:g} in {home} …", flush=True)
    settings = msgspec.structs.replace(kernel_settings.load(), home=home, port=port, database_url=None)
    settings = msgspec.structs.replace(settings, base_url=f"http://127.0.0.1:{port}")
    command = [sys.executable, "-m", "steelyard", "demo", "--scale", str(scale)]
    with (
        running(
            command,
            environ,
            home / "demo.log",
            settings.base_url + READY,
            patience_seconds=MAKING_SECONDS_MAX,
        ),
        installation.opened(settings) as here,
    ):
        yield House(here, settings.base_url)


def _free() -> int:
    """A port with all those behind it that the simulators take."""
    for port in random.sample(PORTS, len(PORTS)):
        behind = [port + SIMULATORS_AFTER_PORT + n for n in range(4)]
        behind += [port + MEDIA_HTTP_AFTER_PORT, port + MEDIA_RTMP_AFTER_PORT]
        if not any(processes.taken(each) for each in (port, port + SMTP_AFTER_PORT, *behind)):
            return port
    raise NotThere("No port is free.")
