"""The browser that the journeys drive: found where there is one, installed where that is allowed.

Tests ask `find()`. Run as a program it provides one and prints its path.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ON_PATH = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
]
ON_MACOS = ["Google Chrome", "Chromium", "Microsoft Edge"]
PLAYWRIGHT_ASKS = (
    "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
)
HOW_TO_GET_ONE = (
    "no Chromium or Chrome was found, and none could be installed here. Install Chromium or Chrome, run "
    "`.venv/bin/playwright install chromium`, or name one by STEELYARD_BROWSER=/path/to/it."
)


def find() -> str | None:
    """Return the path of a Chromium or Chrome that starts, or None."""
    named = os.environ.get("STEELYARD_BROWSER")
    if named:
        return named if starts(named) else None
    applications = [Path("/Applications"), Path.home() / "Applications"]
    installed = [shutil.which(name) for name in ON_PATH]
    if platform.system() == "Darwin":
        installed += [str(folder / f"{n}.app/Contents/MacOS/{n}") for folder in applications for n in ON_MACOS]
    return next((path for path in [*installed, playwrights_own()] if path and starts(path)), None)


def playwrights_own() -> str | None:
    """The browser that `playwright install` put where playwright looks for it."""
    asked = subprocess.run([sys.executable, "-c", PLAYWRIGHT_ASKS], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or None


def starts(path: str) -> bool:
    """Tell whether it is a browser; Ubuntu's `chromium-browser` only names another package."""
    if not Path(path).exists():
        return False
    try:
        return subprocess.run([path, "--version"], capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def provide() -> str | None:
    """Find a browser; as root on Debian install it, and a font for Chinese, when they are missing."""
    packages = [] if find() or os.environ.get("STEELYARD_BROWSER") else ["chromium"]
    if not can_write_chinese():
        packages.append("fonts-noto-cjk")
    if packages and may_install():
        print(f"• Installing {' and '.join(packages)}", flush=True)
        quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
            subprocess.run(["apt-get", *command], env=quietly, stdout=subprocess.DEVNULL, check=False)
    return find()


def can_write_chinese() -> bool:
    """Tell whether some font has Chinese; without one the pages show boxes."""
    if platform.system() == "Darwin" or not shutil.which("fc-list"):
        return platform.system() == "Darwin"
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False).stdout.strip())


def may_install() -> bool:
    """Root, and Debian itself: Ubuntu's package is an empty one that stands for a snap."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    release = Path("/etc/os-release")
    return release.exists() and "ID=debian" in release.read_text().split()


if __name__ == "__main__":
    path = provide()
    print(path or f"Steelyard: {HOW_TO_GET_ONE}", file=sys.stdout if path else sys.stderr)
    sys.exit(0 if path else 1)
