"""RFM and customer lifetime value of events from anywhere: an Arrow table of payments, or files of them, in; figures out.

The table has the columns of the EventFrame of `operations/lake` that are used here: `user` and `order_id` (strings), `at` (a
timestamp, UTC), `kind`, `amount` (minor units), `currency`. Rows of the kind `pay` are what was bought, several of one
`order_id` are one order; those of the kind `refund` are taken off what was spent. Others are left out, and so is what was
paid in another currency than the most payments.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from steelyard.kernel import duck
from steelyard.operations.lifecycle import foretelling, scoring
from steelyard.operations.lifecycle.foretelling import Past
from steelyard.operations.lifecycle.model import HORIZON_DAYS, Holdout

DAY_SECONDS = 86_400.0
WEEK_SECONDS = 7 * DAY_SECONDS
HOLDOUT_PART = 3


class SegmentCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers are in a segment, and what they spent less refunds, in minor units."""

    segment: str
    customers: int
    net: int


class RfmReport(msgspec.Struct, frozen=True, kw_only=True):
    """Means over all customers: days since the last order, orders, net spending in minor units; `top_share`: which part of
    that comes from the fifth of customers who spent the most."""

    currency: str
    customers: int
    recency_days: float
    frequency: float
    monetary: float
    top_share: float
    segments: list[SegmentCount]


class ClvReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected of all customers together in the days to come; amounts in minor units. `model` and `parameters` are
    none where there are too few customers for one."""

    currency: str
    customers: int
    horizon_days: int
    model: str | None = None
    parameters: dict[str, float] = {}
    alive: float | None = None
    orders: float = 0.0
    low: float = 0.0
    high: float = 0.0
    spent: float = 0.0
    holdout: Holdout | None = None


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """A frame by customer, an entry each: first and last order (seconds since 1970), orders, what they came to less refunds
    in minor units; and each order with the customer's place and its moment."""

    currency: str
    first: Any
    last: Any
    orders: Any
    net: Any
    order_user: Any
    order_at: Any

    def past(self, now: float) -> Past:
        return Past(self.orders, (self.last - self.first) / WEEK_SECONDS, (now - self.first) / WEEK_SECONDS, self.net)


MEMORY_LIMIT = "2GB"
# What most payments were made in, orders (lines of one are one), and what each customer has paid, and has not got back.
_MONEY = """
    WITH told AS (SELECT "user", "at", kind, amount, currency, order_id FROM {source} WHERE kind IN ('pay', 'refund') {whose}
    ), money AS (
        SELECT currency FROM told WHERE kind = 'pay' GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1
    ), paid AS (
        SELECT "user", order_id, epoch_us(min("at")) / 1e6 AS "at", sum(amount) AS amount FROM told
        WHERE kind = 'pay' AND currency = (FROM money) GROUP BY "user", order_id
    )
"""
_CUSTOMERS = """
    , given AS (
        SELECT "user", abs(sum(amount)) AS amount FROM told
        WHERE kind = 'refund' AND currency = (FROM money) GROUP BY "user"
    )
    SELECT min(p."at") AS first, max(p."at") AS last, count(*)::DOUBLE AS orders
         , (sum(p.amount) - coalesce(any_value(g.amount), 0))::DOUBLE AS net
    FROM paid AS p LEFT JOIN given AS g USING ("user") GROUP BY "user" ORDER BY "user"
"""
_ORDERS = 'SELECT dense_rank() OVER (ORDER BY "user") - 1 AS place, "at" FROM paid ORDER BY 1, 2'
_LAST = "SELECT max(\"at\") FROM read_parquet($files) WHERE $merchant = '' OR merchant = $merchant"


class Payments(msgspec.Struct, frozen=True, kw_only=True):
    """Payments and refunds where they are: in files of events, of one shop or of all. Nothing is read before it is asked for."""

    files: Sequence[Path]
    merchant: str = ""


def last_moment(files: Sequence[Path], merchant: str = "") -> datetime | None:
    """When the last event of these files happened (UTC), whatever it was; none where there is none."""
    with duck.connect(memory_limit=MEMORY_LIMIT) as engine:
        latest: datetime | None = engine.execute(_LAST, _asked(files, merchant)).fetchone()[0]
    return latest.replace(tzinfo=UTC) if latest is not None else None


def _asked(files: Sequence[Path], merchant: str) -> dict[str, Any]:
    return {"files": [str(file) for file in files], "merchant": merchant}


def bought(told: Any, *, each_order: bool = False) -> Bought:
    """Who bought what, by customer, in the order of their names, so that the same events always make the same: models are fitted
    to every so manieth customer. With `each_order` the orders, too."""
    with duck.connect(memory_limit=MEMORY_LIMIT) as engine:
        if isinstance(told, Payments):
            asked = _asked(told.files, told.merchant)
            source, whose = "read_parquet($files)", "AND ($merchant = '' OR merchant = $merchant)"
        else:
            asked, source, whose = {}, "frame", ""
            engine.register("frame", told)
        money = _MONEY.format(source=source, whose=whose)
        currency = engine.execute(f"{money} FROM money", asked).fetchone()
        found = engine.execute(money + _CUSTOMERS, asked).fetchnumpy()
        orders = engine.execute(money + _ORDERS, asked).fetchnumpy() if each_order else {}
    nothing = np.zeros(0)
    return Bought(
        currency=currency[0] if currency else "",
        first=found["first"],
        last=found["last"],
        orders=found["orders"],
        net=found["net"],
        order_user=orders.get("place", nothing.astype(np.int64)),
        order_at=orders.get("at", nothing),
    )


def rfm(frame: Any, on: datetime) -> RfmReport:
    """RFM of a frame at a moment. See `scoring.py` for the rule of scores and segments."""
    known = bought(frame)
    days = np.floor((on.timestamp() - known.last) / DAY_SECONDS)
    numbers = scoring.segment_numbers(
        scoring.quintiles(days, less_is_better=True), scoring.quintiles(known.orders), scoring.quintiles(known.net)
    )
    count, most = len(known.orders), len(scoring.SEGMENTS)
    customers = np.bincount(numbers, minlength=most).tolist()
    net = np.bincount(numbers, weights=known.net, minlength=most).tolist()
    return RfmReport(
        currency=known.currency,
        customers=count,
        recency_days=float(np.mean(days)) if count else 0.0,
        frequency=float(np.mean(known.orders)) if count else 0.0,
        monetary=float(np.mean(known.net)) if count else 0.0,
        top_share=scoring.top_share(known.net),
        segments=[
            SegmentCount(segment=segment, customers=customers[number], net=round(net[number]))
            for number, segment in enumerate(scoring.SEGMENTS)
        ],
    )


def clv(frame: Any, on: datetime, horizon_days: int = HORIZON_DAYS) -> ClvReport:
    """What is expected of a frame's customers in the days after a moment. Orders of one day count as one, as the models
    know no two purchases at once; how well they foretell is tried on the last third of the time (the horizon at most)."""
    known = _by_day(bought(frame, each_order=True))
    now = on.timestamp()
    past = known.past(now)
    models = foretelling.learn(past)
    if models is None:
        return ClvReport(currency=known.currency, customers=len(known.orders), horizon_days=horizon_days)
    told = foretelling.foretell(models, past, horizon_days)
    parameters = dict(models.purchases.parameters._asdict())
    if models.spending is not None:
        parameters |= models.spending._asdict()
    return ClvReport(
        currency=known.currency,
        customers=len(known.orders),
        horizon_days=horizon_days,
        model=models.purchases.model,
        parameters=parameters,
        alive=None if told.alive is None else float(np.mean(told.alive)),
        orders=float(np.sum(told.orders)),
        low=float(np.sum(told.low)),
        high=float(np.sum(told.high)),
        spent=float(np.sum(told.spent)),
        holdout=_holdout(known, now, horizon_days),
    )


def _by_day(known: Bought) -> Bought:
    """The same with one order a customer and day (of UTC, at its middle: the frame knows no other)."""
    days = np.floor(known.order_at / DAY_SECONDS)
    pairs = np.unique(np.stack([known.order_user.astype(float), days]), axis=1) if len(days) else np.zeros((2, 0))
    user, at = pairs[0].astype(np.int64), (pairs[1] + 0.5) * DAY_SECONDS
    count = len(known.orders)
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, user, at)
    np.maximum.at(last, user, at)
    orders = np.bincount(user, minlength=count).astype(float)
    return msgspec.structs.replace(known, first=first, last=last, orders=orders, order_user=user, order_at=at)


def _holdout(known: Bought, now: float, horizon_days: int) -> Holdout | None:
    span_days = (now - float(np.min(known.first))) / DAY_SECONDS
    days = int(min(horizon_days, span_days / HOLDOUT_PART))
    if days < 1:
        return None
    split = now - days * DAY_SECONDS
    early = known.order_at < split
    count = len(known.orders)
    orders = np.bincount(known.order_user[early], minlength=count).astype(float)
    after = np.bincount(known.order_user[~early], minlength=count).astype(float)
    last = np.full(count, -np.inf)
    np.maximum.at(last, known.order_user[early], known.order_at[early])
    there = orders > 0
    before = Past(
        orders[there],
        (last[there] - known.first[there]) / WEEK_SECONDS,
        (split - known.first[there]) / WEEK_SECONDS,
        known.net[there],
    )
    return foretelling.holdout(before, after[there], days)
