"""Carts as data: who buys what, when, and what sending costs. Others find them in `model`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """What counts of a buyer: the segments they are in (a member's level is one), whether they never bought before, and
    the coupons that they hold."""

    segments: frozenset[str] = frozenset()
    new: bool = False
    holds: frozenset[UUID] = frozenset()


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """`categories`: that of the goods and all above it."""

    line_id: str
    sku_id: UUID
    product_id: UUID
    merchant_id: UUID
    categories: Sequence[UUID]
    unit_price: int
    quantity: int

    @property
    def amount(self) -> int:
        return self.unit_price * self.quantity


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """`freight`: what sending costs, by merchant."""

    currency: str
    lines: Sequence[CartLine]
    at: datetime
    freight: Mapping[UUID, int] = {}
    buyer: Buyer = Buyer()
