"""What the page of customers' values tells: as the night counted it, or worked out for a day of the past, another currency or
events that were imported, by the sums that `steelyard report rfm` and `steelyard report clv` print."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import minor_digits
from steelyard.operations import lake, lifecycle
from steelyard.operations.lifecycle import MARKETPLACE, Holdout, Segment, SegmentSum, TierCount, ValueFacts, ValueRun
from steelyard.surfaces.components.page import TIMEZONE

ONE_DAY = timedelta(days=1)
REMEMBERED_MAX = 32


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an address asks for: an imported set (else the orders of this house), as known at the end of a day (else now), in a
    currency (else that of the most orders), of what was paid or of what is left after refunds. `unread`: no day was written."""

    dataset: str = ""
    on: date | None = None
    currency: str = ""
    gross: bool = False
    unread: bool = False


class DayUnreadable(Refusal):
    """A day is written as a calendar writes it."""

    code = "day_unreadable"
    status = 422
    title = N_("This is no day")
    detail = N_("Please write a day such as 2011-12-10.")


class BeforeTheFirstOrder(Refusal):
    """Nobody was a customer before the first order was paid."""

    code = "before_the_first_order"
    status = 422
    title = N_("There was no customer yet on this day")
    detail = N_("The first order was paid on {first}. Please choose that day or a later one.")


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page says, amounts in minor units of `currency`; `exact` is what was paid to the last digit that is known.
    `left_out`: orders (of an imported set: rows) that name no customer. `moment`: by the clock of these.
    `quiet_since`: the day after which nobody has bought for long."""

    currency: str
    moment: datetime
    customers: int
    orders: int
    paid: int
    exact: Decimal
    refunded: int
    gross: bool
    recency_days: float
    frequency: float
    monetary: int
    top_share: float
    paid_monetary: int
    paid_top_share: float
    left_out: int
    segments: Sequence[SegmentSum]
    grid: Sequence[Sequence[int]]
    tiers: Sequence[TierCount]
    horizon_days: int
    model: str
    parameters: Mapping[str, float]
    expected_orders: float
    low: float
    high: float
    expected_spent: int
    holdout: Holdout | None
    counted: bool = False
    quiet_since: date | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The page's answer: the figures, or why there are none; which sets and currencies there are to choose from."""

    figures: Figures | None
    refused: Refusal | None
    run: ValueRun | None
    imported: Sequence[lake.Dataset]
    dataset: lake.Dataset | None
    currencies: Sequence[str]
    currency: str


async def found(db: Database, home: Path, merchant_id: UUID, asked: Asked, otherwise: str) -> Found:
    """The figures of a shop (`MARKETPLACE`: of all, or of an imported set) in `otherwise` where nothing says which currency."""
    imported = lake.datasets(home) if merchant_id == MARKETPLACE else []
    dataset = next((each for each in imported if each.name == asked.dataset), None)
    run = await db.ask(lifecycle.value_run, merchant_id)
    facts = run.facts if run else None
    known = list(facts.currencies) if facts else []
    own = facts.currency if facts and facts.currency else otherwise
    currency = asked.currency if merchant_id == MARKETPLACE and asked.currency in known else own
    figures: Figures | None = None
    refused: Refusal | None = None
    try:
        if asked.unread:
            raise DayUnreadable()
        if dataset is not None:
            figures = await asyncio.to_thread(_of_dataset, home, dataset, asked)
        else:
            figures = await _of_orders(db, merchant_id, run, asked, currency)
    except Refusal as refusal:
        refused = refusal
    return Found(
        figures=figures,
        refused=refused,
        run=run,
        imported=imported,
        dataset=dataset,
        currencies=known if merchant_id == MARKETPLACE else [],
        currency=dataset.currency if dataset else currency,
    )


def _of_dataset(home: Path, dataset: lake.Dataset, asked: Asked) -> Figures | None:
    _, file = lake.dataset(home, dataset.name)
    zone = timezone(timedelta(minutes=dataset.utc_offset_minutes))
    return _of_file(file, file.stat().st_mtime_ns, zone, dataset.digits, dataset.left_out, asked.on, asked.gross)


@lru_cache(REMEMBERED_MAX)
def _of_file(
    file: Path, _written: int, zone: timezone, digits: int, left_out: int, on: date | None, gross: bool
) -> Figures | None:
    """A set that was imported says the same until another is imported under its name; models take a moment to be found."""
    payments, last = lifecycle.Payments(files=[file]), lifecycle.last_moment([file])
    if last is None:
        return None
    moment = last.astimezone(zone) + ONE_DAY  # as the command has it, on the day on which that is, too
    if on is not None and on != moment.astimezone(zone).date():
        moment = _end(on, zone)
    bought = lifecycle.bought(payments, moment, each_order=True, gross=gross)
    if not len(bought.orders):
        first = lifecycle.first_payment([file])
        if first is None:
            return None
        raise BeforeTheFirstOrder(first=first.astimezone(zone).date())
    return _worked_out(bought, moment, digits, left_out)


async def _of_orders(
    db: Database, merchant_id: UUID, run: ValueRun | None, asked: Asked, currency: str
) -> Figures | None:
    if run is None or run.facts is None or run.counted_at is None or not run.customers:
        return None
    now, zone = datetime.now(UTC), ZoneInfo(TIMEZONE)
    today = asked.on is None or asked.on >= now.astimezone(zone).date()
    if today and not asked.gross and currency == run.facts.currency:
        return _counted(run, run.facts, run.counted_at, await db.ask(lifecycle.segment_sums, merchant_id))
    moment = now.astimezone(zone) if today or asked.on is None else _end(asked.on, zone)

    async def read(read: Read) -> tuple[lifecycle.Bought, int]:
        bought = await lifecycle.bought_by(read, merchant_id, currency, moment, gross=asked.gross)
        return bought, await lifecycle.orders_of_nobody(read, merchant_id, moment, currency)

    bought, left_out = await db.ask(read)
    if not len(bought.orders):
        first = run.facts.first_at
        raise BeforeTheFirstOrder(first=first.astimezone(zone).date() if first else "–")
    return await asyncio.to_thread(_worked_out, bought, moment, minor_digits(currency), left_out)


def _end(day: date, zone: timezone | ZoneInfo) -> datetime:
    return datetime.combine(day + ONE_DAY, time(), zone)


def _worked_out(bought: "lifecycle.Bought", moment: datetime, digits: int, left_out: int) -> Figures:
    """The sums of both commands; amounts that have more digits than the currency are rounded to what it is paid in."""
    rfm, clv = lifecycle.rfm_of(bought, moment), lifecycle.clv_of(bought, moment)

    def minor(amount: float) -> int:
        exact = Decimal(amount).scaleb(minor_digits(rfm.currency) - digits)
        return int(exact.quantize(Decimal(1), ROUND_HALF_UP))

    return Figures(
        currency=rfm.currency,
        moment=moment,
        customers=rfm.customers,
        orders=rfm.orders,
        paid=minor(rfm.spent),
        exact=Decimal(rfm.spent).scaleb(-digits),
        refunded=minor(rfm.refunded),
        gross=rfm.gross,
        recency_days=rfm.recency_days,
        frequency=rfm.frequency,
        monetary=minor(rfm.monetary),
        top_share=rfm.top_share,
        paid_monetary=minor(rfm.paid_monetary),
        paid_top_share=rfm.paid_top_share,
        left_out=left_out,
        segments=_sums(rfm, clv, minor),
        grid=rfm.grid,
        tiers=[
            msgspec.structs.replace(
                each,
                net=minor(each.net),
                expected_spent=None if each.expected_spent is None else minor(each.expected_spent),
            )
            for each in clv.tiers
        ],
        horizon_days=clv.horizon_days,
        model=str(clv.model or ""),
        parameters=clv.parameters,
        expected_orders=clv.orders,
        low=clv.low,
        high=clv.high,
        expected_spent=minor(clv.spent),
        holdout=clv.holdout,
    )


def _sums(rfm: "lifecycle.RfmReport", clv: "lifecycle.ClvReport", minor: Callable[[float], int]) -> list[SegmentSum]:
    """Each segment with what is expected of it, where there is a model and somebody in it."""
    expected = {each.segment: each for each in clv.segments}
    return [
        SegmentSum(
            segment=Segment(each.segment),
            customers=each.customers,
            net=minor(each.net),
            expected_orders=expected[each.segment].orders if expected and each.customers else None,
            expected_spent=minor(expected[each.segment].spent) if expected and each.customers else None,
        )
        for each in rfm.segments
    ]


def _quiet_since(facts: ValueFacts, counted_at: datetime, horizon_days: int) -> date | None:
    """The day of the last order, where that is so long ago that everybody is lost by now: a past that was taken over."""
    last = facts.last_at
    if last is None or counted_at - last < timedelta(days=horizon_days):
        return None
    return last.astimezone(ZoneInfo(TIMEZONE)).date()


def _counted(run: ValueRun, facts: ValueFacts, counted_at: datetime, sums: Sequence[SegmentSum]) -> Figures:
    """What the last count found of everybody."""
    return Figures(
        currency=facts.currency,
        moment=counted_at.astimezone(ZoneInfo(TIMEZONE)),
        customers=run.customers,
        orders=facts.paid_orders,
        paid=facts.paid,
        exact=Decimal(facts.paid).scaleb(-minor_digits(facts.currency)),
        refunded=facts.refunded,
        gross=False,
        recency_days=facts.recency_days,
        frequency=facts.frequency,
        monetary=round(facts.monetary),
        top_share=facts.top_share,
        paid_monetary=round(facts.paid_monetary),
        paid_top_share=facts.paid_top_share,
        left_out=facts.left_out,
        segments=sums,
        grid=facts.grid,
        tiers=facts.tiers,
        horizon_days=run.horizon_days,
        model=facts.model,
        parameters=facts.parameters,
        expected_orders=facts.orders or 0.0,
        low=facts.low or 0.0,
        high=facts.high or 0.0,
        expected_spent=round(facts.spent or 0.0),
        holdout=facts.holdout,
        counted=True,
        quiet_since=_quiet_since(facts, counted_at, run.horizon_days),
    )
