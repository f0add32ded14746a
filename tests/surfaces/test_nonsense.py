"""What nobody would type on purpose is told beside its field; what a mangled address says is passed over."""

import pytest

from steelyard.channels.sheets.columns import fact_of
from steelyard.goods.catalog import AttributeKind, CategoryAttribute, Definition
from steelyard.goods.catalog.model import CategoryId
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.surfaces.merchant.editor_forms import facts_of
from steelyard.surfaces.web.entries import Entries
from tests.support.browser import Browser, words
from tests.support.consoles import app, chief, database_url, owner, world
from tests.support.world import World
from tests.surfaces.merchant.test_shipping import SHIP, form_of, three

__all__ = ["app", "chief", "database_url", "owner", "world"]


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/merchant/orders?state=shipped&cursor=nonsense", "/merchant/orders?state=shipped"),
        ("/merchant/products?q=tea&cursor=WyJ4Il0", "/merchant/products?q=tea"),
        ("/orders?after=nonsense", "/orders"),
    ],
)
async def test_a_list_that_goes_on_nowhere_begins_anew(owner: Browser, path: str, kept: str) -> None:
    answer = await owner.get(path)

    assert (answer.status_code, answer.headers["location"]) == (303, kept)
    assert (await owner.get(kept)).status_code in (200, 303)


@pytest.mark.parametrize("when", ["0001-01-01T00:00", "9999-12-31T23:59", "2024-02-30T08:00", "soon"])
async def test_a_page_is_published_at_no_hour_that_is_none(owner: Browser, when: str) -> None:
    answer = await owner.post("/merchant/decoration/shop", {"do": "publish", "shown_from": when})

    assert answer.status_code == 422
    assert "Please enter a day and an hour" in words(answer)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "", "١٢"])
async def test_statements_are_issued_for_no_day_that_is_none(chief: Browser, day: str) -> None:
    answer = await chief.follow(await chief.post("/operator/settlement/run", {"day": day}))

    assert "Please choose a day up to today." in words(answer)


async def test_no_number_is_asked_of_a_carrier_that_there_is_not(db: Database, world: World, owner: Browser) -> None:
    found = await three(db, world)
    fields = await form_of(owner, found)
    for order in found:
        fields[f"carrier_{order.order_id}"] = "pigeon"

    answer = await owner.post(SHIP, {**fields, "then": "waybills"})

    assert answer.status_code == 422
    assert words(answer).count("Please choose a carrier") == len(found)


async def test_millions_of_variants_are_refused_without_making_one(owner: Browser) -> None:
    many = "\n".join(str(value) for value in range(1_000))
    options = {
        f"option_{place}_{what}": said for place in (1, 2, 3) for what, said in (("name", "size"), ("values", many))
    }

    answer = await owner.post("/merchant/products/new", {"title_en": "Tea", "code": "T", "price": "1", **options})

    assert answer.status_code == 422
    assert "These options make more than 100 variants: please use fewer values" in words(answer)


@pytest.mark.parametrize("typed", ["1e400", "NaN", "-inf", "tall"])
def test_a_number_that_is_none_is_no_fact_of_a_product(typed: str) -> None:
    height = Definition(code="height", name=text("高", "Height"), kind=AttributeKind.NUMBER)
    attribute = CategoryAttribute(category_id=CategoryId(ids.mint()), definition=height, required=False, place=0)
    form = Entries({"fact:height": [typed]}, {})

    assert facts_of(form, [attribute]) == {}
    assert form.errors == {"fact:height": "Please enter a number"}
    with pytest.raises(ValueError):
        fact_of(height, typed)
