"""A home for a PostgreSQL of the test's own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.kernel.postgres import Cluster


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that other users may pass through, unlike pytest's own `tmp_path`: root's server is another user."""
    folder = Path(tempfile.mkdtemp(prefix="steelyard-home-"))
    folder.chmod(0o711)
    yield folder
    if any(folder.glob("postgres-18*")):
        Cluster(folder).erase()
    shutil.rmtree(folder)
