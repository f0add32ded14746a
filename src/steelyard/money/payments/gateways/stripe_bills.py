"""What moved on an account at Stripe on a day, by its list of balance transactions, written down in the columns of Stripe's own
report (`balance_change_from_activity.itemized`), which is what a person would upload.

docs.stripe.com/api/balance_transactions/list: the newest first, 100 a page. Facts that change later (what is available when) are
left out, so that the same day is the same bytes whenever it is asked for.
"""

import csv
import io
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from steelyard.kernel.money import Money
from steelyard.money.payments.bill_model import Bills
from steelyard.money.payments.model import Unknown

AFTER = timedelta(minutes=10)
ROWS_PER_PAGE = 100
# Whose day has more takes the report out of Stripe's console and uploads it.
PAGES_MAX = 2_000
COLUMNS = (
    "balance_transaction_id", "created_utc", "currency", "gross", "fee", "net", "reporting_category", "source_id",
    "payment_intent_id", "payment_metadata[payment_id]", "refund_metadata[reference]",
)  # fmt: skip

Page = Callable[[dict[str, Any]], Awaitable[Mapping[str, Any] | Unknown]]


async def bills(
    listed: Page, intent: Callable[[str], Awaitable[Mapping[str, Any] | Unknown]], day: date
) -> Bills | Unknown:
    """The day's movements, by UTC. `listed` gives a page of them, `intent` a charge by Stripe's name of it."""
    begins = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    within = {"gte": begins, "lt": begins + int(timedelta(days=1).total_seconds())}
    rows: list[Mapping[str, Any]] = []
    after: dict[str, str] = {}
    for _ in range(PAGES_MAX):
        told = await listed({"created": within, "limit": ROWS_PER_PAGE, "expand": ["data.source"], **after})
        if isinstance(told, Unknown):
            return told
        rows += told["data"]
        if not told["has_more"]:
            break
        after = {"starting_after": told["data"][-1]["id"]}
    else:
        return Unknown(why="too many movements for one day")
    try:
        return await _written(rows, intent)
    except (KeyError, TypeError, ValueError) as error:
        return Unknown(why=f"unreadable: {error}")


async def _written(
    rows: list[Mapping[str, Any]], intent: Callable[[str], Awaitable[Mapping[str, Any] | Unknown]]
) -> Bills | Unknown:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=lambda row: (row["created"], row["id"])):
        source: Mapping[str, Any] = row["source"] if isinstance(row["source"], dict) else {}
        source_id = source.get("id", row["source"] or "")
        facts: Mapping[str, Any] = source.get("metadata") or {}
        kind, behind = source.get("object"), source.get("payment_intent") or ""
        if kind == "dispute":
            # A dispute has no word of ours on it: the charge that it is about has.
            about = await intent(behind)
            if isinstance(about, Unknown):
                return about
            facts = about.get("metadata") or {}
        currency = row["currency"].upper()
        amounts = [str(Money(row[name], currency).decimal()) for name in ("amount", "fee", "net")]
        at = datetime.fromtimestamp(row["created"], UTC).strftime("%Y-%m-%d %H:%M:%S")
        ours = "" if kind == "refund" else facts.get("payment_id", "")
        given_back = facts.get("reference", "") if kind == "refund" else ""
        writer.writerow(
            [row["id"], at, row["currency"], *amounts, row["reporting_category"], source_id, behind, ours, given_back]
        )
    return Bills(parts=[text.getvalue().encode()])
