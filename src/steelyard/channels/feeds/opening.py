"""What a map says about the shops that an import opens and about the goods that it puts on their shelves."""

from decimal import Decimal

import duckdb
import msgspec

from steelyard.kernel import duck
from steelyard.kernel.text import Text

RULES_MAX = 200
STOCK_MAX = 1_000_000
LANGUAGES = ("zh-Hans", "en")


class Delivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The delivery option that an opened shop begins with: one fee, everywhere. Amounts are major units."""

    fee: Decimal = Decimal(0)
    free_over: Decimal | None = None
    days_from: int = 3
    days_to: int = 7


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A shop as it is opened when the marketplace has no merchant of this name. What is not said comes from the rows:
    the name is the merchant's name there, currency and country are those that most documents have."""

    name: dict[str, str] = {}
    legal_name: str = ""
    currency: str = ""
    country: str = ""
    time_zone: str = ""
    delivery: Delivery = Delivery()


class CategoryRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Goods whose SKU and title match (RE2, anywhere in the text) belong here. A category of this slug that the
    marketplace has already is taken as it is."""

    slug: str
    name: dict[str, str]
    sku: str | None = None
    title: str | None = None


class Shelf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How imported goods come onto the shelf. `opening_stock`: pieces of each that has a price and no stock of its
    own. `language`: of the titles. `categories`: the first that fits wins, else “Imported”."""

    language: str = "en"
    opening_stock: int = 0
    categories: list[CategoryRule] = []


def texts(words: dict[str, str], otherwise: str) -> Text:
    """The words by language, or the same in the one language that is known."""
    return Text(words or {"en": otherwise})


def problems(shops: dict[str, Opening], shelf: Shelf) -> list[str]:
    """What is wrong with these parts of a map, one sentence each."""
    found: list[str] = []
    for key, shop in shops.items():
        found += [f"shops.{key}.name: {tag} is none of {', '.join(LANGUAGES)}" for tag in shop.name.keys() - LANGUAGES]
        if shop.delivery.fee < 0 or not 0 <= shop.delivery.days_from <= shop.delivery.days_to:
            found.append(f"shops.{key}.delivery: a fee is not negative, and days_from is not after days_to")
    if shelf.language not in LANGUAGES:
        found.append(f"shelf.language: {shelf.language} is none of {', '.join(LANGUAGES)}")
    if not 0 <= shelf.opening_stock <= STOCK_MAX:
        found.append(f"shelf.opening_stock: from 0 to {STOCK_MAX}")
    if len(shelf.categories) > RULES_MAX:
        found.append(f"shelf.categories: more than {RULES_MAX}")
    for number, rule in enumerate(shelf.categories, 1):
        if rule.sku is None and rule.title is None:
            found.append(f"shelf.categories[{number}]: needs a pattern for sku or title")
        found += [f"shelf.categories[{number}]: {problem}" for problem in pattern_problems(rule.sku, rule.title)]
    return found


def pattern_problems(*patterns: str | None) -> list[str]:
    """Patterns run in DuckDB, so DuckDB (RE2) judges them."""
    found: list[str] = []
    with duck.connect() as engine:
        for pattern in patterns:
            if pattern is None:
                continue
            try:
                engine.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
            except duckdb.Error as error:
                found.append(f"{pattern!r} is no RE2 pattern: {str(error).splitlines()[0]}")
    return found
