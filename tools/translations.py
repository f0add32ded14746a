"""Bring the translations to the words in the source: extract, update, compile. English is the source text."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ["zh_Hans"]
DOMAIN = "steelyard"
# Besides gettext's own names: N_ marks words that are translated later, where the reader is known.
KEYWORDS = ["N_", "lazy_gettext"]


def main() -> int:
    """Update the .po of every language; say how many words wait for a translation."""
    folder, template = ROOT / "src" / "steelyard" / "locale", ROOT / "build" / f"{DOMAIN}.pot"
    template.parent.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)
    keywords = [f"--keyword={word}" for word in KEYWORDS]
    about = ["--project=Steelyard", "--version=", "--copyright-holder=The Steelyard authors"]
    layout = ["--no-wrap", "--sort-by-file", "--add-location=file"]
    pybabel("extract", "-F", "babel.cfg", *keywords, *about, *layout, "-o", str(template), ".")
    for locale in LOCALES:
        catalog = folder / locale / "LC_MESSAGES" / f"{DOMAIN}.po"
        known = ["--no-fuzzy-matching", "--ignore-obsolete", "--ignore-pot-creation-date"] if catalog.exists() else []
        step = "update" if catalog.exists() else "init"
        pybabel(step, "-i", str(template), "-d", str(folder), "-D", DOMAIN, "-l", locale, "--no-wrap", *known)
        pybabel("compile", "-d", str(folder), "-D", DOMAIN, "-l", locale, "--use-fuzzy", "--statistics", quiet=False)
    return 0


def pybabel(step: str, *arguments: str, quiet: bool = True) -> None:
    command = [sys.executable, "-m", "babel.messages.frontend", *(["--quiet"] if quiet else []), step, *arguments]
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
