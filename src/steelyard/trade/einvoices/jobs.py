"""The first days of a month: the platform invoices what it charged in the months that are over."""

from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.trade.einvoices.charges import MERCHANTS_PER_ROUND_MAX, bill, months_to_bill

EVERY_SECONDS = 6 * 3_600.0
# What is dated back further is a case for people.
MONTHS_BACK = 2


async def bill_last_months(db: Database) -> int:
    """Issue what is due, some merchants at a time; returns how many papers that were."""
    issued = 0
    for month in await db.ask(months_to_bill, MONTHS_BACK):
        while made := await db.transact(bill, month):
            issued += made
            if made < MERCHANTS_PER_ROUND_MAX:
                break
    return issued


SWEEPS = [Sweep("einvoices.charges", EVERY_SECONDS, bill_last_months)]
