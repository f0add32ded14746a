"""What shops limit: how many of a product or variant a buyer can have, and how many an order needs at least."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from steelyard.goods.catalog.events import ProductChanged
from steelyard.goods.catalog.model import LIMIT_PIECES_MAX, Limits, SkuId
from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_


class Limited(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a product: for all its variants together, and for some of them by themselves."""

    product: Limits | None = None
    skus: Mapping[SkuId, Limits] = {}


async def limits_of(read: Read, merchant_id: UUID, product_id: UUID) -> Limited:
    """Raises `NotFound`: another merchant's product is not there."""
    found = await read.row(
        """
        SELECT p.limits, (SELECT jsonb_object_agg(s.sku_id, s.limits) FROM skus s
                          WHERE s.merchant_id = p.merchant_id AND s.product_id = p.product_id
                            AND s.limits IS NOT NULL AND s.was IS NULL) AS skus
        FROM products p WHERE p.merchant_id = $1 AND p.product_id = $2
        """,
        merchant_id,
        product_id,
    )
    if found is None:
        raise NotFound()
    return Limited(
        product=None if found["limits"] is None else msgspec.convert(found["limits"], Limits),
        skus={SkuId(UUID(key)): msgspec.convert(said, Limits) for key, said in (found["skus"] or {}).items()},
    )


async def limit(tx: Tx, merchant_id: UUID, product_id: UUID, wanted: Limited) -> Limited:
    """These are the product's limits from now on; returns those before. Said twice, nothing changes.

    Raises `NotFound`, and `Invalid` for what nobody could keep to, by the field (`least`, or `least:<SKU>`).
    """
    _check(wanted)
    sku_ids = await tx.value(
        """
        SELECT array(SELECT s.sku_id FROM skus s WHERE s.merchant_id = p.merchant_id AND s.product_id = p.product_id)
        FROM products p WHERE p.merchant_id = $1 AND p.product_id = $2 FOR NO KEY UPDATE
        """,
        merchant_id,
        product_id,
    )
    if sku_ids is None or not wanted.skus.keys() <= set(sku_ids):
        raise NotFound()
    before = await limits_of(tx, merchant_id, product_id)
    if before == wanted:
        return before
    await tx.execute(
        "UPDATE products SET limits = $3, changed_at = now() WHERE merchant_id = $1 AND product_id = $2",
        merchant_id,
        product_id,
        wanted.product,
    )
    await tx.execute(
        """
        UPDATE skus s SET limits = w.limits
        FROM unnest($3::uuid[], $4::jsonb[]) AS w (sku_id, limits)
        WHERE s.merchant_id = $1 AND s.product_id = $2 AND s.sku_id = w.sku_id
        """,
        merchant_id,
        product_id,
        sku_ids,
        [wanted.skus.get(sku_id) for sku_id in sku_ids],
    )
    await events.publish(tx, ProductChanged(merchant_id=merchant_id, product_id=product_id))
    return before


def _check(wanted: Limited) -> None:
    wrong: dict[str, str] = {}
    for mark, limits in (("", wanted.product), *((f":{sku_id}", each) for sku_id, each in wanted.skus.items())):
        if limits is None:
            continue
        most = [each for each in (limits.per_order, limits.per_buyer) if each is not None]
        if any(not 1 <= each <= LIMIT_PIECES_MAX for each in (*most, *([limits.least] if limits.least else []))):
            wrong[f"least{mark}"] = N_("Please enter a number above zero")
        elif limits.least is not None and most and limits.least > min(most):
            wrong[f"least{mark}"] = N_("Nobody could buy it: the least is more than the most")
    if wrong:
        raise Invalid(wrong)
