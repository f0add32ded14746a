"""Sending goods back: under which number, and what it cost whoever is not to blame."""

from collections.abc import Sequence

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.surfaces.web.case_words import CaseView, bearing
from steelyard.surfaces.web.entries import Entries
from steelyard.trade import aftersales, promises
from steelyard.trade.aftersales import Case
from steelyard.trade.promises import Compensation
from steelyard.trade.rights import Rule


async def freight_of(read: Read, view: CaseView) -> tuple[Rule | None, list[Compensation]]:
    """By which rule the shop bears what sending back costs, and what it has paid in this case beside the refund."""
    return await bearing(read, view), await promises.compensations_of_case(read, view.case.case_id)


async def send_back(tx: Tx, found: Case, form: Entries, receipts: Sequence[str], trouble: str, by: str) -> None:
    freight = form.money("return_freight", found.currency, required=False)
    form.check()
    if trouble:
        raise Invalid({"receipt": trouble})
    carrier, number = form.text("carrier"), form.text("number")
    await aftersales.send_back(
        tx, found.merchant_id, found.case_id, carrier, number, by, return_freight=freight or 0, receipts=receipts
    )
