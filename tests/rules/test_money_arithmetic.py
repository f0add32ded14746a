"""Money is split, never divided."""

import ast
import re
from pathlib import Path

from tests.rules.reading import ROOT, nothing_wrong, python_of_the_house, write

LOOKS_LIKE_MONEY = re.compile(r"(^|_)(minor|amount|price|fee|commission|refund|payable|balance|total)(_minor)?$")
# Here the one division lives, and `split` that gives its remainder away.
MAY_DIVIDE = Path("kernel") / "money.py"
# Payment channels round their fees by rules of their own.
NOT_OUR_MONEY = "simulators"


def divisions_of_money(root: Path) -> list[str]:
    """`/` and `//` on something whose name says that it is money."""
    found: list[str] = []
    for path, tree in python_of_the_house(root):
        if path == MAY_DIVIDE or path.parts[0] == NOT_OUR_MONEY:
            continue
        for node in ast.walk(tree):
            match node:
                case (
                    ast.BinOp(left=left, op=ast.Div() | ast.FloorDiv())
                    | ast.AugAssign(target=left, op=ast.Div() | ast.FloorDiv())
                ):
                    names = [name for name in named(left) if LOOKS_LIKE_MONEY.search(name)]
                    if names:
                        found.append(f"{path}:{node.lineno} divides {names[0]}: share it out with kernel.money.split")
                case _:
                    pass
    return found


def named(expression: ast.expr) -> list[str]:
    """The last part of every name in an arithmetic expression; arguments of calls are not part of it."""
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return [name]
        case ast.BinOp(left=left, right=right):
            return [*named(left), *named(right)]
        case _:
            return []


def test_money_is_never_divided() -> None:
    nothing_wrong(divisions_of_money(ROOT))


def test_a_division_of_money_is_seen(tmp_path: Path) -> None:
    source = (
        "half = order.total.minor // 2\n"
        "fee = rate * amount_minor / 10_000\n"
        "price /= 3\n"
        "folder = root / 'prices'\n"
        "share = seconds / 60\n"
    )
    write(tmp_path, "src/steelyard/trade/settlement/service.py", source)
    write(tmp_path, "src/steelyard/kernel/money.py", "part = minor // 3\n")
    write(tmp_path, "src/steelyard/simulators/payments/fees.py", "fee = amount // 160\n")

    assert sorted(line.split(" ")[0][-1] for line in divisions_of_money(tmp_path)) == ["1", "2", "3"]
