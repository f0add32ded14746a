"""How thorough the measurement should be."""

import argparse
from typing import Self

import msgspec

PRODUCTS = 10_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`seconds` of each measure, `runs` whose medians count, `clients` who buy at once, and `products` in the shop."""

    seconds: float = 5.0
    runs: int = 3
    clients: tuple[int, ...] = (16, 64, 256)
    products: int = PRODUCTS

    @staticmethod
    def options(parser: argparse.ArgumentParser) -> None:
        """Add them to a command line."""
        plain = Asked()
        parser.add_argument("--seconds", type=float, default=plain.seconds, help="of each measure")
        parser.add_argument("--runs", type=int, default=plain.runs, help="of which the median counts")
        parser.add_argument("--clients", type=int, nargs="*", default=plain.clients, help="who buy at once")
        parser.add_argument("--products", type=int, default=plain.products, help="in the shop")

    @classmethod
    def read(cls, told: argparse.Namespace) -> Self:
        """What the command line said."""
        return cls(seconds=told.seconds, runs=told.runs, clients=tuple(told.clients), products=told.products)
