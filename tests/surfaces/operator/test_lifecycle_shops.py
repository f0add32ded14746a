"""The operator looks at the stages of one shop's customers, and changes nothing there; a shop looks at nobody's but its own."""

from steelyard.kernel.db import Database
from steelyard.operations import lifecycle
from tests.support.browser import Browser, words
from tests.support.world import World
from tests.surfaces.merchant.test_lifecycle import traded

HERE = "/operator/lifecycle/shops"


async def test_the_operator_looks_at_one_shops_stages_flows_and_values(
    db: Database, world: World, chief: Browser
) -> None:
    await traded(db, world)
    tea = await chief.get("/operator/lifecycle/shops", shop="tea")
    slug = tea.headers["location"].rsplit("/", 1)[-1]

    page = await chief.get(f"{HERE}/{slug}")
    stage, values, everybody = [
        words(await chief.get(f"{HERE}/{slug}{end}")) for end in ("/stages/new", "/values", "/values/all")
    ]
    person = words(await chief.get(f"{HERE}/{slug}/customers/{world.buyer.buyer_id}"))

    assert "New customer 1" in words(page)
    assert 'class="flow"' in page.text, "who moved where is drawn"
    assert "/lifecycle/rule" not in page.text, "the rule is the shop's"
    assert "/rule" in (await chief.get("/operator/lifecycle")).text, "and the marketplace's is the operator's"
    assert "L**" in stage and "L**" in everybody
    assert "Customers who have paid 1" in values and "Count anew" not in values
    assert "Stage: New customer" in person
    assert person.count("Paid order") == 1, "what was bought of the tool shop is not told of the tea shop"
    assert "lina@example.com" not in person
    for end in ("", "/stages/new", "/values", "/values/all"):
        file = await chief.get(f"{HERE}/{slug}{end}", format="csv")
        assert file.text.startswith("\ufeff"), end
    moves = (await chief.get(f"{HERE}/{slug}", format="csv")).text
    assert "Interested,New customer,1" in moves


async def test_a_shop_is_chosen_by_its_address(world: World, chief: Browser) -> None:
    nowhere = await chief.get(HERE, shop="no-such-shop")
    assert nowhere.status_code == 422
    assert "There is no shop with this address" in words(nowhere)
    assert 'value="no-such-shop"' in nowhere.text
    assert (await chief.get(HERE, shop=" ")).headers["location"] == "/operator/lifecycle"
    assert (await chief.get(f"{HERE}/no-such-shop")).status_code == 404
    assert (await chief.get(f"{HERE}/no-such-shop/values")).status_code == 404


async def test_nothing_of_a_shop_can_be_changed_there_and_no_shop_gets_in(
    db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    await traded(db, world)
    slug = (await chief.get(HERE, shop="tea")).headers["location"].rsplit("/", 1)[-1]
    form = {"dormant_days": "30", "lost_days": "90", "loyal_orders": "3"}

    assert (await chief.post(f"{HERE}/{slug}/rule", form)).status_code in (404, 405)
    assert await db.ask(lifecycle.rules_of, world.tea.merchant_id) == []
    for end in ("", "/stages/new", "/values", f"/customers/{world.buyer.buyer_id}"):
        assert (await owner.get(f"{HERE}/{slug}{end}")).status_code in (302, 303, 403, 404), end
    assert (await owner.get(f"/merchant/lifecycle/shops/{slug}")).status_code == 404
    assert "New customer 1" in words(await owner.get("/merchant/lifecycle"))
