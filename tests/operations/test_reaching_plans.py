"""What journeys and messages ask every second, and their pages: in tables of thousands of rows each goes by an index."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import pytest

from steelyard.kernel import ids, settings
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.kernel.text import text
from steelyard.operations import journeys, outreach
from steelyard.operations.journeys import callers, running
from steelyard.operations.journeys.calling import Call, Whom, call_all
from steelyard.operations.journeys.catalogue import Event
from steelyard.operations.journeys.happening import happened
from steelyard.operations.journeys.hearing import News, hear
from steelyard.operations.journeys.intervals import count_intervals
from steelyard.operations.journeys.model import (
    Exit,
    Goal,
    Graph,
    How,
    JourneyId,
    Message,
    Node,
    Settings,
    Setup,
    Split,
    Trigger,
    Wait,
)
from steelyard.operations.outreach import Whose, delivery
from steelyard.operations.outreach.answering import take_news
from steelyard.operations.outreach.gateways.interface import News as OfMessage
from steelyard.operations.outreach.gateways.interface import Unsure
from steelyard.operations.outreach.model import Channel, Outgoing, State
from steelyard.parties import customers, notifications
from tests.support.plans import LARGE_FROM_ROWS, Listening
from tests.support.seeded import SeededServer
from tests.support.world import World

ROWS = 6_000
# People are numbered, so that each table knows the same ones: every 2nd is in the journey, every 100th of them goes on now.
SOMEBODY = UUID("00000000-0000-7000-8000-000000000100")
JOURNEY, RESTING = JourneyId(UUID(int=1)), JourneyId(UUID(int=2))
SESSION, SEGMENT = UUID(int=3), UUID(int=4)


def crowding(shop: UUID, product: UUID) -> str:
    """Thousands of rows in each table, in the order in which they are read from each other."""
    numbered = f"(SELECT buyer_id, row_number() OVER () AS n FROM buyers LIMIT {ROWS}) AS b"
    return f"""
        INSERT INTO buyers (buyer_id, email, locale, guest, birthday)
        SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.com', 'en', false
             , to_char(current_date + n, 'MM-DD')
        FROM generate_series(1, {ROWS}) AS n;

        INSERT INTO customer_facts (merchant_id, buyer_id, first_seen_at, last_seen_at, currency, stage, stage_since)
        SELECT '{shop}', buyer_id, now(), now(), 'CNY', 'visitor', now() FROM buyers;

        INSERT INTO favourite_products (buyer_id, product_id, merchant_id, kept_price, currency, kept_in_stock)
        SELECT buyer_id, CASE WHEN n % 200 = 0 THEN '{product}' ELSE md5((n % 200)::text)::uuid END, '{shop}', 9999, 'CNY', false
        FROM {numbered};

        INSERT INTO favourite_shops (buyer_id, merchant_id)
        SELECT buyer_id, CASE WHEN n % 50 = 0 THEN '{shop}' ELSE md5((n % 50)::text)::uuid END FROM {numbered};

        INSERT INTO segment_members (merchant_id, segment_id, buyer_id, since)
        SELECT '{shop}', CASE WHEN n % 50 = 0 THEN '{SEGMENT}' ELSE md5((n % 50)::text)::uuid END, buyer_id, now()
        FROM {numbered};

        -- Other shops with journeys, one in twenty at work.
        INSERT INTO journeys (merchant_id, journey_id, name, state, graph, live_version, listens, changed_by, started_at
                            , ended_at, cleared_at)
        SELECT md5('shop' || n / 20)::uuid, md5('journey' || n)::uuid, j.name
             , CASE WHEN n % 20 = 0 THEN 'live' ELSE 'ended' END, j.graph, 1, j.listens, 'li', now()
             , CASE WHEN n % 20 > 0 THEN now() END, CASE WHEN n % 20 > 0 THEN now() END
        FROM journeys j CROSS JOIN generate_series(1, {ROWS}) AS s (n) WHERE j.journey_id = '{JOURNEY}';

        INSERT INTO journey_versions (merchant_id, journey_id, version, graph, by)
        SELECT merchant_id, journey_id, 1, graph, 'li' FROM journeys WHERE merchant_id <> '{shop}';

        -- Half of the people in the one journey, some of them due; the others in the one in which nobody's time has come.
        INSERT INTO journey_enrolments (merchant_id, journey_id, buyer_id, entry, version, stand, node, steps, entered_at
                                      , since, due_at, goal_until, ended_at)
        SELECT '{shop}', CASE WHEN n % 2 = 0 THEN '{JOURNEY}' ELSE '{RESTING}' END::uuid, buyer_id, 1, 1
             , CASE WHEN inside THEN 'inside' ELSE 'finished' END, CASE WHEN inside THEN 'wait' ELSE 'end' END, 2, now(), now()
             , CASE WHEN NOT inside THEN NULL WHEN n % 200 = 0 THEN now() ELSE now() + interval '1 day' END
             , now() + interval '7 days', CASE WHEN NOT inside THEN now() END
        FROM (SELECT buyer_id, n, n % 2 = 1 OR n % 4 = 0 AS inside
              FROM (SELECT buyer_id, right(buyer_id::text, 12)::integer AS n FROM buyers
                    WHERE buyer_id < '00000000-0000-7000-8001-000000000000') AS b) AS b;

        INSERT INTO journey_steps (merchant_id, journey_id, buyer_id, entry, step, node, out, at)
        SELECT merchant_id, journey_id, buyer_id, entry, step, CASE step WHEN 1 THEN 'begin' ELSE 'split' END
             , CASE step WHEN 1 THEN 'then' ELSE 'a' END, now()
        FROM journey_enrolments CROSS JOIN generate_series(1, 2) AS s (step);

        INSERT INTO journey_days (merchant_id, journey_id, version, node, out, day, counter, people)
        SELECT merchant_id, journey_id, 1, '', 'entered', current_date, 1, 1 FROM journeys;

        INSERT INTO journey_sends (merchant_id, buyer_id, sent) SELECT '{shop}', buyer_id, ARRAY[now()] FROM buyers;

        INSERT INTO journey_calls (merchant_id, journey_id, call_id, whom, thing_id, begins_at, ended_at)
        SELECT merchant_id, journey_id, md5(journey_id::text)::uuid, 'cheaper', '{product}', now(), now() FROM journeys;

        INSERT INTO journey_interval_counts (merchant_id, counted_at)
        SELECT md5(n::text)::uuid, now() FROM generate_series(1, {ROWS}) AS n;

        -- One message to each, half of them of the shop; every 100th waits to be handed over, by mail and in the account in turn.
        INSERT INTO messages (merchant_id, message_id, buyer_id, channel, template_id, version, variables, marketing, state
                            , due_at, not_before, created_at, handed_at)
        SELECT CASE WHEN n % 2 = 0 THEN '{shop}' ELSE md5((n % 50)::text)::uuid END
             , md5('message' || n)::uuid, buyer_id, t.channel, t.template_id, 1, '{{}}', true
             , CASE WHEN n % 100 = 0 THEN 'queued' ELSE 'sent' END, CASE WHEN n % 100 = 0 THEN now() END, now()
             , now() - n * interval '1 minute', CASE WHEN n % 100 > 0 THEN now() END
        FROM {numbered} JOIN (SELECT template_id, channel, row_number() OVER (ORDER BY channel) AS i FROM message_templates) AS t
            ON t.i = 1 + n / 100 % 2;

        INSERT INTO message_steps (merchant_id, message_id, step_id, from_state, to_state, at)
        SELECT merchant_id, message_id, message_id, 'nowhere', 'queued', now() FROM messages;

        INSERT INTO message_codes (code, merchant_id, message_id, path)
        SELECT left(message_id::text, 10), merchant_id, message_id, '/cart' FROM messages;

        INSERT INTO message_stops (buyer_id, merchant_id, channel, stopped, how, at)
        SELECT buyer_id, merchant_id, 'sms', true, 'account', now() FROM messages;

        INSERT INTO suppressed_addresses (channel, digest, why, at)
        SELECT 'email', encode(sha256(convert_to(n || '@example.net', 'UTF8')), 'hex'), '', now()
        FROM generate_series(1, {ROWS}) AS n;

        INSERT INTO marketing_consents (buyer_id, consent_id, channel, agreed, wording, how, secret)
        SELECT buyer_id, buyer_id, 'email', true, '1', 'profile', 's' FROM buyers;

        INSERT INTO price_history (merchant_id, sku_id, currency, until, amount)
        SELECT md5((n % 50)::text)::uuid, buyer_id, 'CNY', now(), 100 FROM {numbered};

        INSERT INTO stock_movements (merchant_id, movement_id, sku_id, warehouse_id, quantity, reason, document, by)
        SELECT md5((n % 50)::text)::uuid, buyer_id, buyer_id, buyer_id, 1, 'received', buyer_id, 'li' FROM {numbered};

        INSERT INTO notices (buyer_id, notice_id, kind, facts, link)
        SELECT buyer_id, message_id, 'shop_message', '{{"name": {{"en": "News"}}, "shop": {{"en": "Tea"}}}}', '/cart'
        FROM messages;
        ANALYZE
    """


def boxes(template_id: UUID) -> Graph:
    """Begins by an order, shares people out, waits, writes, and waits as long as others do."""
    setups: list[tuple[str, Setup]] = [
        ("begin", Trigger(event="order_paid")), ("split", Split()), ("wait", Wait()),
        ("tell", Message(channel=Channel.INBOX, template_id=template_id)), ("again", Wait(how=How.INTERVAL)),
    ]  # fmt: skip
    following = [key for key, _ in setups[1:]] + ["end"]
    nodes = [
        Node(key=key, setup=setup, next=dict.fromkeys(Node(key=key, setup=setup).outs, to))
        for (key, setup), to in zip(setups, following, strict=True)
    ]
    rules = Settings(goal=Goal(event="order_completed"), quiet_from=None, quiet_to=None, cap_messages=100)
    return Graph(nodes=(*nodes, Node(key="end", setup=Exit())), settings=rules)


async def crowd(url: str, world: World) -> None:
    shop, name = world.tea.merchant_id, text("旅程", "Journey")
    db = await Database.connect(url, size=2)
    await db.transact(outreach.use_ready, shop, "welcome", Channel.EMAIL, "li")
    template_id = await db.transact(outreach.use_ready, shop, "welcome", Channel.INBOX, "li")
    for journey_id in (JOURNEY, RESTING):
        await db.transact(journeys.make, shop, journey_id, name, "li", graph=boxes(template_id))
        await db.transact(journeys.start, shop, journey_id, 1, "li")
    await db.close()
    async with administer(url) as connection:
        await connection.execute("SET session_replication_role = 'replica'")
        await connection.execute(crowding(shop, world.items["nuts"].product_id))


@pytest.fixture(scope="module")
def crowded(seeded_server: SeededServer) -> Iterator[str]:
    with seeded_server.database() as url:
        asyncio.run(crowd(url, seeded_server.world))
        yield url


@pytest.fixture
def world(seeded_server: SeededServer) -> World:
    return seeded_server.world


@pytest.fixture
async def db(crowded: str):
    database = await Database.connect(crowded, size=2)
    yield database
    await database.close()


class Walking(Listening):
    """Hears also where an index is gone along from one end to the other: which rows are read and thrown away."""

    async def _listen(self, sql: LiteralString, *args: Any) -> None:
        await super()._listen(sql, *args)
        if sql.lstrip().startswith("SELECT"):
            (plan,) = await Tx.fetch(self, "EXPLAIN (ANALYZE, FORMAT JSON) " + sql, *args)
            self.scans += [f"{table}: {' '.join(sql.split())[:90]}" for table in self._thrown_away(plan[0][0]["Plan"])]

    def _thrown_away(self, plan: dict[str, Any]) -> list[str]:
        rows = plan.get("Rows Removed by Filter", 0) * plan["Actual Loops"]
        own = [f"{plan.get('Relation Name')}, {rows:.0f} rows"] if rows >= LARGE_FROM_ROWS // 10 else []
        return own + [table for child in plan.get("Plans", []) for table in self._thrown_away(child)]


class NeverMind(Exception):
    """What was done to see how is undone."""


async def scans(db: Database, ask: Callable[[Tx], Awaitable[Any]]) -> list[str]:
    heard: list[str] = []

    async def listen(tx: Tx) -> None:
        rows = await tx.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > $1", LARGE_FROM_ROWS)
        listening = Walking(tx, {row["relname"] for row in rows})
        await ask(listening)
        heard.extend(listening.scans)
        raise NeverMind

    with pytest.raises(NeverMind):
        await db.transact(listen)
    return heard


async def test_what_goes_on_by_itself_in_journeys_goes_by_an_index(db: Database, world: World) -> None:
    shop, nuts, now = world.tea.merchant_id, world.items["nuts"].product_id, datetime.now(UTC)
    about = {"order_id": str(ids.mint()), "product_id": str(nuts)}
    news = [
        News(event=event, merchant_id=shop, buyer_id=SOMEBODY, at=now, products=(nuts,), about=about)
        for event in ("order_paid", "order_completed")
    ]

    async def due(tx: Tx) -> None:
        assert await running.with_due(tx) == [(shop, JOURNEY)]

    async def moved(tx: Tx) -> None:
        assert await running.move_due(tx, shop, JOURNEY) == ROWS // 200

    async def called(tx: Tx) -> None:
        things = dict.fromkeys(Whom, nuts) | {Whom.SEGMENT: SEGMENT, Whom.FOLLOWERS: SESSION}
        about = {"day": "2026-03-02"}
        calls = [
            Call(
                merchant_id=shop, journey_id=JOURNEY, whom=whom, thing_id=thing, what="now", begins_at=now, about=about
            )
            for whom, thing in things.items()
        ]
        await call_all(tx, calls)
        assert [await callers.answer(tx, now + timedelta(minutes=1)) for _ in range(6)] == [1, 1, 1, 1, 1, 0]

    asked: dict[str, Callable[[Tx], Awaitable[Any]]] = {
        "who is due": due,
        "who is due goes on": moved,
        "calls": called,
        "what happens": partial(hear, news=news),
        "cheaper": partial(callers.call_keepers, products={(shop, nuts)}, event=Event.PRICE_DROPPED, whom=Whom.CHEAPER),
        "live sessions": callers.call_to_live,
        "birthdays": partial(callers.call_birthdays, now=now),
        "intervals": partial(count_intervals, now=now),
        "ended": running.mark_cleared,
        "forgotten": partial(journeys.forget, buyer_ids=[SOMEBODY]),
    }

    found = {name: await scans(db, ask) for name, ask in asked.items()}

    assert not {name: heard for name, heard in found.items() if heard}


async def test_the_pages_of_a_shops_journeys_go_by_an_index(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    page = await db.ask(journeys.people, shop, JOURNEY, "wait", limit=20)
    at_a_box = partial(journeys.people, merchant_id=shop, journey_id=JOURNEY, node="wait", limit=20)
    asked: dict[str, Callable[..., Awaitable[Any]]] = {
        "journeys": partial(journeys.listed, merchant_id=shop),
        "journeys that have ended": partial(journeys.listed, merchant_id=shop, ended=True),
        "versions": partial(journeys.versions, merchant_id=shop, journey_id=JOURNEY),
        "figures": partial(journeys.funnel, merchant_id=shop, journey_id=JOURNEY),
        "at a box": at_a_box,
        "at a box, next page": partial(at_a_box, cursor=page.next),
        "at a box, of a version": partial(at_a_box, version=1),
        "of a customer": partial(journeys.of_buyer, merchant_id=shop, buyer_id=SOMEBODY),
        "of a segment": partial(_still_inside, shop=shop),
    }
    until = datetime.now(UTC)
    past = partial(happened, merchant_id=shop, events=list(Event), since=until - timedelta(days=30), until=until)

    found = {name: await scans(db.as_merchant(shop), ask) for name, ask in asked.items()}
    # Who they are is joined last, to all that happened: that may be everybody.
    found["what happened in a month"] = [each for each in await scans(db, past) if not each.startswith("buyers:")]

    assert not {name: heard for name, heard in found.items() if heard}


async def _still_inside(tx: Tx, shop: UUID) -> None:
    """Somebody is in a version of the journey that asks for the segment, and is not in force."""
    await tx.execute(
        """
        INSERT INTO journey_versions (merchant_id, journey_id, version, graph, by)
        VALUES ($1, $2, 2, jsonb_build_object('segment_id', $3::text), 'li')
        """,
        shop,
        JOURNEY,
        str(SEGMENT),
    )
    assert await journeys.going_by(tx, shop, SEGMENT) == {}
    await tx.execute(
        """
        INSERT INTO journey_days (merchant_id, journey_id, version, node, out, day, counter, people)
        VALUES ($1, $2, 2, '', 'entered', current_date, 1, 2), ($1, $2, 2, '', 'finished', current_date, 1, 1)
        """,
        shop,
        JOURNEY,
    )
    assert list(await journeys.going_by(tx, shop, SEGMENT)) == [JOURNEY]


async def test_messages_go_out_and_come_back_by_an_index(db: Database, world: World, tmp_path: Path) -> None:
    shop, here = world.tea.merchant_id, settings.Settings(home=tmp_path, base_url="http://shop.test")
    template_id, one = await db.ask(_one_message, shop)
    whose = Whose(shop, one)

    async def handed_over(tx: Tx) -> None:
        due = await delivery.take(tx)
        assert len(due) == ROWS // 100
        ours = [each for each in due if each.merchant_id == shop]
        await delivery.put_in(tx, [each for each in ours if each.channel is Channel.INBOX], here)
        for message in [each for each in ours if each.channel is Channel.EMAIL][:2]:
            assert await delivery.claim(tx, message, here) is not None
            await delivery.note(tx, message, Unsure(why="lost", asks=False))
        night = {"quiet_from": time.min, "quiet_to": time.max}
        asleep = [msgspec.structs.replace(each, **night) for each in ours if each.channel is Channel.EMAIL][2:]
        assert len(await delivery.rest(tx, asleep)) == len(asleep) > 0

    async def answered(tx: Tx) -> None:
        for what, hard in (("delivered", False), ("bounced", True), ("complained", False)):
            news = OfMessage(event_id=what, message_id=one, what=what, hard=hard)
            await take_news(tx, news)

    def outgoing() -> Outgoing:
        return Outgoing(
            merchant_id=shop, message_id=ids.mint(), buyer_id=SOMEBODY, channel=Channel.INBOX, template_id=template_id
        )  # fmt: skip

    asked: dict[str, Callable[[Tx], Awaitable[Any]]] = {
        "what is due goes out": handed_over,
        "what comes back": answered,
        "wanted": partial(outreach.send_many, messages=[outgoing(), outgoing()]),
        "whom a shop may reach": partial(outreach.may_reach, merchant_id=shop, buyer_ids=[SOMEBODY], channel=Channel.EMAIL),
        "a link": partial(outreach.found, whose=whose),
        "a short link": partial(outreach.short, code="0123456789"),
        "followed": partial(outreach.note_click, whose=whose),
        "read": partial(outreach.note_read, buyer_id=SOMEBODY, message_ids=[one]),
        "no more": partial(outreach.leave, whose=whose, how="one_click"),
        "tried out": partial(
            outreach.try_out, merchant_id=shop, template_id=await db.ask(_template, shop, Channel.EMAIL),
            message_id=ids.mint(), address="li@example.com", locale="en",
        ),
        "forgotten": partial(outreach.forget, buyer_ids=[SOMEBODY]),
    }  # fmt: skip

    found = {name: await scans(db, ask) for name, ask in asked.items()}

    assert not {name: heard for name, heard in found.items() if heard}


async def test_the_pages_of_messages_go_by_an_index(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    template_id, one = await db.ask(_one_message, shop)
    page = await db.ask(outreach.messages, shop, limit=20)
    mine = partial(outreach.messages, merchant_id=shop, limit=20)
    of_the_shop: dict[str, Callable[..., Awaitable[Any]]] = {
        "templates": partial(outreach.templates, merchant_id=shop),
        "their sums": partial(outreach.tallies, merchant_id=shop, template_ids=[template_id]),
        "messages": mine,
        "next page": partial(mine, cursor=page.next),
        "in a state": partial(mine, state=State.QUEUED),
        "of a template": partial(mine, template_id=template_id),
        "to a customer": partial(mine, buyer_id=SOMEBODY),
        "a message": partial(outreach.message, merchant_id=shop, message_id=one),
        "on its way": partial(outreach.steps, merchant_id=shop, message_id=one),
    }
    of_a_buyer: dict[str, Callable[..., Awaitable[Any]]] = {
        "in the account": partial(notifications.notices_of, buyer_id=SOMEBODY, before=None, limit=20),
        "unread": partial(notifications.unread, buyer_id=SOMEBODY),
        "marked read": partial(notifications.mark_read, buyer_id=SOMEBODY),
        "shops that wrote": partial(outreach.shops_that_wrote, buyer_id=SOMEBODY),
        "stopped": partial(outreach.stops, buyer_id=SOMEBODY),
        "agreed": partial(customers.wants, buyer_id=SOMEBODY),
        "said": partial(customers.consents_of, buyer_id=SOMEBODY),
    }

    found = {name: await scans(db.as_merchant(shop), ask) for name, ask in of_the_shop.items()}
    found |= {name: await scans(db, ask) for name, ask in of_a_buyer.items()}

    assert not {name: heard for name, heard in found.items() if heard}


async def _one_message(read: Read, shop: UUID) -> tuple[UUID, UUID]:
    """The template that the account's messages are said in, and a message to somebody."""
    message_id = await read.value(
        "SELECT message_id FROM messages WHERE merchant_id = $1 AND buyer_id IS NOT NULL AND state = 'sent' LIMIT 1",
        shop,
    )
    return await _template(read, shop, Channel.INBOX), message_id


async def _template(read: Read, shop: UUID, channel: Channel) -> UUID:
    (found,) = await outreach.templates(read, shop, channel)
    return found.template_id


async def test_a_walk_along_an_index_would_be_heard(db: Database, world: World) -> None:
    async def first_due(read: Read) -> None:
        await read.fetch(
            """
            SELECT due_at FROM journey_enrolments
            WHERE merchant_id = $1 AND journey_id = $2 AND stand = 'inside' AND (due_at <= now() OR due_at < since)
            ORDER BY due_at LIMIT 1
            """,
            world.tea.merchant_id,
            RESTING,
        )

    assert await scans(db, first_due)
