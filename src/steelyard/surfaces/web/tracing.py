"""Where an amount on a statement comes from: its order line by line, its refund, what it moved in the books, and what was said
of it. Both consoles show it."""

from uuid import UUID

import msgspec

from steelyard.channels import host_commission
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.money import ledger
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders, settlement
from steelyard.trade.aftersales.model import OrderRefund
from steelyard.trade.orders.model import Order, OrderId, OrderLine
from steelyard.trade.settlement import Dispute, Entry, EntryKind, Statement

# What comes from the order's own lines, and from which of their amounts.
_OF_LINES = {EntryKind.SALE: "amount", EntryKind.SUBSIDY: "subsidy", EntryKind.COMMISSION: "commission"}


class Part(msgspec.Struct, frozen=True):
    """A line of the order and what it brings into the amount."""

    line: OrderLine
    amount: int


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """`parts` and `others` (what belongs to the order as a whole: its freight, its taxes) add up to the amount, where it
    comes from an order's lines and nothing was refunded before it was released."""

    statement: Statement
    entry: Entry
    order: Order | None
    parts: list[Part]
    refund: OrderRefund | None
    transfers: list[ledger.PostedTransfer]
    disputes: list[Dispute]

    @property
    def others(self) -> int:
        """Of the amount, what is of no line: freight, taxes on top, less what was refunded before the release."""
        return abs(self.entry.amount) - sum(part.amount for part in self.parts) if self.parts else 0

    @property
    def open_dispute(self) -> Dispute | None:
        return next((each for each in self.disputes if each.open), None)


async def trace(read: Read, merchant_id: MerchantId, statement_id: UUID, entry_id: UUID) -> Trace:
    """Raises `NotFound`: it is on no statement of this merchant."""
    statement = await settlement.statement(read, merchant_id, statement_id)
    entry = await settlement.entry(read, merchant_id, entry_id)
    if statement is None or entry is None or entry.statement_id != statement_id:
        raise NotFound()
    order = await orders.order(read, merchant_id, OrderId(entry.order_id)) if entry.order_id else None
    parts: list[Part] = []
    refund: OrderRefund | None = None
    if order is not None and entry.kind in _OF_LINES:
        lines = (await orders.lines_of(read, [order.order_id]))[order.order_id]
        named = _OF_LINES[entry.kind]
        parts = [Part(line, amount) for line in lines if (amount := getattr(line, named))]
    elif order is not None and entry.kind is EntryKind.HOST_COMMISSION:
        lines = {line.line: line for line in (await orders.lines_of(read, [order.order_id]))[order.order_id]}
        shares = await host_commission.lines_of_order(read, merchant_id, order.order_id)
        parts = [Part(lines[each.line], each.earned) for each in shares]
    elif order is not None:
        made = (await aftersales.of_orders(read, [order.order_id]))[order.order_id]
        refund = next((each for each in made if each.refund_id == entry.document), None)
    said = await settlement.disputes_of(read, merchant_id, statement_id)
    return Trace(
        statement=statement,
        entry=entry,
        order=order,
        parts=parts,
        refund=refund,
        transfers=await ledger.transfers_of(read, [entry.document]),
        disputes=[each for each in said if each.entry_id == entry_id],
    )
