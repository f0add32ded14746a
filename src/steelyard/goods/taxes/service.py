"""Commands on tax rates."""

from collections.abc import Sequence
from datetime import date

from steelyard.goods.taxes.model import RATED, RATES_PER_TABLE_MAX, DatedRate, RateHasBegun
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION


async def set_rate(tx: Tx, rate: DatedRate) -> None:
    """From its first day on, this is the rate; the one before it ends then, and it ends where the next one begins.

    Said twice, the second changes nothing. Raises `Invalid`.
    """
    await keep_rates(tx, [rate])


async def keep_rates(tx: Tx, rates: Sequence[DatedRate]) -> int:
    """`set_rate` for many, as they stand in a table; returns how many were new or became others.

    Orders that were placed keep the rates that they were placed with. Raises `Invalid`.
    """
    for rate in rates:
        _check(rate)
    if len(rates) > RATES_PER_TABLE_MAX:
        raise Invalid({"table": N_("At most 5,000 rates at once")})
    # Two tables at once would each set the ends by what the other has not written yet.
    await tx.execute("LOCK TABLE tax_rates IN SHARE ROW EXCLUSIVE MODE")
    changed = await tx.execute(
        """
        INSERT INTO tax_rates AS t (country, region, tax_class, valid_from, valid_to, millionths, inclusive, name)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::date[], $6::integer[], $7::boolean[]
                           , $8::jsonb[])
        ON CONFLICT (country, region, tax_class, valid_from)
        DO UPDATE SET valid_to = excluded.valid_to, millionths = excluded.millionths, inclusive = excluded.inclusive
                    , name = excluded.name
        WHERE (t.millionths, t.inclusive, t.name) IS DISTINCT FROM (excluded.millionths, excluded.inclusive, excluded.name)
           OR excluded.valid_to IS NOT NULL AND t.valid_to IS DISTINCT FROM excluded.valid_to
        """,
        [rate.country for rate in rates],
        [rate.region for rate in rates],
        [rate.tax_class for rate in rates],
        [rate.valid_from for rate in rates],
        [rate.valid_to for rate in rates],
        [rate.millionths for rate in rates],
        [rate.inclusive for rate in rates],
        [rate.name for rate in rates],
    )
    await tx.execute(
        """
        UPDATE tax_rates t SET valid_to = n.following
        FROM (SELECT country, region, tax_class, valid_from
                   , lead(valid_from) OVER (PARTITION BY country, region, tax_class ORDER BY valid_from) AS following
              FROM tax_rates WHERE country = ANY($1)) n
        WHERE (t.country, t.region, t.tax_class, t.valid_from) = (n.country, n.region, n.tax_class, n.valid_from)
          AND n.following IS NOT NULL AND (t.valid_to IS NULL OR t.valid_to > n.following)
        """,
        sorted({rate.country for rate in rates}),
    )
    return changed


async def forget_rate(tx: Tx, country: str, region: str, tax_class: str, valid_from: date, today: date) -> DatedRate:
    """Take a planned rate out; the one before it goes on until the next. Raises `NotFound`, `RateHasBegun`."""
    await tx.execute("LOCK TABLE tax_rates IN SHARE ROW EXCLUSIVE MODE")
    if valid_from <= today:
        raise RateHasBegun()
    gone = await tx.one(
        DatedRate,
        """
        DELETE FROM tax_rates WHERE (country, region, tax_class, valid_from) = ($1, $2, $3, $4)
        RETURNING country, region, tax_class, valid_from, valid_to, millionths, inclusive, name
        """,
        country,
        region,
        tax_class,
        valid_from,
    )
    if gone is None:
        raise NotFound()
    await tx.execute(
        """
        UPDATE tax_rates SET valid_to = $5 WHERE (country, region, tax_class, valid_to) = ($1, $2, $3, $4)
        """,
        country,
        region,
        tax_class,
        valid_from,
        gone.valid_to,
    )
    return gone


def _check(rate: DatedRate) -> None:
    wrong: dict[str, str] = {}
    if len(rate.country) != 2 or not rate.country.isalpha() or not rate.country.isupper():
        wrong["country"] = N_("Please enter a country as two letters, such as DE.")
    if rate.tax_class not in RATED:
        wrong["tax_class"] = N_("Please choose one of the classes.")
    if not 0 <= rate.millionths <= PARTS_PER_MILLION:
        wrong["rate"] = N_("A rate is between 0 % and 100 %")
    if rate.valid_to is not None and rate.valid_to <= rate.valid_from:
        wrong["valid_to"] = N_("A rate ends after it has begun.")
    if wrong:
        raise Invalid(wrong)
