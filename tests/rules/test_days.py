"""A day that people read or type is the house's, and neither UTC's nor the machine's."""

import ast
import re
from pathlib import Path

from tests.rules.reading import ROOT, nothing_wrong, python_of_the_house, write

LAYERS = ("parties", "money", "goods", "logistics", "trade", "channels", "operations", "surfaces")
# What others publish, or hand in as a data set, has days of its own.
NOT_OUR_DAYS = (
    Path("operations") / "lake" / "datasets.py",
    Path("goods") / "taxes" / "published.py",
    Path("money") / "payments" / "gateways" / "stripe_bills.py",
)
DO = "take kernel.days (today, day_of, begins, ends), or say whose day it is with astimezone"


def days_of_nobody(root: Path) -> list[str]:
    """`.date()` of a moment whose zone is UTC or not said there, `date.today()`, midnight of UTC made out of a day."""
    found: list[str] = []
    for path, tree in python_of_the_house(root):
        if path.parts[0] not in LAYERS or path in NOT_OUR_DAYS:
            continue
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        found += [f"{path}:{call.lineno} {wrong}: {DO}" for call in calls if (wrong := _wrong(call))]
    for page in sorted((root / "src" / "steelyard").rglob("templates/**/*.html")):
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"\.(date|today)\(\)", line):
                found.append(
                    f"{page.relative_to(root / 'src' / 'steelyard')}:{number} makes a day out of a moment: {DO}"
                )
    return found


def _wrong(node: ast.Call) -> str:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="date" | "datetime"), attr="today" | "utcnow"), args=[]):
            return "asks the machine for its day"
        case ast.Call(func=ast.Attribute(value=moment, attr="date"), args=[], keywords=[]) if not _says_whose(moment):
            return "takes the day of a moment whose zone it does not say"
        case ast.Call(func=ast.Name(id="datetime"), args=[year, *_], keywords=keywords) if not isinstance(
            year, ast.Constant
        ) and any(each.arg == "tzinfo" and _is_utc(each.value) for each in keywords):
            return "begins a day at midnight of UTC"
        case _:
            return ""


def _says_whose(moment: ast.expr) -> bool:
    match moment:
        case ast.Call(func=ast.Attribute(attr="astimezone" | "now"), args=[zone]):
            return not _is_utc(zone)
        case _:
            return False


def _is_utc(zone: ast.expr) -> bool:
    return isinstance(zone, ast.Name | ast.Attribute) and ast.unparse(zone) in {"UTC", "timezone.utc", "datetime.UTC"}


def test_every_day_is_somebodys() -> None:
    nothing_wrong(days_of_nobody(ROOT))


def test_a_day_of_nobody_is_seen(tmp_path: Path) -> None:
    write(
        tmp_path,
        "src/steelyard/surfaces/operator/licences.py",
        "a = datetime.now(UTC).date()\n"
        "b = order.paid_at.date()\n"
        "c = date.today()\n"
        "d = datetime(day.year, day.month, day.day, tzinfo=UTC)\n"
        "e = order.paid_at.astimezone(UTC).date()\n"
        "fine = [datetime.now(HOUSE_ZONE).date(), now.astimezone(ZoneInfo(zone)).date(), datetime(1970, 1, 1, tzinfo=UTC)]\n"
        "fine_too = [days.today(), days.day_of(order.paid_at), period.date(3)]\n",
    )
    write(
        tmp_path,
        "src/steelyard/surfaces/operator/templates/licence.html",
        "{{ at|date }}\n{{ licence.until.date() }}\n",
    )
    write(tmp_path, "src/steelyard/simulators/clock.py", "today = datetime.now(UTC).date()\n")

    found = [line.split(" ")[0].rpartition("/")[2] for line in days_of_nobody(tmp_path)]
    assert found == [*(f"licences.py:{number}" for number in range(1, 6)), "licence.html:2"]
