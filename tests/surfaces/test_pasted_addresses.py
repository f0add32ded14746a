"""Addresses out of chats: a table of what people paste, and the property that order and gaps do not matter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.surfaces.storefront.addresses import form_of, read_address
from steelyard.surfaces.web.pasted import Pasted, read_pasted
from steelyard.surfaces.web.regions import COUNTRIES, Region, gazetteer

PLACES = gazetteer()
LUCHENG = ("浙江省", "温州市", "鹿城区", "五马街道", "解放街88号")
# text → name, phone, region, city, district, town, street
WHOLE: dict[str, tuple[str, str, str, str, str, str, str]] = {
    # In any order, with any separator.
    "张三 13800000000 浙江省温州市鹿城区五马街道解放街88号": ("张三", "13800000000", *LUCHENG),
    "浙江省温州市鹿城区五马街道解放街88号 张三 13800000000": ("张三", "13800000000", *LUCHENG),
    "13800000000 张三 浙江省温州市鹿城区五马街道解放街88号": ("张三", "13800000000", *LUCHENG),
    "张三，13800000000，浙江省温州市鹿城区五马街道解放街88号": ("张三", "13800000000", *LUCHENG),
    "张三,13800000000,浙江省,温州市,鹿城区,五马街道,解放街88号": ("张三", "13800000000", *LUCHENG),
    "浙江省 温州市 鹿城区 五马街道 解放街88号\n张三\n13800000000": ("张三", "13800000000", *LUCHENG),
    "浙江省/温州市/鹿城区/五马街道/解放街88号；张三；13800000000": ("张三", "13800000000", *LUCHENG),
    "张三13800000000浙江省温州市鹿城区五马街道解放街88号": ("张三", "13800000000", *LUCHENG),
    "张三浙江省温州市鹿城区五马街道解放街88号13800000000": ("张三", "13800000000", *LUCHENG),
    "浙江省温州市鹿城区五马街道解放街88号张三13800000000": ("张三", "13800000000", *LUCHENG),
    "浙江省-温州市-鹿城区-五马街道 解放街88号 张三 13800000000": ("张三", "13800000000", *LUCHENG),
    # With labels.
    "收货人：张三 电话：13800000000 地址：浙江省温州市鹿城区五马街道解放街88号": ("张三", "13800000000", *LUCHENG),
    "收件人: 张三\n手机号码: 13800000000\n所在地区: 浙江省温州市鹿城区五马街道\n详细地址: 解放街88号": (
        "张三", "13800000000", *LUCHENG,
    ),
    "姓名：张三；手机：13800000000；收货地址：浙江温州鹿城区五马街道解放街88号；邮编：325000": (
        "张三", "13800000000", *LUCHENG,
    ),
    # The endings left out, levels left out.
    "浙江温州鹿城五马街道解放街88号 13800000000 张三": ("张三", "13800000000", *LUCHENG),
    "温州市鹿城区五马街道解放街88号 13800000000 张三": ("张三", "13800000000", *LUCHENG),
    "鹿城区五马街道解放街88号 13800000000 张三": ("张三", "13800000000", *LUCHENG),
    "浙江省鹿城区五马街道解放街88号 13800000000 张三": ("张三", "13800000000", *LUCHENG),
    "浙江温州市鹿城区解放街88号 张三 13800000000": (
        "张三", "13800000000", "浙江省", "温州市", "鹿城区", "", "解放街88号",
    ),
    # Telephones.
    "李娜 +86 139-1234-5678 杭州西湖区文三路90号": (
        "李娜", "13912345678", "浙江省", "杭州市", "西湖区", "", "文三路90号",
    ),
    "李娜 0086 139 1234 5678 杭州西湖区文三路90号": (
        "李娜", "13912345678", "浙江省", "杭州市", "西湖区", "", "文三路90号",
    ),
    "王小明 021-63212345 上海市黄浦区南京东路100号": (
        "王小明", "021-63212345", "上海市", "上海市", "黄浦区", "", "南京东路100号",
    ),
    "王小明 0577-88001122-803 温州市鹿城区解放街1号": (
        "王小明", "0577-88001122-803", "浙江省", "温州市", "鹿城区", "", "解放街1号",
    ),
    # Names.
    "欧阳娜娜 13912345678 广州市天河区体育西路1号": (
        "欧阳娜娜", "13912345678", "广东省", "广州市", "天河区", "", "体育西路1号",
    ),
    "张伟收 15811112222 杭州西湖区文三路90号东部软件园2号楼": (
        "张伟", "15811112222", "浙江省", "杭州市", "西湖区", "", "文三路90号东部软件园2号楼",
    ),
    "王芳女士 13811112222 重庆市渝中区解放碑街道民权路28号": (
        "王芳", "13811112222", "重庆市", "重庆市", "渝中区", "解放碑街道", "民权路28号",
    ),
    "张朝阳 13811112222 北京市海淀区中关村大街1号": (
        "张朝阳", "13811112222", "北京市", "北京市", "海淀区", "", "中关村大街1号",
    ),
    "John Smith 13811112222 上海市浦东新区世纪大道 100 号 200120": (
        "John Smith", "13811112222", "上海市", "上海市", "浦东新区", "", "世纪大道100号",
    ),
    "买买提·艾力 13811112222 乌鲁木齐市天山区解放北路1号": (
        "买买提·艾力", "13811112222", "新疆维吾尔自治区", "乌鲁木齐市", "天山区", "", "解放北路1号",
    ),
    # Municipalities.
    "北京市朝阳区建国路93号院 李娜 13811112222": (
        "李娜", "13811112222", "北京市", "北京市", "朝阳区", "", "建国路93号院",
    ),
    "北京市北京市朝阳区建国路93号院 李娜 13811112222": (
        "李娜", "13811112222", "北京市", "北京市", "朝阳区", "", "建国路93号院",
    ),
    "北京朝阳建国路93号院 李娜 13811112222": (
        "李娜", "13811112222", "北京市", "北京市", "朝阳区", "", "建国路93号院",
    ),
    "上海市市辖区黄浦区外滩街道中山东一路1号 李娜 13811112222": (
        "李娜", "13811112222", "上海市", "上海市", "黄浦区", "外滩街道", "中山东一路1号",
    ),
    "天津和平区南京路1号 李娜 13811112222": (
        "李娜", "13811112222", "天津市", "天津市", "和平区", "", "南京路1号",
    ),
    "重庆市石柱土家族自治县万安街道都督大道1号 李娜 13811112222": (
        "李娜", "13811112222", "重庆市", "重庆市", "石柱土家族自治县", "万安街道", "都督大道1号",
    ),
    # Autonomous regions, prefectures, counties.
    "湖北省恩施土家族苗族自治州恩施市舞阳坝街道航空大道1号 刘备 13911112222": (
        "刘备", "13911112222", "湖北省", "恩施土家族苗族自治州", "恩施市", "舞阳坝街道", "航空大道1号",
    ),
    "恩施州利川市东城街道公园路5号 刘备 13911112222": (
        "刘备", "13911112222", "湖北省", "恩施土家族苗族自治州", "利川市", "东城街道", "公园路5号",
    ),
    "云南大理州大理市古城南路1号 段誉 13911112222": (
        "段誉", "13911112222", "云南省", "大理白族自治州", "大理市", "", "古城南路1号",
    ),
    "新疆伊犁州伊宁市解放西路1号 阿依古丽 13811112222": (
        "阿依古丽", "13811112222", "新疆维吾尔自治区", "伊犁哈萨克自治州", "伊宁市", "", "解放西路1号",
    ),
    "内蒙古呼和浩特市新城区成吉思汗大街1号 巴特尔 13811112222": (
        "巴特尔", "13811112222", "内蒙古自治区", "呼和浩特市", "新城区", "", "成吉思汗大街1号",
    ),
    "广西南宁青秀区民族大道1号 韦青 13811112222": (
        "韦青", "13811112222", "广西壮族自治区", "南宁市", "青秀区", "", "民族大道1号",
    ),
    "西藏拉萨市城关区北京中路1号 扎西 13811112222": (
        "扎西", "13811112222", "西藏自治区", "拉萨市", "城关区", "", "北京中路1号",
    ),
    "浙江省丽水市景宁畲族自治县红星街道人民中路1号 蓝天 13811112222": (
        "蓝天", "13811112222", "浙江省", "丽水市", "景宁畲族自治县", "红星街道", "人民中路1号",
    ),
    "丽水景宁县人民中路1号 蓝天 13811112222": (
        "蓝天", "13811112222", "浙江省", "丽水市", "景宁畲族自治县", "", "人民中路1号",
    ),
    # Cities without districts, counties without a prefecture.
    "广东东莞市长安镇莲峰路8号 赵云 13911112222": (
        "赵云", "13911112222", "广东省", "东莞市", "", "", "长安镇莲峰路8号",
    ),
    "中山市石岐街道孙文东路1号 赵云 13911112222": (
        "赵云", "13911112222", "广东省", "中山市", "", "", "石岐街道孙文东路1号",
    ),
    "湖北仙桃市沙嘴街道仙桃大道1号 赵云 13911112222": (
        "赵云", "13911112222", "湖北省", "仙桃市", "", "沙嘴街道", "仙桃大道1号",
    ),
    "海南省文昌市文城镇文建路1号 赵云 13911112222": (
        "赵云", "13911112222", "海南省", "文昌市", "", "文城镇", "文建路1号",
    ),
    "新疆石河子市新城街道北四路1号 赵云 13911112222": (
        "赵云", "13911112222", "新疆维吾尔自治区", "石河子市", "", "新城街道", "北四路1号",
    ),
    # Names that are two places: the larger, unless the text says more.
    "吉林省吉林市船营区解放路1号 王五 13811112222": (
        "王五", "13811112222", "吉林省", "吉林市", "船营区", "", "解放路1号",
    ),
    "吉林 长春 南关区 人民大街1号 王五 13811112222": (
        "王五", "13811112222", "吉林省", "长春市", "南关区", "", "人民大街1号",
    ),
    "海南省海口市龙华区滨海大道1号 王五 13811112222": (
        "王五", "13811112222", "海南省", "海口市", "龙华区", "", "滨海大道1号",
    ),
    # A short name that begins another word is no district.
    "江苏省南京市鼓楼区中山路1号 王五 13811112222": (
        "王五", "13811112222", "江苏省", "南京市", "鼓楼区", "", "中山路1号",
    ),
    # Full-width letters and digits.
    "张三 １３８００００００００ 浙江省温州市鹿城区五马街道解放街８８号": ("张三", "13800000000", *LUCHENG),
}  # fmt: skip
ABROAD: dict[str, tuple[str, str, str, str, str, str]] = {
    "陳大文 +852 9123 4567 香港九龍油尖旺區彌敦道100號": (
        "HK", "陳大文", "+852 9123 4567", "Kowloon", "油尖旺区", "彌敦道100號",
    ),
    "陈大文 9123 4567 香港湾仔区轩尼诗道1号": (
        "HK", "陈大文", "9123 4567", "Hong Kong Island", "湾仔区", "轩尼诗道1号",
    ),
    "香港特别行政区沙田区沙田正街1号 陈大文 91234567": (
        "HK", "陈大文", "91234567", "New Territories", "沙田区", "沙田正街1号",
    ),
    "陈大文 +853 6612 3456 澳门大堂区新马路1号": ("MO", "陈大文", "+853 6612 3456", "", "澳门", "大堂区新马路1号"),
    "台湾省台北市信义区市府路45号 林志玲 0912-345-678": (
        "TW", "林志玲", "0912-345-678", "台北市", "信义区", "市府路45号",
    ),
}  # fmt: skip


def parts(found: Pasted) -> tuple[str, str, str, str, str, str, str]:
    to = found.address
    return to.name, to.phone, to.region, to.city, to.district, found.town, to.street


@pytest.mark.parametrize("text", WHOLE)
def test_what_people_paste_is_recognised(text: str):
    found = read_pasted(text, PLACES)

    assert parts(found) == WHOLE[text]
    assert (found.address.country, found.missing, found.choices) == ("CN", (), ())


@pytest.mark.parametrize("text", ABROAD)
def test_hong_kong_macau_and_taiwan_are_recognised(text: str):
    found = read_pasted(text, PLACES)

    to = found.address
    assert (to.country, to.name, to.phone, to.region, to.city, to.street) == ABROAD[text]
    assert found.missing == ()


def test_a_postal_code_is_recognised_where_it_stands_alone():
    for text in (
        "325000 浙江省温州市鹿城区解放街88号",
        "浙江省温州市鹿城区解放街88号(325000)",
        "温州市鹿城区解放街88号 邮编325000",
    ):
        assert read_pasted(text, PLACES).address.postal_code == "325000", text
    assert read_pasted("温州市鹿城区325000号", PLACES).address.postal_code == ""


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", {"name", "phone", "region", "city", "district", "street"}),
        ("随便写点什么", {"name", "phone", "region", "city", "district"}),
        ("13800000000", {"name", "region", "city", "district", "street"}),
        ("张三 13800000000", {"region", "city", "district", "street"}),
        ("浙江省温州市鹿城区解放街88号", {"name", "phone"}),
        ("浙江省温州市解放街88号 张三 13800000000", {"district"}),
        ("浙江省解放街88号 张三 13800000000", {"city", "district"}),
        ("浙江省温州市鹿城区 张三 13800000000", {"street"}),
    ],
)
def test_what_was_not_recognised_is_asked_for(text: str, asked: set[str]):
    assert set(read_pasted(text, PLACES).missing) == asked


def test_what_may_be_several_places_is_asked_for():
    found = read_pasted("朝阳区建国路1号 张三 13811112222", PLACES)

    assert found.choices == ("北京市北京市朝阳区", "吉林省长春市朝阳区")
    assert {"region", "city", "district"} <= set(found.missing)
    assert (found.address.name, found.address.street) == ("张三", "建国路1号")


TOWNS = [each for each in PLACES.by_code.values() if each.level == 4 and each.code[:2] not in COUNTRIES]


@settings(max_examples=150, deadline=None)
@given(
    town=st.sampled_from(TOWNS),
    name=st.sampled_from(["张三", "李小龙", "王芳", "欧阳修"]),
    order=st.permutations(["name", "phone", "place"]),
    gap=st.sampled_from([" ", "，", "\n", "；", ", "]),
    within=st.sampled_from(["", " "]),
)
def test_any_town_in_any_order_is_recognised(town: Region, name: str, order: list[str], gap: str, within: str):
    above = [region.name for region in town.path()]
    said = {"name": name, "phone": "13800001234", "place": within.join([*dict.fromkeys(above), "人民路1号"])}

    found = read_pasted(gap.join(said[part] for part in order), PLACES)

    assert found.address.name == name
    assert found.address.phone == "13800001234"
    assert found.address.region == above[0]
    assert found.address.city == above[1]
    assert found.address.street.endswith("人民路1号")
    # A village may be called like a district elsewhere, but never is a level lost.
    assert f"{found.address.district}{found.town}{found.address.street}".startswith(above[2])


@given(st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_without_an_error(text: str):
    found = read_pasted(text, PLACES)

    assert set(found.missing) <= {"name", "phone", "region", "city", "district", "street"}


def test_every_chinese_district_has_its_place_in_the_tree():
    assert len(PLACES.provinces) == 34
    assert all(region.parent is not None for region in PLACES.by_code.values() if region.level > 1)
    for municipality in ("北京市", "天津市", "上海市", "重庆市"):
        [province] = [each for each in PLACES.provinces if each.name == municipality]
        [city] = province.children
        assert city.name == municipality
        assert len(city.children) > 10


def test_a_form_makes_names_whole_and_keeps_the_town_before_the_street():
    typed = {
        "name": "张三", "phone": "+86 138 0000 0000", "country": "CN", "region": "浙江", "city": "温州",
        "district": "鹿城", "town": "五马街道", "street": "解放街 88 号",
    }  # fmt: skip

    address = read_address(typed)

    assert (address.region, address.city, address.district) == ("浙江省", "温州市", "鹿城区")
    assert (address.street, address.phone) == ("五马街道解放街 88 号", "13800000000")
    form = form_of(address)
    assert (form.town, form.street) == ("五马街道", "解放街 88 号")
    assert read_address(typed | {"town": form.town, "street": form.street}) == address
