"""How often a test is tried (decision 0048)."""

import pytest

# Where programs of others stand between a test and our code. The end of the run names each that needed it.
SECOND_TRY = pytest.mark.flaky(reruns=1)
