"""`python -m bench.compare OLD NEW`: which figures of two `latest.json` differ by more than runs do among themselves."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

# Medians of three runs on a machine that does nothing else differ by so much.
NOISE = 0.1
# More of these is better; of everything else, less is.
BETTER_HIGH = ("_per_s", "_ratio")
TOLD_ONLY = ("target_", "load_per_core")


def moved(old: Mapping[str, float], new: Mapping[str, float], noise: float = NOISE) -> list[tuple[str, float, bool]]:
    """Name, factor from old to new, and whether that is better: of all figures beyond the noise, the largest move first."""
    found: list[tuple[str, float, bool]] = []
    for name in old.keys() & new.keys():
        if any(word in name for word in TOLD_ONLY) or old[name] == new[name]:
            continue
        factor = new[name] / old[name] if old[name] else float("inf")
        if not 1 / (1 + noise) <= factor <= 1 + noise:
            found.append((name, factor, (factor > 1) == name.endswith(BETTER_HIGH)))
    return sorted(found, key=lambda one: -max(one[1], 1 / one[1] if one[1] else float("inf")))


def main() -> int:
    """Print a line for each; 1 when something has become worse."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument(
        "--noise", type=float, default=NOISE, help="the part of a figure that two runs differ by anyhow"
    )
    asked = parser.parse_args()
    old, new = (json.loads(path.read_text()) for path in (asked.old, asked.new))
    found = moved(old, new, asked.noise)
    for name, factor, better in found:
        print(f"{'+' if better else '-'} {name:<40} {old[name]:>12,.6g} → {new[name]:>12,.6g}  × {factor:.2f}")
    for name in sorted(old.keys() ^ new.keys()):
        print(f"  {name:<40} only in the {'old' if name in old else 'new'}")
    if not found:
        print(f"Nothing moved by more than {asked.noise:.0%}.")
    return int(any(not better for _, _, better in found))


if __name__ == "__main__":
    sys.exit(main())
