"""Writing new purchases down, with their orders, lines, codes and first history rows."""

from collections.abc import Iterator, Sequence
from typing import LiteralString

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.logistics import fulfilment
from steelyard.logistics.fulfilment.model import Instruction
from steelyard.trade.orders import bookings
from steelyard.trade.orders.events import PurchasePaid, PurchasePlaced
from steelyard.trade.orders.model import NewOrder, NewPurchase, OrderState, PurchaseId


async def place(tx: Tx, purchases: Sequence[NewPurchase]) -> set[PurchaseId]:
    """Write purchases with their orders; stock has been reserved before. Returns which were written: the others were
    there already, and stay as they are. The ids are claimed in the order of their keys, as everybody claims them.

    Those that are paid are written as they would be had `mark_paid` followed: paid, with both steps in the history, and
    the merchants are asked to send them; those of purchases in a team are held instead.
    """
    claimed = await _claim(tx, sorted(purchases, key=lambda purchase: (purchase.buyer_id, purchase.purchase_id)))
    new = [purchase for purchase in purchases if purchase.purchase_id in claimed]
    if new:
        await _write_orders(tx, new)
        await _write_lines(tx, [order for purchase in new for order in purchase.orders])
        await _write_codes(tx, new)
        if booked := [purchase for purchase in new if purchase.booking is not None]:
            await bookings.write(tx, booked)
        paid = [purchase for purchase in new if purchase.paid_by is not None]
        if paid:
            await fulfilment.instruct(tx, [line for purchase in paid for line in _to_send(purchase)])
        await events.publish(tx, *map(_placed, new), *map(_paid, paid))
    return claimed


def _to_send(purchase: NewPurchase) -> Iterator[Instruction]:
    for order in purchase.orders if purchase.team_id is None else ():
        for line in order.lines:
            yield Instruction(
                merchant_id=order.merchant_id,
                order_id=order.order_id,
                line=line.line,
                sku_id=line.sku_id,
                quantity=line.quantity,
                ship_hours=line.ship_hours,
                ship_by=purchase.booking.ships_by if purchase.booking else None,
            )


def _placed(purchase: NewPurchase) -> PurchasePlaced:
    return PurchasePlaced(
        purchase_id=purchase.purchase_id, buyer_id=purchase.buyer_id, total=purchase.total, currency=purchase.currency
    )


def _paid(purchase: NewPurchase) -> PurchasePaid:
    return PurchasePaid(
        purchase_id=purchase.purchase_id, buyer_id=purchase.buyer_id, total=purchase.total, currency=purchase.currency
    )


async def _claim(tx: Tx, purchases: Sequence[NewPurchase]) -> set[PurchaseId]:
    rows = await tx.fetch(
        """
        WITH wanted AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::jsonb[], $7::jsonb[]
                               , $8::text[], $9::text[], $10::timestamptz[], $11::text[], $12::text[], $13::bigint[]
                               , $14::uuid[], $15::bigint[])
                WITH ORDINALITY AS p (buyer_id, purchase_id, code, currency, total, contact, address
                                    , locale, source, pay_by, by, paid_by, tendered, team_id, deposit, place)
        ), claimed AS (
            INSERT INTO purchases (buyer_id, purchase_id, code, state, currency, total, contact, address, locale, source
                                 , pay_by, tendered, team_id, deposit)
            SELECT buyer_id, purchase_id, code, CASE WHEN paid_by IS NULL THEN 'placed' ELSE 'paid' END, currency, total
                 , contact, address, locale, source, pay_by, tendered, team_id, deposit
            FROM wanted ORDER BY place
            ON CONFLICT (buyer_id, purchase_id) DO NOTHING
            RETURNING buyer_id, purchase_id
        )
        INSERT INTO purchase_history (buyer_id, purchase_id, step, from_state, to_state, by)
        SELECT buyer_id, purchase_id, h.step, h.from_state, h.to_state, h.by
        FROM claimed JOIN wanted w USING (buyer_id, purchase_id)
        CROSS JOIN LATERAL (VALUES (1, 'nowhere', 'placed', w.by), (2, 'placed', 'paid', w.paid_by))
            AS h (step, from_state, to_state, by)
        WHERE h.by IS NOT NULL
        RETURNING purchase_id
        """,
        [purchase.buyer_id for purchase in purchases],
        [purchase.purchase_id for purchase in purchases],
        [purchase.code for purchase in purchases],
        [purchase.currency for purchase in purchases],
        [purchase.total for purchase in purchases],
        [purchase.contact for purchase in purchases],
        [purchase.address for purchase in purchases],
        [purchase.locale for purchase in purchases],
        [purchase.source for purchase in purchases],
        [purchase.pay_by for purchase in purchases],
        [purchase.by for purchase in purchases],
        [purchase.paid_by for purchase in purchases],
        [purchase.tendered for purchase in purchases],
        [purchase.team_id for purchase in purchases],
        [purchase.deposit for purchase in purchases],
    )
    return {PurchaseId(row["purchase_id"]) for row in rows}


_ORDERS: LiteralString = """
WITH wanted AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[]
                       , $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::jsonb[]
                       , $14::jsonb[], $15::jsonb[], $16::text[], $17::text[], $18::text[], $19::text[]
                       , $20::bigint[], $21::text[], $22::text[], $23::integer[], $24::timestamptz[]
                       , $25::bigint[], $26::integer[], $27::boolean[], $28::bigint[], $29::text[])
        AS o (merchant_id, order_id, purchase_id, buyer_id, code, currency, goods, freight, tax_added
            , tax_included, total, commission, delivery, contact, address, note, source, by, paid_by
            , subsidy, freight_offers, once_paid, ship_hours, ship_by
            , freight_tax, freight_tax_millionths, freight_tax_inclusive, fee_tax, freight_fees)
), written AS (
    INSERT INTO orders (merchant_id, order_id, purchase_id, buyer_id, code, state, currency, goods, freight
                      , tax_added, tax_included, total, commission, delivery, contact, address, note, source
                      , paid_at, subsidy, freight_offers, ship_hours, ship_by, freight_tax
                      , freight_tax_millionths, freight_tax_inclusive, fee_tax, freight_fees)
    SELECT merchant_id, order_id, purchase_id, buyer_id, code
         , CASE WHEN paid_by IS NULL THEN 'placed' ELSE once_paid END, currency, goods, freight, tax_added
         , tax_included, total, commission, delivery, contact, address, note, source
         , CASE WHEN paid_by IS NOT NULL AND once_paid = 'paid' THEN now() END, subsidy, freight_offers::jsonb
         , ship_hours
         , CASE WHEN ship_hours IS NULL THEN ship_by
                WHEN paid_by IS NOT NULL AND once_paid = 'paid' THEN now() + ship_hours * interval '1 hour' END
         , freight_tax, freight_tax_millionths, freight_tax_inclusive, fee_tax, freight_fees::jsonb
    FROM wanted
)
INSERT INTO order_history (merchant_id, order_id, step, from_state, to_state, by)
SELECT merchant_id, order_id, h.step, h.from_state, h.to_state, h.by
FROM wanted w
CROSS JOIN LATERAL (VALUES (1, 'nowhere', 'placed', w.by), (2, 'placed', w.once_paid, w.paid_by))
    AS h (step, from_state, to_state, by)
WHERE h.by IS NOT NULL
"""


async def _write_orders(tx: Tx, purchases: Sequence[NewPurchase]) -> None:
    orders = [(purchase, order) for purchase in purchases for order in purchase.orders]
    await tx.execute(
        _ORDERS,
        [order.merchant_id for _, order in orders],
        [order.order_id for _, order in orders],
        [purchase.purchase_id for purchase, _ in orders],
        [purchase.buyer_id for purchase, _ in orders],
        [order.code for _, order in orders],
        [purchase.currency for purchase, _ in orders],
        [order.goods for _, order in orders],
        [order.freight for _, order in orders],
        [order.tax_added for _, order in orders],
        [order.tax_included for _, order in orders],
        [order.total for _, order in orders],
        [order.commission for _, order in orders],
        [order.delivery for _, order in orders],
        [purchase.contact for purchase, _ in orders],
        [purchase.address for purchase, _ in orders],
        [order.note for _, order in orders],
        [order.source or purchase.source for purchase, order in orders],
        [purchase.by for purchase, _ in orders],
        [purchase.paid_by for purchase, _ in orders],
        [order.subsidy for _, order in orders],
        [msgspec.json.encode(order.freight_offers).decode() for _, order in orders],
        [OrderState.PAID if purchase.team_id is None else OrderState.HELD for purchase, _ in orders],
        [None if purchase.booking else order.ship_hours for purchase, order in orders],
        [purchase.booking.ships_by if purchase.booking else None for purchase, _ in orders],
        [order.freight_tax for _, order in orders],
        [order.freight_tax_millionths for _, order in orders],
        [order.freight_tax_inclusive for _, order in orders],
        [order.fee_tax for _, order in orders],
        [msgspec.json.encode(order.freight_fees).decode() for _, order in orders],
    )


async def _write_lines(tx: Tx, orders: Sequence[NewOrder]) -> None:
    lines = [(order.merchant_id, order.order_id, line) for order in orders for line in order.lines]
    await tx.execute(
        """
        INSERT INTO order_lines (merchant_id, order_id, line, product_id, sku_id, kind, title, options, picture, sku_code
                               , quantity, unit_price, amount, tax, tax_millionths, tax_inclusive, fees
                               , commission, discount, offers, no_return, ship_hours, authentic_times
                               , gift, free_returns, tax_class)
        SELECT l.merchant_id, l.order_id, l.line, l.product_id, l.sku_id, l.kind, l.title, l.options::jsonb, l.picture
             , l.sku_code, l.quantity, l.unit_price, l.amount, l.tax, l.tax_millionths, l.tax_inclusive
             , l.fees::jsonb, l.commission, l.discount, l.offers::jsonb, l.no_return
             , l.ship_hours, l.authentic_times, l.gift::jsonb, l.free_returns, l.tax_class
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[], $5::uuid[], $6::text[], $7::jsonb[], $8::text[]
                  , $9::text[], $10::text[], $11::integer[], $12::bigint[], $13::bigint[], $14::bigint[], $15::integer[]
                  , $16::boolean[], $17::text[], $18::bigint[], $19::bigint[], $20::text[], $21::text[]
                  , $22::integer[], $23::integer[], $24::text[], $25::boolean[], $26::text[])
          AS l (merchant_id, order_id, line, product_id, sku_id, kind, title, options, picture, sku_code, quantity
              , unit_price, amount, tax, tax_millionths, tax_inclusive, fees, commission, discount
              , offers, no_return, ship_hours, authentic_times, gift, free_returns, tax_class)
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
        [msgspec.json.encode(line.fees).decode() for _, _, line in lines],
        [line.commission for _, _, line in lines],
        [line.discount for _, _, line in lines],
        [msgspec.json.encode(line.offers).decode() for _, _, line in lines],
        [line.no_return for _, _, line in lines],
        [line.ship_hours for _, _, line in lines],
        [line.authentic_times for _, _, line in lines],
        [msgspec.json.encode(line.gift).decode() if line.gift else None for _, _, line in lines],
        [line.free_returns for _, _, line in lines],
        [line.tax_class for _, _, line in lines],
    )


async def _write_codes(tx: Tx, purchases: Sequence[NewPurchase]) -> None:
    codes = [
        (code, purchase, merchant_id, order_id)
        for purchase in purchases
        for code, merchant_id, order_id in [
            (purchase.code, None, None),
            *((order.code, order.merchant_id, order.order_id) for order in purchase.orders),
        ]
    ]
    await tx.execute(
        """
        INSERT INTO order_codes (code, purchase_id, buyer_id, merchant_id, order_id)
        SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[])
        """,
        [code for code, _, _, _ in codes],
        [purchase.purchase_id for _, purchase, _, _ in codes],
        [purchase.buyer_id for _, purchase, _, _ in codes],
        [merchant_id for _, _, merchant_id, _ in codes],
        [order_id for _, _, _, order_id in codes],
    )
