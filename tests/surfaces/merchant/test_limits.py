"""A shop sets purchase limits: for a product and its variants, told when they cannot be, written into the log."""

from steelyard.goods import catalog
from steelyard.goods.catalog import Limited
from steelyard.goods.catalog.model import Limits, Period
from steelyard.kernel.db import Database
from steelyard.parties import access
from tests.support.browser import Browser, hidden, words
from tests.support.world import World


async def test_they_are_set_for_the_product_and_its_variants(db: Database, world: World, owner: Browser) -> None:
    green = world.items["green"]
    here = f"/merchant/products/{green.product_id}/limits"
    first = green.sku_ids[0]
    assert "Purchase limits" in words(await owner.get(f"/merchant/products/{green.product_id}"))
    form = {
        "seen": hidden(await owner.get(here), "seen"), "per_buyer": "5", "period": "month", "per_order": "",
        "least": "2", f"per_buyer:{first}": "", f"per_order:{first}": "3", f"least:{first}": "",
    }  # fmt: skip
    for _ in range(2):
        assert "Saved" in words(await owner.follow(await owner.post(here, form)))

    assert await db.ask(catalog.limits_of, world.tea.merchant_id, green.product_id) == Limited(
        product=Limits(per_buyer=5, period=Period.MONTH, least=2), skus={first: Limits(per_order=3)}
    )
    log = await db.ask(access.audit_log, world.tea.merchant_id, None, 10)
    assert [each.action for each in log.items].count("products.limit") == 1
    assert "Changed the purchase limits of a product" in words(await owner.get("/merchant/audit"))

    other = {**form, "per_buyer": "7"}
    answer = await owner.post(here, other)
    assert answer.status_code == 422 and "A colleague has changed this meanwhile" in words(answer)
    fresh = {**other, "seen": hidden(answer, "seen")}
    assert "Saved" in words(await owner.follow(await owner.post(here, fresh)))
    empty = {"seen": hidden(await owner.get(here), "seen"), "per_buyer": "", "per_order": "", "least": ""}
    await owner.post(here, empty)
    assert await db.ask(catalog.limits_of, world.tea.merchant_id, green.product_id) == Limited()


async def test_what_nobody_could_keep_to_is_said_beside_its_field(world: World, owner: Browser) -> None:
    here = f"/merchant/products/{world.items['nuts'].product_id}/limits"
    wrong = {
        "least": {"per_order": "2", "least": "3"},
        "per_buyer": {"per_buyer": "some"},
        "per_order": {"per_order": "99999"},
    }
    for name, told in wrong.items():
        answer = await owner.post(here, {"per_buyer": "", "period": "day", "per_order": "", "least": "", **told})
        assert answer.status_code == 422, name
        assert f'href="#{name}"' in answer.text, name
    assert (await owner.get(f"/merchant/products/{world.items['hammer'].product_id}/limits")).status_code == 404
    strange = await owner.post(f"/merchant/products/{world.items['hammer'].product_id}/limits", {"per_order": "1"})
    assert strange.status_code == 404
