"""How often the pages of a live room ask the database: each asks once for what it shows, whatever lies in the bag."""

import pytest
from litestar import Litestar

from steelyard.kernel import keeping
from steelyard.parties.policies import queries as policies
from tests.support.browser import Browser, browsing
from tests.support.live import OnAir
from tests.surfaces.storefront.test_round_trips import counted

BUDGET = {
    "/live": 10,
    "/live/tea-live": 15,
    "/live/tea-live/goods": 12,
    "/live/tea-live/buy/{tea}": 9,
    "/merchant/live": 6,
    "/merchant/live/room": 18,
    "/merchant/live/hosts": 2,
    "/merchant/live/{session}": 16,
    "/merchant/live/{session}/desk": 15,
    "/merchant/live/{session}/prompter": 15,
    "/merchant/live/{session}/screen": 9,
}


async def test_a_page_asks_no_oftener_than_it_may(
    app: Litestar, session: OnAir, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is kept for a moment is kept for as long as the test looks.
    monkeypatch.setattr(keeping, "KEPT_SECONDS", 3_600.0)
    monkeypatch.setattr(policies, "REMEMBERED_SECONDS", 3_600.0)
    over: list[str] = []
    async with browsing(app) as guest:
        for name, most in BUDGET.items():
            address = name.format(session=session.session_id, tea=next(iter(session.products.values())))
            reader = owner if name.startswith("/merchant") else guest
            await reader.get(address)
            with counted(monkeypatch) as asked:
                assert (await reader.get(address)).status_code == 200, address
            if len(asked) > most:
                over += [f"{name}: {len(asked)} instead of {most}", *(f"    {each}" for each in asked)]
    assert not over, "\n".join(["", *over])
