"""The provinces of China, as freight templates and filters name them (GB/T 2260, first level)."""

from typing import NamedTuple

from steelyard.kernel.text import Text, text


class Province(NamedTuple):
    """`name` is what stands in an address; `words` is what people call it; `area` is how carriers group them."""

    name: str
    words: Text
    area: str


_EAST, _NORTH, _NORTHEAST, _CENTRAL, _SOUTH, _SOUTHWEST, _NORTHWEST, _OFFSHORE = (
    "east", "north", "northeast", "central", "south", "southwest", "northwest", "offshore",
)  # fmt: skip

AREAS: dict[str, Text] = {
    _EAST: text("华东", "East China"),
    _NORTH: text("华北", "North China"),
    _NORTHEAST: text("东北", "Northeast China"),
    _CENTRAL: text("华中", "Central China"),
    _SOUTH: text("华南", "South China"),
    _SOUTHWEST: text("西南", "Southwest China"),
    _NORTHWEST: text("西北", "Northwest China"),
    _OFFSHORE: text("港澳台", "Hong Kong, Macao, Taiwan"),
}

PROVINCES: tuple[Province, ...] = tuple(
    Province(name, text(short, english), area)
    for area, name, short, english in (
        (_EAST, "上海市", "上海", "Shanghai"),
        (_EAST, "江苏省", "江苏", "Jiangsu"),
        (_EAST, "浙江省", "浙江", "Zhejiang"),
        (_EAST, "安徽省", "安徽", "Anhui"),
        (_EAST, "福建省", "福建", "Fujian"),
        (_EAST, "江西省", "江西", "Jiangxi"),
        (_EAST, "山东省", "山东", "Shandong"),
        (_NORTH, "北京市", "北京", "Beijing"),
        (_NORTH, "天津市", "天津", "Tianjin"),
        (_NORTH, "河北省", "河北", "Hebei"),
        (_NORTH, "山西省", "山西", "Shanxi"),
        (_NORTH, "内蒙古自治区", "内蒙古", "Inner Mongolia"),
        (_NORTHEAST, "辽宁省", "辽宁", "Liaoning"),
        (_NORTHEAST, "吉林省", "吉林", "Jilin"),
        (_NORTHEAST, "黑龙江省", "黑龙江", "Heilongjiang"),
        (_CENTRAL, "河南省", "河南", "Henan"),
        (_CENTRAL, "湖北省", "湖北", "Hubei"),
        (_CENTRAL, "湖南省", "湖南", "Hunan"),
        (_SOUTH, "广东省", "广东", "Guangdong"),
        (_SOUTH, "广西壮族自治区", "广西", "Guangxi"),
        (_SOUTH, "海南省", "海南", "Hainan"),
        (_SOUTHWEST, "重庆市", "重庆", "Chongqing"),
        (_SOUTHWEST, "四川省", "四川", "Sichuan"),
        (_SOUTHWEST, "贵州省", "贵州", "Guizhou"),
        (_SOUTHWEST, "云南省", "云南", "Yunnan"),
        (_SOUTHWEST, "西藏自治区", "西藏", "Tibet"),
        (_NORTHWEST, "陕西省", "陕西", "Shaanxi"),
        (_NORTHWEST, "甘肃省", "甘肃", "Gansu"),
        (_NORTHWEST, "青海省", "青海", "Qinghai"),
        (_NORTHWEST, "宁夏回族自治区", "宁夏", "Ningxia"),
        (_NORTHWEST, "新疆维吾尔自治区", "新疆", "Xinjiang"),
        (_OFFSHORE, "香港特别行政区", "香港", "Hong Kong"),
        (_OFFSHORE, "澳门特别行政区", "澳门", "Macao"),
        (_OFFSHORE, "台湾省", "台湾", "Taiwan"),
    )
)
