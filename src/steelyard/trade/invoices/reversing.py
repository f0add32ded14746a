"""Red letters (红字发票): what was issued is taken back on paper when money goes back, or when another title is wanted.

A red letter is an invoice that reverses another by its amount. Which are due follows from what an order's invoices say and what
was kept of it; `settle` makes it so, however often it is said.
"""

from collections.abc import Sequence

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.parties import policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import INVOICE_DAYS
from steelyard.trade import orders
from steelyard.trade.invoices.model import Invoice, InvoiceId, InvoiceState
from steelyard.trade.invoices.queries import invoices_of_orders
from steelyard.trade.invoices.steps import move, note
from steelyard.trade.orders.model import Order, OrderId

LIVE = frozenset({InvoiceState.REQUESTED, InvoiceState.ISSUED})
ON_PAPER = frozenset({InvoiceState.ISSUED, InvoiceState.OUTDATED})


async def settle_all(tx: Tx, refs: Sequence[tuple[MerchantId, OrderId]]) -> None:
    """`settle` for the orders of these that have invoices at all; they are locked in the order of their keys."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT i.merchant_id, i.order_id FROM invoices i
        JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id)
          ON w.merchant_id = i.merchant_id AND w.order_id = i.order_id
        WHERE i.state IN ('requested', 'issued', 'outdated')
        ORDER BY i.merchant_id, i.order_id
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
    )
    for row in rows:
        order = await orders.lock_order(tx, MerchantId(row["merchant_id"]), OrderId(row["order_id"]))
        await settle(tx, order, "system")


async def settle(tx: Tx, order: Order, by: str) -> None:
    """Bring the invoices of a locked order in line with what was kept of it. What is asked for is for that, or for nothing any
    more; of what is issued, what is more than that is to be taken back; all of it, where another is asked for."""
    found = (await invoices_of_orders(tx, [(order.merchant_id, order.order_id)]))[order.order_id]
    for each in found:
        if each.state is InvoiceState.REQUESTED and each.reverses is None:
            if not order.kept:
                await move(tx, each, InvoiceState.WITHDRAWN, by)
            elif each.amount != order.kept:
                await _amount(tx, each, order.kept)
    asked = order.kept and any(each.state is InvoiceState.REQUESTED and each.reverses is None for each in found)
    newer = any(each.state is InvoiceState.ISSUED and each.reverses is None for each in found)
    waiting = {each.reverses: each for each in found if each.reverses and each.state is InvoiceState.REQUESTED}
    for blue in found:
        if blue.reverses is not None or blue.state not in ON_PAPER:
            continue
        superseded = asked or (newer and blue.state is InvoiceState.OUTDATED)
        due = blue.left if superseded else max(0, blue.left - order.kept)
        await _due(tx, order, blue, waiting.get(blue.invoice_id), due, by)


async def _due(tx: Tx, order: Order, blue: Invoice, red: Invoice | None, due: int, by: str) -> None:
    """So much of an invoice is to be taken back, by the red letter that waits or a new one; or nothing."""
    if due:
        if blue.state is InvoiceState.ISSUED:
            await move(tx, blue, InvoiceState.OUTDATED, by)
        if red is None:
            await _ask(tx, order, blue, due, by)
        elif red.amount != due:
            await _amount(tx, red, due)
        return
    if red is not None:
        await move(tx, red, InvoiceState.WITHDRAWN, by)
    if blue.state is InvoiceState.OUTDATED:
        await move(tx, blue, InvoiceState.ISSUED if blue.left else InvoiceState.REVERSED, by)


async def _ask(tx: Tx, order: Order, blue: Invoice, amount: int, by: str) -> None:
    red_id = InvoiceId(ids.mint())
    await tx.execute(
        """
        INSERT INTO invoices (merchant_id, invoice_id, order_id, buyer_id, state, company, name, tax_number, amount, currency
                            , special, address, phone, bank, account, reverses, due_by)
        SELECT merchant_id, $3, order_id, buyer_id, 'requested', company, name, tax_number, $4, currency, special, address
             , phone, bank, account, invoice_id, now() + $5 * interval '1 day'
        FROM invoices WHERE merchant_id = $1 AND invoice_id = $2
        """,
        order.merchant_id,
        blue.invoice_id,
        red_id,
        amount,
        await policies.number(tx, INVOICE_DAYS),
    )
    await note(tx, order.merchant_id, red_id, "nowhere", InvoiceState.REQUESTED, by)


async def _amount(tx: Tx, invoice: Invoice, amount: int) -> None:
    await tx.execute(
        "UPDATE invoices SET amount = $3 WHERE merchant_id = $1 AND invoice_id = $2",
        invoice.merchant_id,
        invoice.invoice_id,
        amount,
    )
