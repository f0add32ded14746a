"""Lock what the .in files and package.json name: exact versions with hashes, and no host of any registry."""

import shutil
import subprocess
import sys
from pathlib import Path

import setup

ROOT = Path(__file__).resolve().parent.parent
# run before dev and spark: they are constrained by what run.txt has chosen.
LOCKS = ["bootstrap", "run", "dev", "spark"]
PYTHON_MIN = "3.11"


def main(options: list[str]) -> int:
    """Write requirements/*.txt and package-lock.json; --upgrade takes the newest versions."""
    uv = ROOT / ".venv" / "bin" / "uv"
    universal = ["--universal", "--generate-hashes", "--no-emit-index-url", "--python-version", PYTHON_MIN]
    naming = ["--custom-compile-command", "make lock", "--quiet"]
    for name in LOCKS:
        files = [f"requirements/{name}.in", "-o", f"requirements/{name}.txt"]
        subprocess.run([uv, "pip", "compile", *universal, *naming, *options, *files], cwd=ROOT, check=True)
    if (ROOT / "package.json").exists():
        npm, _ = setup.find_npm()
        if "--upgrade" in options:
            shutil.rmtree(ROOT / "node_modules", ignore_errors=True)
        subprocess.run([*npm, "install", "--package-lock-only", "--ignore-scripts"], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
