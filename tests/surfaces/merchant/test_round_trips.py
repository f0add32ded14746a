"""How often the consoles' larger pages ask the database: each asks for what it shows, and not for what its neighbours show."""

import pytest

from steelyard.kernel import keeping
from steelyard.parties.policies import queries as policies
from tests.support.browser import Browser
from tests.support.world import World
from tests.surfaces.storefront.test_round_trips import counted

BUDGET = {
    "/merchant/figures/sales": 15,
    "/merchant/figures/visitors": 11,
    "/merchant/figures/products": 10,
    "/merchant/figures/customers": 12,
    "/merchant/products": 8,
    "/merchant/products/grid": 8,
    "/merchant/promotions/why?code_0=NUTS-0&pieces_0=3": 14,
    "/operator": 31,  # two of them count tasks, for everybody and for oneself
    "/operator/figures/days": 9,
    "/operator/figures/merchants": 11,
    "/operator/figures/categories": 9,
    "/operator/figures/channels": 9,
    "/operator/figures/products": 10,
    "/operator/figures/visitors": 11,
}


async def test_a_page_asks_no_oftener_than_it_may(
    world: World, owner: Browser, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is kept for a moment is kept for as long as the test looks.
    monkeypatch.setattr(keeping, "KEPT_SECONDS", 3_600.0)
    monkeypatch.setattr(policies, "REMEMBERED_SECONDS", 3_600.0)
    over: list[str] = []
    for address, most in BUDGET.items():
        reader = chief if address.startswith("/operator") else owner
        await reader.get(address)
        with counted(monkeypatch) as asked:
            assert (await reader.get(address)).status_code == 200, address
        if len(asked) > most:
            over += [f"{address}: {len(asked)} instead of {most}", *(f"    {each}" for each in asked)]
    assert not over, "\n".join(["", *over])
