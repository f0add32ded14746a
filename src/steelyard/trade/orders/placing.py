"""Writing a new purchase down, with its orders, lines, codes and first history rows."""

from collections.abc import Sequence

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.trade.orders.events import PurchasePlaced
from steelyard.trade.orders.model import NewOrder, NewPurchase, OrderState, PurchaseState


async def place(tx: Tx, purchase: NewPurchase, by: str) -> bool:
    """Write a purchase with its orders; stock has been reserved before. Returns False when it was there already."""
    claimed = await tx.value(
        """
        INSERT INTO purchases (buyer_id, purchase_id, code, state, currency, total, contact, address, locale, source, pay_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (buyer_id, purchase_id) DO NOTHING
        RETURNING true
        """,
        purchase.buyer_id,
        purchase.purchase_id,
        purchase.code,
        PurchaseState.PLACED,
        purchase.currency,
        purchase.total,
        purchase.contact,
        purchase.address,
        purchase.locale,
        purchase.source,
        purchase.pay_by,
    )
    if not claimed:
        return False
    await tx.execute(
        """
        INSERT INTO purchase_history (buyer_id, purchase_id, step, from_state, to_state, by)
        VALUES ($1, $2, 1, 'nowhere', $3, $4)
        """,
        purchase.buyer_id,
        purchase.purchase_id,
        PurchaseState.PLACED,
        by,
    )
    await _write_orders(tx, purchase, by)
    await _write_lines(tx, purchase.orders)
    await _write_codes(tx, purchase)
    await events.publish(
        tx,
        PurchasePlaced(
            purchase_id=purchase.purchase_id,
            buyer_id=purchase.buyer_id,
            total=purchase.total,
            currency=purchase.currency,
        ),
    )
    return True


async def _write_orders(tx: Tx, purchase: NewPurchase, by: str) -> None:
    orders = purchase.orders
    await tx.execute(
        """
        WITH written AS (
            INSERT INTO orders (merchant_id, order_id, purchase_id, buyer_id, code, state, currency, goods, freight
                              , tax_added, tax_included, total, commission, delivery, contact, address, note, source)
            SELECT o.merchant_id, o.order_id, $1, $2, o.code, $3, $4, o.goods, o.freight, o.tax_added, o.tax_included
                 , o.total, o.commission, o.delivery, $5, $6, o.note, $7
            FROM unnest($8::uuid[], $9::uuid[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[]
                      , $15::bigint[], $16::bigint[], $17::jsonb[], $18::text[])
              AS o (merchant_id, order_id, code, goods, freight, tax_added, tax_included, total, commission, delivery, note)
            RETURNING merchant_id, order_id
        )
        INSERT INTO order_history (merchant_id, order_id, step, from_state, to_state, by)
        SELECT merchant_id, order_id, 1, 'nowhere', $3, $19 FROM written
        """,
        purchase.purchase_id,
        purchase.buyer_id,
        OrderState.PLACED,
        purchase.currency,
        purchase.contact,
        purchase.address,
        purchase.source,
        [order.merchant_id for order in orders],
        [order.order_id for order in orders],
        [order.code for order in orders],
        [order.goods for order in orders],
        [order.freight for order in orders],
        [order.tax_added for order in orders],
        [order.tax_included for order in orders],
        [order.total for order in orders],
        [order.commission for order in orders],
        [order.delivery for order in orders],
        [order.note for order in orders],
        by,
    )


async def _write_lines(tx: Tx, orders: Sequence[NewOrder]) -> None:
    lines = [(order.merchant_id, order.order_id, line) for order in orders for line in order.lines]
    await tx.execute(
        """
        INSERT INTO order_lines (merchant_id, order_id, line, product_id, sku_id, kind, title, options, picture, sku_code
                               , quantity, unit_price, amount, tax, tax_millionths, tax_inclusive, commission_millionths
                               , commission)
        SELECT l.merchant_id, l.order_id, l.line, l.product_id, l.sku_id, l.kind, l.title, l.options::jsonb, l.picture
             , l.sku_code, l.quantity, l.unit_price, l.amount, l.tax, l.tax_millionths, l.tax_inclusive
             , l.commission_millionths, l.commission
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[], $5::uuid[], $6::text[], $7::jsonb[], $8::text[]
                  , $9::text[], $10::text[], $11::integer[], $12::bigint[], $13::bigint[], $14::bigint[], $15::integer[]
                  , $16::boolean[], $17::integer[], $18::bigint[])
          AS l (merchant_id, order_id, line, product_id, sku_id, kind, title, options, picture, sku_code, quantity
              , unit_price, amount, tax, tax_millionths, tax_inclusive, commission_millionths, commission)
        """,
        [merchant_id for merchant_id, _, _ in lines],
        [order_id for _, order_id, _ in lines],
        [line.line for _, _, line in lines],
        [line.product_id for _, _, line in lines],
        [line.sku_id for _, _, line in lines],
        [line.kind for _, _, line in lines],
        [line.title for _, _, line in lines],
        # As text: a list in an array of jsonb would be taken for one more dimension of the array.
        [msgspec.json.encode(line.options).decode() for _, _, line in lines],
        [line.picture for _, _, line in lines],
        [line.sku_code for _, _, line in lines],
        [line.quantity for _, _, line in lines],
        [line.unit_price for _, _, line in lines],
        [line.amount for _, _, line in lines],
        [line.tax for _, _, line in lines],
        [line.tax_millionths for _, _, line in lines],
        [line.tax_inclusive for _, _, line in lines],
        [line.commission_millionths for _, _, line in lines],
        [line.commission for _, _, line in lines],
    )


async def _write_codes(tx: Tx, purchase: NewPurchase) -> None:
    orders = purchase.orders
    await tx.execute(
        """
        INSERT INTO order_codes (code, purchase_id, buyer_id, merchant_id, order_id)
        SELECT c.code, $1, $2, c.merchant_id, c.order_id
        FROM unnest($3::text[], $4::uuid[], $5::uuid[]) AS c (code, merchant_id, order_id)
        """,
        purchase.purchase_id,
        purchase.buyer_id,
        [purchase.code, *(order.code for order in orders)],
        [None, *(order.merchant_id for order in orders)],
        [None, *(order.order_id for order in orders)],
    )
