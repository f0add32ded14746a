"""What weighs much is loaded by whoever needs it: a package's face names it, and the first who asks for a name loads its module.

NumPy, SciPy, DuckDB, Arrow and Ibis come to some 100 MB in each process, of which a web server at rest needs nothing. A face says

    if TYPE_CHECKING:
        from steelyard.operations.reports.answers import answer
    else:
        __getattr__ = late.face(__name__, answers=("answer",))
"""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any


def face(package: str, **modules: Sequence[str]) -> Callable[[str], Any]:
    """The `__getattr__` (PEP 562) of a package whose `modules` have these names; what was found once stands in the package."""
    places = {name: module for module, names in modules.items() for name in names}

    def loaded(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f"{package}.{places[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return loaded
