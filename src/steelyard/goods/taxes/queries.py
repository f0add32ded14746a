"""Questions about tax rates."""

from collections.abc import Iterable
from datetime import date

from steelyard.goods.taxes.model import Rate
from steelyard.kernel.db import Read
from steelyard.kernel.text import Text


async def rates(read: Read, country: str, region: str, on: date) -> dict[str, Rate]:
    """The rates by tax class for goods that go to this region on that day: the region's own before the country's.

    A place that we have no rate for bears none. See `model.rate_for` for a class that is missing.
    """
    return (await rates_in(read, [(country, region)], on))[country, region]


async def rates_in(read: Read, places: Iterable[tuple[str, str]], on: date) -> dict[tuple[str, str], dict[str, Rate]]:
    """`rates` for each of these (country, region), in one query."""
    found: dict[tuple[str, str], dict[str, Rate]] = {place: {} for place in places}
    rows = await read.fetch(
        """
        SELECT DISTINCT ON (p.country, p.region, t.tax_class)
               p.country, p.region, t.tax_class, t.millionths, t.inclusive, t.name
        FROM unnest($1::text[], $2::text[]) AS p (country, region)
        JOIN tax_rates t ON t.country = upper(p.country) AND t.region IN ('', upper(p.region))
        WHERE t.valid_from <= $3 AND (t.valid_to IS NULL OR t.valid_to > $3)
        ORDER BY p.country, p.region, t.tax_class, t.region DESC, t.valid_from DESC
        """,
        [country for country, _ in found],
        [region for _, region in found],
        on,
    )
    for row in rows:
        found[row["country"], row["region"]][row["tax_class"]] = Rate(
            millionths=row["millionths"], inclusive=row["inclusive"], name=Text(row["name"])
        )
    return found
