"""A list as somebody filters it often is kept under a name."""

from litestar import Litestar

from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.world import World

LIST = "/merchant/orders"


async def save(browser: Browser, name: str, query: str = "state=shipped", shared: str = "") -> None:
    answer = await browser.post(
        "/merchant/views", {"path": LIST, "query": query, "name": name, **({"shared": shared} if shared else {})}
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{LIST}?{query}"


async def test_a_filtered_list_can_be_saved_and_is_offered_again(owner: Browser) -> None:
    page = await owner.get(LIST, state="shipped", cursor="")
    assert hidden(page, "query") == "state=shipped"

    await save(owner, "On the road")

    page = await owner.get(LIST)
    assert "On the road" in words(page)
    assert f'href="{LIST}?state=shipped"' in page.text


async def test_a_list_that_is_not_filtered_offers_nothing_to_save(owner: Browser) -> None:
    assert "Save this view" not in words(await owner.get(LIST))


async def test_a_view_that_is_removed_can_be_taken_back(owner: Browser) -> None:
    await save(owner, "On the road")
    page = await owner.get(LIST)
    remove = page.text.split('/remove"')[0].rsplit('action="', 1)[1] + "/remove"

    answer = await owner.post(remove)

    page = await owner.follow(answer)
    assert "is removed" in words(page)
    assert 'class="flash-undo"' in page.text
    undone = {name: hidden(page, name) for name in ("path", "query", "name", "shared")}
    await owner.post("/merchant/views", undone)
    assert "On the road" in words(await owner.get(LIST))


async def test_a_view_needs_a_name_and_there_are_not_endlessly_many(owner: Browser) -> None:
    answer = await owner.post("/merchant/views", {"path": LIST, "query": "state=paid", "name": "  "})
    assert "short name" in words(await owner.follow(answer))

    for number in range(20):
        await save(owner, f"View {number}")
    answer = await owner.post("/merchant/views", {"path": LIST, "query": "state=paid", "name": "One more"})
    assert "many views" in words(await owner.follow(answer))


async def test_another_shop_sees_no_view_of_ours(app: Litestar, world: World, owner: Browser) -> None:
    await save(owner, "For all of us", shared="yes")

    rival = await signed_in(app, world.tools.owner)
    assert "For all of us" not in words(await rival.get(LIST))
    await rival.close()


async def test_the_appearance_is_remembered(owner: Browser) -> None:
    answer = await owner.post("/theme", {"theme": "dark", "return_to": LIST})

    page = await owner.follow(answer)
    assert 'data-theme="dark"' in page.text
    await owner.post("/theme", {"theme": "mauve", "return_to": LIST})
    assert 'data-theme="dark"' in (await owner.get(LIST)).text
    await owner.post("/theme", {"theme": "system", "return_to": LIST})
    assert "data-theme=" not in (await owner.get(LIST)).text
