"""Memberships, invitations, targeted coupons, surveys and interviews go by an index in tables of thousands of rows."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import md5
from typing import Any
from uuid import UUID

import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, AmountOff, Offer, PromotionId, Step
from steelyard.kernel import days, ids
from steelyard.kernel.db import Database, Tx, administer
from steelyard.kernel.text import Text, text
from steelyard.operations import growth, merchandising, research, segments
from steelyard.operations.growth import InviteState, NewTargeted, TargetedId, rewarding
from steelyard.operations.growth.invite_checks import facts_of
from steelyard.operations.growth.model import Invitation
from steelyard.operations.merchandising.model import Block
from steelyard.operations.merchandising.model import Kind as BlockKind
from steelyard.operations.research import Happened, Wish
from steelyard.operations.research.model import Definition, Question, Trigger, Type
from steelyard.operations.segments.model import Kind as SegmentKind
from steelyard.operations.segments.model import Segment, SegmentId
from steelyard.parties.customers.model import BuyerId
from tests.support import deal
from tests.support.plans import Listening, NeverMind, copying, scans
from tests.support.seeded import SeededServer
from tests.support.world import World

ROWS, SHOPS = 12_000, 40


def an_id(kind: str, n: int) -> UUID:
    return UUID(hex=md5(f"{kind}{n}".encode(), usedforsecurity=False).hexdigest())


def sql_id(kind: str, n: str = "n") -> str:
    return f"md5('{kind}' || ({n}))::uuid"


PERSON, SHOP, SURVEY, SEGMENT = (
    sql_id("p"),
    sql_id("s", f"n % {SHOPS}"),
    sql_id("v", f"n % {SHOPS}"),
    sql_id("g", f"n % {SHOPS}"),
)
LONG_AGO = "now() - n * interval '1 minute'"
DAY = "current_date - n % 300"
ASKED = """'{"title": {}, "questions": [{"key": "q1", "type": "consent", "text": {}}]}'"""

# Of each table what its columns hold in row n.
FILLED: dict[str, dict[str, str]] = {
    "buyers": {
        "buyer_id": PERSON, "email": "n || '@example.com'", "locale": "'en'", "guest": "false",
        "birthday": "to_char(date '2024-01-01' + n % 366, 'MM-DD')",
    },
    "visitor_merges": {"visitor_id": sql_id("w"), "buyer_id": PERSON, "browser_id": sql_id("b"), "at": LONG_AGO},
    "marketing_consents": {
        "buyer_id": PERSON, "consent_id": sql_id("c"), "channel": "'email'", "agreed": "true", "wording": "''",
        "how": "'profile'", "secret": "''", "at": LONG_AGO,
    },
    "customer_facts": {
        "merchant_id": SHOP, "buyer_id": PERSON, "first_seen_at": LONG_AGO, "last_seen_at": "now()", "currency": "'CNY'",
        "stage": "'visitor'", "stage_since": LONG_AGO,
    },
    "growth_members": {
        "merchant_id": SHOP, "buyer_id": PERSON, "growth": "n", "rank": "n % 3",
        "listed_rank": "CASE WHEN n < 20 THEN 1 ELSE n % 3 END",
        "check_on": "CASE WHEN n % 2 = 0 THEN current_date + n % 300 END", "counted_on": DAY,
    },
    "growth_lines": {
        "merchant_id": SHOP, "buyer_id": PERSON, "cause": "'check_in'", "document": sql_id("d"), "amount": "1", "day": DAY,
        "until": "current_date + 300", "at": LONG_AGO,
    },
    "level_moves": {
        "merchant_id": SHOP, "buyer_id": PERSON, "step": "1", "from_rank": "0", "to_rank": "1", "growth": "n", "at": LONG_AGO,
    },
    "birthday_gifts": {
        "merchant_id": SHOP, "buyer_id": PERSON, "year": "2025", "promotion_id": sql_id("k"), "given": "true", "at": LONG_AGO,
    },
    "invite_codes": {"code": "'c' || n", "merchant_id": SHOP, "buyer_id": PERSON, "made_at": LONG_AGO},
    "invitations": {
        "merchant_id": SHOP, "invitation_id": sql_id("i"), "inviter_id": PERSON, "friend_id": sql_id("p", "n + 1"),
        "state": "CASE WHEN n < 10 THEN 'ordered' WHEN n < 300 THEN 'accepted' ELSE 'rewarded' END", "accepted_at": LONG_AGO,
        "least": "0", "wait_days": "7", "order_shop": f"CASE WHEN n NOT BETWEEN 10 AND 299 THEN {SHOP} END",
        "order_id": f"CASE WHEN n NOT BETWEEN 10 AND 299 THEN {sql_id('o')} END",
        "due_at": f"CASE WHEN n NOT BETWEEN 10 AND 299 THEN {LONG_AGO} END", "changed_at": LONG_AGO,
    },
    "invitation_history": {
        "merchant_id": SHOP, "invitation_id": sql_id("i"), "step": "1", "from_state": "'nowhere'", "to_state": "'accepted'",
        "by": "''",
    },
    "segment_members": {"merchant_id": SHOP, "segment_id": SEGMENT, "buyer_id": PERSON, "since": LONG_AGO},
    "experiment_units": {
        "merchant_id": SHOP, "experiment_id": sql_id("t", f"n % {SHOPS}"), "unit_id": PERSON, "variant": "1", "since": LONG_AGO,
    },
    "coupon_claims": {
        "buyer_id": PERSON, "promotion_id": sql_id("k", f"n % {SHOPS}"), "number": "1", "merchant_id": SHOP,
    },
    "survey_responses": {
        "merchant_id": SHOP, "survey_id": SURVEY, "response_id": sql_id("r"), "version": "1", "person": PERSON,
        "buyer_id": PERSON, "via": "'page'", "locale": "'en'", "began_at": LONG_AGO, "ended_at": LONG_AGO,
        "ending": "'finished'", "stage": "'new'",
    },
    "survey_answers": {
        "merchant_id": SHOP, "survey_id": SURVEY, "response_id": sql_id("r"), "question": "'q1'", "choices": "'{yes}'",
    },
    "survey_asked": {"merchant_id": SHOP, "survey_id": SURVEY, "person": PERSON, "at": LONG_AGO, "last_at": LONG_AGO},
    "survey_invitations": {
        "merchant_id": SHOP, "survey_id": SURVEY, "buyer_id": PERSON, "token": sql_id("u"), "by_mail": "true", "due_at": LONG_AGO,
        "sent_at": f"CASE WHEN n > 20 THEN {LONG_AGO} END",
    },
    "interview_people": {
        "merchant_id": SHOP, "list_id": sql_id("l", f"n % {SHOPS}"), "place": "n", "buyer_id": PERSON, "state": "'drawn'",
    },
    "page_versions": {
        "owner_id": SHOP, "page": "'shop'", "version": "n", "blocks": "'[]'", "shown_from": LONG_AGO, "by": "''",
    },
}  # fmt: skip
# What there is one of in each shop.
OF_A_SHOP: dict[str, dict[str, str]] = {
    "growth_programmes": {"merchant_id": SHOP, "name": "'{}'", "currency": "'CNY'", "since": "current_date - 300"},
    "growth_rules": {
        "merchant_id": SHOP, "from_day": "current_date - 300", "per_hundred": "1", "review": "1", "reviews_per_month": "3",
        "check_in": "1", "check_ins_per_month": "31", "window_days": "365", "keep_days": "30", "warn_days": "7",
    },
    "growth_levels": {
        "merchant_id": SHOP, "rank": "1", "name": "'{}'", "threshold": "1", "birthday_coupon": sql_id("k", f"n % {SHOPS}"),
    },
    "growth_tasks": {"merchant_id": SHOP, "task": "'follow'", "amount": "1", "target": "1"},
    "invite_programmes": {
        "merchant_id": SHOP, "name": "'{}'", "currency": "'CNY'", "least": "0", "wait_days": "7", "per_month": "9",
        "friends": "9999",
    },
    "segments": {"merchant_id": SHOP, "segment_id": SEGMENT, "kind": "'list'", "name": "'{}'", "owner": "''"},
    "surveys": {
        "merchant_id": SHOP, "survey_id": SURVEY, "state": "'open'", "code": "'q' || n", "version": "1", "draft": ASKED,
        "trigger": "CASE WHEN n % 2 = 0 THEN 'received' ELSE '' END", "segment_id": SEGMENT, "in_page": "true", "by_mail": "true",
        "invited_to": sql_id("z"), "opened_at": "now()",
    },
    "survey_versions": {"merchant_id": SHOP, "survey_id": SURVEY, "version": "1", "asked": ASKED, "by": "''"},
    "survey_codes": {"code": "'q' || n", "merchant_id": SHOP, "survey_id": SURVEY},
    "interview_lists": {
        "merchant_id": SHOP, "list_id": sql_id("l", f"n % {SHOPS}"), "name": "''", "segment_id": SEGMENT, "wanted": "9",
        "seed": "''", "could": "9", "by": "''",
    },
}  # fmt: skip


async def crowd(url: str, world: World) -> None:
    db = await Database.connect(url, size=2)
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)], BuyerId(ids.mint()))
    await db.transact(_targeted, world.tea.merchant_id)
    await db.close()
    async with administer(url) as connection:
        await connection.execute("SET session_replication_role = 'replica'")
        for tables, rows in ((FILLED, ROWS), (OF_A_SHOP, SHOPS)):
            for table, columns in tables.items():
                await connection.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
                    f" FROM generate_series(1, {rows}) AS s (n)"
                )
        await connection.execute(
            copying("orders", ["order_id", "purchase_id", "buyer_id"], ["code"], ROWS, moved="placed_at")
        )
        await connection.execute("ANALYZE")


async def _targeted(tx: Tx, shop: UUID) -> None:
    """A coupon for a list of the tea shop that has nobody yet."""
    now, segment_id, promotion_id = datetime.now(UTC), SegmentId(an_id("g", 0)), PromotionId(an_id("own", 0))
    name = text("熟客", "Regulars")
    await segments.make_list(
        tx, Segment(merchant_id=shop, segment_id=segment_id, kind=SegmentKind.LIST, name=name, owner="Li Na")
    )
    offer = Offer(
        merchant_id=shop, promotion_id=promotion_id, name=name, rule=AmountOff(steps=(Step(1_000, 500),)), currency="CNY",
        coupon=True, given=True, per_buyer=1, starts_at=now - timedelta(minutes=1), ends_at=now + timedelta(days=60),
    )  # fmt: skip
    await promotions.save(tx, offer)
    new = NewTargeted(
        merchant_id=shop, targeted_id=TargetedId(an_id("t", 0)), name="Regulars", segment_id=segment_id,
        promotion_id=promotion_id, currency="CNY", coupons=ROWS, joining=True,
    )  # fmt: skip
    await growth.draw_up_targeted(tx, new, ("Held out", "Get one"), "staff:test")
    await growth.start_targeted(tx, shop, new.targeted_id, "staff:test")


@pytest.fixture(scope="module")
def crowded(seeded_server: SeededServer) -> Iterator[str]:
    with seeded_server.database() as url:
        asyncio.run(crowd(url, seeded_server.world))
        yield url


@pytest.fixture
async def db(crowded: str):
    database = await Database.connect(crowded, size=2)
    yield database
    await database.close()


NUMBER = 20 * SHOPS + 7
WHO, WHERE, WHAT = BuyerId(an_id("p", NUMBER)), an_id("s", 7), an_id("v", 7)
Ask = Callable[..., Awaitable[Any]]


async def found_by(db: Database, questions: dict[str, Ask]) -> dict[str, list[str]]:
    heard = {name: await scans(db, ask) for name, ask in questions.items()}
    return {name: each for name, each in heard.items() if each}


async def test_memberships_go_by_an_index(db: Database) -> None:
    today = days.today()
    page = await db.ask(growth.members, WHERE, None, None, 10)
    assert page.next is not None, "there are more"
    questions: dict[str, Ask] = {
        "a membership": partial(growth.programme, merchant_id=WHERE, today=today),
        "a member": partial(growth.member, merchant_id=WHERE, buyer_id=WHO),
        "memberships": partial(growth.memberships, buyer_id=WHO),
        "members": partial(growth.members, merchant_id=WHERE, rank=None, cursor=page.next),
        "of a level": partial(growth.members, merchant_id=WHERE, rank=1),
        "lines": partial(growth.lines, merchant_id=WHERE, buyer_id=WHO),
        "moves": partial(growth.level_moves, merchant_id=WHERE, buyer_id=WHO),
        "levels": partial(growth.levels_of, merchant_id=WHERE, buyer_ids=[WHO]),
        "checked in": partial(growth.checked_in, merchant_id=WHERE, buyer_id=WHO, today=today),
        "tasks": partial(growth.tasks_of, merchant_id=WHERE, buyer_id=WHO, today=today),
        "taken along": partial(growth.of_buyers, people=[WHO], most=100),
        "check in": partial(growth.check_in, merchant_id=WHERE, buyer_id=WHO, today=today),
        "days pass": partial(growth.days_pass, today=today),
        "lists": growth.list_members,
        "birthdays": partial(growth.give_birthday_coupons, today=today),
        "forget": partial(growth.forget, buyer_ids=[WHO]),
    }
    assert await found_by(db, questions) == {}


async def test_invitations_and_what_is_given_to_segments_go_by_an_index(db: Database) -> None:
    now = datetime.now(UTC)
    page = await db.ask(growth.invitations, WHERE, InviteState.REWARDED, None, 10)
    assert page.next is not None, "there are more"
    [one] = await db.ask(growth.invitations_of, WHERE, WHO)
    order = await db.ask(lambda read: read.row("SELECT merchant_id, order_id, purchase_id FROM orders LIMIT 1"))
    assert order is not None

    async def judge(tx: Tx, each: Invitation) -> None:
        await facts_of(tx, each, order["merchant_id"], order["order_id"], now)

    questions: dict[str, Ask] = {
        "in a state": partial(growth.invitations, merchant_id=WHERE, state=InviteState.REWARDED, cursor=page.next),
        "of an inviter": partial(growth.invitations_of, merchant_id=WHERE, inviter_id=WHO),
        "counts": partial(growth.invite_counts, merchant_id=WHERE),
        "points": partial(growth.invite_points, merchant_id=WHERE),
        "a code": partial(growth.invite_code, merchant_id=WHERE, buyer_id=WHO),
        "by a code": partial(growth.invited_by, code=f"c{NUMBER}"),
        "accept": partial(growth.accept_invitation, code=f"c{NUMBER}", friend_id=BuyerId(ids.mint())),
        "paid": partial(rewarding.on_paid, purchase_ids=[order["purchase_id"]]),
        "judge": partial(judge, each=one),
        "reward": partial(growth.reward_due, now=now),
        "lapse": partial(growth.lapse_due, now=now + timedelta(days=40)),
        "taken along": partial(growth.invitations_of_buyers, people=[WHO], most=100),
        "give": growth.give_targeted,
        "end": growth.end_targeted,
        "take back": growth.take_targeted_back,
    }
    assert await found_by(db, questions) == {}


class Sieving(Listening):
    """Hears which joins put people beside people and leave out all but one."""

    def _whole(self, plan: dict[str, Any]) -> list[str]:
        sieve = str(plan.get("Join Filter", ""))
        own = [sieve] if "unit_id" in sieve or "buyer_id" in sieve else []
        return own + [each for child in plan.get("Plans", []) for each in self._whole(child)]


async def test_a_round_of_two_thousand_takes_no_longer_for_those_who_were_shared_out_before(
    db: Database, seeded_server: SeededServer
) -> None:
    """All of them came and were shared out since the tables were last analysed, as in the first minutes of a large segment."""
    shop, counted = seeded_server.world.tea.merchant_id, list[int]()

    async def rounds(tx: Tx) -> None:
        await tx.execute(
            "INSERT INTO segment_members SELECT $1, $2, buyer_id, now() FROM buyers WHERE NOT guest ORDER BY buyer_id LIMIT 5000",
            shop,
            an_id("g", 0),
        )
        heard = Sieving(tx, set())
        for _ in range(4):
            counted.append(await growth.give_targeted(heard))
            await tx.execute("UPDATE targeted_coupons SET looked_at = NULL")
        await growth.stop_targeted(tx, shop, an_id("t", 0), "staff:test", take_back=True)
        counted.append(await growth.take_targeted_back(heard))
        assert heard.scans == []
        raise NeverMind

    with pytest.raises(NeverMind):
        await db.transact(rounds)
    assert counted == [2_000, 2_000, 1_000, 0, 2_000]


async def test_surveys_and_interviews_go_by_an_index(db: Database) -> None:
    now, segment_id, list_id = datetime.now(UTC), an_id("g", 7), an_id("l", 7)
    asked = Definition(title=Text(), questions=(Question(key="q1", type=Type.CONSENT, text=Text()),))
    of = {"merchant_id": WHERE, "survey_id": WHAT}
    happened = Happened(trigger=Trigger.RECEIVED, merchant_id=an_id("s", 8), buyer_id=WHO, at=now)
    wish = Wish(name="Talks", segment_id=segment_id, wanted=9, seed="s")
    questions: dict[str, Ask] = {
        "surveys": partial(research.surveys, merchant_id=WHERE),
        "by code": partial(research.by_code, code="q7"),
        "response": partial(research.response, **of, people=[WHO]),
        "invited": partial(research.invited, **of, token=ids.mint()),
        "asked before": partial(research.was_asked, **of, people=[WHO]),
        "on a page": partial(research.for_page, shops=[WHERE], people=[WHO], buyer_id=WHO),
        "tallies": partial(research.tallies, **of, asked=asked),
        "by groups": partial(research.crossed, **of, question=asked.questions[0], by=research.By.STAGE),
        "trend": partial(research.trend, **of, question=None),
        "reached": partial(research.reached, **of),
        "opinions": partial(research.opinions, **of, asked=asked),
        "rows": partial(research.rows, **of),
        "taken along": partial(research.of_buyers, people=[WHO], most=100),
        "invite": partial(research.invite, happened=[happened]),
        "invite a segment": research.invite_segments,
        "send": partial(research.send_due, now=now),
        "open again": partial(research.open_, **of, by="staff:test"),
        "forget": partial(research.forget, people=[WHO]),
        "lists": partial(research.lists, merchant_id=WHERE),
        "a list": partial(research.one_list, merchant_id=WHERE, list_id=list_id),
        "draw": partial(
            research.draw, merchant_id=WHERE, list_id=research.ListId(ids.mint()), wish=wish, by="staff:test"
        ),
        "talks": partial(research.interviews_of_buyers, people=[WHO], most=100),
        "forget talks": partial(research.forget_interviews, people=[WHO]),
    }
    assert await found_by(db, questions) == {}


async def test_what_of_a_page_is_for_a_segment_goes_by_an_index(db: Database) -> None:
    segment_id = an_id("g", 7)
    blocks = [Block(block_id=ids.mint(), kind=BlockKind.TEXT, segment_id=segment_id)]
    assert await db.ask(merchandising.seen_by, WHERE, blocks, WHO) == blocks
    questions: dict[str, Ask] = {
        "seen by": partial(merchandising.seen_by, owner_id=WHERE, blocks=blocks, buyer_id=WHO),
        "used by": partial(merchandising.pages_using, owner_id=WHERE, segment_id=segment_id),
        "shown": partial(merchandising.shown, owner_id=WHERE, page="shop"),
        "of the platform": partial(growth.programme, merchant_id=PLATFORM, today=days.today()),
    }
    assert await found_by(db, questions) == {}
