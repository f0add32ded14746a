"""How often an agent's purchase asks the database: those who come together share these questions, and who comes alone waits
for each of them."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bench import scripts
from bench.door import CHANNEL, Signed, token
from steelyard.kernel.db import Database, Read, Tx
from steelyard.money.payments import gateways
from tests.support.world import World
from tests.surfaces.api.house import Agent, open_house

SECRET = "a secret of this test"
# With what is kept for a moment asked anew. However many complete at the same moment, it is no more for all of them.
BUDGET = {"create": 12, "complete": 28}


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """Every statement that this process says meanwhile."""
    statements: list[str] = []

    def listening(say: Any) -> Any:
        async def said(self: Any, what: str, *args: Any) -> Any:
            statements.append(" ".join(what.split())[:100])
            return await say(self, what, *args)

        return said

    with monkeypatch.context() as patch:
        for kind, name in ((Read, "fetch"), (Read, "row"), (Read, "value"), (Tx, "execute")):
            patch.setattr(kind, name, listening(getattr(kind, name)))
        yield statements


async def test_a_purchase_asks_no_oftener_than_it_may(
    db: Database, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = open_house(db, tmp_path)
    monkeypatch.setitem(gateways._offered, house.settings, {CHANNEL: Signed(SECRET.encode())})  # pyright: ignore
    agent = Agent(house, profile=scripts.PROFILE)
    opening = scripts.opening(str(world.items["nuts"].sku_id))
    await bought(agent, opening)

    with counted(monkeypatch) as creating:
        opened = await agent.post("/checkout-sessions", opening)
    with counted(monkeypatch) as completing:
        done = await completed(agent, UUID(opened["id"]))
    await house.close()

    assert done["status"] == "completed"
    found = {"create": creating, "complete": completing}
    over = {name: len(statements) for name, statements in found.items() if len(statements) > BUDGET[name]}
    assert not over, "\n".join(["", *(line for name in over for line in (f"{name}:", *found[name]))])


async def bought(agent: Agent, opening: dict[str, object]) -> None:
    opened = await agent.post("/checkout-sessions", opening)
    await completed(agent, UUID(opened["id"]))


async def completed(agent: Agent, checkout_id: UUID) -> dict[str, Any]:
    credential = {"type": "token", "token": token(SECRET.encode(), str(checkout_id))}
    instrument = {"id": "pi_1", "handler_id": CHANNEL, "type": "card", "credential": credential}
    return await agent.post(f"/checkout-sessions/{checkout_id}/complete", {"payment": {"instruments": [instrument]}})
