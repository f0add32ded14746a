"""Templates: words, formats, and what happens to what is absent."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from jinja2 import UndefinedError

from steelyard.surfaces.components import Assets, Templates
from tests.surfaces.components.sample_pages import sample_page

templates = Templates(Assets())


@dataclass(frozen=True, slots=True)
class Amount:
    amount: int
    currency: str


def said(source: str, language: str = "en", **values: object) -> str:
    page = sample_page("home", language)
    return templates.environment(language).from_string(source).render(page=page, **values)


@pytest.mark.parametrize(
    ("amount", "language", "words"),
    [
        (Amount(128000, "CNY"), "zh-Hans", "¥1,280.00"),
        (Amount(-128000, "CNY"), "zh-Hans", "-¥1,280.00"),
        (Amount(1280, "JPY"), "en", "¥1,280"),
        (Amount(1234567, "GBP"), "en", "£12,345.67"),
        (Amount(1234, "KWD"), "en", "KWD1.234"),
    ],
)
def test_money_has_the_decimals_of_its_currency(amount: Amount, language: str, words: str) -> None:
    assert said("{{ amount|money }}", language, amount=amount) == words


def test_the_same_template_speaks_the_reader_s_language() -> None:
    assert said("{{ _('Cart') }}", "en") == "Cart"
    assert said("{{ _('Cart') }}", "zh-Hans") == "购物车"


def test_a_percent_sign_in_words_without_places_is_one_in_every_language() -> None:
    source = "{{ _('A deposit that can be lost is a fifth of the price at most') }}"
    assert said(source, "zh-Hans") == "不退的定金不得超过预售价的 20%"


def test_a_merchant_s_words_fall_back_to_another_language() -> None:
    assert said("{{ name|text }}", "zh-Hans", name={"zh-Hans": "靴", "en": "Boot"}) == "靴"
    assert said("{{ name|text }}", "zh-Hans", name={"en": "Boot"}) == "Boot"
    assert said("{{ name|text }}", "en", name={"de": "Stiefel"}) == "Stiefel"
    assert said("{{ name|text }}", "en", name=None) == ""


def test_times_are_shown_in_the_page_s_zone() -> None:
    noon = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)

    assert said("{{ noon|datetime('short') }}", "zh-Hans", noon=noon) == "2026/9/1 12:00"


def test_markup_from_a_merchant_is_escaped() -> None:
    assert said("{{ name }}", name="<script>") == "&lt;script&gt;"


def test_an_absent_key_is_false_but_a_misspelt_variable_is_an_error() -> None:
    assert said("{% if product.was %}was{% endif %}", product={}) == ""
    with pytest.raises(UndefinedError):
        said("{{ product.was }}", product={})
    with pytest.raises(UndefinedError):
        said("{% if prodcut %}{% endif %}")


def test_an_unknown_icon_is_told_to_the_author() -> None:
    with pytest.raises(LookupError, match="no icon 'trukc'"):
        said("{{ icon('trukc') }}")
