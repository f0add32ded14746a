"""Addresses as people type them: the fields of the form, what is missing, the countries there are."""

import asyncio
from collections.abc import Mapping
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec
from babel import Locale

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.customers.model import Address, Contact
from steelyard.surfaces.storefront.typed import said
from steelyard.surfaces.web.pasted import CHARACTERS_MAX, Pasted, read_pasted
from steelyard.surfaces.web.postal import CHINA, missing_in, phone_is_possible, region_name, rows_of, tidy_phone
from steelyard.surfaces.web.regions import COUNTRIES, Region, data_release, gazetteer

# Territories of the CLDR that no parcel goes to: groups, pseudo-locales, outlying codes.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"})
_FIRST = ("CN", "HK", "MO", "TW", "US", "GB", "JP", "SG")
# The provinces as freight templates and tax rates name them; suggestions only: other countries type what they like.
PROVINCES = (
    *("北京市", "天津市", "河北省", "山西省", "内蒙古自治区", "辽宁省", "吉林省", "黑龙江省", "上海市", "江苏省"),
    *("浙江省", "安徽省", "福建省", "江西省", "山东省", "河南省", "湖北省", "湖南省", "广东省", "广西壮族自治区"),
    *("海南省", "重庆市", "四川省", "贵州省", "云南省", "西藏自治区", "陕西省", "甘肃省", "青海省", "宁夏回族自治区"),
    *("新疆维吾尔自治区", "香港特别行政区", "澳门特别行政区", "台湾省"),
)
PHONE_DIGITS_MIN = 5
DISTRICT_LEVEL, TOWN_LEVEL = 3, 4


class AddressForm(msgspec.Struct, frozen=True, kw_only=True):
    """An address in its form: the fourth level apart from the street, and what was recognised in a pasted text."""

    address: Address
    town: str = ""
    pasted: str = ""
    told: Pasted | None = None

    @property
    def street(self) -> str:
        return self.address.street.removeprefix(self.town).lstrip() if self.town else self.address.street


@cache
def countries(locale: str) -> list[tuple[str, str]]:
    """(code, name in the reader's language): the frequent ones first, then by name."""
    names: dict[str, str] = {
        code: name
        for code, name in Locale.parse(locale, sep="-").territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    }
    rest = sorted([(code, name) for code, name in names.items() if code not in _FIRST], key=itemgetter(1))
    return [*((code, names[code]) for code in _FIRST), *rest]


async def known_places() -> None:
    """Have the regions at hand: reading them the first time takes a moment that others need not wait for."""
    if not gazetteer.cache_info().currsize:
        await asyncio.to_thread(gazetteer)


def read_address(data: Mapping[str, Any]) -> Address:
    """The address in a form. Names of Chinese regions are made whole; the fourth level goes before the street, where
    carriers, labels and exports find it."""
    country = said(data, "country").upper()
    address = Address(
        name=said(data, "name"),
        phone=said(data, "phone"),
        country=country if country in dict(countries("en")) else "",
        region=said(data, "region"),
        city=said(data, "city"),
        district=said(data, "district"),
        street=said(data, "street"),
        postal_code=said(data, "postal_code"),
    )
    address = msgspec.structs.replace(address, phone=tidy_phone(address.phone, address.country))
    if address.country != CHINA:
        return _somewhere(address)
    town = said(data, "town")
    if town and not address.street.startswith(town):
        address = msgspec.structs.replace(address, street=f"{town}{address.street}" if address.street else "")
    return _whole(address)


def _somewhere(address: Address) -> Address:
    """Where a country has neither cities nor postal codes, its name is the city."""
    fields = {field.name for row in rows_of(address.country, "en") for field in row}
    if address.country and not fields & {"city", "postal_code"}:
        return msgspec.structs.replace(address, city=dict(countries("en"))[address.country])
    return msgspec.structs.replace(address, postal_code=address.postal_code.upper())


def _whole(address: Address) -> Address:
    """浙江, 温州, 鹿城 as they are officially called; what is not known stays as it was typed."""
    found = gazetteer().find(address.region, address.city or address.region, address.district)
    if found is None:
        return address
    by_level = {region.level: region.name for region in found.path()}
    return msgspec.structs.replace(
        address,
        region=by_level.get(1, address.region),
        city=by_level.get(2, address.city),
        district=by_level.get(DISTRICT_LEVEL, address.district),
    )


def place_of(address: Address) -> Region | None:
    """The deepest Chinese region that an address names, above its town."""
    if address.country != CHINA or not address.region:
        return None
    return gazetteer().find(address.region, address.city, address.district)


def form_of(address: Address, pasted: str = "", told: Pasted | None = None) -> AddressForm:
    """An address as its form shows it."""
    town = told.town if told else ""
    place = place_of(address)
    if not town and place is not None:
        town = next((each.name for each in place.children if address.street.startswith(each.name)), "")
    return AddressForm(address=address, town=town, pasted=pasted, told=told)


def recognised(data: Mapping[str, Any]) -> AddressForm:
    """The form after a text was pasted into it: what was recognised replaces what stood there, the rest stays."""
    text = str(data.get("pasted", "")).replace("\x00", "").strip()[:CHARACTERS_MAX]
    told = read_pasted(text, gazetteer())
    before, found = read_address(data), told.address
    placed = bool(found.region or found.city)
    same = not placed and before.country == found.country
    address = Address(
        name=found.name or before.name,
        phone=tidy_phone(found.phone, found.country) if found.phone else before.phone,
        country=found.country,
        region=before.region if same else found.region,
        city=before.city if same else found.city,
        district=before.district if same else found.district,
        street=(told.town + found.street if found.street else "") or (before.street if same else ""),
        postal_code=found.postal_code or (before.postal_code if same else ""),
    )
    return form_of(address, text, told)


def shown_with(form: AddressForm, locale: str) -> dict[str, Any]:
    """What `parts/address_fields.html` wants."""
    return {
        "form": form,
        "rows": rows_of(form.address.country, locale),
        "countries": countries(locale),
        "provinces": PROVINCES,
        "regions_release": data_release,
        "lines_of": lines_of,
    }


def wrong_email(email: str) -> str:
    """What is wrong with the address that the confirmation goes to; empty for nothing."""
    if not email.strip():
        return N_("Please enter your e-mail address: the order confirmation goes there.")
    try:
        access.clean_email(email)
    except Invalid:
        return N_("This cannot be an e-mail address. Please look at it again.")
    return ""


def read_contact(data: Mapping[str, Any]) -> Contact:
    """Whom to write to, in a form: the name is the addressee's."""
    return Contact(name=said(data, "name"), email=said(data, "email"), phone=said(data, "phone"))


def missing(address: Address) -> dict[str, str]:
    """Message ids by field, for what a parcel cannot be sent without."""
    wrong: dict[str, str] = {}
    if not address.name:
        wrong["name"] = N_("Please enter the name of who receives it.")
    digits = sum(character.isdigit() for character in address.phone)
    if digits < PHONE_DIGITS_MIN:
        wrong["phone"] = N_("Please enter a phone number for the carrier.")
    elif not phone_is_possible(address.phone, address.country):
        wrong["phone"] = N_("This cannot be a phone number there: please count its digits.")
    if not address.country:
        wrong["country"] = N_("Please choose a country or region.")
    elif address.country == CHINA:
        wrong |= _missing_in_china(address)
    else:
        wrong |= missing_in(address)
    if address.country not in COUNTRIES.values() and not (address.city or address.postal_code):
        wrong.setdefault("city", N_("Please enter the city."))
    if not address.street:
        wrong.setdefault("street", N_("Please enter street and number."))
    return wrong


def _missing_in_china(address: Address) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not address.region:
        wrong["region"] = N_("Please choose the province.")
    if not address.city:
        wrong["city"] = N_("Please choose the city.")
    place = place_of(address)
    has_districts = place is not None and any(each.level == DISTRICT_LEVEL for each in place.children)
    if address.city and not address.district and has_districts:
        wrong["district"] = N_("Please choose the district or county.")
    return wrong


def lines_of(address: Address, locale: str) -> list[str]:
    """The address as it is printed: from large to small in Chinese, from small to large otherwise."""
    country = dict(countries(locale)).get(address.country, address.country)
    city = address.city if address.city != address.region else ""
    region = region_name(address.country, address.region, locale)
    if locale.startswith("zh"):
        return [
            f"{country} {region}{city}{address.district}".strip(),
            f"{address.street} {address.postal_code}",
        ]
    parts = [address.street, address.district, f"{city} {address.postal_code}".strip(), region, country]
    return [part for part in parts if part]
