"""The contracts of .importlinter are seen to fail; `lint-imports` in `make check` sees that they hold."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.reading import ROOT, write

LAYERS = ["kernel", "parties", "money", "goods", "logistics", "trade", "channels", "operations", "surfaces"]


def small_house(root: Path) -> None:
    """A checkout with every layer, the real contracts and nothing else."""
    for layer in [*LAYERS, "simulators", "media", "demo"]:
        write(root, f"src/steelyard/{layer}/__init__.py", "")
    write(root, "src/steelyard/__init__.py", "")
    write(root, ".importlinter", (ROOT / ".importlinter").read_text())


def judge(root: Path) -> subprocess.CompletedProcess[str]:
    program = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    return subprocess.run(program, cwd=root, env=environment, capture_output=True, text=True, check=False)


def test_a_house_in_order_passes(tmp_path: Path) -> None:
    small_house(tmp_path)
    write(tmp_path, "src/steelyard/kernel/money.py", "")
    write(tmp_path, "src/steelyard/trade/orders/__init__.py", "import steelyard.kernel.money\n")
    write(tmp_path, "src/steelyard/trade/settlement/__init__.py", "import steelyard.trade.orders\n")
    write(tmp_path, "src/steelyard/app.py", "import steelyard.surfaces\n")
    write(tmp_path, "src/steelyard/cli.py", "import steelyard.app\nimport steelyard.demo\n")

    verdict = judge(tmp_path)

    assert verdict.returncode == 0, verdict.stdout


@pytest.mark.parametrize(
    ("file", "source"),
    [
        pytest.param("kernel/money.py", "import steelyard.trade.orders", id="up a layer"),
        pytest.param("trade/cart/__init__.py", "import steelyard.trade.orders", id="to the right in a layer"),
        pytest.param("surfaces/api.py", "import steelyard.app", id="what puts the house together"),
        pytest.param("surfaces/storefront.py", "import steelyard.surfaces.merchant", id="surface to surface"),
        pytest.param("simulators/bank.py", "import steelyard.trade.orders", id="the outside world"),
        pytest.param("sundries/__init__.py", "", id="a layer nobody entered"),
        pytest.param("trade/haggling/__init__.py", "", id="a module nobody entered"),
    ],
)
def test_a_broken_contract_is_seen(tmp_path: Path, file: str, source: str) -> None:
    small_house(tmp_path)
    write(tmp_path, "src/steelyard/trade/orders/__init__.py", "")
    write(tmp_path, "src/steelyard/surfaces/merchant.py", "")
    write(tmp_path, "src/steelyard/app.py", "")
    write(tmp_path, f"src/steelyard/{file}", f"{source}\n")

    verdict = judge(tmp_path)

    assert verdict.returncode != 0
    assert "1 broken" in verdict.stdout
