"""What the demo's people say, ask, keep and look at: reviews of what they have received, with pictures, replies and votes."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from steelyard.demo.desk import chief
from steelyard.demo.products import made
from steelyard.demo.sayings import APOLOGIES, BAD, FOLLOW_UPS, GOOD, MIDDLING, OF_KIND, QUESTIONS, REPLIES, Two
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.text import Text
from steelyard.operations import recommendations
from steelyard.parties.access.model import Actor
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import favourites, reviews
from steelyard.trade.favourites.model import PastFavourite, PastFootprint
from steelyard.trade.reviews.model import Ground, Kind, QuestionId, ReportReason, ReviewId

LINES_MAX = 6_000
GOODS_MAX = 2_000
REVIEWED = 0.62
WITH_WORDS = 0.8
WITH_PICTURES = 0.16
FOLLOWED_UP = 0.09
REPLIED_TO_GOOD, REPLIED_TO_BAD = 0.3, 0.75
ENGLISH = 0.16
ASKED = 0.7
ANSWERED = 0.8
FAVOURITES, FOOTPRINTS, FOLLOWED = 14, 40, 4
# What is a few days old still waits for its shop.
FRESH_DAYS = 4

Step = Callable[[str, int, int], None]


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A line that has arrived."""

    merchant_id: UUID
    order_id: UUID
    line: int
    product_id: UUID
    sku_id: UUID
    options: list[tuple[Text, Text]]
    buyer_id: UUID
    name: str
    arrived_at: datetime
    kind: str
    pictures: list[str]


class OnShelf(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    product_id: UUID
    price: int
    currency: str
    in_stock: bool


async def speak(db: Database, buyer_id: BuyerId, *, seed: int, step: Step) -> None:
    """Write it all down, in a few transactions. Said again, nothing is written twice."""
    step("What people say", 0, 4)
    received = await db.ask(_received)
    if received and not await db.ask(_spoken):
        await db.transact(_reviews, received, seed)
        step("What people say", 1, 4)
        goods = await db.ask(_goods)
        await db.transact(_questions, goods, received, seed)
        step("What people say", 2, 4)
        await db.transact(_kept, goods, buyer_id, seed)
        await db.transact(_reported, received)
        await db.transact(_judged, await db.ask(chief), goods, buyer_id)
    while await db.transact(reviews.score_shops):
        pass
    while await db.transact(reviews.compare_shops):
        pass
    step("What people say", 3, 4)
    while await db.transact(recommendations.learn):
        pass
    while await db.transact(recommendations.find_partners):
        pass
    step("What people say", 4, 4)


async def _spoken(read: Read) -> bool:
    return await read.value("SELECT EXISTS (SELECT FROM reviews)")


async def _received(read: Read) -> list[Received]:
    return await read.all(
        Received,
        """
        SELECT l.merchant_id, l.order_id, l.line, l.product_id, l.sku_id, l.options, o.buyer_id
             , coalesce(nullif(b.name, ''), o.contact ->> 'name', '') AS name
             , coalesce(o.delivered_at, o.completed_at) AS arrived_at, root.slug AS kind
             , ARRAY(SELECT i.file FROM product_pictures i WHERE i.merchant_id = p.merchant_id
                     AND i.product_id = p.product_id ORDER BY i.place LIMIT 4) AS pictures
        FROM (SELECT * FROM orders WHERE state = 'completed' AND refunded = 0 ORDER BY placed_at DESC, order_id LIMIT $1) o
        JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id
        JOIN products p ON p.merchant_id = l.merchant_id AND p.product_id = l.product_id
        JOIN categories c ON c.category_id = p.category_id
        JOIN categories root ON root.category_id = c.path[1]
        LEFT JOIN buyers b ON b.buyer_id = o.buyer_id
        WHERE l.kind = 'goods' ORDER BY o.placed_at, l.order_id, l.line LIMIT $1
        """,
        LINES_MAX,
    )


async def _goods(read: Read) -> list[OnShelf]:
    return await read.all(
        OnShelf,
        """
        SELECT merchant_id, product_id, price, currency, in_stock FROM search_entries ORDER BY sold DESC, product_id
        LIMIT $1
        """,
        GOODS_MAX,
    )


async def _reviews(tx: Tx, received: Sequence[Received], seed: int) -> None:
    chance = Random(f"{seed}/reviews")  # noqa: S311  # opinions, no secrets
    people = sorted({each.buyer_id for each in received})
    written = [
        _review(line, chance, people) for line in received if chance.random() < REVIEWED
    ]  # fmt: skip
    orders = {(each.merchant_id, each.order_id): each for each in written}
    scores = [
        reviews.PastScore(
            merchant_id=merchant_id,
            order_id=order_id,
            service=_stars(merchant_id, "service", chance),
            logistics=_stars(merchant_id, "logistics", chance),
            at=each.written_at,
        )
        for (merchant_id, order_id), each in orders.items()
    ]
    await reviews.bulk_reviews(tx, written, scores)


def _stars(thing: UUID, what: str, chance: Random) -> int:
    """Each product, and each shop, has a quality of its own, around which opinions fall."""
    quality = 0.55 + 0.4 * Random(f"{thing}/{what}").random()  # noqa: S311  # no secrets
    draw = chance.random()
    if draw < quality:
        return 5
    rest = (draw - quality) / (1 - quality)
    return 4 if rest < 0.55 else 3 if rest < 0.78 else 2 if rest < 0.9 else 1


def _review(line: Received, chance: Random, people: Sequence[UUID]) -> reviews.PastReview:
    stars = _stars(line.product_id, "goods", chance)
    english = chance.random() < ENGLISH
    now = datetime.now(UTC)
    written_at = min(
        line.arrived_at + timedelta(hours=chance.randint(2, 200)), now - timedelta(minutes=chance.randint(5, 900))
    )
    text = _words(line.kind, stars, english, chance) if chance.random() < WITH_WORDS else ""
    pictured = bool(text and line.pictures) and chance.random() < WITH_PICTURES
    pictures = chance.sample(line.pictures, min(len(line.pictures), chance.randint(1, 3))) if pictured else []
    more: dict[str, Any] = {}
    if text and chance.random() < FOLLOWED_UP and written_at < now - timedelta(days=20):
        more |= {
            "follow_up": _say(FOLLOW_UPS, english, chance),
            "followed_up_at": written_at + timedelta(days=chance.randint(9, 19)),
        }
    fresh = written_at > now - timedelta(days=FRESH_DAYS)
    if text and not fresh and chance.random() < (REPLIED_TO_GOOD if stars > 3 else REPLIED_TO_BAD):
        more |= {
            "reply": _say(REPLIES if stars > 3 else APOLOGIES, english, chance),
            "replied_at": written_at + timedelta(hours=chance.randint(1, 60)),
        }
    voters = chance.sample(people, min(len(people), int(5 * chance.random() ** 3))) if text else []
    return reviews.PastReview(
        merchant_id=line.merchant_id,
        review_id=made("review", str(line.order_id), str(line.line)),
        product_id=line.product_id,
        sku_id=line.sku_id,
        order_id=line.order_id,
        line=line.line,
        buyer_id=line.buyer_id,
        author=line.name if chance.random() > 0.2 else "",
        locale="en" if english else "zh-Hans",
        options=line.options,
        stars=stars,
        written_at=written_at,
        text=text,
        pictures=pictures,
        voters=[voter for voter in voters if voter != line.buyer_id],
        **more,
    )


def _words(kind: str, stars: int, english: bool, chance: Random) -> str:
    pool = GOOD if stars > 3 else MIDDLING if stars == 3 else BAD
    said = [_say(pool, english, chance)]
    if stars > 3 and chance.random() < 0.6 and kind in OF_KIND:
        said.append(_say(OF_KIND[kind], english, chance))
    if stars > 3 and chance.random() < 0.25:
        said.append(_say(GOOD, english, chance))
    return (" " if english else "").join(dict.fromkeys(said))


def _say(pool: Sequence[Two], english: bool, chance: Random) -> str:
    return chance.choice(pool)[int(english)]


async def _questions(tx: Tx, goods: Sequence[OnShelf], received: Sequence[Received], seed: int) -> None:
    chance = Random(f"{seed}/questions")  # noqa: S311  # curiosity, no secrets
    now = datetime.now(UTC)
    people = sorted({(each.buyer_id, each.name) for each in received})
    asked: list[reviews.PastQuestion] = []
    if len(people) < 2:
        return
    for good in goods:
        if chance.random() > ASKED:
            continue
        for number, what in enumerate(chance.sample(QUESTIONS, chance.randint(1, 3))):
            english = chance.random() < ENGLISH
            at = now - timedelta(hours=int(24 * 90 * chance.random() ** 2) + 1)
            asked.append(_question(good, number, what, english, at, people, chance))
    await reviews.bulk_questions(tx, asked)


def _question(
    good: OnShelf,
    number: int,
    what: tuple[Two, Two, Two],
    english: bool,
    at: datetime,
    people: Sequence[tuple[UUID, str]],
    chance: Random,
) -> reviews.PastQuestion:
    question_id = made("question", str(good.product_id), str(number))
    (asker, name), (other, other_name) = chance.sample(people, 2)
    now = datetime.now(UTC)
    answers: list[reviews.PastAnswer] = []
    old = at < now - timedelta(days=2)
    if chance.random() < (ANSWERED if old else ANSWERED / 3):
        answers.append(
            reviews.PastAnswer(
                answer_id=made("answer", str(question_id), "shop"),
                by_shop=True,
                writer_id=good.merchant_id,
                author="",
                text=what[1][int(english)],
                answered_at=min(at + timedelta(hours=chance.randint(1, 20)), now),
            )
        )
    if chance.random() < 0.4:
        answers.append(
            reviews.PastAnswer(
                answer_id=made("answer", str(question_id), "buyer"),
                by_shop=False,
                writer_id=other,
                author=other_name,
                text=what[2][int(english)],
                answered_at=min(at + timedelta(hours=chance.randint(2, 60)), now),
            )
        )
    return reviews.PastQuestion(
        merchant_id=good.merchant_id,
        question_id=question_id,
        product_id=good.product_id,
        buyer_id=asker,
        author=name,
        locale="en" if english else "zh-Hans",
        text=what[0][int(english)],
        asked_at=at,
        answers=answers,
    )


async def _kept(tx: Tx, goods: Sequence[OnShelf], buyer_id: BuyerId, seed: int) -> None:
    """The demo's buyer keeps some things (one of them was dearer then, one sold out) and looked at others."""
    chance = Random(f"{seed}/favourites")  # noqa: S311  # likings, no secrets
    now = datetime.now(UTC)
    liked = chance.sample(goods, min(FAVOURITES, len(goods)))
    kept = [
        PastFavourite(
            buyer_id=buyer_id,
            product_id=good.product_id,
            merchant_id=good.merchant_id,
            kept_price=good.price + 1_000 if number % 4 == 0 else good.price,
            currency=good.currency,
            kept_in_stock=number % 5 != 1,
            kept_at=now - timedelta(days=number * 3 + 1),
        )
        for number, good in enumerate(liked)
    ]
    looked = chance.sample(goods, min(FOOTPRINTS, len(goods)))
    seen = [
        PastFootprint(
            buyer_id=buyer_id,
            product_id=good.product_id,
            merchant_id=good.merchant_id,
            seen_at=now - timedelta(hours=int(24 * 20 * (number / FOOTPRINTS) ** 2), minutes=chance.randint(1, 50)),
        )
        for number, good in enumerate(looked)
    ]
    shops = list(dict.fromkeys(good.merchant_id for good in liked))[:FOLLOWED]
    await favourites.bulk_remember(tx, kept, [(buyer_id, merchant_id) for merchant_id in shops], seen)


async def _reported(tx: Tx, received: Sequence[Received]) -> None:
    """A few things wait for the operator's decision."""
    poor = await tx.fetch(
        "SELECT review_id FROM reviews WHERE text <> '' AND stars <= 2 ORDER BY written_at DESC, review_id LIMIT 3"
    )
    reporters = sorted({each.buyer_id for each in received})
    reasons = (ReportReason.FALSE, ReportReason.UNRELATED, ReportReason.ABUSE)
    for row, reporter, reason in zip(poor, reporters, reasons, strict=False):
        await reviews.report(tx, Kind.REVIEW, row["review_id"], reporter, reason, "")


async def _judged(tx: Tx, by: Actor, goods: Sequence[OnShelf], buyer_id: BuyerId) -> None:
    """A question waits for its words, and a review was hidden: its author has appealed."""
    if goods:
        question_id = QuestionId(ids.derived(goods[0].product_id, "held"))
        said = "可以加微信问尺码吗？"
        await reviews.ask(tx, question_id, goods[0].product_id, buyer_id, "周小秤", said, "zh-Hans")
    mine = await tx.value(
        "SELECT review_id FROM reviews WHERE buyer_id = $1 AND text <> '' ORDER BY written_at, review_id LIMIT 1",
        buyer_id,
    )
    if mine is not None:
        await reviews.hide(tx, by, Kind.REVIEW, mine, Ground.UNRELATED, "没有说到商品本身。")
        await reviews.appeal(tx, ReviewId(mine), [buyer_id], "说的就是这件商品，请再看一下。")
