"""Commands on carts. A visitor's cart is kept under the visitor's id."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods import catalog, pricing
from steelyard.goods.catalog.model import SkuId
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties.customers.model import BuyerId
from steelyard.trade.cart.model import LINES_PER_CART_MAX, QUANTITY_PER_LINE_MAX, CartFull, NotForSale


async def put(tx: Tx, buyer_id: BuyerId, sku_id: SkuId, quantity: int, *, source: str | None = None) -> None:
    """Put `quantity` pieces more into the cart, up to the limit per line; `source` is from where, none of it: the shop. What was
    said last counts. Raises `NotForSale`, `CartFull`, `Invalid`."""
    if quantity < 1:
        raise Invalid({"quantity": N_("Please choose at least one piece")})
    card = (await catalog.cards(tx, [sku_id])).get(sku_id)
    price = (await pricing.current_at_home(tx, [sku_id])).get(sku_id)
    if card is None or not card.on_sale or price is None:
        raise NotForSale(sku_id=sku_id)
    put_in = await tx.execute(
        """
        INSERT INTO cart_lines AS c (buyer_id, sku_id, merchant_id, quantity, seen_price, currency, source)
        SELECT $1::uuid, $2::uuid, $3::uuid, $4::integer, $6::bigint, $7::text, $9::text
        WHERE (SELECT count(*) FROM cart_lines o WHERE o.buyer_id = $1 AND o.sku_id <> $2) < $8
        ON CONFLICT (buyer_id, sku_id) DO UPDATE
        SET quantity = least(c.quantity + excluded.quantity, $5), seen_price = excluded.seen_price
          , currency = excluded.currency, selected = true, added_at = excluded.added_at, source = excluded.source
        """,
        buyer_id,
        sku_id,
        card.merchant_id,
        min(quantity, QUANTITY_PER_LINE_MAX),
        QUANTITY_PER_LINE_MAX,
        price.amount,
        price.currency,
        LINES_PER_CART_MAX,
        source,
    )
    if not put_in:
        raise CartFull(limit=LINES_PER_CART_MAX)


async def set_quantity(tx: Tx, buyer_id: BuyerId, sku_id: SkuId, quantity: int) -> None:
    """So many pieces, not more, not fewer; none takes the line out. A line that is not there stays away."""
    if quantity < 1:
        await remove(tx, buyer_id, [sku_id])
        return
    await tx.execute(
        "UPDATE cart_lines SET quantity = $3 WHERE buyer_id = $1 AND sku_id = $2",
        buyer_id,
        sku_id,
        min(quantity, QUANTITY_PER_LINE_MAX),
    )


async def select(tx: Tx, buyer_id: BuyerId, sku_ids: Sequence[SkuId], selected: bool) -> None:
    """Mark lines to be bought at the next checkout, or to wait."""
    await tx.execute(
        "UPDATE cart_lines SET selected = $3 WHERE buyer_id = $1 AND sku_id = ANY($2)",
        buyer_id,
        list(sku_ids),
        selected,
    )


async def remove(tx: Tx, buyer_id: BuyerId, sku_ids: Sequence[UUID]) -> None:
    """Take lines out."""
    await remove_all(tx, [(buyer_id, sku_id) for sku_id in sku_ids])


async def remove_all(tx: Tx, lines: Sequence[tuple[UUID, UUID]]) -> None:
    """Take `(buyer_id, sku_id)` out of the carts they lie in."""
    await tx.execute(
        """
        DELETE FROM cart_lines c USING unnest($1::uuid[], $2::uuid[]) AS g (buyer_id, sku_id)
        WHERE c.buyer_id = g.buyer_id AND c.sku_id = g.sku_id
        """,
        [buyer_id for buyer_id, _ in lines],
        [sku_id for _, sku_id in lines],
    )


async def exchange(tx: Tx, buyer_id: BuyerId, sku_id: SkuId, other: SkuId) -> None:
    """Take another variant of the same product instead; where that lies in the cart already, the two become one line.

    Said twice, nothing changes. Raises `NotForSale`, `Invalid` for another product's variant.
    """
    cards = await catalog.cards(tx, [sku_id, other])
    price = (await pricing.current_at_home(tx, [other])).get(other)
    before, after = cards.get(sku_id), cards.get(other)
    if after is None or not after.on_sale or price is None:
        raise NotForSale(sku_id=other)
    if before is None or before.product_id != after.product_id:
        raise Invalid({"option": N_("Please choose one of the options.")})
    if sku_id == other:
        return
    await tx.execute(
        """
        WITH taken AS (DELETE FROM cart_lines WHERE buyer_id = $1 AND sku_id = $2 RETURNING *)
        INSERT INTO cart_lines AS c (buyer_id, sku_id, merchant_id, quantity, selected, seen_price, currency, added_at, source)
        SELECT buyer_id, $3, merchant_id, quantity, true, $4, $5, added_at, source FROM taken
        ON CONFLICT (buyer_id, sku_id) DO UPDATE
        SET quantity = least(c.quantity + excluded.quantity, $6), selected = true, seen_price = excluded.seen_price
          , currency = excluded.currency
        """,
        buyer_id,
        sku_id,
        other,
        price.amount,
        price.currency,
        QUANTITY_PER_LINE_MAX,
    )


async def accept_prices(tx: Tx, buyer_id: BuyerId) -> None:
    """The buyer has seen the prices as they are now."""
    await tx.execute(
        """
        UPDATE cart_lines c SET seen_price = p.amount, currency = p.currency
        FROM prices p JOIN merchants m USING (merchant_id, currency)
        WHERE c.buyer_id = $1 AND p.merchant_id = c.merchant_id AND p.sku_id = c.sku_id
          AND (p.amount, p.currency) <> (c.seen_price, c.currency)
        """,
        buyer_id,
    )


async def merge(tx: Tx, visitor_id: BuyerId, buyer_id: BuyerId) -> None:
    """Who signs in finds what they put in as a visitor beside what was there: of the same goods, the larger quantity.

    What goes beyond the limit of a cart are the lines that have lain there longest: they are left out.
    """
    if visitor_id == buyer_id:
        return
    merged = await tx.execute(
        """
        WITH taken AS (DELETE FROM cart_lines WHERE buyer_id = $1 RETURNING *)
        INSERT INTO cart_lines AS c (buyer_id, sku_id, merchant_id, quantity, selected, seen_price, currency, added_at, source)
        SELECT $2, sku_id, merchant_id, quantity, selected, seen_price, currency, added_at, source FROM taken
        ON CONFLICT (buyer_id, sku_id) DO UPDATE
        SET quantity = greatest(c.quantity, excluded.quantity), selected = c.selected OR excluded.selected
          , added_at = greatest(c.added_at, excluded.added_at)
          , source = CASE WHEN c.added_at > excluded.added_at THEN c.source ELSE excluded.source END
        """,
        visitor_id,
        buyer_id,
    )
    if merged:
        await tx.execute(
            """
            DELETE FROM cart_lines WHERE buyer_id = $1 AND sku_id IN (
                SELECT sku_id FROM cart_lines WHERE buyer_id = $1 ORDER BY added_at DESC, sku_id OFFSET $2)
            """,
            buyer_id,
            LINES_PER_CART_MAX,
        )


async def forget(tx: Tx, buyer_ids: Sequence[BuyerId]) -> None:
    """Erase the carts of a buyer who leaves."""
    await tx.execute("DELETE FROM cart_lines WHERE buyer_id = ANY($1)", list(buyer_ids))
