"""A mapping file is checked whole, and says where it is wrong."""

from pathlib import Path

import pytest

from steelyard.channels.feeds import MapInvalid, load_map, parse_map, shipped_maps
from steelyard.channels.feeds.mapping import Source


def test_the_shipped_maps_are_valid() -> None:
    assert shipped_maps() == ["uci-online-retail", "uci-online-retail-events"]
    mapping = load_map("uci-online-retail", "orders")
    codes = mapping.source("country").values
    assert len(codes) == 43
    assert len(set(codes.values())) == 43, "each name can be told from its code"
    assert (codes["EIRE"], codes["RSA"], codes["Norway"], codes["Unspecified"]) == ("IE", "ZA", "NO", "ZZ")


def test_an_unmapped_field_comes_from_the_column_of_its_name() -> None:
    mapping = parse_map("{of: orders, columns: {sku: Code, title: [A, B]}}", "m", "orders")
    assert mapping.source("sku") == Source(from_="Code")
    assert mapping.source("title").columns == ["A", "B"]
    assert mapping.source("quantity").columns == ["quantity"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("of: [", "not YAML"),
        ("of: parcels", "of"),
        ("of: products", "this map is for products, not for orders"),
        ("{of: orders, colums: {}}", "colums"),
        ("{of: orders, columns: {price: P}}", "columns.price: no such field"),
        ("{of: orders, columns: {sku: {from: A, constant: b}}}", "columns.sku: either"),
        ("{of: orders, columns: {sku: {upper: true}}}", "columns.sku: needs"),
        ("{of: orders, columns: {placed_at: {from: T, time_zone: Mars/Base}}}", "Mars/Base is no time zone"),
        ("{of: orders, columns: {country: {from: C, values: {Norway: NOR}}}}", "NOR is no ISO 3166 code"),
        ("{of: orders, columns: {country: {from: C, values: {Norway: NO}}}}", "Expected `str`"),
        ("{of: orders, kinds: {rules: [{kind: goods}]}}", "kinds.rules[1]: needs a pattern"),
        ("{of: orders, kinds: {rules: [{kind: gadget, sku: x}]}}", "gadget"),
        ("{of: orders, cancellations: {order_id: '('}}", "is no RE2 pattern"),
        ("{of: orders, csv: {delimiter: '||'}}", "one character"),
        ("{of: orders, steelyard_map: 2}", "steelyard_map"),
    ],
)
def test_a_wrong_map_says_what_is_wrong(words: str, problem: str) -> None:
    with pytest.raises(MapInvalid) as refusal:
        parse_map(words, "m", "orders")
    assert problem in refusal.value.problems


def test_a_map_is_found_by_name_or_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("of: orders\nname: mine\n")
    assert load_map(str(path), "orders").name == "mine"
    for missing in ("nobody-has-this", str(tmp_path / "gone.yaml"), "../secrets"):
        with pytest.raises(MapInvalid):
            load_map(missing, "orders")
