"""Addresses as people type them: the fields of the form, what is missing, the countries there are."""

from collections.abc import Mapping
from functools import cache
from operator import itemgetter
from typing import Any

from babel import Locale

from steelyard.kernel.i18n import N_
from steelyard.parties.customers.model import Address, Contact
from steelyard.surfaces.storefront.typed import said

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


def read_address(data: Mapping[str, Any]) -> Address:
    """The address in a form."""
    country = said(data, "country").upper()
    return Address(
        name=said(data, "name"),
        phone=said(data, "phone"),
        country=country if country in dict(countries("en")) else "",
        region=said(data, "region"),
        city=said(data, "city"),
        district=said(data, "district"),
        street=said(data, "street"),
        postal_code=said(data, "postal_code"),
    )


def read_contact(data: Mapping[str, Any]) -> Contact:
    """Whom to write to, in a form: the name is the addressee's."""
    return Contact(name=said(data, "name"), email=said(data, "email"), phone=said(data, "phone"))


def missing(address: Address) -> dict[str, str]:
    """Message ids by field, for what a parcel cannot be sent without."""
    wrong: dict[str, str] = {}
    if not address.name:
        wrong["name"] = N_("Please enter the name of who receives it.")
    if sum(character.isdigit() for character in address.phone) < PHONE_DIGITS_MIN:
        wrong["phone"] = N_("Please enter a phone number for the carrier.")
    if not address.country:
        wrong["country"] = N_("Please choose a country or region.")
    if not (address.city or address.postal_code):
        wrong["city"] = N_("Please enter the city.")
    if not address.street:
        wrong["street"] = N_("Please enter street and number.")
    return wrong


def lines_of(address: Address, locale: str) -> list[str]:
    """The address as it is printed: from large to small in Chinese, from small to large otherwise."""
    country = dict(countries(locale)).get(address.country, address.country)
    city = address.city if address.city != address.region else ""
    if locale.startswith("zh"):
        return [
            f"{country} {address.region}{city}{address.district}".strip(),
            f"{address.street} {address.postal_code}",
        ]
    parts = [address.street, address.district, f"{city} {address.postal_code}".strip(), address.region, country]
    return [part for part in parts if part]
