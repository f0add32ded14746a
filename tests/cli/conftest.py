"""A data folder of the test's own, that the embedded server's user can reach, and gone afterwards."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.kernel.installation import CLUSTER_FOLDER
from steelyard.kernel.postgres import Cluster
from tests.support.folders import scratch
from tests.support.tries import SECOND_TRY


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(SECOND_TRY)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = scratch("steelyard-cli-")
    yield folder / "home"
    if (folder / "home" / CLUSTER_FOLDER).exists():
        Cluster(folder / "home" / CLUSTER_FOLDER).erase()
    shutil.rmtree(folder)
