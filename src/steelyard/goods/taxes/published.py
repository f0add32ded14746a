"""The tables in which rates are published, read line by line; every line that cannot be read says why.

Known shapes, told apart by what stands in them:

- our own: a CSV with the columns of `COLUMNS`; `rate` in percent, days as 2026-01-31, `inclusive` yes or no
- EU: a CSV `start_date,stop_date,territory_codes,currency_code,rate,rate_type,description`, rates as parts of one
- EU: JSON `{"items": {"DE": [{"effective_from": …, "rates": {"standard": 19, …}}]}}`, rates in percent
- US: JSON `{"CA": {"state_bps": 725, "scheduled_change": {"date": …, "state_bps": …}}}`, hundredths of a percent
- world: JSON `{"CA": {"type": "gst", "rate": 0.05, "states": {…}, "before": {moment: …}}}`, parts of one; a state's rate
  comes on top of the country's, or, below nothing, off it
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import msgspec

from steelyard.goods.taxes.model import RATED, RATES_PER_TABLE_MAX, STANDARD, TABLE_BYTES_MAX, DatedRate
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.kernel.text import Text, text

COLUMNS = ("country", "region", "tax_class", "rate", "valid_from", "valid_to", "inclusive", "name_zh", "name_en")
# Where a table does not say since when.
SINCE_EVER = date(1970, 1, 1)
# Prices in shops there are shown without the tax.
ON_TOP = frozenset({"US", "CA"})
OTHER_CODES = {"EL": "GR", "UK": "GB"}
# An ISO 3166-2 code; what follows the country in others is a postal code, by which no rate is found here.
SUBDIVISION = re.compile(r"[A-Z]{2}-(?:[A-Z]{1,3}|\d{1,2})")
CLASS_NAMES = {"reduced1": "reduced"}
NAMES = {
    "gst": text("商品及服务税", "GST"),
    "hst": text("统一销售税", "HST"),
    "pst": text("省销售税", "PST"),
    "qst": text("魁北克销售税", "QST"),
}
VAT, SALES_TAX = text("增值税", "VAT"), text("销售税", "Sales tax")

NO_RATE = N_("The rate is no number between 0 % and 100 %.")
NO_DAY = N_("The day is none such as 2026-01-31.")
NO_COUNTRY = N_("The country is not two letters.")
NO_CLASS = N_("The class is none of: standard, reduced, reduced2, super_reduced, parking.")
NO_INCLUSIVE = N_("Write yes where prices contain the tax, and no where it comes on top.")
NO_TABLE = N_("This is none of the tables that are known here.")
TOO_MUCH = N_("The file is too large: 5,000 rates and 4 MB at most.")
TWICE = N_("The same place, class and first day stand above already, with another rate.")
ENDS_BEFORE = N_("A rate ends after it has begun.")


class Problem(msgspec.Struct, frozen=True):
    """What is wrong (a msgid) and where: a line of a CSV, or the place in a JSON."""

    where: str
    what: str


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What a table says. `skipped` counts rates that are for postal codes or classes that are not told apart here."""

    rates: list[DatedRate]
    problems: list[Problem]
    skipped: int = 0


class _Reading:
    """Rates and problems as they are met."""

    def __init__(self) -> None:
        self.rates: dict[tuple[str, str, str, date], DatedRate] = {}
        self.problems: list[Problem] = []
        self.skipped = 0

    def add(self, where: str, rate: DatedRate) -> None:
        key = (rate.country, rate.region, rate.tax_class, rate.valid_from)
        known = self.rates.setdefault(key, rate)
        if (known.millionths, known.valid_to) != (rate.millionths, rate.valid_to):
            self.problems.append(Problem(where, TWICE))
        elif rate.valid_to is not None and rate.valid_to <= rate.valid_from:
            self.problems.append(Problem(where, ENDS_BEFORE))

    def wrong(self, where: str, what: str) -> None:
        self.problems.append(Problem(where, what))

    def done(self) -> Table:
        if len(self.rates) > RATES_PER_TABLE_MAX:
            return Table(rates=[], problems=[Problem("", TOO_MUCH)])
        return Table(rates=list(self.rates.values()), problems=self.problems, skipped=self.skipped)


def read_table(content: bytes) -> Table:
    """The rates that a published table tells of, and what in it cannot be read."""
    if len(content) > TABLE_BYTES_MAX:
        return Table(rates=[], problems=[Problem("", TOO_MUCH)])
    reading = _Reading()
    try:
        said = content.decode("utf-8-sig")
        if said.lstrip().startswith("{"):
            _json(json.loads(said, parse_float=Decimal), reading)
        else:
            _csv(said, reading)
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error, RecursionError):
        reading.wrong("", NO_TABLE)
    return reading.done()


def _csv(said: str, reading: _Reading) -> None:
    rows = csv.DictReader(io.StringIO(said, newline=""))
    columns = set(rows.fieldnames or ())
    if "territory_codes" in columns:
        one = _territories
    elif columns >= {"country", "tax_class", "rate", "valid_from", "inclusive"}:
        one = _own
    else:
        reading.wrong("1", NO_TABLE)
        return
    for row in rows:
        told = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        if any(told.values()):
            one(str(rows.line_num), told, reading)


def _own(where: str, row: Mapping[str, str], reading: _Reading) -> None:
    millionths = _millionths(row["rate"].removesuffix("%").strip(), 10_000)
    first, last = _day(row["valid_from"]), _day(row.get("valid_to", ""))
    country, inclusive = row["country"].upper(), row["inclusive"].lower()
    troubles = (
        (NO_COUNTRY, not re.fullmatch("[A-Z]{2}", country)),
        (NO_CLASS, row["tax_class"] not in RATED),
        (NO_RATE, millionths is None),
        (NO_DAY, first is None or (last is None and row.get("valid_to", "") != "")),
        (NO_INCLUSIVE, inclusive not in ("yes", "no")),
    )
    found = [trouble for trouble, there in troubles if there]
    for trouble in found:
        reading.wrong(where, trouble)
    if found or millionths is None or first is None:
        return
    name = {"zh-Hans": row.get("name_zh", ""), "en": row.get("name_en", "")}
    reading.add(
        where,
        DatedRate(
            country=country,
            region=row.get("region", "").upper(),
            tax_class=row["tax_class"],
            valid_from=first,
            valid_to=last,
            millionths=millionths,
            inclusive=inclusive == "yes",
            name=Text({key: words for key, words in name.items() if words}) or VAT,
        ),
    )


def _territories(where: str, row: Mapping[str, str], reading: _Reading) -> None:
    """One row of the EU history: a rate of several territories, by ISO code or by postal code."""
    millionths = _millionths(row.get("rate", ""), PARTS_PER_MILLION)
    first, last = _day(row.get("start_date", "")), _day(row.get("stop_date", ""))
    if millionths is None:
        return reading.wrong(where, NO_RATE)
    if first is None or (last is None and row.get("stop_date", "") != ""):
        return reading.wrong(where, NO_DAY)
    tax_class = row.get("rate_type", STANDARD)
    if tax_class not in RATED:
        return reading.wrong(where, NO_CLASS)
    for code in row["territory_codes"].split():
        if not re.match("[A-Z]{2}(?:-|$)", code) or (len(code) > 2 and not SUBDIVISION.fullmatch(code)):
            reading.skipped += 1
            continue
        country = OTHER_CODES.get(code[:2], code[:2])
        reading.add(where, _rate(country, code[3:], tax_class, first, last, millionths, VAT))
    return None


def _json(told: Any, reading: _Reading) -> None:
    places: dict[str, Any] = {key: value for key, value in told.items() if isinstance(value, dict)}
    items = places.get("items")
    if items is not None:
        for country, periods in items.items():
            _periods(str(country), periods, reading)
    elif any("state_bps" in place for place in places.values()):
        for state, place in places.items():
            _state(state, place, reading)
    elif any("rate" in place for place in places.values()):
        for country, place in places.items():
            _country(country, place, reading)
    else:
        reading.wrong("", NO_TABLE)


def _periods(country: str, periods: Any, reading: _Reading) -> None:
    country = OTHER_CODES.get(country, country)
    for period in _dicts(periods):
        # Year 0 stands for: since ever.
        began = str(period.get("effective_from", ""))
        first = SINCE_EVER if began.startswith("0000") else _day(began)
        reading.skipped += len(_dicts(period.get("exceptions")))
        rates = period.get("rates")
        for name, percent in (cast("dict[str, Any]", rates) if isinstance(rates, dict) else {}).items():
            where, tax_class = f"{country} {began} {name}", CLASS_NAMES.get(name, name)
            millionths = _millionths(str(percent), 10_000)
            if tax_class not in RATED:
                reading.skipped += 1
            elif first is None:
                reading.wrong(where, NO_DAY)
            elif millionths is None:
                reading.wrong(where, NO_RATE)
            else:
                reading.add(where, _rate(country, "", tax_class, first, None, millionths, VAT))


def _state(state: str, place: Mapping[str, Any], reading: _Reading) -> None:
    name = str(place.get("name", state))
    told: list[tuple[str, date | None, Any]] = [("", SINCE_EVER, place.get("state_bps"))]
    if isinstance(change := place.get("scheduled_change"), dict):
        planned = cast("dict[str, Any]", change)
        told.append((" scheduled_change", _day(str(planned.get("date", ""))), planned.get("state_bps")))
    for where, first, bps in told:
        millionths = _millionths(str(bps), 100)
        if first is None:
            reading.wrong(state + where, NO_DAY)
        elif millionths is None:
            reading.wrong(state + where, NO_RATE)
        else:
            words = text(f"{name} 销售税", f"{name} sales tax")
            reading.add(state + where, _rate("US", state, STANDARD, first, None, millionths, words))


def _country(country: str, place: Mapping[str, Any], reading: _Reading) -> None:
    if not re.fullmatch("[A-Z]{2}", country):
        return reading.wrong(country, NO_COUNTRY)
    whole = _timeline(country, place, reading)
    for first, millionths in whole:
        reading.add(country, _rate(country, "", STANDARD, first, None, millionths, _called(country, place)))
    states = place.get("states")
    for state, part in (cast("dict[str, Any]", states) if isinstance(states, dict) else {}).items():
        own = _timeline(f"{country}-{state}", part, reading, -PARTS_PER_MILLION)
        # On top of the country's: a new rate begins wherever one of the two does.
        for first in sorted({day for day, _ in (*whole, *own)}):
            both = _at(whole, first) + _at(own, first)
            if not 0 <= both <= PARTS_PER_MILLION:
                reading.wrong(f"{country}-{state}", NO_RATE)
                continue
            reading.add(state, _rate(country, state, STANDARD, first, None, both, _called(country, part)))
    return None


def _timeline(where: str, place: Mapping[str, Any], reading: _Reading, least: int = 0) -> list[tuple[date, int]]:
    """`(first day, rate)`, the first first. What stands under `before` held until its moment; the rate begins the day
    after, which is the day of that moment where it is shortly before midnight in the east of Greenwich."""
    before = place.get("before")
    ended: list[tuple[date, Any]] = []
    for moment, was in (cast("dict[str, Any]", before) if isinstance(before, dict) else {}).items():
        try:
            at = datetime.fromisoformat(moment).astimezone(UTC) + timedelta(hours=3)
        except ValueError:
            reading.wrong(where, NO_DAY)
            continue
        ended.append((at.date(), was.get("rate") if isinstance(was, dict) else None))
    found: list[tuple[date, int]] = []
    began = SINCE_EVER
    for until, rate in [*sorted(ended, key=lambda each: each[0]), (None, place.get("rate"))]:
        millionths = _millionths(str(rate), PARTS_PER_MILLION, least)
        if millionths is None:
            reading.wrong(where, NO_RATE)
        else:
            found.append((began, millionths))
        began = until or began
    return found


def _at(timeline: Iterable[tuple[date, int]], day: date) -> int:
    return next((rate for first, rate in reversed(list(timeline)) if first <= day), 0)


def _called(country: str, place: Mapping[str, Any]) -> Text:
    return SALES_TAX if country == "US" else NAMES.get(str(place.get("type")), VAT)


def _rate(
    country: str, region: str, tax_class: str, first: date, last: date | None, millionths: int, name: Text
) -> DatedRate:
    return DatedRate(
        country=country,
        region=region.upper(),
        tax_class=tax_class,
        valid_from=first,
        valid_to=last,
        millionths=millionths,
        inclusive=country not in ON_TOP,
        name=name,
    )


def _millionths(said: str, times: int, least: int = 0) -> int | None:
    """A rate in parts per million; none for what is no rate, or finer than that."""
    try:
        value = Decimal(said) * times
    except InvalidOperation:
        return None
    if not value.is_finite() or value != value.to_integral_value() or not least <= value <= PARTS_PER_MILLION:
        return None
    return int(value)


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def _dicts(told: Any) -> list[dict[str, Any]]:
    found = cast("list[Any]", told) if isinstance(told, list) else []
    return [cast("dict[str, Any]", each) for each in found if isinstance(each, dict)]
