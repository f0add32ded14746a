"""How thorough the measurement should be."""

import argparse
from pathlib import Path
from typing import Self

import msgspec

PRODUCTS = 10_000
LARGE = 1_000_000
EVENTS = 10_000_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`seconds` of each measure, `runs` whose medians count, `clients` who buy at once, `products` in the shop, and `large`
    of them for the search that `--large` measures, in a folder that is kept if it is named; so many `events` for the part
    `reports`, likewise, and of which `reports` (none named: all)."""

    seconds: float = 5.0
    runs: int = 3
    clients: tuple[int, ...] = (16, 64, 256)
    products: int = PRODUCTS
    large: int = LARGE
    large_home: Path | None = None
    events: int = EVENTS
    events_home: Path | None = None
    reports: tuple[str, ...] = ()

    @staticmethod
    def options(parser: argparse.ArgumentParser) -> None:
        """Add them to a command line."""
        plain = Asked()
        parser.add_argument("--seconds", type=float, default=plain.seconds, help="of each measure")
        parser.add_argument("--runs", type=int, default=plain.runs, help="of which the median counts")
        parser.add_argument("--clients", type=int, nargs="*", default=plain.clients, help="who buy at once")
        parser.add_argument("--products", type=int, default=plain.products, help="in the shop")
        parser.add_argument("--large-products", type=int, default=plain.large, help="for the part `large`")
        parser.add_argument("--large-home", type=Path, help="where those are kept for the next time; else they are not")
        parser.add_argument(
            "--events", type=int, default=plain.events, help="for the part `reports`, and a tenth as many orders"
        )
        parser.add_argument(
            "--events-home", type=Path, help="where those are kept for the next time; else they are not"
        )
        parser.add_argument("--reports", nargs="*", default=plain.reports, metavar="REPORT", help="only these reports")

    @classmethod
    def read(cls, told: argparse.Namespace) -> Self:
        """What the command line said."""
        return cls(
            seconds=told.seconds,
            runs=told.runs,
            clients=tuple(told.clients),
            products=told.products,
            large=told.large_products,
            large_home=told.large_home,
            events=told.events,
            events_home=told.events_home,
            reports=tuple(told.reports),
        )
