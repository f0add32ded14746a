"""Commands on tax rates."""

from steelyard.goods.taxes.model import DatedRate
from steelyard.kernel.db import Tx


async def set_rate(tx: Tx, rate: DatedRate) -> None:
    """From its first day on, this is the rate; the one before it ends then. Said twice, the second changes nothing."""
    await tx.execute(
        """
        UPDATE tax_rates SET valid_to = $4
        WHERE country = $1 AND region = $2 AND tax_class = $3 AND valid_from < $4
          AND (valid_to IS NULL OR valid_to > $4)
        """,
        rate.country,
        rate.region,
        rate.tax_class,
        rate.valid_from,
    )
    await tx.execute(
        """
        INSERT INTO tax_rates (country, region, tax_class, valid_from, valid_to, millionths, inclusive, name)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (country, region, tax_class, valid_from)
        DO UPDATE SET valid_to = excluded.valid_to, millionths = excluded.millionths, inclusive = excluded.inclusive
                    , name = excluded.name
        """,
        rate.country,
        rate.region,
        rate.tax_class,
        rate.valid_from,
        rate.valid_to,
        rate.millionths,
        rate.inclusive,
        rate.name,
    )
