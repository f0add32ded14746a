"""Claims about prices in what is said of goods: a former price, the lowest price. Pure.

A former price is compared with the lowest that the goods cost in the 30 days before (decision 0104; Provisions on the
administration of explicit price marking and on prohibiting price fraud, State Administration for Market Regulation, 2022,
articles 16 and 19). "The lowest anywhere" can be proven by nobody (Advertising Law, article 9 (3) and article 28).
"""

import re
from decimal import Decimal
from enum import StrEnum

import msgspec

_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,2})?)"
_AMOUNT = r"\s*(?:是|为|价|at|of|:|：)?\s*(?:[¥￥$€£]|CNY|RMB|人民币)?\s*" + _NUMBER
_FORMER = re.compile(
    r"(?:原价|原售价|市场价|日常价|平时价?|划线价|专柜价|usual(?:ly)?(?: price)?|was|before|regular(?: price)?)"
    + _AMOUNT,
    re.IGNORECASE,
)
_LOWEST = re.compile(
    r"史低|历史(?:最)?低价?|(?:30|三十)天(?:内)?最低|近期最低|年度最低|最低价"
    r"|lowest (?:price )?(?:ever|of the year|in 30 days)|lowest price",
    re.IGNORECASE,
)
_ANYWHERE = re.compile(
    r"全网(?:最)?低价?|全网最|行业最低|天下最低|世界最低|全国最低"
    r"|lowest (?:price )?(?:anywhere|on the (?:net|web|internet))|cheapest anywhere",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?:[¥￥$€£]|CNY|RMB)\s*" + _NUMBER + "|" + _NUMBER + r"\s*(?:元|块)", re.IGNORECASE)


class ClaimKind(StrEnum):
    FORMER = "former"
    LOWEST = "lowest"
    ANYWHERE = "anywhere"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """`said` are the words; `amount` the price they name, in units of the currency; none: they name none."""

    kind: ClaimKind
    said: str
    amount: Decimal | None = None


def claims(text: str) -> list[Claim]:
    """The claims about prices in a text, in its order."""
    found: list[tuple[int, Claim]] = []
    anywhere = list(_ANYWHERE.finditer(text))
    found += [(each.start(), Claim(kind=ClaimKind.ANYWHERE, said=each[0].strip())) for each in anywhere]
    former = list(_FORMER.finditer(text))
    found += [
        (each.start(), Claim(kind=ClaimKind.FORMER, said=each[0].strip(), amount=Decimal(each[1]))) for each in former
    ]
    price = _price(text, [each.span() for each in former])
    for each in _LOWEST.finditer(text):
        if not any(one.start() <= each.start() < one.end() for one in anywhere):
            found.append((each.start(), Claim(kind=ClaimKind.LOWEST, said=each[0].strip(), amount=price)))
    return [claim for _, claim in sorted(found, key=lambda each: each[0])]


def _price(text: str, taken: list[tuple[int, int]]) -> Decimal | None:
    """The lowest price that a text names, former ones left out."""
    named = [
        Decimal(each[1] or each[2])
        for each in _NAMED.finditer(text)
        if not any(start <= each.start() < end for start, end in taken)
    ]
    return min(named, default=None)
