"""One period against another, taken apart. Pure."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from steelyard.kernel.text import Text
from steelyard.operations.business_reviews.decomposing import Chain, Side, factors, shift_share
from steelyard.operations.business_reviews.gathering import NEW, REST, RETURNING, UNKNOWN, Gathered, Kind
from steelyard.operations.business_reviews.model import ROWS_KEPT, Breakdown, Comparison, Factor, Figures, Row

# Where nobody knows by which channel more than this share of the money came, channels are not held against each other.
UNKNOWN_MOST = 0.2
LOOKED = ("visitors", "conversion", "basket")
BOUGHT = ("customers", "frequency", "basket")


def compare(now: Gathered, then: Gathered) -> Comparison:
    """How the later period differs from the earlier."""
    return Comparison(
        first=then.period.first,
        last=then.period.last,
        figures=then.figures,
        factors=_factors(then.figures, now.figures),
        customers=_apart(_customers(now.figures), _customers(then.figures)),
        categories=_apart(now.categories, then.categories),
        channels=_channels(now.channels, then.channels),
        goods=_goods(now.goods, then.goods),
    )


def named(comparison: Comparison, names: Mapping[str, Text]) -> Comparison:
    """The same with the names of its goods."""
    rows = [replace(row, name=names.get(row.key, Text())) for row in comparison.goods.rows]
    return replace(comparison, goods=replace(comparison.goods, rows=rows))


def _factors(before: Figures, now: Figures) -> list[Factor]:
    """Visitors × conversion × basket; where visitors were not counted, customers × orders of each × basket."""
    looked = (Chain([before.visitors, before.orders, before.paid]), Chain([now.visitors, now.orders, now.paid]))
    bought = (Chain([before.customers, before.orders, before.paid]), Chain([now.customers, now.orders, now.paid]))
    for names, (was, became) in ((LOOKED, looked), (BOUGHT, bought)):
        if not was.counts[0] and not became.counts[0]:
            continue
        parts = factors(was, became)
        if parts is not None:
            return [
                Factor(name=name, before=float(old or 0), now=float(new or 0), part=part)
                for name, old, new, part in zip(names, was.rates(), became.rates(), parts, strict=True)
            ]
    return []


def _customers(figures: Figures) -> list[Kind]:
    groups = {NEW: figures.new, RETURNING: figures.returning, UNKNOWN: figures.unknown}
    return [
        Kind(key=key, units=each.people, orders=each.orders, paid=each.paid)
        for key, each in groups.items()
        if key != UNKNOWN or each.people
    ]


def _rows(now: Sequence[Kind], then: Sequence[Kind]) -> list[Row]:
    after, was = {each.key: each for each in now}, {each.key: each for each in then}
    rows: list[Row] = []
    for key in {**after, **was}:
        new, old = after.get(key, Kind(key=key)), was.get(key, Kind(key=key))
        rows.append(
            Row(
                key=key,
                name=new.name or old.name,
                paid=new.paid,
                paid_before=old.paid,
                units=new.units,
                units_before=old.units,
                orders=new.orders,
                orders_before=old.orders,
            )
        )
    return rows


def _apart(now: Sequence[Kind], then: Sequence[Kind]) -> Breakdown:
    """All rows, each with what it contributed by mix and by rate."""
    found = shift_share(
        {each.key: Side(each.units, each.paid) for each in then},
        {each.key: Side(each.units, each.paid) for each in now},
    )
    rows = [
        replace(row, mix=found.kinds[row.key].mix, rate=found.kinds[row.key].rate)
        if row.units or row.units_before
        else row
        for row in _rows(now, then)
        if row.paid or row.paid_before or row.units or row.units_before
    ]
    ordered = sorted(rows, key=lambda row: (row.key in (REST, UNKNOWN), -row.paid, row.key))
    return Breakdown(rows=ordered, volume=found.volume, mix=found.mix, rate=found.rate, other=found.other)


def _channels(now: Sequence[Kind], then: Sequence[Kind]) -> Breakdown:
    for side in (now, then):
        paid = sum(each.paid for each in side)
        strange = sum(each.paid for each in side if each.key == UNKNOWN)
        if not any(each.units for each in side) or strange > UNKNOWN_MOST * paid:
            ordered = sorted(_rows(now, then), key=lambda row: (row.key == UNKNOWN, -row.paid, row.key))
            return Breakdown(rows=ordered)
    return _apart(now, then)


def _goods(now: Sequence[Kind], then: Sequence[Kind]) -> Breakdown:
    """Of very many the ones that moved most, up and down; mix and rate are those of all."""
    whole = _apart(now, then)
    rising = sorted((row for row in whole.rows if row.change > 0), key=lambda row: (-row.change, row.key))
    falling = sorted((row for row in whole.rows if row.change < 0), key=lambda row: (row.change, row.key))
    kept = [*rising[:ROWS_KEPT], *reversed(falling[:ROWS_KEPT])]
    return Breakdown(
        rows=kept,
        of_all=len(kept) == len(whole.rows),
        volume=whole.volume,
        mix=whole.mix,
        rate=whole.rate,
        other=whole.other,
    )
