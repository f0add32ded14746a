"""What a rule is, which of them counts for an order, and when its time is over.

The clock begins on the day after the goods were signed for, in the zone of where they went, and ends with the last second
of the last day: 《网络购买商品七日无理由退货暂行办法》 (SAIC Order No. 90 of 2017, amended 2020), Art. 10; Civil Code Art. 201
and 203; for the Union, Directive 2011/83/EU, Art. 9 (2) (b). Where a rule says so, a last day that is no working day moves to
the next one.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text

RuleId = NewType("RuleId", UUID)

HOUSE = ZoneInfo("Asia/Shanghai")
DAYS_MAX = 365
HOURS_MAX = 720
PERCENT_MAX = 100
TIMES_MAX = 10
COUNTRIES_MAX = 60
COUNTRY = re.compile(r"[A-Z]{2}")
SATURDAY = 5
# So that nobody looks further than any row of holidays.
DAYS_OFF_MAX = 60
WORDS_CHARACTERS_MAX = 200
# Where the day ends in the states of the Union: at the seat of the government.
EU_ZONES: dict[str, ZoneInfo] = {
    country: ZoneInfo(f"Europe/{city}")
    for country, city in (
        ("AT", "Vienna"), ("BE", "Brussels"), ("BG", "Sofia"), ("CZ", "Prague"), ("DE", "Berlin"), ("DK", "Copenhagen"),
        ("EE", "Tallinn"), ("ES", "Madrid"), ("FI", "Helsinki"), ("FR", "Paris"), ("GR", "Athens"), ("HR", "Zagreb"),
        ("HU", "Budapest"), ("IE", "Dublin"), ("IT", "Rome"), ("LT", "Vilnius"), ("LU", "Luxembourg"), ("LV", "Riga"),
        ("MT", "Malta"), ("NL", "Amsterdam"), ("PL", "Warsaw"), ("PT", "Lisbon"), ("RO", "Bucharest"),
        ("SE", "Stockholm"), ("SI", "Ljubljana"), ("SK", "Bratislava"),
    )
} | {"CY": ZoneInfo("Asia/Nicosia")}  # fmt: skip


class RuleKind(StrEnum):
    """`withdrawal` is the Union's word for a return without a reason; `fault` is for what is wrong with the goods. The others
    are about money: to send by a time, to give back what becomes cheaper, that goods are genuine, what sending back costs
    where the shop is to blame, and what of that it may promise to bear whatever the reason."""

    NO_REASON_RETURN = "no_reason_return"
    WITHDRAWAL = "withdrawal"
    FAULT = "fault"
    SHIP_PROMISE = "ship_promise"
    PRICE_PROTECTION = "price_protection"
    AUTHENTICITY = "authenticity"
    RETURN_FREIGHT = "return_freight"
    FREE_RETURNS = "free_returns"


class Family(StrEnum):
    """What a buyer invokes, whichever law it is by where they live."""

    NO_REASON = "no_reason"
    FAULT = "fault"


# Those without days: nothing ends.
UNENDING = frozenset({RuleKind.SHIP_PROMISE, RuleKind.AUTHENTICITY, RuleKind.RETURN_FREIGHT, RuleKind.FREE_RETURNS})
PROMISES = UNENDING | {RuleKind.PRICE_PROTECTION}


class CountedFrom(StrEnum):
    """When the days of a price protection begin."""

    PLACED = "placed"
    RECEIVED = "received"


OF_FAMILY: dict[Family, frozenset[RuleKind]] = {
    Family.NO_REASON: frozenset({RuleKind.NO_REASON_RETURN, RuleKind.WITHDRAWAL}),
    Family.FAULT: frozenset({RuleKind.FAULT}),
}


class NewRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a version of a right says. `countries`: where the goods go; none means wherever no other rule of its family is.
    `exceptions`: goods that it does not cover. `until`: the last day on which an order can be placed under it. `moves`: a
    last day that is no working day moves to the next that is.

    Of promises: what is paid for a broken one is `percent` of what was paid, at least `amount_least` and at most `amount_most`
    (none: as much as was paid) in `currency` (none: whatever the currency); a shop promises `hours_least` to `hours_most`, or
    up to `times_most` times the price; what becomes cheaper in `days` from `counted_from` goes back, for goods of `categories`
    (none: all), up to `amount_most` a line."""

    rule_id: RuleId
    code: str
    kind: RuleKind
    name: Text
    days: int
    source: Text
    link: str = ""
    countries: Sequence[str] = ()
    exceptions: Sequence[NoReturn] = ()
    until: date | None = None
    percent: int = 0
    amount_least: int = 0
    amount_most: int | None = None
    currency: str | None = None
    hours_least: int = 0
    hours_most: int = 0
    times_most: int = 0
    categories: Sequence[UUID] = ()
    counted_from: CountedFrom = CountedFrom.RECEIVED
    moves: bool = False


class Rule(NewRule, frozen=True, kw_only=True):
    """A version of a right; `since` is the first day of orders that it counts for, none: a draft."""

    version: int
    since: date | None
    drafted_at: datetime
    drafted_by: str

    def covers(self, no_return: NoReturn | None) -> bool:
        return no_return not in self.exceptions

    def in_force(self, day: date) -> bool:
        return self.since is not None and self.since <= day


class Holiday(msgspec.Struct, frozen=True, kw_only=True):
    """A day on which nobody works there; or (`worked`) a day of the weekend on which people do."""

    country: str
    day: date
    name: Text
    worked: bool = False


class Calendar(msgspec.Struct, frozen=True):
    """Which days are worked: by country and day, those that are otherwise than the days of the week say."""

    worked: Mapping[tuple[str, date], bool] = {}

    def next_working(self, country: str, day: date) -> date:
        """This day, or the first after it that is worked."""
        for _ in range(DAYS_OFF_MAX):
            if self.worked.get((country, day), day.weekday() < SATURDAY):
                break
            day += timedelta(days=1)
        return day


class Rules(msgspec.Struct, frozen=True):
    """All versions that were ever switched on, and the days on which nobody works."""

    versions: Sequence[Rule]
    calendar: Calendar = Calendar()

    def of(self, family: Family, country: str, placed: datetime) -> Rule | None:
        """The rule that counts for an order placed then to that country: of each right the newest version that was in
        force, of these one that names the country before one for everywhere else, the longer before the shorter."""
        known = self._newest(OF_FAMILY[family], placed.astimezone(HOUSE).date())
        here = [each for each in known if country in each.countries] or [each for each in known if not each.countries]
        return max(here, key=lambda each: (each.days, each.code), default=None)

    def any(self, kind: RuleKind, placed: datetime) -> bool:
        """Whether any rule of this kind was in force then."""
        return bool(self._newest({kind}, placed.astimezone(HOUSE).date()))

    def promise(
        self, kind: RuleKind, placed: datetime, currency: str | None, path: Collection[UUID] = ()
    ) -> Rule | None:
        """The promise that counts for what was ordered then: the newest versions in force, of these one for the goods'
        categories (`path`) before one for all goods, one in this currency before one for all, the more generous first."""
        fitting = [
            each
            for each in self._newest({kind}, placed.astimezone(HOUSE).date())
            if each.currency in (None, currency) and (not each.categories or set(each.categories) & set(path))
        ]
        return max(
            fitting,
            key=lambda each: (bool(each.categories), each.currency is not None, each.days, each.percent, each.code),
            default=None,
        )

    def _newest(self, kinds: Collection[RuleKind], day: date) -> list[Rule]:
        newest: dict[str, Rule] = {}
        for each in self.versions:
            if each.kind not in kinds or each.since is None or each.since > day:
                continue
            known = newest.get(each.code)
            if known is None or known.since is None or (known.since, known.version) < (each.since, each.version):
                newest[each.code] = each
        return [each for each in newest.values() if each.until is None or day <= each.until]

    def told(self, now: datetime) -> list[Rule]:
        """The returns without a reason that there are now, the longer first: for a page that knows of no country."""
        day = now.astimezone(HOUSE).date()
        places = {country for each in self.versions for country in each.countries} | {""}
        found = {self.of(Family.NO_REASON, place, now) for place in places}
        return sorted((each for each in found if each and each.in_force(day)), key=lambda each: (each.days, each.code))

    def tried(self, draft: Rule) -> "Rules":
        """As if this draft had always been the newest version of its right."""
        others = [each for each in self.versions if each.code != draft.code]
        return Rules([*others, msgspec.structs.replace(draft, since=date.min)], self.calendar)

    def ends(self, rule: NewRule, received: datetime, country: str) -> datetime:
        """The first moment at which it is too late: midnight after the last day, where the goods are."""
        zone = zone_of(country)
        last = received.astimezone(zone).date() + timedelta(days=rule.days)
        if rule.moves:
            last = self.calendar.next_working(country, last)
        return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)


def zone_of(country: str) -> ZoneInfo:
    return EU_ZONES.get(country, HOUSE)


def excepted(rule: Rule | None, goods: Collection[NoReturn | None]) -> bool:
    """Whether a rule covers none of these goods. What is excepted only once it is opened may come back closed."""
    return rule is not None and all(not rule.covers(each) and each is not NoReturn.OPENED_DIGITAL for each in goods)


class InForce(Refusal):
    """What is in force is not changed: a next version supersedes it."""

    code = "rule_in_force"
    title = N_("This version is switched on")
    detail = N_("It cannot be changed or dropped any more. Please draft its next version.")
