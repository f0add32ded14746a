"""Commands on targeted coupons: drawn up, started, ended; and what there is of them."""

from uuid import UUID

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Offer
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import NOWHERE
from steelyard.operations import experiments, segments
from steelyard.operations.experiments.model import ExperimentId, Kind, Metric, NewExperiment, Variant
from steelyard.operations.growth.target_model import (
    GETS,
    HELD,
    HELD_OUT_LEAST,
    HELD_OUT_MOST,
    TARGETED_COUPONS_MAX,
    TARGETED_DAYS_MAX,
    TARGETED_MACHINE,
    TARGETED_NAME_CHARACTERS_MAX,
    TARGETED_SHOWN_MAX,
    CouponNotFree,
    NewTargeted,
    Targeted,
    TargetState,
    most_of,
    worth_of,
)
from steelyard.operations.segments.model import Segment

UNITS_LEAST = 100
_PERCENT = 100


async def draw_up(tx: Tx, new: NewTargeted, parts: tuple[str, str], by: str) -> None:
    """Write a targeted coupon down as a draft; `parts` is how those are called who are held out, and those who get one. What
    measures it is an experiment under the same id. Said twice, it is drawn up once. Raises `Invalid`."""
    if await tx.value(
        "SELECT true FROM targeted_coupons WHERE merchant_id = $1 AND targeted_id = $2",
        new.merchant_id,
        new.targeted_id,
    ):
        return
    segment = await _check(tx, new)
    await experiments.draw_up(
        tx,
        NewExperiment(
            merchant_id=new.merchant_id,
            experiment_id=ExperimentId(new.targeted_id),
            kind=Kind.COUPONS,
            name=new.name,
            hypothesis=new.name,
            metric=Metric.CONVERSION,
            guardrails=[Metric.MARGIN, Metric.REFUNDS],
            currency=new.currency,
            variants=[
                Variant(variant=HELD, name=parts[HELD], weight=new.held_out),
                Variant(variant=GETS, name=parts[GETS], weight=_PERCENT - new.held_out),
            ],
            units_planned=_expected(new, segment),
            days_max=new.days,
        ),
        by,
    )
    made = await tx.execute(
        """
        INSERT INTO targeted_coupons (merchant_id, targeted_id, state, name, segment_id, promotion_id, currency, held_out
                                    , coupons, budget, joining, days)
        VALUES ($1, $2, 'draft', $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING
        """,
        new.merchant_id,
        new.targeted_id,
        new.name,
        new.segment_id,
        new.promotion_id,
        new.currency,
        new.held_out,
        new.coupons,
        new.budget,
        new.joining,
        new.days,
    )
    if not made:
        raise Invalid({"coupon": _TAKEN})
    await note(tx, new.merchant_id, new.targeted_id, NOWHERE, TargetState.DRAFT, by)


_TAKEN = N_("This coupon is for other people already")


def _expected(new: NewTargeted, segment: Segment) -> int:
    """At which number of people the bounds are narrowest: all of the segment, or as many as the number of coupons reaches."""
    reached = new.coupons * _PERCENT // (_PERCENT - new.held_out) if new.coupons else segment.members
    return max(UNITS_LEAST, min(segment.members, reached))


async def _check(tx: Tx, new: NewTargeted) -> Segment:
    wrong = _wrong(new)
    segment = await _segment(tx, new)
    if segment is None:
        wrong["segment"] = N_("Please choose one of your segments")
    wrong |= await _wrong_coupon(tx, new)
    if wrong:
        raise Invalid(wrong)
    assert segment is not None, "otherwise it was wrong"
    return segment


def _wrong(new: NewTargeted) -> dict[str, str]:
    number = N_("Please enter a whole number in its range")
    checks = {
        "name": (0 < len(new.name) <= TARGETED_NAME_CHARACTERS_MAX, N_("Please fill this in")),
        "held_out": (HELD_OUT_LEAST <= new.held_out <= HELD_OUT_MOST, number),
        "days": (0 < new.days <= TARGETED_DAYS_MAX, number),
        "coupons": (new.coupons is None or 0 < new.coupons <= TARGETED_COUPONS_MAX, number),
    }
    wrong = {field: message for field, (holds, message) in checks.items() if not holds}
    if new.coupons is None and new.budget is None:
        wrong["coupons"] = N_("Please set a number of coupons, a budget, or both")
    return wrong


async def _segment(tx: Tx, new: NewTargeted) -> Segment | None:
    try:
        found = await segments.segment(tx, new.merchant_id, new.segment_id)
    except NotFound:
        return None
    return found if found.archived_at is None else None


async def _wrong_coupon(tx: Tx, new: NewTargeted) -> dict[str, str]:
    offer = await promotions.get(tx, new.merchant_id, new.promotion_id)
    if offer is None or not _can_be_given(offer) or offer.currency != new.currency:
        return {"coupon": N_("Please choose a coupon that you give, and that nobody has yet")}
    if await tx.value(
        "SELECT true FROM targeted_coupons WHERE merchant_id = $1 AND promotion_id = $2 AND state <> 'dropped'",
        new.merchant_id,
        new.promotion_id,
    ):
        return {"coupon": _TAKEN}
    worth = worth_of(offer.rule)
    if new.budget is not None and not worth:
        return {"budget": N_("What one such coupon takes off has no bound: set a number of coupons instead")}
    if new.budget is not None and not most_of(None, new.budget, worth):
        return {"budget": N_("This is less than one coupon can take off")}
    return {}


def _can_be_given(offer: Offer) -> bool:
    return offer.given and offer.stopped_at is None and offer.claimed == 0


async def start(tx: Tx, merchant_id: UUID, targeted_id: UUID, by: str) -> None:
    """From now on the sweep gives coupons, and what both parts buy is counted. Said twice, nothing changes. Raises `NotFound`,
    `TransitionRefused`, `CouponNotFree`."""
    now = await locked(tx, merchant_id, targeted_id)
    if now.state is TargetState.RUNNING:
        return
    TARGETED_MACHINE.check(now.state, TargetState.RUNNING)
    offer = await promotions.get(tx, merchant_id, now.promotion_id)
    at = await tx.value("SELECT now()")
    if offer is None or not _can_be_given(offer) or not offer.starts_at <= at < offer.ends_at:
        raise CouponNotFree()
    worth = worth_of(offer.rule)
    if now.budget is not None and not worth:
        raise CouponNotFree()
    await tx.execute(
        """
        UPDATE targeted_coupons SET state = 'running', started_at = now(), until = now() + days * interval '1 day', worth = $3
        WHERE merchant_id = $1 AND targeted_id = $2
        """,
        merchant_id,
        targeted_id,
        worth,
    )
    await experiments.start(tx, merchant_id, targeted_id, by)
    await note(tx, merchant_id, targeted_id, now.state, TargetState.RUNNING, by)


async def stop(tx: Tx, merchant_id: UUID, targeted_id: UUID, by: str, *, take_back: bool = False) -> None:
    """Nobody gets one any more, from this moment; with `take_back` those that are not used go, too, also of one that has ended.
    What was counted stays. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    now = await locked(tx, merchant_id, targeted_id)
    if now.state is TargetState.RUNNING:
        await end(tx, merchant_id, targeted_id, TargetState.STOPPED, by)
    elif now.state is not TargetState.STOPPED and not (take_back and now.state is TargetState.OVER):
        TARGETED_MACHINE.check(now.state, TargetState.STOPPED)
    if take_back:
        await tx.execute(
            "UPDATE targeted_coupons SET take_back = true WHERE merchant_id = $1 AND targeted_id = $2 AND NOT take_back",
            merchant_id,
            targeted_id,
        )


async def drop(tx: Tx, merchant_id: UUID, targeted_id: UUID, by: str) -> None:
    """A draft that nobody wants any more; its coupon is free again. Said twice, nothing changes. Raises `NotFound`,
    `TransitionRefused`."""
    now = await locked(tx, merchant_id, targeted_id)
    if now.state is TargetState.DROPPED:
        return
    TARGETED_MACHINE.check(now.state, TargetState.DROPPED)
    await tx.execute(
        "UPDATE targeted_coupons SET state = 'dropped' WHERE merchant_id = $1 AND targeted_id = $2",
        merchant_id,
        targeted_id,
    )
    await experiments.drop(tx, merchant_id, targeted_id, by)
    await note(tx, merchant_id, targeted_id, now.state, TargetState.DROPPED, by)


async def end(tx: Tx, merchant_id: UUID, targeted_id: UUID, state: TargetState, by: str) -> None:
    """One that runs, and whose row is held, ends."""
    TARGETED_MACHINE.check(TargetState.RUNNING, state)
    await tx.execute(
        "UPDATE targeted_coupons SET state = $3, ended_at = now() WHERE merchant_id = $1 AND targeted_id = $2",
        merchant_id,
        targeted_id,
        state,
    )
    await experiments.stop(tx, merchant_id, targeted_id, by)
    await note(tx, merchant_id, targeted_id, TargetState.RUNNING, state, by)


async def locked(tx: Tx, merchant_id: UUID, targeted_id: UUID) -> Targeted:
    """Its row held until the end. Raises `NotFound`."""
    await tx.execute(
        "SELECT FROM targeted_coupons WHERE merchant_id = $1 AND targeted_id = $2 FOR NO KEY UPDATE",
        merchant_id,
        targeted_id,
    )
    return await targeted(tx, merchant_id, targeted_id)


async def targeted(read: Read, merchant_id: UUID, targeted_id: UUID) -> Targeted:
    """One of a shop's. Raises `NotFound`."""
    found = await read.one(
        Targeted,
        """
        SELECT t.merchant_id, t.targeted_id, t.name, t.segment_id, t.promotion_id, t.currency, t.held_out, t.coupons, t.budget
             , t.joining, t.days, t.state, s.name AS segment, p.name AS coupon, t.worth, t.given, t.held, t.passed
             , t.created_at, t.started_at, t.until, t.ended_at, t.take_back, t.taken_back, t.taken_at
        FROM targeted_coupons t
        JOIN segments s USING (merchant_id, segment_id) JOIN promotions p USING (merchant_id, promotion_id)
        WHERE t.merchant_id = $1 AND t.targeted_id = $2
        """,
        merchant_id,
        targeted_id,
    )
    if found is None:
        raise NotFound()
    return found


async def all_targeted(read: Read, merchant_id: UUID) -> list[Targeted]:
    """A shop's, or the platform's, the newest first; drafts that were dropped are not among them."""
    return await read.all(
        Targeted,
        """
        SELECT t.merchant_id, t.targeted_id, t.name, t.segment_id, t.promotion_id, t.currency, t.held_out, t.coupons, t.budget
             , t.joining, t.days, t.state, s.name AS segment, p.name AS coupon, t.worth, t.given, t.held, t.passed
             , t.created_at, t.started_at, t.until, t.ended_at, t.take_back, t.taken_back, t.taken_at
        FROM targeted_coupons t
        JOIN segments s USING (merchant_id, segment_id) JOIN promotions p USING (merchant_id, promotion_id)
        WHERE t.merchant_id = $1 AND t.state <> 'dropped'
        ORDER BY t.created_at DESC, t.targeted_id LIMIT $2
        """,
        merchant_id,
        TARGETED_SHOWN_MAX,
    )


async def going_by(read: Read, merchant_id: UUID, segment_id: UUID) -> dict[UUID, str]:
    """A shop's targeted coupons for who is in a segment that run, or are drawn up. By id and name."""
    rows = await read.fetch(
        """
        SELECT targeted_id, name FROM targeted_coupons
        WHERE merchant_id = $1 AND segment_id = $2 AND state IN ('draft', 'running')
        ORDER BY created_at DESC, targeted_id LIMIT $3
        """,
        merchant_id,
        segment_id,
        TARGETED_SHOWN_MAX,
    )
    return {row["targeted_id"]: row["name"] for row in rows}


async def targetable(read: Read, merchant_id: UUID, currency: str, most: int) -> list[Offer]:
    """Coupons that a shop gives, that nobody has yet, and that are not for anybody else."""
    offers = await promotions.offers(read, merchant_id, None, most)
    rows = await read.fetch(
        "SELECT promotion_id FROM targeted_coupons WHERE merchant_id = $1 AND state <> 'dropped' AND promotion_id = ANY($2)",
        merchant_id,
        [each.promotion_id for each in offers],
    )
    taken = {row["promotion_id"] for row in rows}
    now = await read.value("SELECT now()")
    return [
        each
        for each in offers
        if _can_be_given(each) and each.ends_at > now and each.currency == currency and each.promotion_id not in taken
    ]


async def note(tx: Tx, merchant_id: UUID, targeted_id: UUID, before: str, following: TargetState, by: str) -> None:
    await tx.execute(
        """
        INSERT INTO targeted_coupon_history (merchant_id, targeted_id, step, from_state, to_state, by)
        SELECT $1, $2, count(*) + 1, $3, $4, $5 FROM targeted_coupon_history WHERE merchant_id = $1 AND targeted_id = $2
        """,
        merchant_id,
        targeted_id,
        before,
        following,
        by,
    )
