"""The example in the documentation buys."""

import asyncio
import sys
from pathlib import Path

import pytest

from steelyard.kernel.db import Database
from tests.support.world import World
from tests.surfaces.api.house import free_port, listening, open_house

EXAMPLE = Path(__file__).parents[4] / "docs" / "examples" / "buy.py"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--search", "hammer"], 0, "Old Street Tools"),
        (["--search", "hammer", "--token", "tok_decline"], 1, "payment_failed"),
        (["--search", "hammer", "--country", "AQ"], 1, "address_undeliverable"),
        (["--search", "no such thing"], 1, "Nothing in stock"),
    ],
)
async def test_the_example_buys(
    db: Database, world: World, tmp_path: Path, arguments: list[str], code: int, words: str
):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    house = open_house(db, tmp_path, base_url=url)
    async with listening(house.app, port):
        program = await asyncio.create_subprocess_exec(
            sys.executable, EXAMPLE, "--server", url, *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await program.communicate()
    await house.close()

    assert program.returncode == code, out.decode()
    assert words in out.decode()
    assert ("permalink_url" in out.decode()) is (code == 0)
