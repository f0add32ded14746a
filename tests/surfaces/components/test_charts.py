"""Charts: what is drawn and what the table says."""

from datetime import date

import pytest

from steelyard.surfaces.components import Assets, Chart, Series, Templates
from tests.surfaces.components.sample_pages import sample_page

templates = Templates(Assets())
DAYS = [date(2026, 9, 1), date(2026, 9, 2)]


def shown(chart: Chart, language: str = "en") -> str:
    source = "{% from 'macros/charts.html' import chart %}{{ chart(it) }}"
    return templates.environment(language).from_string(source).render(page=sample_page("home", language), it=chart)


def test_amounts_are_drawn_in_major_units_and_written_in_the_table() -> None:
    paid = Chart("area", "Paid", DAYS, [Series("Paid", [128_000, None])], unit="money", currency="CNY")

    assert paid.drawing()["series"] == [{"name": "Paid", "compared": False, "values": [1280.0, None]}]
    page = shown(paid, "zh-Hans")
    assert "¥1,280.00" in page
    assert "2026年9月1日" in page
    assert "–" in page


def test_what_has_no_figures_teaches_instead_of_drawing() -> None:
    page = shown(Chart("bar", "Orders", DAYS, [Series("Orders", [0, 0])]))

    assert "data-chart" not in page
    assert "Nothing in this period" in page


def test_words_of_merchants_cannot_end_the_script_that_holds_them() -> None:
    page = shown(Chart("bar", "Goods", ["</script><b>"], [Series("Sold", [1])]))

    assert "</script><b>" not in page


def test_every_label_wants_its_value() -> None:
    with pytest.raises(AssertionError, match="a value for each label"):
        Chart("bar", "Orders", DAYS, [Series("Orders", [1])])


def test_a_flow_has_a_band_for_each_row_of_its_table() -> None:
    links = [(1, "Arrived", "Looked"), (2, "Looked", "Left")]
    flow = Chart("sankey", "Paths", ["1. Arrived → Looked", "2. Looked → Left"], [Series("Times", [7, 5])], links=links)

    assert flow.drawing()["links"] == [[1, "Arrived", "Looked"], [2, "Looked", "Left"]]
    assert "2. Looked → Left" in shown(flow)
    with pytest.raises(AssertionError, match="a band for each label"):
        Chart("sankey", "Paths", ["1. Arrived → Looked"], [Series("Times", [7])])
