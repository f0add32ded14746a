"""Country codes: ISO 3166-1 alpha-2, with what the standard reserves for users and for the European Union."""

import re
from functools import cache

from babel import Locale

# AA, QM–QZ, XA–XZ and ZZ are left to users by ISO 3166-1 (5.1); EU is reserved for the European Union.
_USER_ASSIGNED = re.compile(r"AA|Q[M-Z]|X[A-Z]|ZZ|EU")


@cache
def country_codes() -> frozenset[str]:
    """The codes of countries and territories that have a name in English (CLDR)."""
    names: dict[str, str] = dict(Locale("en").territories)
    return frozenset(code for code in names if re.fullmatch(r"[A-Z]{2}", code))


def is_country(code: str) -> bool:
    """Whether the code may stand in a country field."""
    return code in country_codes() or _USER_ASSIGNED.fullmatch(code) is not None


def all_codes() -> list[str]:
    """Every code that `is_country` accepts, for checking a column at once."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [a + b for a in letters for b in letters if is_country(a + b)]
