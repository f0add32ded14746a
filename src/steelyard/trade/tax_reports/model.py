"""Lines of a tax report, and how they are summed up."""

from collections.abc import Callable, Hashable, Iterable
from datetime import date
from enum import StrEnum
from typing import Self

import msgspec

from steelyard.goods.taxes.model import EU
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId


class Scheme(StrEnum):
    """Where distance sales to consumers in the EU are declared: Directive 2006/112/EC, articles 369a-369k (`union`: from one
    member state to another, by the quarter) and 369l-369x (`imported`: from outside, by the month)."""

    UNION = "union"
    IMPORTED = "imported"


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    """Whose tax a report can be of."""

    merchant_id: MerchantId
    name: Text
    country: str


class TaxLine(msgspec.Struct, frozen=True, kw_only=True):
    """What was sold and given back of one currency, place and rate. Amounts are minor units; gross contains the tax.

    `kind` tells rates of nothing apart: zero, exempt, or the class that no rate was known for. `quarter` is the first day of
    the quarter in which it was sold, which for what is given back may be an earlier one.
    """

    currency: str
    seller_country: str
    country: str
    region: str
    kind: str
    millionths: int
    quarter: date | None
    gross: int
    tax: int
    returned_gross: int
    returned_tax: int

    @property
    def net(self) -> int:
        return self.gross - self.tax

    @property
    def returned_net(self) -> int:
        return self.returned_gross - self.returned_tax

    @property
    def due_net(self) -> int:
        """What the tax is on, in the end."""
        return self.net - self.returned_net

    @property
    def due(self) -> int:
        """The tax, in the end; below nothing where more went back than was sold."""
        return self.tax - self.returned_tax

    @property
    def due_gross(self) -> int:
        return self.gross - self.returned_gross

    @property
    def scheme(self) -> Scheme | None:
        """Where it belongs in the one-stop shop; none for what is sold at home or outside the EU."""
        if self.country not in EU or self.country == self.seller_country:
            return None
        return Scheme.UNION if self.seller_country in EU else Scheme.IMPORTED

    def plus(self, other: Self) -> Self:
        return msgspec.structs.replace(
            self,
            gross=self.gross + other.gross,
            tax=self.tax + other.tax,
            returned_gross=self.returned_gross + other.returned_gross,
            returned_tax=self.returned_tax + other.returned_tax,
        )


def folded(lines: Iterable[TaxLine]) -> list[TaxLine]:
    """By currency, country, region and rate, whenever and by whom it was sold."""
    return _together(
        (msgspec.structs.replace(line, quarter=None, seller_country="") for line in lines),
        lambda line: (line.currency, line.country, line.region, -line.millionths, line.kind),
    )


def one_stop(lines: Iterable[TaxLine], scheme: Scheme) -> list[TaxLine]:
    """What is declared in the one-stop shop: by country, rate and the quarter of the sale, so that what goes back of an
    earlier quarter is told as its correction (Implementing Regulation (EU) 2020/194)."""
    return _together(
        (msgspec.structs.replace(line, region="") for line in lines if line.scheme is scheme),
        lambda line: (line.currency, line.seller_country, line.country, -line.millionths, line.kind, line.quarter),
    )


def _together(lines: Iterable[TaxLine], key: Callable[[TaxLine], tuple[Hashable, ...]]) -> list[TaxLine]:
    found: dict[tuple[Hashable, ...], TaxLine] = {}
    for line in lines:
        known = found.get(key(line))
        found[key(line)] = line if known is None else known.plus(line)
    return [found[each] for each in sorted(found, key=repr)]
