"""A home for a PostgreSQL of the test's own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.kernel.postgres import Cluster
from tests.support.folders import scratch


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home; pytest's own `tmp_path` is closed to the other user that root's server is."""
    folder = scratch("steelyard-home-")
    yield folder
    if any(folder.glob("postgres-18*")):
        Cluster(folder).erase()
    shutil.rmtree(folder)
