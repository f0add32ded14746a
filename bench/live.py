"""How many can watch a live session, how soon they are told, and whether a drop in the middle of it is exact.

    python -m bench.live [--viewers 5000] [--seconds 15] [--messages 20] [--buyers 5000] [--pieces 300]

Stands alone: a house of its own (`steelyard serve` with two workers, on an embedded PostgreSQL) on loopback. Viewers are
connections to the event stream, in processes of their own; messages are written to the chat as a web process writes them, and the
drop is placed as a web process places, in batches, without the HTTP before it. Each delivery is counted; how old a beat is when
it arrives is looked at for one viewer in twenty. Everything runs on the same machine, viewers too: what they take of it is told.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import cast
from uuid import UUID

import msgspec
import psutil
import uvloop

from bench.load import percentile
from bench.programs import end_as_told, free_port, running
from bench.shop import ADDRESS, PRICE, Goods, kept, made
from steelyard.channels import live
from steelyard.goods.catalog.model import ProductId, SkuId
from steelyard.kernel import batching, ids, installation, keeping
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import text
from steelyard.parties.customers.model import BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId, Draft, Line

FOUND = Path(__file__).parent / "live.json"
ROOT = Path(__file__).parent.parent
SLUG = "bench"
WORKERS = 2
PRODUCTS = 20
READY_SECONDS_MAX = 120.0
PATIENCE_SECONDS = 600.0
VIEWERS_PER_PROCESS = 2_500
CONNECTING_AT_ONCE = 50
SETTLE_SECONDS = 3.0
SAMPLED = 20
BUYERS_AT_ONCE = 500
CHAT = b'"kind":"chat"'


class Seen(msgspec.Struct, frozen=True):
    """What the viewers of one process saw: connected, deliveries of messages, the age in ms of those looked at, those who lost
    their connection, and the CPU they took."""

    connected: int
    delivered: int
    ages_ms: list[float]
    lost: int
    cpu_seconds: float


class _Viewer(asyncio.Protocol):
    def __init__(self, crowd: "_Crowd", looked_at: bool) -> None:
        self.crowd = crowd
        self.looked_at = looked_at
        self.rest = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by their class.
        cast("asyncio.Transport", transport).write(
            b"GET /live/%b/events HTTP/1.1\r\nHost: bench\r\n\r\n" % SLUG.encode()
        )

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            self.opened.set_result(None)
        self.crowd.delivered += data.count(CHAT)
        if self.looked_at:
            self._look(self.rest + data)

    def _look(self, data: bytes) -> None:
        *events, self.rest = data.split(b"\n\n")
        now = time.time()
        for event in events:
            at = event.find(b"data: [")
            if at >= 0:
                for beat in json.loads(event[at + 6 :].split(b"\n", 1)[0]):
                    if beat["kind"] == "chat":
                        self.crowd.ages_ms.append((now - datetime.fromisoformat(beat["at"]).timestamp()) * 1_000)

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.lost += 1
        if not self.opened.done():
            self.opened.set_result(None)


class _Crowd:
    def __init__(self) -> None:
        self.delivered = 0
        self.ages_ms: list[float] = []
        self.lost = 0


def watch(port: int, viewers: int, ready: Event, over: Event) -> Seen:
    """So many viewers until it is over; `ready` is set when all are there."""
    return uvloop.run(_watch(port, viewers, ready, over))


async def _watch(port: int, viewers: int, ready: Event, over: Event) -> Seen:
    loop, crowd, slots = asyncio.get_running_loop(), _Crowd(), asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def come(number: int) -> bool:
        async with slots:
            try:
                _, viewer = await loop.create_connection(
                    lambda: _Viewer(crowd, number % SAMPLED == 0), "127.0.0.1", port
                )
                await asyncio.wait_for(viewer.opened, READY_SECONDS_MAX)
            except (OSError, TimeoutError):
                return False
        return True

    connected = sum(await asyncio.gather(*map(come, range(viewers))))
    ready.set()
    cpu = time.process_time()
    await asyncio.to_thread(over.wait, PATIENCE_SECONDS)
    return Seen(connected, crowd.delivered, crowd.ages_ms, crowd.lost, time.process_time() - cpu)


async def begin(tx: Tx) -> tuple[UUID, UUID]:
    """A session that is on air, with the first goods of the first shop in its bag."""
    merchant_id, room_id, session_id = made("merchant", 0), ids.mint(), ids.mint()
    now = datetime.now(UTC)
    await tx.execute(
        "INSERT INTO rooms (merchant_id, room_id, slug, name, category_ids, state) VALUES ($1, $2, $3, $4, '{}', 'open')",
        merchant_id,
        room_id,
        SLUG,
        text("直播间", "Live"),
    )
    await tx.execute(
        "INSERT INTO room_slugs (slug, merchant_id, room_id) VALUES ($1, $2, $3)", SLUG, merchant_id, room_id
    )
    await tx.execute(
        """
        INSERT INTO live_sessions (merchant_id, session_id, room_id, title, starts_at, ends_at, state, started_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'on_air', $5)
        """,
        merchant_id,
        session_id,
        room_id,
        text("压力测试", "Load"),
        now,
        now + timedelta(hours=2),
    )
    await tx.execute(
        "INSERT INTO live_goods (merchant_id, session_id, product_id, position) VALUES ($1, $2, $3, 1)",
        merchant_id,
        session_id,
        made("product", 0),
    )
    return merchant_id, session_id


async def talk(db: Database, key: tuple[UUID, UUID], per_second: int, seconds: float) -> int:
    """Say so many messages a second; returns how many."""
    said: list[asyncio.Task[int]] = []
    begun = time.monotonic()
    for number in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, begun + number / per_second - time.monotonic()))
        wanted = live.Say(
            merchant_id=key[0], session_id=key[1], chat_id=ids.mint(), buyer_id=ids.mint(), text=f"这个多少钱 {number}"
        )
        said.append(
            asyncio.create_task(batching.join(db, live.say, wanted, lambda say: (say.session_id, say.buyer_id)))
        )
    await asyncio.gather(*said)
    return len(said)


async def open_checkouts(tx: Tx, session_id: UUID, goods: Goods, count: int) -> list[CheckoutId]:
    """Of so many buyers, each with one piece, as the sheet over the stream opens them."""
    draft = Draft(
        lines=[Line(line_id="l1", sku_id=goods.sku_id, quantity=1)], address=ADDRESS,
        contact=Contact(name="Wang Wei", email="buyer@example.com", phone="13900000000"),
    )  # fmt: skip
    new = [
        checkout.NewCheckout(
            checkout_id=CheckoutId(ids.mint()), buyer_id=BuyerId(ids.mint()), draft=draft, currency="CNY",
            client=f"{live.source_of(session_id)}:5",
        )
        for _ in range(count)
    ]  # fmt: skip
    await checkout.open_all(tx, new)
    return [each.checkout_id for each in new]


async def drop(db: Database, clicks: Sequence[CheckoutId], total: int | None) -> tuple[int, list[float]]:
    """All click in the same second, for the total that they saw: how many have bought, and how long each waited for an answer, in
    ms."""
    waited: list[float] = []

    async def buy(checkout_id: CheckoutId) -> bool:
        wish = checkout.Placement(checkout_id=checkout_id, expected_total=total, by="buyer")
        await asyncio.sleep(0)
        begun = time.perf_counter()
        while True:
            try:
                await batching.join(db, checkout.place_all, wish, lambda wish: wish.checkout_id)
                return True
            except batching.Busy:  # comes back, as a browser does
                await asyncio.sleep(0.2)
            except Refusal:
                return False
            finally:
                waited.append((time.perf_counter() - begun) * 1_000)

    bought = await asyncio.gather(*map(buy, clicks))
    return sum(bought), sorted(waited)


async def measured(asked: argparse.Namespace, settings: Settings, port: int, pid: int) -> dict[str, object]:
    """Let them come, talk, drop in the middle of it, and count."""
    assert settings.database_url is not None
    db = await Database.connect(settings.database_url, size=6)
    key = await db.transact(begin)
    goods = Goods(MerchantId(key[0]), ProductId(made("product", 0)), SkuId(made("sku", 0)))
    clicks = [
        each
        for start in range(0, asked.buyers, BUYERS_AT_ONCE)
        for each in await db.transact(open_checkouts, key[1], goods, min(BUYERS_AT_ONCE, asked.buyers - start))
    ]
    processes, context = -(-asked.viewers // VIEWERS_PER_PROCESS), multiprocessing.get_context("spawn")
    with context.Manager() as signs, ProcessPoolExecutor(processes, mp_context=context) as pool:
        over = signs.Event()
        crowds = await _come(pool, asked.viewers, port, over, [signs.Event() for _ in range(processes)])
        cpu, begun = _cpu(pid), time.monotonic()
        talking = asyncio.create_task(talk(db, key, asked.messages, asked.seconds))
        offer_id, total = ids.mint(), None
        if clicks:
            await asyncio.sleep(asked.seconds / 3)
            price = live.LivePrice(
                merchant_id=key[0], session_id=key[1], offer_id=offer_id, sku_id=goods.sku_id, price=PRICE // 2,
                pieces=asked.pieces,
            )  # fmt: skip
            await db.transact(live.set_price, price, "bench")
            # So long a process may not know that a shop offers something.
            await asyncio.sleep(keeping.KEPT_SECONDS + 0.5)
            shown = await db.ask(checkout.view, clicks[0])
            total = shown.quote.total if shown else None
        placed, waited = await drop(db, clicks, total)
        said = await talking
        seconds, used = time.monotonic() - begun, _cpu(pid) - cpu
        await asyncio.sleep(SETTLE_SECONDS)
        over.set()
        seen = [await asyncio.wrap_future(each) for each in crowds]
    offers = [each for each in await db.ask(live.offers, *key) if each.offer_id == offer_id]
    await batching.drain(db)
    await db.close()
    ages = sorted(age for each in seen for age in each.ages_ms)
    delivered, connected = sum(each.delivered for each in seen), sum(each.connected for each in seen)
    found: dict[str, object] = {
        "viewers": connected,
        "messages": said,
        "delivered": delivered,
        "missing": connected * said - delivered,
        "delivered_per_s": round(delivered / seconds),
        "p50_ms": round(percentile(ages, 0.5), 1) if ages else None,
        "p99_ms": round(percentile(ages, 0.99), 1) if ages else None,
        "lost_connections": sum(each.lost for each in seen),
        "house_cores": round(used / seconds, 2),
        "viewers_cores": round(sum(each.cpu_seconds for each in seen) / (seconds + SETTLE_SECONDS), 2),
        "house_mb": round(_memory(pid) / 1e6),
    }
    if clicks:
        found |= {
            "drop_buyers": len(clicks),
            "drop_stock": asked.pieces,
            "drop_sold": sum(each.taken for each in offers),
            "drop_orders": placed,
            "drop_p99_ms": round(percentile(waited, 0.99), 1),
        }
    return found


async def _come(
    pool: ProcessPoolExecutor, viewers: int, port: int, over: Event, signs: Sequence[Event]
) -> list[Future[Seen]]:
    begun = [
        pool.submit(watch, port, min(VIEWERS_PER_PROCESS, viewers - n * VIEWERS_PER_PROCESS), sign, over)
        for n, sign in enumerate(signs)
    ]
    for sign in signs:
        await asyncio.to_thread(sign.wait, PATIENCE_SECONDS)
    return begun


def _house(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def _cpu(pid: int) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in _house(pid))


def _memory(pid: int) -> int:
    return sum(each.memory_info().rss for each in _house(pid))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    parser.add_argument("--viewers", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=15.0, help="of talking")
    parser.add_argument("--messages", type=int, default=20, help="a second")
    parser.add_argument("--buyers", type=int, default=5_000, help="of the drop; 0: no drop")
    parser.add_argument("--pieces", type=int, default=300)
    asked = parser.parse_args()
    end_as_told()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with kept(PRODUCTS, workers=WORKERS) as settings, installation.opened(settings) as here:
        port = free_port()
        assert here.database_url is not None
        environ = {
            **os.environ, "PYTHONPATH": str(ROOT / "src"), "STEELYARD_HOME": str(here.home), "PORT": str(port),
            "DATABASE_URL": here.database_url, "STEELYARD_WORKERS": str(WORKERS), "STEELYARD_LOG_FORMAT": "json",
        }  # fmt: skip
        command = [sys.executable, "-m", "steelyard", "serve"]
        url = f"http://127.0.0.1:{port}/health/ready"
        with running(command, environ, here.home / "serve.log", url, patience_seconds=READY_SECONDS_MAX) as (house, _):
            found = asyncio.run(measured(asked, here, port, house.pid))
    before = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    FOUND.write_text(json.dumps({**before, **found}, indent=2) + "\n")
    print(json.dumps(found, indent=2))
    whole = found["missing"] == 0 and found.get("drop_sold") == found.get("drop_stock")
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
