"""Questions about tax rates."""

from collections.abc import Iterable
from datetime import date

from steelyard.goods.taxes.model import DatedRate, Rate
from steelyard.kernel.db import Read
from steelyard.kernel.text import Text

RATES_SHOWN_MAX = 2_000


async def rates(read: Read, country: str, region: str, on: date) -> dict[str, Rate]:
    """The rates by tax class for goods that go to this region on that day: the region's own before the country's.

    A place that we have no rate for bears none. See `model.rate_for` for a class that is missing.
    """
    return (await rates_in(read, [(country, region, on)]))[country, region, on]


async def rates_in(read: Read, places: Iterable[tuple[str, str, date]]) -> dict[tuple[str, str, date], dict[str, Rate]]:
    """`rates` for each of these (country, region, day), in one query."""
    found: dict[tuple[str, str, date], dict[str, Rate]] = {place: {} for place in places}
    rows = await read.fetch(
        """
        SELECT DISTINCT ON (p.country, p.region, p.day, t.tax_class)
               p.country, p.region, p.day, t.tax_class, t.millionths, t.inclusive, t.name
        FROM unnest($1::text[], $2::text[], $3::date[]) AS p (country, region, day)
        JOIN tax_rates t ON t.country = upper(p.country) AND t.region IN ('', upper(p.region))
        WHERE t.valid_from <= p.day AND (t.valid_to IS NULL OR t.valid_to > p.day)
        ORDER BY p.country, p.region, p.day, t.tax_class, t.region DESC, t.valid_from DESC
        """,
        [country for country, _, _ in found],
        [region for _, region, _ in found],
        [day for _, _, day in found],
    )
    for row in rows:
        found[row["country"], row["region"], row["day"]][row["tax_class"]] = Rate(
            millionths=row["millionths"], inclusive=row["inclusive"], name=Text(row["name"])
        )
    return found


async def places(read: Read) -> list[str]:
    """The countries that there are rates for."""
    rows = await read.fetch("SELECT DISTINCT country FROM tax_rates ORDER BY country")
    return [row["country"] for row in rows]


async def rates_of(read: Read, country: str) -> list[DatedRate]:
    """All rates of a country, by region and class, the newest first."""
    return await read.all(
        DatedRate,
        """
        SELECT country, region, tax_class, valid_from, valid_to, millionths, inclusive, name
        FROM tax_rates WHERE country = $1 ORDER BY region, tax_class, valid_from DESC LIMIT $2
        """,
        country.upper(),
        RATES_SHOWN_MAX,
    )


async def rates_on(read: Read, on: date) -> list[DatedRate]:
    """What counts on a day and what is planned after it, everywhere."""
    return await read.all(
        DatedRate,
        """
        SELECT country, region, tax_class, valid_from, valid_to, millionths, inclusive, name
        FROM tax_rates WHERE valid_to IS NULL OR valid_to > $1
        ORDER BY country, region, tax_class, valid_from LIMIT $2
        """,
        on,
        RATES_SHOWN_MAX,
    )
