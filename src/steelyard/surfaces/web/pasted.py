"""An address as people paste it out of a chat: name, telephone and place in any order and with much left out.

`read_pasted` is a pure function: the same text gives the same answer, and it never raises. What it is not sure of it leaves
empty and names in `missing`, so that the form can ask.
"""

import re
import unicodedata
from dataclasses import dataclass, replace

from steelyard.kernel.han import simplified
from steelyard.parties.customers.model import Address
from steelyard.surfaces.web.regions import COUNTRIES, Gazetteer, Region, below

CHARACTERS_MAX = 500
NAME_CHARACTERS_MAX = 40
_REGION_CHARACTERS_MAX = 16
_LABELS = re.compile(
    r"(收货人姓名|收件人姓名|收货人|收件人|联系人|姓名|手机号码|手机号|联系电话|联系方式|电话号码|手机|电话"
    r"|收货地址|收件地址|所在地区|所在地|详细地址|地址|邮政编码|邮编|name|phone|tel|address|zip)\s*[:：]\s*",
    re.IGNORECASE,
)
_OF_A_NAME = {"收货人姓名", "收件人姓名", "收货人", "收件人", "联系人", "姓名", "name"}
_PHONES = (
    re.compile(r"(?<!\d)(?:\+?86[\s-]?|0086[\s-]?)?(1[3-9]\d[\s-]?\d{4}[\s-]?\d{4})(?!\d)"),
    re.compile(r"(\+(?:852|853)[\s-]?\d{4}[\s-]?\d{4})(?!\d)"),
    re.compile(r"(\+886[\s-]?\d{1,3}(?:[\s-]?\d{3,4}){2})(?!\d)"),
    re.compile(r"(?<!\d)(09\d{2}-?\d{3}-?\d{3})(?!\d)"),
    re.compile(r"(?<!\d)(0\d{2,3}-?[2-9]\d{6,7}(?:(?:-|转)\d{1,6})?)(?!\d)"),
    re.compile(r"(?<!\d)([4-9]\d{3}[\s-]\d{4})(?!\d)"),
)
_EIGHT_DIGITS = re.compile(r"(?<!\d)([4-9]\d{7})(?!\d)")
_EIGHT_DIGITS_ARE_A_PHONE = re.compile(r"香港|澳[门門]|Hong ?Kong|Maca[ou]", re.IGNORECASE)
# Stands where a telephone number followed a word without a gap: that word may end in a name.
_STUCK = "\x01"
_STUCK_NAME = re.compile(r"(?P<street>.*[号室楼栋幢座层號樓])(?P<name>[\u3400-\u9fff]{2,3})" + _STUCK)
_POSTAL_LABELLED = re.compile(r"邮(?:政编码|编)\s*[:：]?\s*(\d{6})(?!\d)")
_POSTAL = re.compile(r"(?:(?<=[\s(])|^)(\d{6})(?=[\s)]|$)")
_BREAKS = re.compile(r"[\s,;|/\\,;、。…]+")
# Between the levels some people name what stands in the official lists only.
_BETWEEN = re.compile(
    r"\s*(?:市辖区|县辖区|省直辖县级行政区划|自治区直辖县级行政区划|香港岛|港岛|九龙(?!城)|新界|[-_])?\s*"
)
_NOT_A_NAME = re.compile(r"\d|[号室楼栋幢座层弄巷路街道镇乡村屯组店厦苑园区县市省府院场馆城铺库寓]$")
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z.'-]*")
_HAN_NAME_LETTERS = range(2, 9)
_HAN = re.compile(r"[\u3400-\u9fff·]+")
_PRETTY = re.compile(r"(?:先生|女士|小姐|老师|同学|收)$")
_HONG_KONG_AREAS = {
    "Hong Kong Island": ("中西区", "湾仔区", "东区", "南区"),
    "Kowloon": ("油尖旺区", "深水埗区", "九龙城区", "黄大仙区", "观塘区"),
}
_OF_TAIWAN = re.compile(r"\s*([\u3400-\u9fff]{1,4}?[区區乡鄉镇鎮市])")
_HONG_KONG_WORDS = re.compile(r"^\s*(?:香港岛|港岛|九龙(?!城)|新界)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """What was recognised. `town` is the fourth level, not in `address.street`; `missing` are fields that the form asks
    for; `choices` are the places that the text may mean when it means several."""

    address: Address
    town: str = ""
    missing: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Match:
    """Regions named from `start` to `end`: the deepest, and how many levels and letters said so."""

    start: int
    end: int
    region: Region
    levels: int
    letters: int
    others: tuple[Region, ...] = ()


def read_pasted(text: str, places: Gazetteer) -> Pasted:
    """Recognise name, telephone, postal code, the four levels and the rest of an address of China, Hong Kong and Macau
    included."""
    clean = unicodedata.normalize("NFKC", text)[:CHARACTERS_MAX].replace("\x00", " ")
    phone, clean = _take_phone(clean)
    postal_code, clean = _take_postal_code(clean)
    name, clean = _take_named(clean)
    clean = _BREAKS.sub(" ", _LABELS.sub(" ", clean)).strip()
    match = _best(clean, places)
    before, after = (clean[: match.start], clean[match.end :]) if match else ("", clean)
    path = match.region.path() if match else []
    area = ""
    if path and path[0].code == "81":
        word = _HONG_KONG_WORDS.match(simplified(after))
        after = after[word.end() :] if word else after
        area = _hong_kong_area(path)
    if path and path[0].code == "71":
        word = _OF_TAIWAN.match(after)
        area, after = (word[1], after[word.end() :]) if word else ("", after)
    name, street = _name_and_street(name, before, after, sure=bool(match or phone))
    return _told(_address(path, area, name, phone, street, postal_code), path, match)


def _take_phone(text: str) -> tuple[str, str]:
    patterns = (*_PHONES, _EIGHT_DIGITS) if _EIGHT_DIGITS_ARE_A_PHONE.search(text) else _PHONES
    for pattern in patterns:
        found = pattern.search(text)
        if found:
            number = re.sub(r"[\s-]", "", found[1]) if found[1].lstrip("+")[0] == "1" else found[1].strip()
            stuck = _STUCK if _HAN.search(text[max(0, found.start() - 1) : found.start()]) else ""
            return number, f"{text[: found.start()]}{stuck} {text[found.end() :]}"
    return "", text


def _take_postal_code(text: str) -> tuple[str, str]:
    found = _POSTAL_LABELLED.search(text) or _POSTAL.search(text)
    return (found[1], f"{text[: found.start()]} {text[found.end() :]}") if found else ("", text)


def _take_named(text: str) -> tuple[str, str]:
    """The name after its label."""
    for label in _LABELS.finditer(text):
        if label[1].lower() not in _OF_A_NAME:
            continue
        rest = text[label.end() :]
        word = re.match(r"[^\s,;,;、。|/]+", _LABELS.split(rest)[0])
        if word and len(word[0]) <= NAME_CHARACTERS_MAX:
            end = label.end() + word.end()
            return _PRETTY.sub("", word[0]) or word[0], f"{text[: label.start()]} {text[end:]}"
    return "", text


def _best(text: str, places: Gazetteer) -> _Match | None:
    """The place in the text that names the most levels; of equal ones the longer, then the earlier."""
    simple = simplified(text)
    found = [match for start in range(len(simple)) for match in _from(simple, start, places)]
    if not found:
        return None
    best = max(found, key=lambda each: (each.levels, each.letters, -each.start, -each.region.level))
    same = [each.region for each in found if (each.start, each.end, each.levels) == (best.start, best.end, best.levels)]
    if len(set(same)) > 1:
        same.sort(key=lambda region: (region.level, region.code))
        # 吉林 is the province before it is the city; 朝阳区 alone is in Beijing or in Changchun, and nobody knows.
        if same[0].level == same[1].level:
            return replace(best, region=same[0], others=tuple(same))
        return replace(best, region=same[0])
    return best


def _from(text: str, start: int, places: Gazetteer) -> list[_Match]:
    found: list[_Match] = []
    for end in range(min(len(text), start + _REGION_CHARACTERS_MAX), start + 1, -1):
        name = text[start:end]
        for region in places.named(name):
            # A short name that stands in the middle of a word may be anything (a person called 张朝阳).
            whole = name == region.name
            alone = start == 0 or text[start - 1] == " "
            match = _down(text, _Match(start, end, region, 1, end - start))
            if match.levels > 1 or whole or alone:
                found.append(match)
    return found


def _down(text: str, match: _Match) -> _Match:
    """Follow the text from a region to the regions below it; a level may be left out."""
    between = _BETWEEN.match(text, match.end)
    at = between.end() if between else match.end
    best = match
    known = below(match.region)
    for end in range(min(len(text), at + _REGION_CHARACTERS_MAX), at + 1, -1):
        name = text[at:end]
        for region in known.get(name, ()):
            if _continues(text, name, end, region):
                continue
            tried = _down(text, _Match(match.start, end, region, match.levels + 1, match.letters + len(name)))
            if (tried.levels, tried.letters) > (best.levels, best.letters):
                best = tried
    return best


def _continues(text: str, name: str, end: int, region: Region) -> bool:
    """Whether a short name is only the beginning of another word: 江北 of 江北大道, 鼓楼 of 鼓楼路."""
    return name != region.name and bool(re.match(r"[路街巷道村镇里园苑]|大[道街厦]|广场", text[end : end + 2]))


def _hong_kong_area(path: list[Region]) -> str:
    if len(path) == 1:
        return ""
    return next((area for area, districts in _HONG_KONG_AREAS.items() if path[1].name in districts), "New Territories")


def _name_and_street(name: str, before: str, after: str, *, sure: bool) -> tuple[str, str]:
    left, right = before.split(), after.split()
    if not name and sure:
        name, left = _pick(left, first=True)
        for words in (right, left):
            for place, word in enumerate(words):
                stuck = None if name else _STUCK_NAME.fullmatch(word)
                if stuck:
                    name, words[place] = stuck["name"], stuck["street"]
        if not name:
            name, right = _pick(right, first=False)
    words = [word.replace(_STUCK, "") for word in (*left, *right)]
    street = "".join(words) if any(_HAN.search(word) for word in words) else " ".join(words)
    return name.replace(_STUCK, ""), street.replace("()", "").strip(" -")


def _pick(words: list[str], *, first: bool) -> tuple[str, list[str]]:
    """The word that is most like a person's name, taken out of the others: the nearest to the edge."""
    order = range(len(words)) if first else range(len(words) - 1, -1, -1)
    for place in order:
        word = words[place].replace(_STUCK, "")
        plain = _PRETTY.sub("", word) or word
        if _LATIN_NAME.fullmatch(plain):
            return _latin(words, place)
        if _HAN.fullmatch(plain) and len(plain) in _HAN_NAME_LETTERS and not _NOT_A_NAME.search(plain):
            return plain, [*words[:place], *words[place + 1 :]]
    return "", words


def _latin(words: list[str], place: int) -> tuple[str, list[str]]:
    """John Smith: all the words in Latin letters that stand together there."""
    start, end = place, place + 1
    while start > 0 and _LATIN_NAME.fullmatch(words[start - 1]):
        start -= 1
    while end < len(words) and _LATIN_NAME.fullmatch(words[end]):
        end += 1
    return " ".join(words[start:end])[:NAME_CHARACTERS_MAX], [*words[:start], *words[end:]]


def _address(path: list[Region], area: str, name: str, phone: str, street: str, postal_code: str) -> Address:
    by_level = {region.level: region.name for region in path}
    country = COUNTRIES.get(path[0].code, "CN") if path else "CN"
    return Address(
        name=name,
        phone=phone,
        country=country,
        region={"HK": area, "TW": by_level.get(2, ""), "MO": ""}.get(country, by_level.get(1, "")),
        city={"TW": area, "MO": "澳门"}.get(country, by_level.get(2, "")),
        district=by_level.get(3, ""),
        street=(by_level.get(2, "") if country == "MO" else "") + street,
        postal_code=postal_code,
    )


def _told(address: Address, path: list[Region], match: _Match | None) -> Pasted:
    town = next((region.name for region in path if region.level == 4), "")
    choices: tuple[str, ...] = ()
    if match and match.others:
        # Which of them is for the reader to say: what they have in common stays.
        choices = tuple("".join(each.name for each in region.path()) for region in match.others)
        address = Address(
            name=address.name, phone=address.phone, country=address.country, street=address.street,
            postal_code=address.postal_code,
        )  # fmt: skip
        path, town = [], ""
    deepest = next((region for region in reversed(path) if region.level <= 3), None)
    needed = {
        "name": address.name,
        "phone": address.phone,
        "region": address.region or address.country != "CN",
        "city": address.city,
        "district": address.district or (deepest is not None and deepest.level == 2 and not _districts(deepest)),
        "street": address.street,
    }
    if address.country != "CN":
        needed.pop("district")
    return Pasted(
        address=address,
        town=town,
        missing=tuple(field for field, known in needed.items() if not known),
        choices=choices,
    )


def _districts(city: Region) -> bool:
    return any(region.level == 3 for region in city.children)
