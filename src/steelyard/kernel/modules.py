"""The table of contents of the house: layers from the ground up, and in each its modules, left before right.

A module uses only what stands before it here. This list decides the order of the schema, what `check` runs, and which
subscribers, sweeps and jobs the worker finds; `docs/architecture.md` says the same in words.
"""

from importlib import import_module, resources
from importlib.resources.abc import Traversable
from types import ModuleType

KERNEL = "kernel"

LAYERS: dict[str, tuple[str, ...]] = {
    "parties": (
        "policies",
        "access",
        "notifications",
        "operator",
        "screening",
        "merchants",
        "applications",
        "customers",
    ),
    "money": ("currencies", "ledger", "exchange", "wallets", "payments", "gifts", "reconciliation"),
    "goods": ("catalog", "warehouses", "inventory", "taxes", "pricing", "promotions", "search"),
    "logistics": ("customs", "freight", "parcels", "fulfilment"),
    "trade": (
        "rights",
        "favourites",
        "cart",
        "commission",
        "orders",
        "groups",
        "checkout",
        "aftersales",
        "risk",
        "chargebacks",
        "rewards",
        "invoices",
        "tax_reports",
        "settlement",
        "einvoices",
        "discipline",
        "promises",
        "reviews",
        "campaigns",
    ),
    "channels": ("feeds", "sheets", "amazon", "rooms", "live", "host_commission", "selection", "agents"),
    "operations": (
        "workboard",
        "behaviour",
        "analytics",
        "lake",
        "reports",
        "lifecycle",
        "segments",
        "recommendations",
        "merchandising",
        "experiments",
        "growth",
        "service",
        "outreach",
        "research",
        "journeys",
        "business_reviews",
        "privacy",
    ),
    "surfaces": ("storefront", "merchant", "operator", "live_room", "api"),
}

MODULES: tuple[str, ...] = (
    KERNEL,
    *(f"{layer}.{module}" for layer, modules in LAYERS.items() for module in modules),
)


def rank(module: str) -> int:
    """How far from the ground: a module may use those of a smaller rank."""
    return MODULES.index(module)


def built() -> list[str]:
    """The modules that exist, from the ground up."""
    return [module for module in MODULES if _folder(module) is not None]


def schema_files() -> list[tuple[str, Traversable]]:
    """`(module, its schema.sql)` from the ground up, for the modules that have tables; where those are many, what belongs to one
    ability stands behind it in a `schema_….sql` of its own."""
    found: list[tuple[str, Traversable]] = []
    for module, file in _files("schema.sql"):
        folder = _folder(module)
        assert folder is not None
        more = [each for each in folder.iterdir() if each.name.startswith("schema_") and each.name.endswith(".sql")]
        found += [(module, file), *((module, each) for each in sorted(more, key=lambda each: each.name))]
    return found


def checks_files() -> list[tuple[str, Traversable]]:
    """`(module, its checks.sql)` from the ground up, for the modules that state truths."""
    return _files("checks.sql")


def parts(name: str) -> list[tuple[str, ModuleType]]:
    """`(module, its file NAME.py imported)` from the ground up, where it exists. An error in such a file is raised."""
    return [(module, import_module(f"steelyard.{module}.{name}")) for module, _ in _files(f"{name}.py")]


def _files(name: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for module in built():
        folder = _folder(module)
        if folder is not None and (folder / name).is_file():
            found.append((module, folder / name))
    return found


def _folder(module: str) -> Traversable | None:
    folder = resources.files("steelyard").joinpath(*module.split("."))
    return folder if folder.is_dir() else None
