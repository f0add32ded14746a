"""What customers bought by events from anywhere: an Arrow table of payments, or files of them, in; RFM and lifetime value out.

The table has the columns of the EventFrame of `operations/lake` that are used here: `user` and `order_id` (strings), `at` (a
timestamp, UTC), `kind`, `amount` (minor units), `currency`. Rows of the kind `pay` are what was bought, several of one
`order_id` are one order; those of the kind `refund` are taken off what was spent. Others are left out, and so are what was paid
in another currency than the most payments, and all that had not happened yet at the moment that is asked about.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from steelyard.kernel import duck
from steelyard.operations.lifecycle.judging import Bought, ClvReport, RfmReport, clv_of, rfm_of
from steelyard.operations.lifecycle.model import HORIZON_DAYS

MEMORY_LIMIT = "2GB"
MICROSECONDS = 1_000_000
# What most payments were made in; orders (lines of one are one), and what each customer has paid, and has not got back.
_MONEY = """
    SELECT currency FROM {source} WHERE kind = 'pay' AND epoch_us("at") < $until {whose}
    GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1
"""
_PAID = """
    WITH told AS (SELECT "user", "at", kind, amount, order_id FROM {source}
                  WHERE kind IN ('pay', 'refund') AND currency = $currency AND epoch_us("at") < $until {whose}
    ), paid AS (
        SELECT "user", order_id, epoch_us(min("at")) / 1e6 AS "at", sum(amount) AS amount FROM told
        WHERE kind = 'pay' GROUP BY "user", order_id
    )
"""
_CUSTOMERS = """
    , given AS (SELECT "user", abs(sum(amount)) AS amount FROM told WHERE kind = 'refund' GROUP BY "user")
    SELECT min(p."at") AS first, max(p."at") AS last, count(*)::DOUBLE AS orders
         , sum(p.amount)::DOUBLE AS spent, coalesce(any_value(g.amount), 0)::DOUBLE AS refunded
    FROM paid AS p LEFT JOIN given AS g USING ("user") GROUP BY "user" ORDER BY "user"
"""
_ORDERS = 'SELECT dense_rank() OVER (ORDER BY "user") - 1 AS place, "at" FROM paid ORDER BY 1, 2'
_FIRST = """
    SELECT min("at") FROM read_parquet($files) WHERE kind = 'pay' AND ($merchant = '' OR merchant = $merchant)
"""
_LAST = "SELECT max(\"at\") FROM read_parquet($files) WHERE $merchant = '' OR merchant = $merchant"


class Payments(msgspec.Struct, frozen=True, kw_only=True):
    """Payments and refunds where they are: in files of events, of one shop or of all. Nothing is read before it is asked for."""

    files: Sequence[Path]
    merchant: str = ""


def last_moment(files: Sequence[Path], merchant: str = "") -> datetime | None:
    """When the last event of these files happened (UTC), whatever it was; none where there is none."""
    return _moment(_LAST, files, merchant)


def first_payment(files: Sequence[Path], merchant: str = "") -> datetime | None:
    """When the first order in these files was paid (UTC); none where none was."""
    return _moment(_FIRST, files, merchant)


def _moment(question: str, files: Sequence[Path], merchant: str) -> datetime | None:
    with duck.connect(memory_limit=MEMORY_LIMIT) as engine:
        found: datetime | None = engine.execute(question, _asked(files, merchant)).fetchone()[0]
    return found.replace(tzinfo=UTC) if found is not None else None


def _asked(files: Sequence[Path], merchant: str) -> dict[str, Any]:
    return {"files": [str(file) for file in files], "merchant": merchant}


def bought(told: Any, until: datetime, *, each_order: bool = False, gross: bool = False) -> Bought:
    """Who had bought what before a moment, by customer, in the order of their names, so that the same events always make the
    same: models are fitted to every so manieth customer. With `each_order` the orders, too."""
    asked: dict[str, Any] = {"until": round(until.timestamp() * MICROSECONDS)}
    with duck.connect(memory_limit=MEMORY_LIMIT) as engine:
        if isinstance(told, Payments):
            asked |= _asked(told.files, told.merchant)
            source, whose = "read_parquet($files)", "AND ($merchant = '' OR merchant = $merchant)"
        else:
            source, whose = "frame", ""
            engine.register("frame", told)
        money = engine.execute(_MONEY.format(source=source, whose=whose), asked).fetchone()
        asked["currency"] = money[0] if money else ""
        paid = _PAID.format(source=source, whose=whose)
        found = engine.execute(paid + _CUSTOMERS, asked).fetchnumpy()
        orders = engine.execute(paid + _ORDERS, asked).fetchnumpy() if each_order else {}
    nothing = np.zeros(0)
    return Bought(
        currency=asked["currency"],
        first=found["first"],
        last=found["last"],
        orders=found["orders"],
        spent=found["spent"],
        refunded=found["refunded"],
        order_user=orders.get("place", nothing.astype(np.int64)),
        order_at=orders.get("at", nothing),
        gross=gross,
    )


def rfm(frame: Any, on: datetime, *, gross: bool = False) -> RfmReport:
    """RFM of events, as it stood at a moment; of what was paid (`gross`), or of what is left after refunds."""
    return rfm_of(bought(frame, on, gross=gross), on)


def clv(frame: Any, on: datetime, horizon_days: int = HORIZON_DAYS, *, gross: bool = False) -> ClvReport:
    """What was to be expected of the customers of events, as it stood at a moment, in the days after it."""
    return clv_of(bought(frame, on, each_order=True, gross=gross), on, horizon_days)
