"""What could be done next: rules over a review's facts. Each says on which evidence; people decide. Pure.

A rule speaks only of what is large enough to matter (a part of what was paid before) and of what is hardly chance (two-sided at
one in twenty; an amount of its own, of at least so many orders). Its numbers stand in docs/algorithms/reviews.md."""

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt

import msgspec

from steelyard.operations.business_reviews.gathering import REST, UNKNOWN
from steelyard.operations.business_reviews.model import (
    ADVICE_KEPT,
    Advice,
    Comparison,
    Day,
    Figures,
    Moves,
    Row,
    Tried,
)

CHANCE = 1.96
# As parts of what was paid before.
SMALL, LARGE = 0.02, 0.05
FELL = 0.15
LEAST = 30
# So many days of stock at the period's pace are little.
STOCK_DAYS = 14


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules look at. `of_shops`: the goods are the marketplace's shops. `free`: pieces that can be sold now, of products
    on the shelf that moved, none when the period is long over; `unlearned`: names of experiments that were stopped and taught
    nothing yet."""

    figures: Figures
    before: Comparison
    days: Sequence[Day]
    stages: Sequence[Moves]
    tried: Sequence[Tried]
    of_shops: bool = False
    free: Mapping[str, int] = {}
    unlearned: Sequence[Tried] = ()


def advise(known: Known) -> list[Advice]:
    """The most important first."""
    found = [
        *_channels(known),
        *_funnel(known),
        *_customers(known),
        *_service(known),
        *_goods(known),
        *_days(known),
        *_learning(known),
    ]
    ordered = sorted(found, key=lambda each: -each[0])
    return [advice for _, advice in ordered[:ADVICE_KEPT]]


Weighed = tuple[float, Advice]


def fewer(now: int, before: int) -> float:
    """By how many standard deviations a count is below another, both being chance (Poisson)."""
    return (before - now) / sqrt(before + now) if before + now else 0.0


def lower(hits: int, of: int, hits_before: int, of_before: int) -> float:
    """By how many standard deviations a share is below another (two proportions, pooled)."""
    if not of or not of_before:
        return 0.0
    pooled = (hits + hits_before) / (of + of_before)
    spread = sqrt(max(pooled * (1 - pooled), 0.0) * (1 / of + 1 / of_before))
    return (hits_before / of_before - hits / of) / spread if spread else 0.0


def _money(known: Known) -> int:
    return max(known.before.figures.paid, 1)


def _channels(known: Known) -> Iterator[Weighed]:
    """Channels whose visitors bought less often, or of whom there were fewer."""
    for row in known.before.channels.rows:
        if row.key == UNKNOWN or min(row.units, row.units_before) < LEAST:
            continue
        evidence = {
            "visitors": row.units,
            "visitors_before": row.units_before,
            "orders": row.orders,
            "orders_before": row.orders_before,
        }
        rate = row.rate or 0
        if rate < -SMALL * _money(known) and lower(row.orders, row.units, row.orders_before, row.units_before) > CHANCE:
            yield -rate, Advice(code="channel_conversion", key=row.key, evidence=evidence | {"rate": rate})
        gone = row.units_before - row.units
        if gone > FELL * row.units_before and fewer(row.units, row.units_before) > CHANCE:
            lost = gone * row.paid_before // row.units_before
            if lost > SMALL * _money(known):
                yield lost, Advice(code="channel_visitors", key=row.key, evidence=evidence | {"lost": lost})


def _funnel(known: Known) -> Iterator[Weighed]:
    """Of all visitors, the step at which more of them stopped than before; and what an order came to."""
    now, was = known.figures, known.before.figures
    part = {each.name: each.part for each in known.before.factors}
    if part.get("conversion", 0) < -SMALL * _money(known):
        # Who ordered twice took the last step once.
        bought, had_bought = min(now.orders, now.checkout_visitors), min(was.orders, was.checkout_visitors)
        steps = [
            ("product", now.product_visitors, now.visitors, was.product_visitors, was.visitors),
            ("cart", now.cart_visitors, now.product_visitors, was.cart_visitors, was.product_visitors),
            ("checkout", now.checkout_visitors, now.cart_visitors, was.checkout_visitors, was.cart_visitors),
            ("paid", bought, now.checkout_visitors, had_bought, was.checkout_visitors),
        ]
        step, hits, of, hits_before, of_before = max(steps, key=lambda each: lower(*each[1:]))
        if lower(hits, of, hits_before, of_before) > CHANCE:
            yield (
                -part["conversion"],
                Advice(
                    code="funnel",
                    key=step,
                    evidence={"hits": hits, "of": of, "hits_before": hits_before, "of_before": of_before},
                ),
            )
    if part.get("basket", 0) < -LARGE * _money(known) and min(now.orders, was.orders) >= LEAST:
        yield -part["basket"], Advice(code="basket", evidence={"part": part["basket"]})


def _customers(known: Known) -> Iterator[Weighed]:
    """Fewer new ones, fewer who came back, more who fell asleep."""
    now, was = known.figures, known.before.figures
    for code, here, there in (
        ("new_customers", now.new, was.new),
        ("returning_customers", now.returning, was.returning),
    ):
        if (
            there.people >= LEAST
            and there.people - here.people > FELL * there.people
            and fewer(here.people, there.people) > CHANCE
        ):
            evidence = {
                "people": here.people,
                "people_before": there.people,
                "paid": here.paid,
                "paid_before": there.paid,
            }
            yield max(there.paid - here.paid, 1), Advice(code=code, evidence=evidence)
    for each in known.stages:
        if (
            each.stage in ("dormant", "lost")
            and each.people >= LEAST
            and fewer(each.people_before, each.people) > CHANCE
        ):
            yield (
                SMALL * _money(known),
                Advice(
                    code="asleep",
                    key=each.stage,
                    evidence={"people": each.people, "people_before": each.people_before},
                ),
            )


def _service(known: Known) -> Iterator[Weighed]:
    """More went back, or was called off."""
    now, was = known.figures, known.before.figures
    if min(now.orders, was.orders) < LEAST:
        return
    for code, here, there in (
        ("refunds", min(now.refunded_orders, now.orders), min(was.refunded_orders, was.orders)),
        ("cancelled", min(now.cancelled, now.orders), min(was.cancelled, was.orders)),
    ):
        if lower(there, was.orders, here, now.orders) > CHANCE and here / now.orders - there / was.orders > 0.01:
            evidence = {"hits": here, "of": now.orders, "hits_before": there, "of_before": was.orders}
            yield SMALL * _money(known), Advice(code=code, evidence=evidence)


def _goods(known: Known) -> Iterator[Weighed]:
    """Of the goods that moved most: sold out, falling, or rising with little left."""
    rows = [row for row in known.before.goods.rows if row.key != REST]
    falling = sorted((row for row in rows if row.change < 0), key=lambda row: row.change)
    for row in falling:
        if -row.change < 0.01 * _money(known):
            break
        if known.free.get(row.key) == 0:
            yield -row.change, _of_row("sold_out", row, known)
    worst = next((row for row in falling if known.free.get(row.key) != 0), None)
    if worst is not None and -worst.change > SMALL * _money(known) and fewer(worst.units, worst.units_before) > CHANCE:
        yield -worst.change, _of_row("shop_falling" if known.of_shops else "falling", worst, known)
    days = max(len(known.days), 1)
    for row in sorted((row for row in rows if row.change > 0), key=lambda row: -row.change):
        free = known.free.get(row.key)
        if row.change <= SMALL * _money(known) or fewer(row.units_before, row.units) <= CHANCE:
            continue
        if free is not None and free * days < row.units * STOCK_DAYS:
            yield row.change, _of_row("running_out", row, known)


def _of_row(code: str, row: Row, known: Known) -> Advice:
    evidence = {"units": row.units, "units_before": row.units_before, "change": row.change}
    if row.key in known.free:
        evidence["free"] = known.free[row.key]
    return Advice(code=code, key=row.key, name=row.name, evidence=evidence)


def _days(known: Known) -> Iterator[Weighed]:
    """The day that fell furthest below what was expected, and the one furthest above."""
    out = [(day, day.expected) for day in known.days if day.stands_out]
    for code, sign in (("below", -1), ("above", 1)):
        far = [
            (day, each)
            for day, each in out
            if each is not None and sign * (day.paid - each.expected) > LARGE * _money(known)
        ]
        if far:
            day, each = max(far, key=lambda pair: sign * (pair[0].paid - pair[1].expected))
            evidence: dict[str, int | float | str] = {
                "day": day.day.isoformat(),
                "paid": day.paid,
                "expected": each.expected,
            }
            yield abs(day.paid - each.expected), Advice(code=code, key=day.day.isoformat(), evidence=evidence)


def _learning(known: Known) -> Iterator[Weighed]:
    """What ended and taught nothing yet; and when less was sold and nothing was tried."""
    for each in known.unlearned[:3]:
        yield LARGE * _money(known), Advice(code="unlearned", key=str(each.id), name=each.name)
    now, was = known.figures, known.before.figures
    fell = was.paid - now.paid
    # A day is like the one before it only by chance: its weekday is another.
    if known.tried or len(known.days) == 1:
        return
    if fell > LARGE * _money(known) and fewer(now.orders, was.orders) > CHANCE:
        yield fell, Advice(code="nothing_tried", evidence={"fell": fell})
