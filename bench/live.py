"""How many can watch a live session, how soon they are told, and whether a drop in the middle of it is exact.

    python -m bench.live [--viewers 5000] [--video 100] [--seconds 15] [--messages 20] [--buyers 5000] [--pieces 300]

Stands alone: a house of its own (`steelyard serve --all` with two web workers, an embedded PostgreSQL, the payment simulator and
a media origin with the built-in host) on loopback, and ends by itself. Viewers are connections to the event stream, some of
whom play the video; messages are written to the chat as a web process writes them; buyers click through the web server, all in
one moment.
Everything runs on the same machine: what viewers, buyers and the house took of it is told.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from uuid import UUID

import msgspec
import psutil

from bench import live_drop, live_media
from bench.live_crowd import SLUG, Seen, play, watch
from bench.live_drop import Click, Clicked
from bench.load import percentile
from bench.programs import end_as_told, free_port, running
from bench.shop import PRICE, Goods, kept, made
from steelyard.channels import live
from steelyard.goods.catalog.model import ProductId, SkuId
from steelyard.kernel import batching, ids, installation, keeping
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import text
from steelyard.parties.merchants.model import MerchantId
from steelyard.simulators.settings import Settings as SimulatorSettings

ROOT = Path(__file__).parent.parent
WORKERS = 2
PRODUCTS = 20
READY_SECONDS_MAX = 300.0
PATIENCE_SECONDS = 600.0
VIEWERS_PER_PROCESS = 2_500
BUYERS_PER_PROCESS = 2_500
OPENED_AT_ONCE = 500
SETTLE_SECONDS = 3.0
STREAM = "clock"

VIEWERS = 5_000


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured. `video` are how many of the viewers play the video; `buyers` 0: no drop."""

    viewers: int = VIEWERS
    video: int = 100
    seconds: float = 15.0
    messages: int = 20
    buyers: int = 5_000
    pieces: int = 300


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


async def talk(db: Database, key: tuple[UUID, UUID], per_second: int, seconds: float) -> tuple[int, float]:
    """Say so many messages a second; returns how many, and in how many seconds all were taken."""
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
    return len(said), time.monotonic() - begun


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is: the house's settings and port, its program, and the origin's port (none: no video)."""

    settings: Settings
    port: int
    house: int
    origin: int | None


async def measured(wanted: Wanted, here: Here) -> dict[str, object]:
    """Let them come, talk, drop in the middle of it, and count."""
    assert here.settings.database_url is not None
    db = await Database.connect(here.settings.database_url, size=6)
    key = await db.transact(begin)
    goods = Goods(MerchantId(key[0]), ProductId(made("product", 0)), SkuId(made("sku", 0)))
    before = _memory(here)
    with (
        ProcessPoolExecutor(_processes(wanted), mp_context=multiprocessing.get_context("spawn")) as pool,
        _signs() as sign,
    ):
        over = sign()
        crowds = await _come(pool, wanted, here, over, sign)
        held = _memory(here)
        cpu, begun = _cpu(here), time.monotonic()
        talking = asyncio.create_task(talk(db, key, wanted.messages, wanted.seconds))
        await asyncio.sleep(wanted.seconds / 3)  # the drop is in the middle of the talk
        bought = await _drop(pool, db, key, goods, wanted, here, sign) if wanted.buyers else {}
        said, talked = await talking
        seconds, used = time.monotonic() - begun, [now - then for now, then in zip(_cpu(here), cpu, strict=True)]
        await asyncio.sleep(SETTLE_SECONDS)
        over.set()
        seen = [await asyncio.wrap_future(each) for each in crowds]
    await batching.drain(db)
    await db.close()
    ages = sorted(age for each in seen for age in each.ages_ms)
    parts = sorted(age for each in seen for age in each.parts_ms)
    delivered = sum(each.delivered for each in seen)
    connected = sum(each.connected for each in seen if not each.parts_ms)
    found: dict[str, object] = {
        "viewers": connected,
        "messages": said,
        "delivered": delivered,
        "missing": connected * said - delivered,
        "delivered_per_s": round(delivered / talked),
        "p50_ms": round(percentile(ages, 0.5), 1) if ages else None,
        "p99_ms": round(percentile(ages, 0.99), 1) if ages else None,
        "lost_connections": sum(each.lost for each in seen),
        "video_viewers": sum(each.connected for each in seen if each.parts_ms),
        # How much later than usual: when a part should be there is the publisher's to say.
        "parts_late_p99_ms": round(percentile(parts, 0.99) - percentile(parts, 0.5), 1) if parts else None,
        "house_cores": round(used[0] / seconds, 2),
        "database_cores": round(used[1] / seconds, 2),
        "viewers_cores": round(sum(each.cpu_seconds for each in seen) / (seconds + SETTLE_SECONDS), 2),
        "kb_per_viewer": round((held - before) / max(1, connected) / 1e3, 1),
    }
    return found | bought


async def _drop(
    pool: ProcessPoolExecutor,
    db: Database,
    key: tuple[UUID, UUID],
    goods: Goods,
    wanted: Wanted,
    here: Here,
    sign: Callable[[], Event],
) -> dict[str, object]:
    """A live price of so many pieces; all buyers have a checkout open at it, and click in the same moment."""
    clicks: list[Click] = []
    for start in range(0, wanted.buyers, OPENED_AT_ONCE):
        count = min(OPENED_AT_ONCE, wanted.buyers - start)
        clicks += await db.transact(live_drop.open_checkouts, key[1], goods, count)
    price = live.LivePrice(
        merchant_id=key[0], session_id=key[1], offer_id=ids.mint(), sku_id=goods.sku_id, price=PRICE // 2,
        pieces=wanted.pieces, seconds=3_600,
    )  # fmt: skip
    await db.transact(live.set_price, price, "bench")
    # So long a process may not know that a shop offers something.
    await asyncio.sleep(keeping.KEPT_SECONDS + 0.5)
    body, token = await live_drop.as_filled_in(here.settings, here.port, clicks[0])
    requests = live_drop.requests_of(here.settings, clicks, body, token)
    now, signs, running = sign(), list[Event](), list[Future[Clicked]]()
    for start in range(0, len(requests), BUYERS_PER_PROCESS):
        signs.append(sign())
        part = requests[start : start + BUYERS_PER_PROCESS]
        running.append(pool.submit(live_drop.click, here.port, part, signs[-1], now))
    for each in signs:
        await asyncio.to_thread(each.wait, PATIENCE_SECONDS)
    cpu, begun = _cpu(here), time.monotonic()
    now.set()
    came = [await asyncio.wrap_future(each) for each in running]
    spent, used = time.monotonic() - begun, [late - early for late, early in zip(_cpu(here), cpu, strict=True)]
    waited = sorted(each for one in came for each in one.waited_ms)
    offer = next(each for each in await db.ask(live.offers, *key) if each.offer_id == price.offer_id)
    statuses = {
        name: sum(one.statuses.get(name, 0) for one in came) for name in {n for one in came for n in one.statuses}
    }
    return {
        "drop_buyers": len(clicks),
        "drop_stock": wanted.pieces,
        "drop_sold": offer.taken,
        "drop_orders": await db.ask(_orders, [each.checkout_id for each in clicks]),
        "drop_answers": dict(sorted(statuses.items())),
        "drop_unanswered": sum(one.unanswered for one in came),
        "drop_came_back": sum(one.came_back for one in came),
        "drop_p50_ms": round(percentile(waited, 0.5), 1),
        "drop_p99_ms": round(percentile(waited, 0.99), 1),
        "drop_seconds": round(spent, 2),
        "drop_house_cpu_s": round(used[0], 2),
        "drop_database_cpu_s": round(used[1], 2),
        "drop_buyers_cpu_s": round(sum(one.cpu_seconds for one in came), 2),
    }


async def _orders(read: Read, checkout_ids: Sequence[UUID]) -> int:
    """How many of these have become a purchase."""
    return await read.value(
        "SELECT count(*) FROM purchases p JOIN checkouts c USING (purchase_id) WHERE c.checkout_id = ANY($1)",
        list(checkout_ids),
    )


def _processes(wanted: Wanted) -> int:
    return -(-wanted.viewers // VIEWERS_PER_PROCESS) + -(-wanted.buyers // BUYERS_PER_PROCESS) + 1


@contextmanager
def _signs() -> Generator[Callable[[], Event]]:
    with multiprocessing.get_context("spawn").Manager() as manager:
        yield manager.Event


async def _come(
    pool: ProcessPoolExecutor, wanted: Wanted, here: Here, over: Event, sign: Callable[[], Event]
) -> list[Future[Seen]]:
    begun: list[Future[Seen]] = []
    signs: list[Event] = []
    for start in range(0, wanted.viewers, VIEWERS_PER_PROCESS):
        signs.append(sign())
        count = min(VIEWERS_PER_PROCESS, wanted.viewers - start)
        begun.append(pool.submit(watch, here.port, count, signs[-1], over))
    if here.origin is not None:
        signs.append(sign())
        begun.append(pool.submit(play, here.origin, STREAM, wanted.video, signs[-1], over))
    for each in signs:
        await asyncio.to_thread(each.wait, PATIENCE_SECONDS)
    return begun


def _programs(here: Here) -> tuple[list[psutil.Process], list[psutil.Process]]:
    """The house's programs, and PostgreSQL's, which works in the house's folder."""
    own = psutil.Process(here.house)
    house = [own, *own.children(recursive=True)]
    found: set[psutil.Process] = set()
    for one in psutil.process_iter(["cmdline", "exe"]):
        if "postgres" in str(one.info["exe"]) and any(
            str(here.settings.home) in word for word in one.info["cmdline"] or ()
        ):
            found |= {one, *one.children(recursive=True)}
    return house, [one for one in found if one not in house]


def _cpu(here: Here) -> list[float]:
    """What the house and PostgreSQL have used, in seconds."""
    return [sum(sum(each.cpu_times()[:2]) for each in part) for part in _programs(here)]


def _memory(here: Here) -> int:
    """What the house keeps of memory, in bytes; what its processes share is counted once."""
    return sum(each.memory_full_info().pss for each in _programs(here)[0])


@contextmanager
def opened(wanted: Wanted) -> Generator[Here]:
    """The house and what stands beside it, until this is closed."""
    with ExitStack() as stack:
        settings = stack.enter_context(kept(PRODUCTS, workers=WORKERS))
        here = stack.enter_context(installation.opened(settings))
        port, channel = free_port(), SimulatorSettings(home=here.home / "simulators", payments_port=free_port())
        assert here.database_url is not None
        environ = {
            **os.environ, "PYTHONPATH": str(ROOT / "src"), "STEELYARD_HOME": str(here.home), "PORT": str(port),
            "DATABASE_URL": here.database_url, "STEELYARD_WORKERS": str(WORKERS), "STEELYARD_LOG_FORMAT": "json",
            "STEELYARD_SIMPAY_URL": channel.payments_url, "STEELYARD_SIMPAY_KEY": channel.api_key,
            "STEELYARD_SIMPAY_WEBHOOK_SECRET": channel.webhook_secret, "STEELYARD_LIVE_STREAMS_PER_ADDRESS": "0",
        }  # fmt: skip
        own = [sys.executable, "-m", "steelyard"]
        payments = [*own, "simulate", "payments", "--port", str(channel.payments_port)]
        log = here.home / "simulator.log"
        stack.enter_context(running(payments, environ, log, channel.payments_url, patience_seconds=READY_SECONDS_MAX))
        url = f"http://127.0.0.1:{port}/health/ready"
        house, _ = stack.enter_context(
            running([*own, "serve", "--all"], environ, here.home / "serve.log", url, patience_seconds=READY_SECONDS_MAX)
        )
        yield Here(settings=here, port=port, house=house.pid, origin=None)


async def _with_video(wanted: Wanted, here: Here) -> dict[str, object]:
    if not wanted.video:
        return await measured(wanted, here)
    async with live_media.playing([STREAM], with_clock=True) as origin:
        await live_media.until_answered(f"{origin.base}/live/{STREAM}/index.m3u8")
        port = int(origin.base.rpartition(":")[2])
        return await measured(wanted, msgspec.structs.replace(here, origin=port))


def run(wanted: Wanted) -> dict[str, object]:
    """Measure it in a house of its own; how busy the machine was before is told."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    busy = os.getloadavg()[0]
    with opened(wanted) as here:
        found = asyncio.run(_with_video(wanted, here))
    return {**found, "load_before": round(busy, 2), "load_after": round(os.getloadavg()[0], 2)}


def keep(found: dict[str, object]) -> None:
    """Leave what was found beside what was found before."""
    before = json.loads(live_media.FOUND.read_text()) if live_media.FOUND.exists() else {}
    live_media.FOUND.write_text(
        json.dumps({**before, **found, "at": datetime.now(UTC).isoformat(timespec="minutes")}, indent=2) + "\n"
    )


def hold(viewers: int) -> dict[str, object]:
    """So many viewers held, with a message now and then: no drop."""
    crowd = run(Wanted(viewers=viewers, video=0, buyers=0, messages=5))
    names = (
        "viewers",
        "missing",
        "p99_ms",
        "kb_per_viewer",
        "house_cores",
        "viewers_cores",
        "load_before",
        "load_after",
    )
    return {f"held_{name}": crowd[name] for name in names}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    plain = Wanted()
    parser.add_argument("--viewers", type=int, default=plain.viewers)
    parser.add_argument("--video", type=int, default=plain.video, help="of the viewers play the video")
    parser.add_argument("--seconds", type=float, default=plain.seconds, help="of talking")
    parser.add_argument("--messages", type=int, default=plain.messages, help="a second")
    parser.add_argument("--buyers", type=int, default=plain.buyers, help="of the drop; 0: no drop")
    parser.add_argument("--pieces", type=int, default=plain.pieces)
    parser.add_argument("--hold", type=int, default=0, help="only so many viewers, and no drop")
    asked = parser.parse_args()
    end_as_told()
    if asked.hold:
        held = hold(asked.hold)
        keep(held)
        print(json.dumps(held, indent=2))
        return int(held["held_missing"] != 0)
    found = run(Wanted(**{name: value for name, value in vars(asked).items() if name != "hold"}))
    keep(found)
    print(json.dumps(found, indent=2))
    whole = found["missing"] == 0 and found.get("drop_sold") == found.get("drop_stock") == found.get("drop_orders")
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
