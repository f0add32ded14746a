"""A membership is set up as a whole: what earns growth, the levels, and what each brings; closed, and opened again."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import (
    PLATFORM,
    FreeShipping,
    Group,
    GroupId,
    Joining,
    MemberSource,
    Offer,
    PromotionId,
    SpecialPrice,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.kernel.text import Text
from steelyard.operations import segments
from steelyard.operations.growth.model import (
    DAYS_MAX,
    GROWTH_PER_THING_MAX,
    KEPT_DAYS_MAX,
    LEVELS_MAX,
    NAME_CHARACTERS_MAX,
    OFFER_YEARS,
    PER_MONTH_MAX,
    POINTS_EXTRA_MAX,
    THRESHOLD_MAX,
    WARNED_DAYS_MAX,
    ChangedMeanwhile,
    Level,
    NoProgramme,
    Programme,
    Rule,
    TaskTerms,
)
from steelyard.operations.growth.queries import programme
from steelyard.operations.growth.tasks import set_tasks, wrong_tasks
from steelyard.operations.segments.model import Kind, Segment, SegmentId
from steelyard.parties.merchants.model import MerchantId

_MILLIONTHS_PER_PERCENT = PARTS_PER_MILLION // 100
_DAYS_PER_YEAR = 365


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How a membership is to be; `seen` is the version that was looked at, 0: there was none. Of the levels the ids of what
    belongs to them are not asked."""

    merchant_id: UUID
    name: Text
    currency: str
    rule: Rule
    levels: Sequence[Level]
    seen: int
    tasks: Sequence[TaskTerms] = ()


async def set_up(tx: Tx, wanted: Wanted, by: str, today: date) -> None:
    """Have this membership, or have it so from now on. Levels and what they bring change at once; what earns growth from
    tomorrow, so that a day has one rule. One that is closed stays so, and brings what stands there when it is opened again.
    Said twice, nothing changes. Raises `Invalid`, `ChangedMeanwhile`."""
    check(wanted)
    await _coupons(tx, wanted)
    await tx.value("SELECT pg_advisory_xact_lock(hashtextextended('growth:' || $1::text, 0))", str(wanted.merchant_id))
    known = await programme(tx, wanted.merchant_id, today)
    if known is not None and known.version != wanted.seen:
        if said(known) == _said_by(wanted):
            return
        raise ChangedMeanwhile()
    await tx.execute(
        """
        INSERT INTO growth_programmes AS p (merchant_id, name, currency, since) VALUES ($1, $2, $3, $4)
        ON CONFLICT (merchant_id) DO UPDATE SET name = excluded.name, version = p.version + 1, changed_at = now()
        """,
        wanted.merchant_id,
        wanted.name,
        wanted.currency,
        today,
    )
    await _set_rule(tx, wanted, known, today)
    is_grouped = wanted.merchant_id != PLATFORM and (known is None or known.closed_at is None)
    for level in wanted.levels:
        await _set_level(tx, wanted, level, known.level(level.rank) if known else None, by, is_grouped=is_grouped)
    await set_tasks(tx, wanted.merchant_id, wanted.tasks)
    await _drop_levels(tx, wanted.merchant_id, known.levels if known else (), len(wanted.levels))
    if known is None or _counted_by(said(known)) != _counted_by(_said_by(wanted)):
        await _look_again(tx, wanted.merchant_id, today)


def said(known: Programme) -> tuple[Text, Rule, tuple[Level, ...], set[TaskTerms]]:
    """What a membership says, whatever belongs to it."""
    rule = msgspec.structs.replace(known.coming or known.rule, from_day=date.min)
    return known.name, rule, tuple(_bare(level) for level in known.levels), set(known.tasks)


def _said_by(wanted: Wanted) -> tuple[Text, Rule, tuple[Level, ...], set[TaskTerms]]:
    rule = msgspec.structs.replace(wanted.rule, from_day=date.min)
    return wanted.name, rule, tuple(_bare(level) for level in wanted.levels), set(wanted.tasks)


def _counted_by(said: tuple[Text, Rule, tuple[Level, ...], set[TaskTerms]]) -> tuple[Rule, list[int]]:
    """What decides where members stand."""
    _, rule, levels, _ = said
    return rule, [level.threshold for level in levels]


def _bare(level: Level) -> Level:
    return msgspec.structs.replace(level, group_id=None, list_id=None, price_offer=None, freight_offer=None, members=0)


def check(wanted: Wanted) -> None:
    """Raises `Invalid` for what makes no sense, by field."""
    wrong: dict[str, str] = {}
    rule, number = wanted.rule, N_("Please enter a whole number in its range")
    for name, most, least in (
        ("per_hundred", GROWTH_PER_THING_MAX, 0),
        ("review", GROWTH_PER_THING_MAX, 0),
        ("reviews_per_month", PER_MONTH_MAX, 0),
        ("check_in", GROWTH_PER_THING_MAX, 0),
        ("check_ins_per_month", PER_MONTH_MAX, 0),
        ("window_days", DAYS_MAX, 1),
        ("keep_days", KEPT_DAYS_MAX, 0),
        ("warn_days", WARNED_DAYS_MAX, 0),
    ):
        if not least <= getattr(rule, name) <= most:
            wrong[name] = number
    if not any(wanted.name.values()):
        wrong["name_zh"] = N_("Please fill this in")
    if not 0 < len(wanted.levels) <= LEVELS_MAX:
        wrong["levels"] = N_("A membership has one to eight levels")
    before = 0
    for level in wanted.levels:
        wrong |= _wrong_level(level, before, wanted.merchant_id == PLATFORM)
        before = level.threshold
    wrong |= wrong_tasks(wanted.tasks)
    if wrong:
        raise Invalid(wrong)


def _wrong_level(level: Level, before: int, of_platform: bool) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not any(level.name.values()) or any(len(words) > NAME_CHARACTERS_MAX for words in level.name.values()):
        wrong[f"name_{level.rank}_zh"] = N_("Please give it a name of at most 20 characters")
    if not before < level.threshold <= THRESHOLD_MAX:
        wrong[f"threshold_{level.rank}"] = N_("Each level asks for more growth than the one before")
    if not 0 <= level.percent_off <= 99 or (of_platform and level.percent_off):
        wrong[f"percent_{level.rank}"] = N_("Please enter a percentage from 0 to 99")
    if level.free_freight_over is not None and (level.free_freight_over < 0 or of_platform):
        wrong[f"freight_{level.rank}"] = N_("Please enter an amount such as 12.50")
    if not 0 <= level.points_extra <= (POINTS_EXTRA_MAX if of_platform else 0):
        wrong[f"points_{level.rank}"] = N_("Please enter a percentage from 0 to 400")
    return wrong


async def _coupons(tx: Tx, wanted: Wanted) -> None:
    """A birthday's coupon is one of those that this shop, or the platform, gives."""
    named = {level.birthday_coupon for level in wanted.levels if level.birthday_coupon is not None}
    rows = await tx.fetch(
        "SELECT promotion_id FROM promotions WHERE merchant_id = $1 AND promotion_id = ANY($2) AND given",
        wanted.merchant_id,
        sorted(named),
    )
    unknown = named - {row["promotion_id"] for row in rows}
    wrong = {
        f"birthday_{level.rank}": N_("Please choose one of the coupons that you give")
        for level in wanted.levels
        if level.birthday_coupon in unknown
    }
    if wrong:
        raise Invalid(wrong)


async def _set_rule(tx: Tx, wanted: Wanted, known: Programme | None, today: date) -> None:
    newest = known and (known.coming or known.rule)
    if newest and msgspec.structs.replace(newest, from_day=wanted.rule.from_day) == wanted.rule:
        return
    rule = wanted.rule
    await tx.execute(
        """
        INSERT INTO growth_rules (merchant_id, from_day, per_hundred, review, reviews_per_month, check_in
                                , check_ins_per_month, window_days, keep_days, warn_days)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (merchant_id, from_day) DO UPDATE
        SET per_hundred = excluded.per_hundred, review = excluded.review, reviews_per_month = excluded.reviews_per_month
          , check_in = excluded.check_in, check_ins_per_month = excluded.check_ins_per_month
          , window_days = excluded.window_days, keep_days = excluded.keep_days, warn_days = excluded.warn_days
        """,
        wanted.merchant_id,
        today if known is None else today + timedelta(days=1),
        rule.per_hundred,
        rule.review,
        rule.reviews_per_month,
        rule.check_in,
        rule.check_ins_per_month,
        rule.window_days,
        rule.keep_days,
        rule.warn_days,
    )


async def _set_level(tx: Tx, wanted: Wanted, level: Level, known: Level | None, by: str, *, is_grouped: bool) -> None:
    """The platform sells nothing, and has no groups; nor has a membership that is closed."""
    merchant_id = wanted.merchant_id
    group_id = await _group(tx, merchant_id, level, known) if is_grouped else None
    list_id = await _list(tx, merchant_id, level, known, by)
    priced = known is not None and known.percent_off == level.percent_off and known.group_id == group_id
    freed = known is not None and known.free_freight_over == level.free_freight_over and known.group_id == group_id
    price_offer = known.price_offer if known and priced else await _price(tx, wanted, level, known, group_id)
    freight_offer = known.freight_offer if known and freed else await _freight(tx, wanted, level, known, group_id)
    await tx.execute(
        """
        INSERT INTO growth_levels (merchant_id, rank, name, threshold, group_id, list_id, percent_off, free_freight_over
                                 , points_extra, birthday_coupon, priority, price_offer, freight_offer)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (merchant_id, rank) DO UPDATE
        SET name = excluded.name, threshold = excluded.threshold, group_id = excluded.group_id, list_id = excluded.list_id
          , percent_off = excluded.percent_off, free_freight_over = excluded.free_freight_over
          , points_extra = excluded.points_extra, birthday_coupon = excluded.birthday_coupon
          , priority = excluded.priority, price_offer = excluded.price_offer, freight_offer = excluded.freight_offer
        """,
        merchant_id,
        level.rank,
        level.name,
        level.threshold,
        group_id,
        list_id,
        level.percent_off,
        level.free_freight_over,
        level.points_extra,
        level.birthday_coupon,
        level.priority,
        price_offer,
        freight_offer,
    )


async def _group(tx: Tx, merchant_id: UUID, level: Level, known: Level | None) -> GroupId:
    """The level's customer group, under its name; a new one with all its members where there is none, or it was closed."""
    group_id = GroupId(known.group_id) if known and known.group_id else GroupId(ids.mint())
    shop = MerchantId(merchant_id)
    try:
        await promotions.set_group(tx, Group(merchant_id=shop, group_id=group_id, name=level.name))
    except NotFound:
        group_id = GroupId(ids.mint())
        await promotions.set_group(tx, Group(merchant_id=shop, group_id=group_id, name=level.name))
    if known is None or known.group_id != group_id:
        rows = await tx.fetch(
            "SELECT buyer_id FROM growth_members WHERE merchant_id = $1 AND rank = $2", merchant_id, level.rank
        )
        joining = [Joining(merchant_id, group_id, row["buyer_id"]) for row in rows]
        await promotions.enter_by(tx, joining, MemberSource.LEVEL)
    return group_id


async def _list(tx: Tx, merchant_id: UUID, level: Level, known: Level | None, by: str) -> UUID:
    """The level's list among the segments; a new one where somebody has put it away."""
    wanted = Segment(
        merchant_id=merchant_id,
        segment_id=SegmentId(known.list_id if known and known.list_id else ids.mint()),
        kind=Kind.LIST,
        name=Text({language: f"{words} ★{level.rank}" for language, words in level.name.items()}),
        owner=by,
    )
    try:
        await segments.make_list(tx, wanted)
    except NotFound:
        wanted = msgspec.structs.replace(wanted, segment_id=SegmentId(ids.mint()))
        await segments.make_list(tx, wanted)
        await tx.execute(
            "UPDATE growth_members SET listed_rank = 0 WHERE merchant_id = $1 AND rank = $2", merchant_id, level.rank
        )
    return wanted.segment_id


async def _price(tx: Tx, wanted: Wanted, level: Level, known: Level | None, group_id: UUID | None) -> UUID | None:
    if known and known.price_offer:
        await promotions.stop(tx, wanted.merchant_id, known.price_offer)
    if not level.percent_off or group_id is None:
        return None
    rule = SpecialPrice(millionths=level.percent_off * _MILLIONTHS_PER_PERCENT)
    return await _offered(tx, wanted, level, rule, group_id)


async def _freight(tx: Tx, wanted: Wanted, level: Level, known: Level | None, group_id: UUID | None) -> UUID | None:
    if known and known.freight_offer:
        await promotions.stop(tx, wanted.merchant_id, known.freight_offer)
    if level.free_freight_over is None or group_id is None:
        return None
    return await _offered(tx, wanted, level, FreeShipping(over=level.free_freight_over), group_id)


async def _offered(
    tx: Tx, wanted: Wanted, level: Level, rule: SpecialPrice | FreeShipping, group_id: UUID
) -> PromotionId:
    now = datetime.now(UTC)
    offer = Offer(
        merchant_id=MerchantId(wanted.merchant_id),
        promotion_id=PromotionId(ids.mint()),
        name=level.name,
        rule=rule,
        currency=wanted.currency,
        starts_at=now,
        ends_at=now + timedelta(days=_DAYS_PER_YEAR * OFFER_YEARS),
        group_id=group_id,
    )
    await promotions.save(tx, offer)
    return offer.promotion_id


async def _drop_levels(tx: Tx, merchant_id: UUID, known: Sequence[Level], kept: int) -> None:
    """What belongs to levels that are no more. Raises `SegmentInUse` where something goes by the list of one."""
    for level in known:
        if level.rank > kept:
            await _bring_nothing(tx, merchant_id, level)
            if level.list_id is not None:
                await segments.archive(tx, merchant_id, level.list_id)
    await tx.execute("DELETE FROM growth_levels WHERE merchant_id = $1 AND rank > $2", merchant_id, kept)


async def _bring_nothing(tx: Tx, merchant_id: UUID, level: Level) -> None:
    for offer in (level.price_offer, level.freight_offer):
        if offer is not None:
            await promotions.stop(tx, merchant_id, offer)
    if level.group_id is not None:
        await promotions.close_group(tx, merchant_id, level.group_id)


async def _look_again(tx: Tx, merchant_id: UUID, today: date) -> None:
    """Everybody may stand elsewhere now; who is looked at before a new rule counts is looked at again when it does."""
    await tx.execute("UPDATE growth_members SET check_on = $2 WHERE merchant_id = $1", merchant_id, today)


async def close(tx: Tx, merchant_id: UUID, today: date) -> None:
    """It brings nothing from now on: its prices stop, its groups are closed, nobody sees it. What is earned is counted on. Said
    twice, nothing changes. Raises `NoProgramme`."""
    known = await programme(tx, merchant_id, today)
    if known is None:
        raise NoProgramme()
    if known.closed_at is not None:
        return
    for level in known.levels:
        await _bring_nothing(tx, merchant_id, level)
    await tx.execute(
        """
        WITH bare AS (
            UPDATE growth_levels SET group_id = NULL, price_offer = NULL, freight_offer = NULL WHERE merchant_id = $1
        )
        UPDATE growth_programmes SET closed_at = now(), version = version + 1, changed_at = now() WHERE merchant_id = $1
        """,
        merchant_id,
    )


async def reopen(tx: Tx, merchant_id: UUID, by: str, today: date) -> None:
    """It brings again what it did. Said twice, nothing changes. Raises `NoProgramme`."""
    known = await programme(tx, merchant_id, today)
    if known is None:
        raise NoProgramme()
    if known.closed_at is None:
        return
    await tx.execute("UPDATE growth_programmes SET closed_at = NULL WHERE merchant_id = $1", merchant_id)
    wanted = Wanted(
        merchant_id=merchant_id,
        name=known.name,
        currency=known.currency,
        rule=known.coming or known.rule,
        levels=known.levels,
        seen=known.version,
        tasks=known.tasks,
    )
    await set_up(tx, wanted, by, today)
