"""Shopping agents who buy over UCP while the house falls and rises, and remember every answer they were given.

An agent behaves as the protocol asks: each change has an idempotency key, and is sent again under it until there is an
answer. Where a key stays in use because whoever worked on it has died, it looks at the checkout, and goes on from there.
"""

import asyncio
import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.surfaces.api.ucp.buying import payment, purchase, total_of

REQUEST_SECONDS_MAX = 20
PURCHASE_SECONDS_MAX = 400
PAUSE_SECONDS = 0.1
PAUSE_SECONDS_MAX = 1.0
LOOKS_BEFORE_LEAVING = 3
PAYABLE = ("ready_for_complete", "complete_in_progress", "requires_escalation")
AGENT = {"UCP-Agent": 'profile="https://agent.test/profile.json"', "Accept-Language": "en"}
CHECKOUTS = "/ucp/v1/checkout-sessions"
# `tok_timeout`: the channel takes the money, and its answer never comes.
TOKENS = ["tok_approve"] * 16 + ["tok_decline"] * 3 + ["tok_timeout"]


class Unanswered(AssertionError):
    """A purchase did not come to an end."""


@dataclass(frozen=True)
class Bought:
    """An acknowledged purchase: what the agent was told. `begun` is when it asked for it, by `time.monotonic()`."""

    checkout_id: str
    purchase_id: str
    code: str
    total: int
    lines: tuple[tuple[str, int], ...]
    begun: float


@dataclass
class Memory:
    """What all agents were answered. `opened` are checkouts that were acknowledged, `kept` the answers under their keys."""

    bought: list[Bought] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    sold_out: int = 0
    answers: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    contradictions: list[str] = field(default_factory=list)


class Agent:
    """One of them; `paths` lead it through its purchases, the same with the same seed."""

    def __init__(self, base_url: str, memory: Memory, skus: list[uuid.UUID], seed: str) -> None:
        # A connection for each request, so that every process of the web server is met.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.AsyncClient(
            base_url=base_url, headers=AGENT, timeout=REQUEST_SECONDS_MAX, limits=limits, trust_env=False
        )
        self._memory = memory
        self._skus = skus
        self._chance = random.Random(seed)
        self._left: list[tuple[str, float]] = []
        self._begun = self._deadline = 0.0

    async def close(self) -> None:
        await self._client.aclose()

    async def buy(self) -> None:
        """One purchase: completed, sold out, given up; or left for later, when nobody can say yet whether it is paid."""
        self._begun = time.monotonic()
        self._deadline = self._begun + PURCHASE_SECONDS_MAX
        chosen = self._chance.sample(self._skus, min(len(self._skus), self._chance.choice([1, 1, 2])))
        wanted = [(sku_id, self._chance.randint(1, 2)) for sku_id in chosen]
        checkout = await self._change(CHECKOUTS, purchase(*wanted))
        if "id" in checkout:
            self._memory.opened.add(checkout["id"])
            await self._go_on(checkout, LOOKS_BEFORE_LEAVING)

    async def finish(self) -> None:
        """Come back to what was left, and bring it to its end."""
        for checkout_id, begun in self._left:
            self._begun = begun
            self._deadline = time.monotonic() + PURCHASE_SECONDS_MAX
            await self._go_on(await self._look(checkout_id), None)

    async def _go_on(self, checkout: dict[str, Any], looks: int | None) -> None:
        path = f"{CHECKOUTS}/{checkout['id']}"
        gives_up = self._chance.random() < 0.05
        while not gives_up and checkout.get("status") in PAYABLE:
            if checkout["status"] == "ready_for_complete":
                said = await self._change(f"{path}/complete", payment(self._chance.choice(TOKENS)))
                checkout = said if "id" in said else await self._look(checkout["id"])
            elif looks == 0:
                self._left.append((checkout["id"], self._begun))
                return
            else:
                looks = looks and looks - 1
                await self._pause()
                checkout = await self._look(checkout["id"])
        if gives_up and (await self._change(f"{path}/cancel", {})).get("status") == "canceled":
            self._memory.given_up.add(checkout["id"])
        elif gives_up:  # perhaps it was, and the answer is what has been lost
            await self._go_on(await self._look(checkout["id"]), looks)
        elif checkout["status"] == "completed":
            self._remember(checkout)
        elif checkout["status"] == "incomplete":
            self._memory.sold_out += 1

    async def _look(self, checkout_id: str) -> dict[str, Any]:
        return await self._answered(lambda: self._client.get(f"{CHECKOUTS}/{checkout_id}"))

    async def _change(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a change; {} when its key stays in use, since whoever worked on it has died."""
        headers = {"Idempotency-Key": str(uuid.UUID(int=self._chance.getrandbits(128)))}

        def send() -> Any:
            return self._client.post(path, json=body, headers=headers)

        said = await self._answered(send, busy=3)
        if said and self._chance.random() < 0.2:  # the same again: the same answer, and nothing done twice
            again = await self._answered(send)
            if again != said:
                self._memory.contradictions.append(
                    f"{path} said {json.dumps(said)[:300]} and then {json.dumps(again)[:300]}"
                )
        return said

    async def _answered(self, send: Callable[[], Any], busy: int | None = None) -> dict[str, Any]:
        """Send until there is an answer; `busy`: how often to hear that the key is in use before going another way."""
        pause = PAUSE_SECONDS
        while time.monotonic() < self._deadline:
            try:
                answer = await send()
            except httpx.HTTPError as error:
                self._memory.seen[type(error).__name__] += 1
            else:
                self._memory.seen[str(answer.status_code)] += 1
                if answer.status_code < 500 and answer.status_code not in (409, 429):
                    self._memory.answers += 1
                    return answer.json()
                if answer.status_code == 409 and answer.json()["code"] != "idempotency_key_in_progress":
                    self._memory.answers += 1
                    return {"status": "refused", **answer.json()}
                if answer.status_code == 409 and busy is not None:
                    busy -= 1
                    if busy == 0:
                        return {}
            await asyncio.sleep(pause)
            pause = min(2 * pause, PAUSE_SECONDS_MAX)
        raise Unanswered(dict(self._memory.seen))

    async def _pause(self) -> None:
        if time.monotonic() > self._deadline:
            raise Unanswered("a payment that stays under way")
        await asyncio.sleep(PAUSE_SECONDS_MAX / 2)

    def _remember(self, checkout: dict[str, Any]) -> None:
        lines = sorted((line["item"]["id"], line["quantity"]) for line in checkout["line_items"])
        order = checkout["order"]
        self._memory.bought.append(
            Bought(checkout["id"], order["id"], order["label"], total_of(checkout), tuple(lines), self._begun)
        )


async def shop(agent: Agent, stop: asyncio.Event) -> None:
    """Purchase after purchase until told to stop; what is under way or was left is brought to its end."""
    try:
        while not stop.is_set():
            await agent.buy()
        await agent.finish()
    finally:
        await agent.close()
