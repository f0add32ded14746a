"""From a live room into the cart, and from there to the till: the order knows where it came from."""

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.trade import checkout
from tests.support.browser import browsing, words
from tests.support.live import OnAir
from tests.support.world import World
from tests.surfaces.live_room.test_room import checkout_of
from tests.surfaces.storefront.buying import SHIP_TO


async def test_what_is_put_into_the_cart_in_the_room_says_so_at_the_till(
    app: Litestar, world: World, session: OnAir, db: Database
) -> None:
    async with browsing(app) as guest:
        address = f"/live/{session.slug}/buy/{session.products['green']}"
        assert "Add to cart" in words(await guest.get(address))
        wish = {"second": "42", "o0": "0", "o1": "1", "quantity": "2", "then": "cart"}

        put = await guest.post(address, wish)

        assert put.headers["location"].startswith(address)
        assert "It is in your cart." in words(await guest.follow(put))
        opened = checkout_of(await guest.post("/cart/checkout"))
        await guest.post(f"/checkout/{opened}", SHIP_TO)
        found = await db.ask(checkout.view, opened)
        assert found is not None and found.checkout.client == "shop"
        (line,) = found.checkout.lines
        assert (line.sku_id, line.quantity) == (world.items["green"].sku_ids[1], 2)
        assert line.source == f"live:{session.session_id}:42"

        # What cannot be had is refused as it is when it is bought at once.
        nothing = await guest.post(address, {**wish, "o0": "9"})
        assert nothing.status_code in (303, 422)
