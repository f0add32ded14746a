"""Where it would go: the visitor's own address, or a region they chose, and what each shop would charge and promise."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote, unquote

import msgspec
from litestar import post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.logistics import freight
from steelyard.logistics.freight.model import DeliveryOption, Shipment
from steelyard.parties import customers, operator
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.storefront.addresses import PROVINCES, countries
from steelyard.surfaces.storefront.typed import Typed
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.visit import VISITOR_SECONDS, Visit, cookie
from steelyard.trade.settlement.model import SETTLEMENT_ZONE

PLACE_COOKIE = "steelyard_place"
HOME = "home"
CHINA = "CN"
# In the order of `PROVINCES`.
PROVINCES_EN = (
    *("Beijing", "Tianjin", "Hebei", "Shanxi", "Inner Mongolia", "Liaoning", "Jilin", "Heilongjiang", "Shanghai"),
    *("Jiangsu", "Zhejiang", "Anhui", "Fujian", "Jiangxi", "Shandong", "Henan", "Hubei", "Hunan", "Guangdong"),
    *("Guangxi", "Hainan", "Chongqing", "Sichuan", "Guizhou", "Yunnan", "Tibet", "Shaanxi", "Gansu", "Qinghai"),
    *("Ningxia", "Xinjiang", "Hong Kong", "Macau", "Taiwan"),
)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Somewhere that freight can be asked for. `own`: it is the buyer's default address."""

    country: str = ""
    region: str = ""
    city: str = ""
    own: bool = False

    @property
    def key(self) -> str:
        """What stands in the form: `CN/浙江省`, `GB`, or `home`."""
        return HOME if self.own else f"{self.country}/{self.region}" if self.region else self.country


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop promises for one place: no `option` means that it does not deliver there."""

    place: Place
    option: DeliveryOption | None
    others: Sequence[DeliveryOption] = ()

    @property
    def first_day(self) -> date:
        assert self.option is not None
        return today() + timedelta(days=self.option.days_from)

    @property
    def last_day(self) -> date:
        assert self.option is not None
        return today() + timedelta(days=self.option.days_to)


class PlaceForm(Typed, frozen=True, kw_only=True):
    place: str = ""
    return_to: str = ""


def today() -> date:
    """The day it is for the shops."""
    return datetime.now(UTC).astimezone(SETTLEMENT_ZONE).date()


async def place_of(read: Read, buyer_id: BuyerId | None, chosen: str) -> tuple[Place, bool]:
    """Where this visitor wants things: the region they chose, else their default address, else the house's country;
    and whether they have an address of their own."""
    book = await customers.addresses(read, buyer_id) if buyer_id else []
    mine = book[0].address if book else None
    country, _, region = chosen.partition("/")
    if chosen and chosen != HOME:
        return Place(country=country, region=region), mine is not None
    if mine is not None:
        return Place(country=mine.country, region=mine.region, city=mine.city, own=True), True
    house = await operator.profile(read)
    return Place(country=house.country if house else CHINA), False


async def promise(read: Read, place: Place, shipment: Shipment) -> Promise:
    """The cheapest way there, and the other ways."""
    ways = (await freight.options(read, [shipment], place))[shipment.merchant_id]
    return Promise(place=place, option=ways[0] if ways else None, others=ways[1:])


def chosen_place(visit: Visit) -> str:
    """The region that this browser remembers; empty for none, or for what is no place of ours."""
    chosen = unquote(visit.connection.cookies.get(PLACE_COOKIE, ""))
    return chosen if _known(chosen) else ""


def _known(place: str) -> bool:
    country, _, region = place.partition("/")
    return place == HOME or (country in dict(countries("en")) and (not region or region in PROVINCES))


def places(locale: str, *, own: bool, home_word: str) -> list[tuple[str, str]]:
    """(key, name) of what can be chosen: one's own address, the provinces, other countries."""
    names = PROVINCES if locale.startswith("zh") else PROVINCES_EN
    provinces = [(f"{CHINA}/{province}", name) for province, name in zip(PROVINCES, names, strict=True)]
    abroad = [(code, name) for code, name in countries(locale) if code not in (CHINA, "HK", "MO", "TW")]
    return [*([(HOME, home_word)] if own else []), *provinces, *abroad]


def place_name(place: Place, locale: str) -> str:
    """A place in one line: a province with its city, or a country."""
    if place.country == CHINA and place.region:
        known = dict(zip(PROVINCES, PROVINCES if locale.startswith("zh") else PROVINCES_EN, strict=True))
        region = known.get(place.region, place.region)
        same = not place.city or place.city == place.region
        return region if same else f"{region} {place.city}" if locale.startswith("zh") else f"{place.city}, {region}"
    name = dict(countries(locale)).get(place.country, place.country)
    return f"{place.city}, {name}" if place.city else name


def place_cookie(visit: Visit, place: str) -> Cookie:
    return cookie(visit.settings, PLACE_COOKIE, quote(place), VISITOR_SECONDS)


@post("/deliver-to")
async def deliver_to(visit: NamedDependency[Visit], data: URLEncodedBody[PlaceForm]) -> Redirect:
    """Ask for freight to this place from now on."""
    back = local_path(data.return_to, "/")
    return redirect(visit, back, cookies=[place_cookie(visit, data.place)] if _known(data.place) else [])


HANDLERS = [deliver_to]
