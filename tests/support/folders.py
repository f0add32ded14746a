"""Folders for the databases of a test run."""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 2_000_000_000


def scratch(prefix: str) -> Path:
    """A new folder that other users may pass through (root's server is another user), in memory where there is plenty:
    cloning a database there takes 20 ms, on a busy disk half a second. `TMPDIR` decides when it is set."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if _memory_will_do() else None))
    folder.chmod(0o711)
    return folder


def _memory_will_do() -> bool:
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return False
    # Root may have to copy the server's programs there; containers mount it small, and without the right to run any.
    runs_programs = not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    return runs_programs and shutil.disk_usage(_MEMORY).free > MEMORY_BYTES_MIN
