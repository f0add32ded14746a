"""Reviews are asked for, written once, and added to."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from steelyard.kernel import days, ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations import workboard
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.business_reviews import comparing, gathering, trying
from steelyard.operations.business_reviews.advising import STOCK_DAYS, Known, advise
from steelyard.operations.business_reviews.expecting import Outlook, outlook
from steelyard.operations.business_reviews.gathering import HISTORY_DAYS
from steelyard.operations.business_reviews.model import (
    MADE_AFTER_HOURS,
    NOTE_CHARACTERS_MAX,
    NOTES_MAX,
    WISHES_MAX,
    YEARS_BACK,
    Comparison,
    Day,
    Facts,
    Foretold,
    NotOverYet,
    Period,
    ReviewId,
    Span,
    of_day,
)
from steelyard.operations.business_reviews.queries import notes, of_period, review, wishes
from steelyard.operations.workboard import Task

SOURCE = "business_reviews"
CURRENCY = "CNY"


def is_over(period: Period, now: datetime) -> bool:
    """Whether its review can be written: some hours after its last day."""
    return period.ends_at + timedelta(hours=MADE_AFTER_HOURS) <= now


async def want(tx: Tx, merchant_id: UUID | None, period: Period, by: str) -> UUID | None:
    """Ask for the review of a period that is over; the one that is written already, if it is. Said twice, it is asked for once.
    Raises `NotOverYet`, and `Invalid` beside `day` for what is too long ago, or when too many are waited for."""
    if not is_over(period, datetime.now(UTC)):
        raise NotOverYet()
    if period.first.year < days.today().year - YEARS_BACK:
        raise Invalid({"day": N_("That is too long ago")})
    written = await of_period(tx, merchant_id, period)
    if written is None:
        waited_for = [each.period for each in await wishes(tx, merchant_id)]
        if period not in waited_for and len(waited_for) >= WISHES_MAX:
            raise Invalid({"day": N_("Many reviews are being written already: please ask for this one after them.")})
        await tx.execute(
            """
            INSERT INTO business_review_wishes (merchant_id, span, first, wanted_by) VALUES ($1, $2, $3, $4)
            ON CONFLICT (merchant_id, span, first) DO NOTHING
            """,
            merchant_id or MARKETPLACE,
            period.span,
            period.first,
            by,
        )
    return written


async def facts_of(read: Read, merchant_id: UUID | None, period: Period) -> Facts:
    """A period's review as its figures stand now."""
    year_ago = period.year_ago
    paid = await gathering.currencies(read, merchant_id, period.before.first, period.last)
    currency = next(iter(paid), CURRENCY)
    now = await gathering.gather(read, merchant_id, period, currency)
    before = await gathering.gather(read, merchant_id, period.before, currency)
    then = await gathering.gather(read, merchant_id, year_ago, currency)
    against = comparing.compare(now, before)
    year = comparing.compare(now, then) if then.figures.orders else None
    names = await gathering.titles(read, merchant_id, _keys([against, *([year] if year else [])]))
    against = comparing.named(against, names)
    series = await gathering.daily(
        read, merchant_id, period.first - timedelta(days=HISTORY_DAYS), period.last, currency
    )
    foretold = outlook(series, period.first, period.days)
    shown = _days(period, series, foretold)
    stages = await gathering.stages(read, merchant_id, period)
    tried = await trying.tried(read, merchant_id, period, currency)
    free = {}
    if merchant_id is not None and period.last >= days.today() - timedelta(days=STOCK_DAYS):
        free = await gathering.free_pieces(read, merchant_id, [row.key for row in against.goods.rows])
    known = Known(
        figures=now.figures,
        before=against,
        days=shown,
        stages=stages,
        tried=tried,
        of_shops=merchant_id is None,
        free=free,
        unlearned=await trying.unlearned(read, merchant_id, period),
    )
    here = await gathering.currencies(read, merchant_id, period.first, period.last)
    return Facts(
        currency=currency,
        figures=now.figures,
        before=against,
        year=comparing.named(year, names) if year else None,
        days=shown,
        foretold=Foretold(total=foretold.total, origins=foretold.origins, season=foretold.season) if foretold else None,
        stages=stages,
        tried=tried,
        advice=advise(known),
        others={each: money for each, money in here.items() if each != currency},
        given_back=await gathering.refunded_since(read, merchant_id, period, currency),
    )


def _keys(comparisons: Sequence[Comparison]) -> list[str]:
    return sorted({row.key for each in comparisons for row in each.goods.rows})


def _days(period: Period, series: Mapping[date, int], foretold: Outlook | None) -> list[Day]:
    days_of = [period.first + timedelta(days=place) for place in range(period.days)]
    return [
        Day(day=day, paid=series.get(day, 0), expected=foretold.days[place] if foretold else None)
        for place, day in enumerate(days_of)
    ]


async def write(tx: Tx, merchant_id: UUID | None, period: Period, facts: Facts, by: str) -> UUID:
    """Keep a review. A period has one: what was written first stays. The wish for it is granted."""
    total = facts.foretold.total if facts.foretold else None
    review_id = ReviewId(
        ids.derived(merchant_id or MARKETPLACE, "business review", period.span, period.first.isoformat())
    )
    await tx.execute(
        """
        INSERT INTO business_reviews (merchant_id, review_id, span, first, made_by, currency, paid, paid_before, orders
                                    , expected, low, high, facts)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (merchant_id, span, first) DO NOTHING
        """,
        merchant_id or MARKETPLACE,
        review_id,
        period.span,
        period.first,
        by,
        facts.currency,
        facts.figures.paid,
        facts.before.figures.paid,
        facts.figures.orders,
        total.expected if total else None,
        total.low if total else None,
        total.high if total else None,
        facts,
    )
    await tx.execute(
        "DELETE FROM business_review_wishes WHERE merchant_id = $1 AND span = $2 AND first = $3",
        merchant_id or MARKETPLACE,
        period.span,
        period.first,
    )
    return review_id


async def add_note(tx: Tx, merchant_id: UUID | None, review_id: UUID, note_id: UUID, words: str, by: str) -> None:
    """Add what the figures do not say. Said twice under one id, it stands once. Raises `NotFound`, and `Invalid` beside
    `words`."""
    words = words.strip()
    await review(tx, merchant_id, review_id)
    if not words:
        raise Invalid({"words": N_("Please write something.")})
    if len(words) > NOTE_CHARACTERS_MAX:
        raise Invalid({"words": N_("This is too long")})
    written = await notes(tx, merchant_id, review_id)
    if len(written) >= NOTES_MAX and note_id not in {each.note_id for each in written}:
        raise Invalid({"words": N_("There are too many.")})
    await tx.execute(
        """
        INSERT INTO business_review_notes (merchant_id, review_id, note_id, by, words) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (merchant_id, review_id, note_id) DO NOTHING
        """,
        merchant_id or MARKETPLACE,
        review_id,
        note_id,
        by,
        words,
    )


def task_of(review_id: UUID, place: int) -> UUID:
    """Under which id a suggestion of a review stands on the board."""
    return ids.derived(review_id, "advice", str(place))


async def accept(tx: Tx, merchant_id: UUID | None, review_id: UUID, place: int, task: Task, by: str) -> bool:
    """Put a suggestion of a review on the board, in the words that the caller has for it. Said twice, it is there once. Raises
    `NotFound`."""
    found = await review(tx, merchant_id, review_id)
    if not 0 <= place < len(found.facts.advice):
        raise NotFound()
    assert (task.task_id, task.source, task.source_id) == (task_of(review_id, place), SOURCE, review_id)
    return await workboard.open_task(tx, task, by)


async def due(tx: Tx, now: datetime, shops_at_once: int) -> int:
    """Wish for the reviews of the periods that have ended last: the marketplace's, then shop by shop those of all that sold
    anything. Returns how many were wished for."""
    wished = 0
    yesterday = days.day_of(now - timedelta(hours=MADE_AFTER_HOURS)) - timedelta(days=1)
    for span in Span:
        period = period_ended(span, yesterday)
        wished += await _next_shops(tx, period, shops_at_once)
    return wished


def period_ended(span: Span, last: date) -> Period:
    """The last period of this span that was over by the end of a day."""
    found = of_day(span, last)
    return found if found.last <= last else found.before


async def _next_shops(tx: Tx, period: Period, most: int) -> int:
    await tx.execute(
        "INSERT INTO business_review_turns (span, first) VALUES ($1, $2) ON CONFLICT (span, first) DO NOTHING",
        period.span,
        period.first,
    )
    row = await tx.row(
        """
        SELECT after FROM business_review_turns WHERE span = $1 AND first = $2 AND finished_at IS NULL
        FOR NO KEY UPDATE SKIP LOCKED
        """,
        period.span,
        period.first,
    )
    if row is None:
        return 0
    found = await tx.fetch(
        """
        SELECT merchant_id FROM (
            SELECT $5::uuid AS merchant_id WHERE $3::uuid IS NULL
            UNION ALL
            (SELECT merchant_id FROM sales_days WHERE day BETWEEN $1 AND $2 AND merchant_id > coalesce($3, $5)
             UNION SELECT merchant_id FROM stale_days WHERE day BETWEEN $1 AND $2 AND merchant_id > coalesce($3, $5)
             ORDER BY merchant_id LIMIT $4)) AS shops
        ORDER BY merchant_id
        """,
        period.first,
        period.last,
        row["after"],
        most,
        MARKETPLACE,
    )
    shops = [each["merchant_id"] for each in found]
    await tx.execute(
        """
        UPDATE business_review_turns SET after = $3, finished_at = CASE WHEN $4 THEN now() END WHERE span = $1 AND first = $2
        """,
        period.span,
        period.first,
        shops[-1] if shops else row["after"],
        len(shops) < most,
    )
    return await tx.execute(
        """
        INSERT INTO business_review_wishes (merchant_id, span, first, wanted_by)
        SELECT s.merchant_id, $2, $3, 'system' FROM unnest($1::uuid[]) AS s (merchant_id)
        WHERE NOT EXISTS (SELECT FROM business_reviews r
                          WHERE r.merchant_id = s.merchant_id AND r.span = $2 AND r.first = $3)
        ORDER BY s.merchant_id ON CONFLICT (merchant_id, span, first) DO NOTHING
        """,
        shops,
        period.span,
        period.first,
    )
