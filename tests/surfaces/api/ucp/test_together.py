"""Agents who come at the same moment are served in one transaction, each as if alone: with a token that is verified here."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bench import scripts
from bench.door import CHANNEL, Signed, token
from steelyard.goods import inventory
from steelyard.kernel.db import Database, Tx
from steelyard.money.payments import gateways
from steelyard.surfaces.api.ucp import together
from tests.support import deal
from tests.support.world import STOCK, World
from tests.surfaces.api.house import Agent, open_house
from tests.surfaces.api.ucp.buying import codes

SECRET = b"a secret of this test"
SESSIONS = "/checkout-sessions"
MANY = 6


@pytest.fixture
async def signing(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Agent]:
    """An agent of a house whose channel needs to ask nobody."""
    house = open_house(db, tmp_path)
    monkeypatch.setitem(gateways._offered, house.settings, {CHANNEL: Signed(SECRET)})  # pyright: ignore
    yield Agent(house, profile=scripts.PROFILE)
    await house.close()


def paying(said: str) -> dict[str, Any]:
    credential = {"type": "token", "token": said}
    return {"payment": {"instruments": [{"id": "pi_1", "handler_id": CHANNEL, "credential": credential}]}}


def good(checkout_id: str) -> dict[str, Any]:
    return paying(token(SECRET, checkout_id))


async def opened(agent: Agent, world: World, name: str, pieces: int = 1) -> str:
    wanted = scripts.opening(str(world.items[name].sku_id))
    wanted["line_items"] = [{"item": {"id": str(world.items[name].sku_id)}, "quantity": pieces}]
    return (await agent.post(SESSIONS, wanted))["id"]


async def test_those_who_come_together_have_each_their_own_order(signing: Agent, world: World, db: Database) -> None:
    wanted = scripts.opening(str(world.items["black"].sku_id))
    nothing = {"line_items": [{"item": {"id": "nothing of ours"}}]}

    *created, refused = await asyncio.gather(
        *(signing.ask("POST", SESSIONS, wanted, key=f"open-{n}") for n in range(MANY)),
        signing.ask("POST", SESSIONS, nothing, key="open-nothing"),
    )
    ids = [each.json()["id"] for each in created]
    bought = await asyncio.gather(
        *(signing.ask("POST", f"{SESSIONS}/{each}/complete", good(each), key=f"buy-{each}") for each in ids)
    )

    assert [each.status_code for each in created] == [201] * MANY
    assert codes(refused.json()) == {"item_unavailable"}
    assert [each.json()["status"] for each in bought] == ["completed"] * MANY
    assert len({each.json()["order"]["id"] for each in bought}) == len(set(ids)) == MANY
    sku_id = world.items["black"].sku_id
    assert (await db.ask(inventory.available, [sku_id]))[sku_id] == STOCK - MANY
    # What they were answered is what it is, and what they are answered again.
    for each, first in zip(ids, bought, strict=True):
        assert await signing.get(f"{SESSIONS}/{each}") == first.json()
        again = await signing.ask("POST", f"{SESSIONS}/{each}/complete", good(each), key=f"buy-{each}")
        assert again.content == first.content
    reopened = await signing.ask("POST", SESSIONS, wanted, key="open-0")
    assert reopened.content == created[0].content
    await deal.at_rest(db)


async def test_one_key_sent_many_times_at_once_buys_once(signing: Agent, world: World, db: Database) -> None:
    checkout_id = await opened(signing, world, "black")

    answers = await asyncio.gather(
        *(
            signing.ask("POST", f"{SESSIONS}/{checkout_id}/complete", good(checkout_id), key="the same")
            for _ in range(MANY)
        )
    )

    assert len({each.content for each in answers}) == 1
    assert answers[0].json()["status"] == "completed"
    await deal.at_rest(db)


async def test_one_checkout_completed_under_many_keys_at_once_is_one_purchase(
    signing: Agent, world: World, db: Database
) -> None:
    checkout_id = await opened(signing, world, "black")

    answers = await asyncio.gather(
        *(signing.post(f"{SESSIONS}/{checkout_id}/complete", good(checkout_id)) for _ in range(MANY))
    )

    assert Counter(each["status"] for each in answers) == {"completed": MANY}
    assert len({each["order"]["id"] for each in answers}) == 1
    await deal.at_rest(db)


async def test_a_token_that_is_no_good_is_told_and_the_next_one_pays(
    signing: Agent, world: World, db: Database
) -> None:
    checkout_id = await opened(signing, world, "black")

    declined = await signing.post(f"{SESSIONS}/{checkout_id}/complete", paying("forged.0"))
    done = await signing.post(f"{SESSIONS}/{checkout_id}/complete", good(checkout_id))

    assert (declined["status"], codes(declined)) == ("ready_for_complete", {"payment_failed"})
    assert done["status"] == "completed"
    await deal.at_rest(db)


async def test_of_two_who_want_the_last_pieces_one_is_told_that_they_are_gone(
    signing: Agent, world: World, db: Database
) -> None:
    first, second = [await opened(signing, world, "black", STOCK) for _ in range(2)]

    answers = await asyncio.gather(
        *(signing.post(f"{SESSIONS}/{each}/complete", good(each)) for each in (first, second))
    )

    assert Counter(each["status"] for each in answers) == {"completed": 1, "incomplete": 1}
    assert [codes(each) for each in answers if each["status"] == "incomplete"] == [{"out_of_stock"}]
    await deal.at_rest(db)


async def test_what_breaks_before_the_commit_leaves_no_key_behind(
    signing: Agent, world: World, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout_id = await opened(signing, world, "black")

    async def broken(tx: Tx, ready: object, outcomes: object) -> object:
        raise RuntimeError("after the purchase was placed")

    with monkeypatch.context() as patch:
        patch.setattr(together, "_completed", broken)
        failed = await signing.ask("POST", f"{SESSIONS}/{checkout_id}/complete", good(checkout_id), key="it broke")
    still = await signing.get(f"{SESSIONS}/{checkout_id}")
    done = await signing.ask("POST", f"{SESSIONS}/{checkout_id}/complete", good(checkout_id), key="it broke")

    assert (failed.status_code, still["status"]) == (500, "ready_for_complete")
    assert done.json()["status"] == "completed"
    await deal.at_rest(db)


def wanting(world: World, name: str, pieces: int) -> dict[str, Any]:
    wanted = scripts.opening(str(world.items[name].sku_id))
    return wanted | {"line_items": [{"item": {"id": str(world.items[name].sku_id)}, "quantity": pieces}]}


async def test_those_who_change_together_have_each_their_own_checkout(
    signing: Agent, world: World, db: Database
) -> None:
    ids = [await opened(signing, world, "black") for _ in range(MANY)]
    theirs = Agent(signing.house, profile="https://others.example/profile.json")

    answers = await asyncio.gather(
        *(
            signing.ask("PUT", f"{SESSIONS}/{each}", wanting(world, "black", n), key=f"change-{n}")
            for n, each in enumerate(ids, start=1)
        ),
        # Of the same checkout, of somebody else's, of goods that there are not.
        signing.ask("PUT", f"{SESSIONS}/{ids[0]}", wanting(world, "black", MANY + 1), key="and again"),
        theirs.ask("PUT", f"{SESSIONS}/{ids[1]}", wanting(world, "black", 9), key="not theirs"),
        signing.ask("PUT", f"{SESSIONS}/{ids[2]}", {"line_items": [{"item": {"id": "nothing"}}]}, key="nothing"),
    )

    *changed, again, foreign, nothing = [each.json() for each in answers]
    assert [each["line_items"][0]["quantity"] for each in changed] == list(range(1, MANY + 1))
    assert again["line_items"][0]["quantity"] == MANY + 1
    assert codes(foreign) == {"not_found"}
    assert "item_unavailable" in codes(nothing)
    now = [await signing.get(f"{SESSIONS}/{each}") for each in ids]
    # Two who change one checkout at once: it is one of the two, whole.
    assert now[0] in (changed[0], again)
    assert [each["line_items"][0]["quantity"] for each in now[1:]] == list(range(2, MANY + 1))
    for n, (each, first) in enumerate(zip(ids, answers, strict=False), start=1):
        repeated = await signing.ask("PUT", f"{SESSIONS}/{each}", wanting(world, "black", n), key=f"change-{n}")
        assert repeated.content == first.content
    # What was shown last is what is paid.
    done = await signing.post(f"{SESSIONS}/{ids[3]}/complete", good(ids[3]))
    assert (done["status"], done["totals"]) == ("completed", changed[3]["totals"])
    await deal.at_rest(db)


async def test_who_changes_while_another_completes_pays_for_what_was_shown_or_is_told(
    signing: Agent, world: World, db: Database
) -> None:
    checkout_id = await opened(signing, world, "black")
    shown = await signing.get(f"{SESSIONS}/{checkout_id}")

    changed, done = await asyncio.gather(
        signing.ask("PUT", f"{SESSIONS}/{checkout_id}", wanting(world, "black", 2), key="change"),
        signing.ask("POST", f"{SESSIONS}/{checkout_id}/complete", good(checkout_id), key="complete"),
    )

    if done.json()["status"] == "completed":
        assert done.json()["totals"] in (shown["totals"], changed.json().get("totals"))
    else:
        assert "total_changed" in codes(done.json())
    await deal.at_rest(db)
