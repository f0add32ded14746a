"""A data folder of the test's own, that the embedded server's user can reach, and gone afterwards."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.kernel.installation import CLUSTER_FOLDER
from steelyard.kernel.postgres import Cluster
from tests.support.folders import scratch


@pytest.fixture
def home() -> Iterator[Path]:
    folder = scratch("steelyard-cli-")
    yield folder / "home"
    if (folder / "home" / CLUSTER_FOLDER).exists():
        Cluster(folder / "home" / CLUSTER_FOLDER).erase()
    shutil.rmtree(folder)
