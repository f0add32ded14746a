"""Sending goods back: under which number, and what it cost whoever is not to blame."""

from collections.abc import Sequence

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.surfaces.web.entries import Entries
from steelyard.trade import aftersales, promises, rights
from steelyard.trade.aftersales import Case
from steelyard.trade.orders.model import Order
from steelyard.trade.promises import Compensation
from steelyard.trade.rights import Rule, RuleKind


async def freight_of(read: Read, case: Case, order: Order) -> tuple[Rule | None, list[Compensation]]:
    """By which rule the shop bears what sending back costs, and what it has paid in this case beside the refund."""
    known = await rights.rules(read)
    rule = known.promise(RuleKind.RETURN_FREIGHT, order.placed_at, order.currency) if case.shops_fault else None
    return rule, await promises.compensations_of_case(read, case.case_id)


async def send_back(tx: Tx, found: Case, form: Entries, receipts: Sequence[str], trouble: str, by: str) -> None:
    freight = form.money("return_freight", found.currency, required=False)
    form.check()
    if trouble:
        raise Invalid({"receipt": trouble})
    carrier, number = form.text("carrier"), form.text("number")
    await aftersales.send_back(
        tx, found.merchant_id, found.case_id, carrier, number, by, return_freight=freight or 0, receipts=receipts
    )
