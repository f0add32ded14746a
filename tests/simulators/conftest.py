"""The simulators, each in a home of its own, under a clock that tests turn."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from steelyard.simulators import bank, carriers, mail, payments
from tests.simulators.world import Simulated, settings_in, simulate


@pytest.fixture
async def channel(tmp_path: Path) -> AsyncIterator[Simulated]:
    simulated = simulate(payments, settings_in(tmp_path))
    yield simulated
    await simulated.close()


@pytest.fixture
async def carrier(tmp_path: Path) -> AsyncIterator[Simulated]:
    simulated = simulate(carriers, settings_in(tmp_path, stage_seconds=10))
    yield simulated
    await simulated.close()


@pytest.fixture
async def the_bank(tmp_path: Path) -> AsyncIterator[Simulated]:
    simulated = simulate(bank, settings_in(tmp_path))
    yield simulated
    await simulated.close()


@pytest.fixture
async def catcher(tmp_path: Path) -> AsyncIterator[Simulated]:
    simulated = simulate(mail, settings_in(tmp_path))
    yield simulated
    await simulated.close()
