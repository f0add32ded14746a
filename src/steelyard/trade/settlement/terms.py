"""When and how each shop is paid: its cycle, what it is paid at least, what is kept in reserve, and the days that follow.

Terms count from a day on. A statement is issued by those of its day; an entry is due by those of the day on which it was
earned, and keeps that day whatever is agreed later.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Row, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.trade.settlement.model import Way, settlement_day

DAYS_MAX = 90
CHECK_DAYS_MAX = 30
RESERVE_DAYS_MAX = 365
RESERVE_MILLIONTHS_MAX = 500_000
PLANNED_DAYS_MAX = 366
TERMS_SHOWN_MAX = 50
LAST_OF_MONTH = 31


class Cycle(StrEnum):
    """`on_request`: nothing is paid until the merchant asks for it."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ON_REQUEST = "on_request"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What counts from `from_day` on; none: what every shop begins with.

    `days` is N of T+N. `weekday` is ISO (1 Monday) and there for a weekly cycle, `month_day` (31: the last) for a monthly one.
    `minimum` is in minor units of `currency`, `reserve_rate` in millionths of what a statement's trade brings, kept for
    `reserve_days`. For `check_days` the payout waits for the merchant's word.
    """

    from_day: date | None = None
    cycle: Cycle = Cycle.DAILY
    days: int = 1
    weekday: int | None = None
    month_day: int | None = None
    minimum: int = 0
    currency: str = "CNY"
    reserve_rate: int = 0
    reserve_days: int = 0
    check_days: int = 0
    way: Way = Way.DIRECT
    agreed_by: str = ""
    agreed_at: datetime | None = None

    def first_day(self, day: date) -> date:
        """The first day of the cycle on or after `day`."""
        if self.weekday is not None:
            return day + timedelta(days=(self.weekday - day.isoweekday()) % 7)
        if self.month_day is not None:
            this = _in_month(day.year, day.month, self.month_day)
            return this if this >= day else _in_month(*_next_month(day), self.month_day)
        return day

    def due_on(self, earned_at: datetime) -> date:
        """The first day of the cycle on or after the N-th day after what was earned was released (T+N)."""
        return self.first_day(settlement_day(earned_at) + timedelta(days=self.days))


class Agreed(msgspec.Struct, frozen=True):
    """The terms of some shops, the latest first for each; the last of each is what it began with."""

    of: Mapping[UUID, Sequence[Terms]]

    def on(self, merchant_id: UUID, day: date) -> Terms:
        """What counts for a shop on a day."""
        for terms in self.of.get(merchant_id, ()):
            if terms.from_day is None or terms.from_day <= day:
                return terms
        return Terms()

    def due_on(self, merchant_id: UUID, earned_at: datetime) -> date:
        """The settlement day that pays what is earned at a moment."""
        return self.on(merchant_id, settlement_day(earned_at)).due_on(earned_at)

    def next_day(self, merchant_id: UUID, day: date) -> date:
        """The shop's first settlement day on or after `day`."""
        return self.on(merchant_id, day).first_day(day)


async def agreed(read: Read, merchant_ids: Collection[UUID]) -> Agreed:
    """What was agreed with these shops, of all days."""
    rows = await read.fetch(
        """
        SELECT m.merchant_id, m.settlement_days, m.currency AS own, t.from_day, t.cycle, t.days, t.weekday, t.month_day, t.minimum
             , t.currency, t.reserve_rate, t.reserve_days, t.check_days, t.way, t.agreed_by, t.agreed_at
        FROM merchants m LEFT JOIN settlement_terms t USING (merchant_id)
        WHERE m.merchant_id = ANY($1) ORDER BY m.merchant_id, t.from_day DESC
        """,
        list(merchant_ids),
    )
    found: dict[UUID, list[Terms]] = defaultdict(list)
    first: dict[UUID, Terms] = {}
    for row in rows:
        first[row["merchant_id"]] = Terms(days=row["settlement_days"], currency=row["own"])
        if row["from_day"] is not None:
            found[row["merchant_id"]].append(_terms(row))
    return Agreed({merchant_id: [*found[merchant_id], begun] for merchant_id, begun in first.items()})


def _terms(row: Row) -> Terms:
    return msgspec.convert({name: row[name] for name in Terms.__struct_fields__}, Terms)


async def agree(tx: Tx, merchant_id: UUID, terms: Terms, by: str, today: date | None = None) -> None:
    """Agree terms with a shop from today or a day to come; said again for the same day they take its place. What is due
    already keeps its day. Raises `Invalid`, `NotFound`."""
    today = today or settlement_day(datetime.now(UTC))
    wrong = _wrong(terms, today)
    if wrong:
        raise Invalid(wrong)
    if not await tx.execute(
        """
        INSERT INTO settlement_terms (merchant_id, from_day, cycle, days, weekday, month_day, minimum, currency, reserve_rate
          , reserve_days, check_days, way, agreed_by)
        SELECT merchant_id, $2, $3, $4, $5, $6, $7, currency, $8, $9, $10, $11, $12 FROM merchants WHERE merchant_id = $1
        ON CONFLICT (merchant_id, from_day) DO UPDATE
        SET cycle = excluded.cycle, days = excluded.days, weekday = excluded.weekday, month_day = excluded.month_day
          , minimum = excluded.minimum, currency = excluded.currency, reserve_rate = excluded.reserve_rate
          , reserve_days = excluded.reserve_days, check_days = excluded.check_days, way = excluded.way
          , agreed_by = excluded.agreed_by, agreed_at = now()
        """,
        merchant_id,
        terms.from_day,
        terms.cycle,
        terms.days,
        terms.weekday if terms.cycle is Cycle.WEEKLY else None,
        terms.month_day if terms.cycle is Cycle.MONTHLY else None,
        terms.minimum,
        terms.reserve_rate,
        terms.reserve_days if terms.reserve_rate else 0,
        terms.check_days,
        terms.way,
        by,
    ):
        raise NotFound(merchant_id=merchant_id)


async def call_off(tx: Tx, merchant_id: UUID, from_day: date, today: date | None = None) -> None:
    """Take back terms that have not begun. Raises `NotFound`: there are none of that day, or they have begun."""
    today = today or settlement_day(datetime.now(UTC))
    if not await tx.execute(
        "DELETE FROM settlement_terms WHERE merchant_id = $1 AND from_day = $2 AND from_day > $3",
        merchant_id,
        from_day,
        today,
    ):
        raise NotFound(merchant_id=merchant_id)


def _wrong(terms: Terms, today: date) -> dict[str, str]:
    wrong: dict[str, str] = {}
    latest = today + timedelta(days=PLANNED_DAYS_MAX)
    if terms.from_day is None or not today <= terms.from_day <= latest:
        wrong["from_day"] = N_("Please choose today or a day of the coming year.")
    if not 0 <= terms.days <= DAYS_MAX:
        wrong["days"] = N_("Between 0 and 90 days, please.")
    if terms.cycle is Cycle.WEEKLY and not 1 <= (terms.weekday or 0) <= 7:
        wrong["weekday"] = N_("Please choose a day of the week.")
    if terms.cycle is Cycle.MONTHLY and not 1 <= (terms.month_day or 0) <= LAST_OF_MONTH:
        wrong["month_day"] = N_("Between 1 and 31, please.")
    if terms.minimum < 0:
        wrong["minimum"] = N_("Please enter an amount, or nothing.")
    if not 0 <= terms.reserve_rate <= RESERVE_MILLIONTHS_MAX:
        wrong["reserve_rate"] = N_("Between 0 and 50 %, please.")
    if not 0 <= terms.reserve_days <= RESERVE_DAYS_MAX or (terms.reserve_rate > 0 and not terms.reserve_days):
        wrong["reserve_days"] = N_("Between 1 and 365 days, please.")
    if not 0 <= terms.check_days <= CHECK_DAYS_MAX:
        wrong["check_days"] = N_("Between 0 and 30 days, please.")
    return wrong


def _in_month(year: int, month: int, wanted: int) -> date:
    """The wanted day of a month, or its last where it is shorter."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=wanted - 1), following - timedelta(days=1))


def _next_month(day: date) -> tuple[int, int]:
    return (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
