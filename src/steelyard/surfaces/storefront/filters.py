"""What a visitor asks of a list of goods, as it stands in the address: read politely, and written again with changes."""

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

import msgspec

from steelyard.goods.search.model import (
    NARROWED_ATTRIBUTES_MAX,
    SHOPS_CHOSEN_MAX,
    VALUES_PER_ATTRIBUTE_MAX,
    PriceBand,
    Sort,
)
from steelyard.kernel.money import Money

TEXT_CHARACTERS_MAX = 200
PRICE_MAX = Decimal(10) ** 10
STARS = (300, 400, 450)
CHOSEN_MAX = NARROWED_ATTRIBUTES_MAX * VALUES_PER_ATTRIBUTE_MAX

Said = str | bool | Sequence[str] | None


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the address, as it was typed; prices in major units. What cannot be read is left out.

    `facet` holds `code:value` of the chosen values of attributes, `shop` the addresses of the chosen shops. `literal`:
    search for exactly what was typed, and mend nothing. `free`: sent free of charge.
    """

    q: str = ""
    sort: Sort | None = None
    price_from: str = ""
    price_to: str = ""
    currency: str = ""
    stock: bool = False
    free: bool = False
    shop: Sequence[str] = ()
    category: str = ""
    facet: Sequence[str] = ()
    rating: str = ""
    literal: bool = False
    after: str = ""

    def query(self, **changes: Said) -> str:
        """The address of the same list with something changed: `?sort=price_up`. It begins at the first page."""
        pairs = self.pairs(**({"after": ""} | changes))
        return "?" + urlencode(pairs) if pairs else "?"

    def pairs(self, **changes: Said) -> list[tuple[str, str]]:
        """What stands in the address, name by name; for a form's hidden fields, too."""
        said: dict[str, Said] = {name: getattr(self, name) for name in self.__struct_fields__} | changes
        pairs: list[tuple[str, str]] = []
        for name, value in said.items():
            if value is True:
                pairs.append((name, "1"))
            elif isinstance(value, str):
                pairs += [(name, value)] if value else []
            elif value:
                pairs += [(name, each) for each in value]
        return pairs

    def with_facet(self, facet: str) -> str:
        """The address with a value chosen, or no longer chosen."""
        return self.query(facet=_toggled(self.facet, facet))

    def with_shop(self, slug: str) -> str:
        """The address with a shop chosen, or no longer chosen."""
        return self.query(shop=_toggled(self.shop, slug))

    def band(self, band: PriceBand) -> str:
        """The address of the same list within a band of prices."""
        start, end = self.ends(band)
        return self.query(price_from=start, price_to=end, currency=band.currency)

    def ends(self, band: PriceBand) -> tuple[str, str]:
        """Where a band begins and ends, as the address says it."""
        end = "" if band.price_to is None else _plain(band.price_to, band.currency)
        return _plain(band.price_from, band.currency), end

    def within(self, band: PriceBand) -> bool:
        """Whether this band is what is chosen."""
        return (self.price_from, self.price_to) == self.ends(band)

    def cleared(self) -> str:
        """The address of the same list without any filter."""
        return self.query(
            price_from="", price_to="", currency="", stock=False, free=False, shop=(), category="", facet=(), rating=""
        )

    @property
    def values(self) -> dict[str, list[str]]:
        """The chosen values by attribute."""
        chosen: dict[str, list[str]] = {}
        for each in self.facet:
            code, _, value = each.partition(":")
            chosen.setdefault(code, []).append(value)
        return chosen

    @property
    def plain(self) -> bool:
        """Whether this is the list as it is, from its beginning: the one that robots list."""
        return not (self.narrowed or self.sort or self.after or self.q)

    @property
    def narrowed(self) -> bool:
        return self.count > 0

    @property
    def count(self) -> int:
        """How many filters are in force."""
        single = sum(map(bool, (self.price_from or self.price_to, self.stock, self.free, self.category, self.rating)))
        return single + len(self.shop) + len(self.facet)


def _toggled(chosen: Sequence[str], one: str) -> list[str]:
    return [each for each in chosen if each != one] if one in chosen else [*chosen, one]


def read_filters(given: Iterable[tuple[str, str]]) -> Filters:
    """The filters in a query string; of those that may stand there once, the last counts."""
    pairs = list(given)
    last = {name: value.replace("\x00", "") for name, value in pairs}
    sort, rating = last.get("sort", ""), last.get("rating", "")
    return Filters(
        q=" ".join(last.get("q", "").split())[:TEXT_CHARACTERS_MAX],
        sort=Sort(sort) if sort in set(Sort) else None,
        price_from=_price(last.get("price_from", "")),
        price_to=_price(last.get("price_to", "")),
        currency=last.get("currency", "") if len(last.get("currency", "")) == 3 else "",
        stock=last.get("stock") == "1",
        free=last.get("free") == "1",
        shop=_several(pairs, "shop")[:SHOPS_CHOSEN_MAX],
        category=last.get("category", "")[:TEXT_CHARACTERS_MAX],
        facet=[each for each in _several(pairs, "facet") if 0 < each.find(":") < len(each) - 1][:CHOSEN_MAX],
        rating=rating if rating in map(str, STARS) else "",
        literal=last.get("literal") == "1",
        after=last.get("after", ""),
    )


def _several(pairs: Sequence[tuple[str, str]], wanted: str) -> list[str]:
    found = [value.replace("\x00", "")[:TEXT_CHARACTERS_MAX] for name, value in pairs if name == wanted and value]
    return list(dict.fromkeys(found))


def _price(typed: str) -> str:
    try:
        value = Decimal(typed.replace(",", "").strip())
    except InvalidOperation:
        return ""
    return str(value) if value.is_finite() and 0 <= value <= PRICE_MAX else ""


def _plain(amount: int, currency: str) -> str:
    return f"{Money(amount, currency).decimal().normalize():f}"
