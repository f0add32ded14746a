"""What staff type to ask why a price is what it is, and who pays for what is taken off: for both consoles."""

from collections.abc import Mapping

import msgspec

from steelyard.goods.promotions.model import Reckoning

ROWS, ROWS_MAX = 4, 20
PIECES_DIGITS_MAX = 4


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed: whose goods (where there are several shops), which article, and how many pieces."""

    shop: str = ""
    code: str = ""
    pieces: str = ""

    @property
    def count(self) -> int:
        """How many pieces; none of what is no number."""
        return int(self.pieces) if self.pieces.isdecimal() and len(self.pieces) <= PIECES_DIGITS_MAX else 0


def rows_of(query: Mapping[str, str]) -> list[Row]:
    """The rows of an address: the first few, and those after them that name an article."""
    return [
        Row(
            shop=query.get(f"shop_{n}", ""),
            code=query.get(f"code_{n}", "").strip(),
            pieces=query.get(f"pieces_{n}", "1"),
        )
        for n in range(ROWS_MAX)
        if n < ROWS or query.get(f"code_{n}")
    ]


def paid_by_platform(reckoning: Reckoning | None) -> dict[str, int]:
    """Of what each promotion takes off (by its id), what the platform pays."""
    paid: dict[str, int] = {}
    for part in (*reckoning.lines, *reckoning.freight) if reckoning else ():
        for share in part.shares:
            key = str(share.promotion_id)
            paid[key] = paid.get(key, 0) + share.platform
    return paid
