"""Questions about tax rates."""

from datetime import date

from steelyard.goods.taxes.model import Rate
from steelyard.kernel.db import Read
from steelyard.kernel.text import Text


async def rates(read: Read, country: str, region: str, on: date) -> dict[str, Rate]:
    """The rates by tax class for goods that go to this region on that day: the region's own before the country's.

    A place that we have no rate for bears none. See `model.rate_for` for a class that is missing.
    """
    rows = await read.fetch(
        """
        SELECT DISTINCT ON (tax_class) tax_class, millionths, inclusive, name
        FROM tax_rates
        WHERE country = upper($1) AND region IN ('', upper($2)) AND valid_from <= $3
          AND (valid_to IS NULL OR valid_to > $3)
        ORDER BY tax_class, region DESC, valid_from DESC
        """,
        country,
        region,
        on,
    )
    return {
        row["tax_class"]: Rate(millionths=row["millionths"], inclusive=row["inclusive"], name=Text(row["name"]))
        for row in rows
    }
