"""How often the pages of a live room ask the database: each asks once for what it shows, whatever lies in the bag."""

from collections.abc import Mapping

import pytest
from litestar import Litestar

from steelyard.channels import live
from steelyard.kernel import keeping
from steelyard.kernel.db import Database
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
    "/merchant/live/hosts": 4,
    "/merchant/live/pool": 8,
    "/merchant/live/samples": 3,
    "/merchant/live/agreements": 8,
    "/merchant/live/commission": 10,
    "/merchant/live/payees": 4,
    "/merchant/live/earnings": 10,
    "/merchant/live/{session}": 16,
    "/merchant/live/{session}/desk": 16,
    "/merchant/live/{session}/prompter": 15,
    "/merchant/live/{session}/screen": 9,
    "/operator/live": 9,
    "/operator/live/rooms": 9,
    "/operator/live/hosts": 9,
    "/operator/live/stops": 9,
    "/operator/live/categories": 9,
}
# Of a session that has ended and whose review is written.
OVER = {
    "/live/tea-live/replays": 9,
    "/live/tea-live/replay/{session}": 17,
    "/live/tea-live/replay/{session}/chat": 6,
    "/merchant/live/{session}/review": 9,
}


async def too_often(
    app: Litestar,
    budget: Mapping[str, int],
    session: OnAir,
    staff: Mapping[str, Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """The pages that ask oftener than they may, with what they ask."""
    # What is kept for a moment is kept for as long as the test looks.
    monkeypatch.setattr(keeping, "KEPT_SECONDS", 3_600.0)
    monkeypatch.setattr(policies, "REMEMBERED_SECONDS", 3_600.0)
    over: list[str] = []
    async with browsing(app) as guest:
        for name, most in budget.items():
            address = name.format(session=session.session_id, tea=next(iter(session.products.values())))
            reader = next((each for prefix, each in staff.items() if name.startswith(prefix)), guest)
            await reader.get(address)
            with counted(monkeypatch) as asked:
                assert (await reader.get(address)).status_code == 200, address
            if len(asked) > most:
                over += [f"{name}: {len(asked)} instead of {most}", *(f"    {each}" for each in asked)]
    return over


async def test_a_page_asks_no_oftener_than_it_may(
    app: Litestar, session: OnAir, owner: Browser, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = await too_often(app, BUDGET, session, {"/merchant": owner, "/operator": chief}, monkeypatch)
    assert not over, "\n".join(["", *over])


async def test_a_page_of_what_is_over_asks_no_oftener_than_it_may(
    app: Litestar, session: OnAir, owner: Browser, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for product_id in session.products.values():
        await db.transact(live.pin, *session.key, product_id)
    await db.transact(live.end, *session.key, "staff:1")
    await db.transact(live.make_debrief, *session.key, "staff:1")
    over = await too_often(app, OVER, session, {"/merchant": owner}, monkeypatch)
    assert not over, "\n".join(["", *over])
