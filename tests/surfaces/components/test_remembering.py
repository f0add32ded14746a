"""Pieces of pages are drawn once for the same values, and only for the same."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from markupsafe import Markup

from steelyard.goods.catalog.model import CategoryId, ProductId
from steelyard.goods.search.model import Hit
from steelyard.kernel.text import text
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.components import Assets, Templates, remembering
from steelyard.surfaces.components.remembering import Remembered
from tests.surfaces.components.sample_pages import sample_page

HIT = Hit(
    merchant_id=MerchantId(UUID(int=1)),
    product_id=ProductId(UUID(int=2)),
    category_path=[CategoryId(UUID(int=3))],
    title=text("茶", "Tea"),
    slug="tea",
    picture=None,
    currency="CNY",
    price=1_000,
    price_to=1_000,
    compare_at=None,
    in_stock=True,
    sold=0,
    rating=0,
    listed_at=datetime(2026, 1, 1, tzinfo=UTC),
)
DRAWN = "{% macro card(title, price) %}{% do times.append(1) %}<b>{{ title }}</b> {{ price }}{% endmacro %}"


@pytest.fixture
def templates() -> Templates:
    return Templates(Assets())


def test_a_piece_is_drawn_once_for_the_same_values(templates: Templates) -> None:
    times: list[int] = []
    source = DRAWN + "{{ remembered(card, title, price) }}"
    template = templates.environment("en").from_string(source, globals={"times": times})

    told = [template.render(page=sample_page("home", "en"), title="<Tea>", price=price) for price in (1, 1, 2, 1)]

    assert told == [f"<b>&lt;Tea&gt;</b> {price}" for price in (1, 1, 2, 1)]
    assert len(times) == 2


def test_words_that_count_as_markup_are_never_taken_for_words_that_do_not(templates: Templates) -> None:
    times: list[int] = []
    template = templates.environment("en").from_string(
        DRAWN + "{{ remembered(card, title, 1) }}", globals={"times": times}
    )

    told = [template.render(page=sample_page("home", "en"), title=title) for title in (Markup("<i>"), "<i>")]

    assert told == ["<b><i></b> 1", "<b>&lt;i&gt;</b> 1"]


def test_each_language_and_each_macro_has_pieces_of_its_own(templates: Templates) -> None:
    source = "{% macro one(n) %}{{ _('Cart') }}{% endmacro %}{% macro two(n) %}{{ _('Orders') }}{% endmacro %}"
    source += "{{ remembered(one, 1) }} {{ remembered(two, 1) }}"

    told = [
        templates.environment(language).from_string(source).render(page=sample_page("home", language))
        for language in ("en", "zh-Hans")
        for _ in range(2)
    ]

    assert told == ["Cart Orders"] * 2 + ["购物车 订单"] * 2


def test_a_price_or_a_heart_makes_another_card() -> None:
    remembered = Remembered()
    environment = Templates(Assets()).environment("en")
    macro = environment.from_string("{% macro card(hit, kept) %}{{ hit.price }} {{ kept }}{% endmacro %}").module
    card = vars(macro)["card"]

    dearer = msgspec.structs.replace(HIT, price=2_000)
    told = [str(remembered(card, hit, kept)) for hit, kept in ((HIT, False), (dearer, False), (HIT, True))]

    assert told == ["1000 False", "2000 False", "1000 True"]


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    environment = Templates(Assets()).environment("en")
    template = environment.from_string("{% macro card(n) %}{% do times.append(n) %}{{ n }}{% endmacro %}")
    times: list[int] = []
    card = vars(template.make_module({"times": times}))["card"]
    remembered = Remembered(bytes_max=10 * remembering.OVERHEAD_BYTES)

    for n in [*range(20), 19, 0]:
        remembered(card, n)

    assert times == [*range(20), 0]
