"""Where people are, for the time of day: the zone of the country they say, or of the address they have things sent to. A country
of several zones is told apart by the state or province where that is known, else by where most of its people live. Who says
nothing is taken to be where the house is.

The zones are those of the IANA time zone database; China keeps one.
"""

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from steelyard.kernel.days import HOUSE_ZONE
from steelyard.kernel.db import Read

_COUNTRIES = {
    "CN": "Asia/Shanghai", "HK": "Asia/Hong_Kong", "MO": "Asia/Macau", "TW": "Asia/Taipei", "JP": "Asia/Tokyo",
    "KR": "Asia/Seoul", "SG": "Asia/Singapore", "MY": "Asia/Kuala_Lumpur", "TH": "Asia/Bangkok", "VN": "Asia/Ho_Chi_Minh",
    "PH": "Asia/Manila", "ID": "Asia/Jakarta", "IN": "Asia/Kolkata", "PK": "Asia/Karachi", "BD": "Asia/Dhaka",
    "KZ": "Asia/Almaty", "UZ": "Asia/Tashkent", "AE": "Asia/Dubai", "SA": "Asia/Riyadh", "QA": "Asia/Qatar",
    "KW": "Asia/Kuwait", "IL": "Asia/Jerusalem", "TR": "Europe/Istanbul", "RU": "Europe/Moscow", "UA": "Europe/Kyiv",
    "GB": "Europe/London", "IE": "Europe/Dublin", "PT": "Europe/Lisbon", "ES": "Europe/Madrid", "FR": "Europe/Paris",
    "BE": "Europe/Brussels", "NL": "Europe/Amsterdam", "LU": "Europe/Luxembourg", "DE": "Europe/Berlin", "CH": "Europe/Zurich",
    "AT": "Europe/Vienna", "IT": "Europe/Rome", "DK": "Europe/Copenhagen", "NO": "Europe/Oslo", "SE": "Europe/Stockholm",
    "FI": "Europe/Helsinki", "EE": "Europe/Tallinn", "LV": "Europe/Riga", "LT": "Europe/Vilnius", "PL": "Europe/Warsaw",
    "CZ": "Europe/Prague", "SK": "Europe/Bratislava", "HU": "Europe/Budapest", "RO": "Europe/Bucharest", "BG": "Europe/Sofia",
    "GR": "Europe/Athens", "HR": "Europe/Zagreb", "SI": "Europe/Ljubljana", "RS": "Europe/Belgrade", "CY": "Asia/Nicosia",
    "MT": "Europe/Malta", "IS": "Atlantic/Reykjavik", "US": "America/New_York", "CA": "America/Toronto",
    "MX": "America/Mexico_City", "BR": "America/Sao_Paulo", "AR": "America/Argentina/Buenos_Aires", "CL": "America/Santiago",
    "CO": "America/Bogota", "PE": "America/Lima", "AU": "Australia/Sydney", "NZ": "Pacific/Auckland",
    "ZA": "Africa/Johannesburg", "NG": "Africa/Lagos", "EG": "Africa/Cairo", "KE": "Africa/Nairobi", "MA": "Africa/Casablanca",
}  # fmt: skip

# States and provinces that keep another time than where most of the country's people live.
_REGIONS = {
    "US": {
        "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
        "America/Denver": "CO ID MT NM UT WY",
        "America/Phoenix": "AZ",
        "America/Los_Angeles": "CA NV OR WA",
        "America/Anchorage": "AK",
        "Pacific/Honolulu": "HI",
    },
    "CA": {
        "America/Winnipeg": "MB",
        "America/Regina": "SK",
        "America/Edmonton": "AB",
        "America/Vancouver": "BC",
        "America/Halifax": "NS NB PE",
        "America/St_Johns": "NL",
    },
    "AU": {
        "Australia/Perth": "WA",
        "Australia/Adelaide": "SA",
        "Australia/Darwin": "NT",
        "Australia/Brisbane": "QLD",
    },
}
_OF_REGION = {
    (country, region): zone
    for country, zones in _REGIONS.items()
    for zone, regions in zones.items()
    for region in regions.split()
}


@cache
def zone_of(country: str | None, region: str | None = None) -> ZoneInfo:
    """The zone of a country and, where it is known, a state of it."""
    name = _OF_REGION.get((country or "", (region or "").strip().upper())) or _COUNTRIES.get(country or "")
    return ZoneInfo(name) if name else HOUSE_ZONE


async def zones_of(read: Read, buyer_ids: Collection[UUID]) -> dict[UUID, ZoneInfo]:
    """Where each of these is: by the address they have things sent to, else by the country they say."""
    rows = await read.fetch(
        """
        SELECT b.buyer_id, coalesce(a.address ->> 'country', b.country) AS country, a.address ->> 'region' AS region
        FROM buyers b LEFT JOIN addresses a ON a.buyer_id = b.buyer_id AND a.is_default
        WHERE b.buyer_id = ANY($1)
        """,
        sorted(set(buyer_ids)),
    )
    return {row["buyer_id"]: zone_of(row["country"], row["region"]) for row in rows}


def quiet_until(at: datetime, zone: ZoneInfo, begins: time, ends: time) -> datetime | None:
    """When the quiet hours end in which this moment lies there; none: it is not quiet. They may go over midnight; a day of 23 or
    25 hours has its hours as the clocks there show them."""
    now = at.astimezone(zone).time()
    if begins == ends:
        return None
    if begins < ends:
        quiet, days = begins <= now < ends, 0
    else:
        quiet, days = now >= begins or now < ends, 1 if now >= begins else 0
    if not quiet:
        return None
    until = datetime.combine(at.astimezone(zone).date() + timedelta(days=days), ends, zone)
    if until.astimezone(UTC) <= at:  # the clocks have gone back meanwhile: this hour is there a second time
        until = until.replace(fold=1)
    return until.astimezone(UTC)


def next_at(at: datetime, zone: ZoneInfo, clock: time) -> datetime:
    """When the clocks there show this time next; always after `at`."""
    today = at.astimezone(zone).date()
    for days in (0, 1, 2):
        then = datetime.combine(today + timedelta(days=days), clock, zone).astimezone(UTC)
        if then > at:
            return then
    raise AssertionError("every day has this hour")
