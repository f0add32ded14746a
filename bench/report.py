"""What was measured: one figure after the other, each beside its target."""

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

LATEST = Path(__file__).parent / "latest.json"


class Figure(msgspec.Struct, frozen=True):
    """A number under a name in snake_case that ends with its unit. The target is a most, or with `at_least` a least; without
    one it is only told."""

    name: str
    value: float
    target: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value <= self.target


def machine() -> str:
    """What it is measured on, in a line."""
    memory = psutil.virtual_memory().total / 2**30
    system, python = f"{platform.system()} {platform.machine()}", platform.python_version()
    return f"{system}, {os.cpu_count()} cores, {memory:.0f} GB, Python {python}"


def table(figures: Sequence[Figure]) -> str:
    """A line for each figure: what it is, what it should be, and whether it is that."""
    wide = max((len(one.name) for one in figures), default=0)
    lines = [f"{'':2}{'figure':<{wide}}  {'measured':>12}  {'target':>12}"]
    for one in figures:
        sign = "≥" if one.at_least else "≤"
        target = "" if one.target is None else f"{sign} {one.target:,.10g}"
        lines.append(f"{' ' if one.met else '!'} {one.name:<{wide}}  {one.value:>12,.10g}  {target:>12}".rstrip())
    return "\n".join(lines)


def flat(figures: Sequence[Figure]) -> dict[str, float]:
    """One object of numbers, each target as `target_` and the figure's name."""
    told: dict[str, float] = {}
    for one in figures:
        told[one.name] = one.value
        if one.target is not None:
            told[f"target_{one.name}"] = one.target
    return told


def write(figures: Sequence[Figure], path: Path = LATEST) -> None:
    """Leave the figures for other programs to read."""
    path.write_text(json.dumps(flat(figures), indent=2) + "\n")
