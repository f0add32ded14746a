"""The conformance runner of the protocol, against the demo's goods: nothing deviates, nothing that we declare is left out."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from steelyard.demo import generator
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.money.payments import gateways
from steelyard.money.payments.gateways.simpay import Simpay
from steelyard.simulators import payments
from tests.simulators.world import settings_in, simulate
from tests.surfaces.api.house import app_of, free_port, listening, settings_of

CONFIG = Path(__file__).parents[4] / "conformance" / "ucp.json"
RUNNER = Path(sys.executable).with_name("spck-conformance")
# What a release of the protocol checks of all that we declare.
CHECKS = 45


@pytest.fixture
async def demo_url(database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """The demo's goods behind a real server, in the lenient test setting."""
    db = await Database.connect(database_url)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings: Settings = settings_of(tmp_path, base_url=url, ucp_lenient=True, port=port)
    channel = simulate(payments, settings_in(tmp_path / "simulators"))
    gateways._offered[settings] = {"simpay": Simpay("", "", settings.simpay_webhook_secret, client=channel.http)}
    without_orders = msgspec.structs.replace(settings, simpay_url=None)
    await generator.make(
        db,
        without_orders,
        seed=1,
        made_up=True,
        password="a long enough password",
        step=lambda *_: None,
        size=generator.Size(0.02, goods=1.0),
    )
    async with listening(app_of(settings, db), port):
        yield url
    await channel.close()
    gateways._offered.pop(settings, None)
    await db.close()


async def test_the_runner_finds_no_deviation_and_leaves_nothing_out(demo_url: str):
    runner = await asyncio.create_subprocess_exec(
        RUNNER, "--server", demo_url, "--config", CONFIG, "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await runner.communicate()

    report: dict[str, Any] = json.loads(out) if out.startswith(b"{") else {}
    undone = {
        check["id"]: check["status"]
        for check in report.get("checks", [])
        if check["status"] != "clean-pass" and not check["status"].startswith("not-applicable")
    }
    assert undone == {}, undone
    assert runner.returncode == 0, error.decode()
    assert report["checks_summary"]["clean"] == CHECKS
