"""What goes wrong, each by its name: programs killed and stalled, connections cut, messages that lie, clocks that jump."""

import random
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import psutil
import psycopg

from steelyard.demo.month import clock
from steelyard.simulators.settings import API_KEY_DEMO
from tests.chaos.house import House

STALL_SECONDS = 2.0
LONG_STALLS = 0.1
FORGED = {
    "webhook-id": "evt_forged",
    "webhook-signature": "v1,Zm9yZ2VkIGZvcmdlZCBmb3JnZWQgZm9yZ2VkIGZvcmdlZCE=",
    "content-type": "application/json",
}
REFUSED = 401

Fault = Callable[[House, random.Random], None]


class BelievedAForgery(AssertionError):
    """A message with a wrong signature was accepted."""


def kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.kill()


def kill_web_worker(house: House, chance: random.Random) -> None:
    workers = house.web_workers()
    kill([chance.choice(workers)] if workers else [])


def kill_web(house: House, _: random.Random) -> None:
    kill(house.web())


def kill_worker(house: House, _: random.Random) -> None:
    kill(house.worker())


def kill_postgres(house: House, _: random.Random) -> None:
    kill(house.postgres())


def kill_backend(house: House, chance: random.Random) -> None:
    """PostgreSQL ends all connections when one of its processes dies, and recovers."""
    backends = house.backends()
    kill([chance.choice(backends)] if backends else [])


def kill_watchdog(house: House, _: random.Random) -> None:
    """The server is told to shut down in good order, while it is needed."""
    kill(house.watchdog())


def kill_channel(house: House, _: random.Random) -> None:
    kill(house.channel())


def kill_all_that_is_kept(house: House, _: random.Random) -> None:
    """All at once, but for who starts them again."""
    kill([*house.web_workers(), *house.web(), *house.worker(), *house.backends(), *house.postgres(), *house.channel()])


def kill_everything(house: House, _: random.Random) -> None:
    """All at once, as when the machine loses its power: an init system starts the house."""
    kill([*house.supervisor(), *house.web_workers(), *house.web(), *house.worker(), *house.watchdog(), *house.backends(),
          *house.postgres(), *house.channel()])  # fmt: skip


def cut_connections(house: House, chance: random.Random) -> None:
    """In the middle of whatever they do."""
    with suppress(psycopg.Error), psycopg.connect(house.database_url(), autocommit=True) as connection:
        for _ in range(chance.randint(1, 5)):
            connection.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
                  AND (state <> 'idle' OR random() < 0.2)
                """
            )


def stall(pick: Callable[[House], list[psutil.Process]]) -> Fault:
    def stalled(house: House, chance: random.Random) -> None:
        processes = pick(house)
        for process in processes:
            with suppress(psutil.Error):
                process.suspend()
        try:
            long = chance.random() < LONG_STALLS
            time.sleep(house.longest_stall_seconds if long else chance.uniform(0.2, 1.0) * STALL_SECONDS)
        finally:
            for process in processes:
                with suppress(psutil.Error):
                    process.resume()

    return stalled


def webhooks(mode: str) -> Fault:
    """From now on the channel's messages come so; the next such fault changes it."""

    def changed(house: House, _: random.Random) -> None:
        with suppress(httpx.HTTPError):
            httpx.post(
                f"{house.channel_url}/v1/faults",
                json={"webhooks": mode, "delay_seconds": 1},
                headers={"authorization": f"Bearer {API_KEY_DEMO}"},
                timeout=10,
                trust_env=False,
            )

    return changed


def forge(house: House, chance: random.Random) -> None:
    """Somebody says that every payment under way is captured, and has no key to sign it with."""
    with suppress(psycopg.Error, httpx.HTTPError):
        with psycopg.connect(house.database_url()) as connection:
            rows = connection.execute(
                "SELECT payment_id::text, amount, currency FROM payments ORDER BY created_at DESC LIMIT 5"
            ).fetchall()
        for payment_id, amount, currency in rows:
            payment = {"id": "pay_forged", "reference": payment_id, "status": "captured", "amount": amount,
                       "currency": currency, "cashier_url": "http://forged.test/"}  # fmt: skip
            headers = {**FORGED, "webhook-timestamp": str(int(time.time()) - chance.choice([0, 10_000]))}
            body = {"type": "payment.captured", "data": payment}
            answer = httpx.post(f"{house.url}/webhooks/simpay", json=body, headers=headers, timeout=10, trust_env=False)
            if answer.status_code < 300:
                raise BelievedAForgery(answer.text)


def jump(seconds: int) -> Fault:
    """The channel's clock is set: what it signs is from the future or from long ago until it is right again."""

    def jumped(house: House, _: random.Random) -> None:
        (house.folder / "channel.clock").write_text(str(seconds))

    return jumped


def jump_database(seconds: int) -> Fault:
    """The clock that the house lives by is so much later at once, or earlier, and goes on from there."""

    def jumped(house: House, _: random.Random) -> None:
        with suppress(psycopg.OperationalError):
            clock.jump(house.database_url(), seconds)

    return jumped


FAULTS: dict[str, tuple[int, Fault]] = {
    "kill web worker": (4, kill_web_worker),
    "kill web": (2, kill_web),
    "kill worker": (4, kill_worker),
    "kill postgresql": (4, kill_postgres),
    "kill postgresql backend": (2, kill_backend),
    "kill postgresql watchdog": (1, kill_watchdog),
    "kill channel": (2, kill_channel),
    "kill all that is kept": (1, kill_all_that_is_kept),
    "kill everything": (2, kill_everything),
    "cut connections": (4, cut_connections),
    "stall postgresql": (1, stall(lambda house: [*house.postgres(), *house.backends()])),
    "stall web worker": (1, stall(House.web_workers)),
    "stall worker": (1, stall(House.worker)),
    "stall channel": (1, stall(House.channel)),
    "webhooks twice": (1, webhooks("twice")),
    "webhooks late": (1, webhooks("late")),
    "webhooks out of order": (1, webhooks("out_of_order")),
    "webhooks never": (1, webhooks("never")),
    "forged webhooks": (2, forge),
    "clock of the channel an hour ahead": (1, jump(3_600)),
    "clock of the channel an hour back": (1, jump(-3_600)),
    "clock of the channel right": (1, jump(0)),
    "clock of the database an hour ahead": (1, jump_database(3_600)),
    "clock of the database half a minute back": (1, jump_database(-30)),
}


def planned(number: int, seed: int) -> list[str]:
    """Which faults come in which order: each kind once before chance decides, so that short runs have them all."""
    chance = random.Random(f"{seed}/plan")
    first = list(FAULTS)
    chance.shuffle(first)
    weights = [weight for weight, _ in FAULTS.values()]
    return (first + chance.choices(list(FAULTS), weights, k=max(0, number - len(first))))[:number]
