"""How often each page of the shop asks the database: a page that waits for it thirty times is slow wherever it is far."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from steelyard.kernel import keeping
from steelyard.kernel.db import Database, Read, Tx
from tests.simulators.world import Simulated
from tests.support.browser import Browser
from tests.support.world import World
from tests.surfaces.storefront.buying import bought, open_checkout, put

# Questions of a page that was looked at before, a beginning and an end of a transaction counted as one together.
BUDGET = {
    "home": 15,
    "category": 6,
    "search": 11,
    "product": 23,
    "cart": 10,
    "checkout": 11,
    # One of either: what of it is charged back.
    "orders": 15,
    "purchase": 22,
}


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """Each question that is asked meanwhile."""
    asked: list[str] = []
    own = asyncio.current_task()

    def listening(say: Any) -> Any:
        async def said(self: Any, what: Any, *args: Any, **more: Any) -> Any:
            # What others ask meanwhile, or what is asked for many visitors at once, is not the page's.
            if asyncio.current_task() is own:
                asked.append(" ".join(what.split())[:100] if isinstance(what, str) else f"-- {what.__qualname__}")
            return await say(self, what, *args, **more)

        return said

    with monkeypatch.context() as patch:
        for kind, name in ((Read, "fetch"), (Read, "row"), (Read, "value"), (Tx, "execute")):
            patch.setattr(kind, name, listening(getattr(kind, name)))
        for name in ("ask", "transact"):
            patch.setattr(Database, name, listening(getattr(Database, name)))
        yield asked


async def test_a_page_asks_no_oftener_than_it_may(
    guest: Browser, world: World, channel: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is kept for a moment is kept for as long as the test looks.
    monkeypatch.setattr(keeping, "KEPT_SECONDS", 3_600.0)
    tea = world.items["green"]
    code = await bought(guest, channel, world.items["ruler"])
    await put(guest, tea, o0="0", o1="1")
    till = await open_checkout(guest)
    pages = {
        "home": "/",
        "category": "/c/tea",
        "search": "/search?q=tea",
        "product": f"/products/{tea.product_id}",
        "cart": "/cart",
        "checkout": till,
        "orders": "/orders",
        "purchase": f"/purchases/{code}",
    }

    found: dict[str, list[str]] = {}
    for name, path in pages.items():
        first = await guest.get(path)
        address = first.headers.get("location", path)
        await guest.get(address)
        with counted(monkeypatch) as asked:
            assert (await guest.get(address)).status_code == 200, address
        found[name] = asked

    over = {name: len(asked) for name, asked in found.items() if len(asked) > BUDGET[name]}
    assert not over, "\n".join(["", *(line for name in over for line in (f"{name}:", *found[name]))])
