"""Commands on prices."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods.pricing.events import PricesChanged
from steelyard.goods.pricing.model import AMOUNT_MAX, LOWEST_OF_DAYS, PRICES_PER_COMMAND_MAX, MerchantPrice, NewPrice
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_


async def set_prices(tx: Tx, merchant_id: UUID, prices: Sequence[NewPrice]) -> list[UUID]:
    """These SKUs cost this from now on; returns those whose price is another than before. Said twice, nothing changes. What
    they cost until now is kept, and with the new price the lowest of the 30 days before it.

    A market price that is not higher than the price is left out. Raises `Invalid` for amounts out of bounds,
    `NotFound` when one of the SKUs is not the merchant's.
    """
    assert len(prices) <= PRICES_PER_COMMAND_MAX
    wanted = {(price.sku_id, price.currency): _checked(price) for price in prices}
    keys = sorted(wanted)
    known = await tx.value(
        "SELECT count(*) FROM skus WHERE merchant_id = $1 AND sku_id = ANY($2)",
        merchant_id,
        list({sku_id for sku_id, _ in keys}),
    )
    if known != len({sku_id for sku_id, _ in keys}):
        raise NotFound()
    rows = await tx.fetch(
        """
        WITH wanted AS (
            SELECT * FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[])
                AS w (sku_id, currency, amount, compare_at)
        ), before AS (
            SELECT p.sku_id, p.currency, p.amount
            FROM prices p JOIN wanted w USING (sku_id, currency) WHERE p.merchant_id = $1 AND p.amount <> w.amount
            ORDER BY p.sku_id, p.currency FOR UPDATE OF p
        ), kept AS (
            INSERT INTO price_history (merchant_id, sku_id, currency, until, amount)
            SELECT $1, sku_id, currency, now(), amount FROM before
            ON CONFLICT (merchant_id, sku_id, currency, until) DO NOTHING
        )
        INSERT INTO prices AS p (merchant_id, sku_id, currency, amount, compare_at, lowest_before)
        SELECT $1, w.sku_id, w.currency, w.amount, w.compare_at
             , least(b.amount, (SELECT min(h.amount) FROM price_history h
                                WHERE h.merchant_id = $1 AND h.sku_id = b.sku_id AND h.currency = b.currency
                                  AND h.until > now() - make_interval(days => $6)))
        FROM wanted w LEFT JOIN before b USING (sku_id, currency)
        ORDER BY w.sku_id, w.currency
        ON CONFLICT (merchant_id, sku_id, currency) DO UPDATE
        SET amount = excluded.amount, compare_at = excluded.compare_at, changed_at = now()
          , lowest_before = CASE WHEN p.amount = excluded.amount THEN p.lowest_before ELSE excluded.lowest_before END
        WHERE (p.amount, p.compare_at) IS DISTINCT FROM (excluded.amount, excluded.compare_at)
        RETURNING sku_id
        """,
        merchant_id,
        [sku_id for sku_id, _ in keys],
        [currency for _, currency in keys],
        [wanted[key].amount for key in keys],
        [_compare_at(wanted[key]) for key in keys],
        LOWEST_OF_DAYS,
    )
    changed = sorted({row["sku_id"] for row in rows})
    if changed:
        await events.publish(tx, PricesChanged(merchant_id=merchant_id, sku_ids=changed))
    return changed


def _checked(price: NewPrice) -> NewPrice:
    if not 0 <= price.amount <= AMOUNT_MAX or (price.compare_at or 0) > AMOUNT_MAX:
        raise Invalid({"amount": N_("A price is not negative")})
    return price


def _compare_at(price: NewPrice) -> int | None:
    return price.compare_at if price.compare_at is not None and price.compare_at > price.amount else None


async def bulk_set(tx: Tx, prices: Sequence[MerchantPrice]) -> None:
    """`set_prices` of many merchants by COPY, for imports and the demo: all are first prices, and nothing is
    announced."""
    assert len(prices) <= PRICES_PER_COMMAND_MAX
    await tx.copy(
        "prices",
        ("merchant_id", "sku_id", "currency", "amount", "compare_at"),
        [
            (each.merchant_id, price.sku_id, price.currency, price.amount, _compare_at(price))
            for each in prices
            for price in (_checked(each.price),)
        ],
    )
