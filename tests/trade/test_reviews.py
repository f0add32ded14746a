"""Reviews: who may write them, what they come to, and what others do with them."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.goods import search
from steelyard.goods.search.model import Query
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import reviews
from steelyard.trade.reviews.model import (
    AlreadyReviewed,
    Ground,
    Kind,
    NotReceived,
    Only,
    OwnReview,
    Rating,
    ReplyFinal,
    ReportReason,
    Review,
    ReviewId,
    ReviewTooLate,
    Rules,
    Sort,
    average,
    masked,
)
from steelyard.trade.reviews.ratings import counts_of
from tests.support import deal
from tests.support.received import received, reviewed, said
from tests.support.rivals import meet
from tests.support.world import World


@pytest.fixture
def buyer(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


@pytest.fixture
def other(world: World) -> BuyerId:
    assert world.other_buyer.buyer_id is not None
    return world.other_buyer.buyer_id


async def one(db: Database, review_id: ReviewId) -> Review:
    found = await db.ask(reviews.review, review_id)
    assert found is not None
    return found


async def move_back(tx: Tx, days: int) -> None:
    """Everything was so many days earlier."""
    past = timedelta(days=days)
    await tx.execute(
        "UPDATE orders SET completed_at = completed_at - $1::interval, delivered_at = delivered_at - $1::interval", past
    )
    await tx.execute(
        "UPDATE reviews SET written_at = written_at - $1::interval, replied_at = replied_at - $1::interval", past
    )
    await tx.execute("UPDATE order_scores SET at = at - $1::interval", past)


async def operator(db: Database, world: World) -> Actor:
    return Actor(account=await db.ask(access.account, world.operator.account_id))  # pyright: ignore[reportArgumentType]  # a test's id


async def test_who_received_it_reviews_it_and_search_knows(shop: Database, world: World, buyer: BuyerId) -> None:
    nuts = world.items["nuts"]

    order, (review_id,) = await reviewed(shop, [(nuts.sku_id, 1)], buyer, 4, text="很好吃", pictures=["a.webp"])

    review = await one(shop, review_id)
    assert (review.stars, review.text, review.author) == (4, "很好吃", "L***a")
    rating = await shop.ask(reviews.rating, nuts.product_id)
    assert (rating.count, rating.hundredths, rating.pictured, rating.texts) == (1, 400, 1, 1)
    hits = (await shop.ask(search.find, Query(text="Hickory"))).hits
    assert hits[0].rating == 400
    assert not await shop.ask(reviews.to_review, [buyer])
    assert await shop.ask(reviews.of_orders, [order.order_id])


async def test_nobody_reviews_what_has_not_arrived(shop: Database, world: World, buyer: BuyerId) -> None:
    (order,) = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)], buyer)
    for arrive in (None, deal.shipped):
        if arrive:
            await arrive(shop, order)
        with pytest.raises(NotReceived):
            await shop.transact(reviews.write, said(order, 5), [buyer])


async def test_nobody_reviews_anothers_order(shop: Database, world: World, buyer: BuyerId, other: BuyerId) -> None:
    order = await received(shop, [(world.items["nuts"].sku_id, 1)], buyer)

    with pytest.raises(NotFound):
        await shop.transact(reviews.write, said(order, 1), [other])
    elsewhere = msgspec.structs.replace(said(order, 1), merchant_id=world.tools.merchant_id)
    with pytest.raises(NotFound):
        await shop.transact(reviews.write, elsewhere, [buyer])
    with pytest.raises(NotFound):
        await shop.transact(reviews.write, said(order, 5, 5), [buyer])


async def test_a_line_is_reviewed_once_and_a_second_click_changes_nothing(
    shop: Database, world: World, buyer: BuyerId
) -> None:
    nuts = world.items["nuts"]
    order = await received(shop, [(nuts.sku_id, 1)], buyer)
    first = said(order, 5)

    assert await shop.transact(reviews.write, first, [buyer])
    assert await shop.transact(reviews.write, first, [buyer]) == []
    with pytest.raises(AlreadyReviewed):
        await shop.transact(reviews.write, said(order, 1), [buyer])
    assert (await shop.ask(reviews.rating, nuts.product_id)).count == 1


async def test_two_at_once_are_one_review(shop: Database, world: World, buyer: BuyerId) -> None:
    nuts = world.items["nuts"]
    order = await received(shop, [(nuts.sku_id, 1)], buyer)
    good, bad = said(order, 5), said(order, 1)

    first, second = await meet(
        shop, lambda tx: reviews.write(tx, good, [buyer]), lambda tx: reviews.write(tx, bad, [buyer])
    )

    assert first == [good.lines[0].review_id]
    assert isinstance(second, AlreadyReviewed)
    assert (await shop.ask(reviews.rating, nuts.product_id)).hundredths == 500


async def test_reviewing_and_following_up_have_their_time(shop: Database, world: World, buyer: BuyerId) -> None:
    order = await received(shop, [(world.items["nuts"].sku_id, 1)], buyer)
    await shop.transact(move_back, 91)
    with pytest.raises(ReviewTooLate):
        await shop.transact(reviews.write, said(order, 5), [buyer])

    later, (review_id,) = await reviewed(shop, [(world.items["nuts"].sku_id, 1)], buyer, 5)
    await shop.transact(move_back, 181)
    with pytest.raises(ReviewTooLate):
        await shop.transact(reviews.follow_up, later.merchant_id, review_id, [buyer], "Still good")


async def test_a_review_is_followed_up_once(shop: Database, world: World, buyer: BuyerId, other: BuyerId) -> None:
    nuts = world.items["nuts"]
    order, (review_id,) = await reviewed(shop, [(nuts.sku_id, 1)], buyer, 5)
    with pytest.raises(NotFound):
        await shop.transact(reviews.follow_up, order.merchant_id, review_id, [other], "Not mine")
    with pytest.raises(Invalid):
        await shop.transact(reviews.follow_up, order.merchant_id, review_id, [buyer], "  ")

    for _ in range(2):
        await shop.transact(reviews.follow_up, order.merchant_id, review_id, [buyer], "Still good", ["b.webp"])

    with pytest.raises(AlreadyReviewed):
        await shop.transact(reviews.follow_up, order.merchant_id, review_id, [buyer], "Something else")
    rating = await shop.ask(reviews.rating, nuts.product_id)
    assert (rating.followed_up, rating.pictured) == (1, 1)


async def test_a_vote_counts_once_and_is_taken_back(
    shop: Database, world: World, buyer: BuyerId, other: BuyerId
) -> None:
    order, (review_id,) = await reviewed(shop, [(world.items["nuts"].sku_id, 1)], buyer, 5, text="x" * 30)
    with pytest.raises(OwnReview):
        await shop.transact(reviews.vote, order.merchant_id, review_id, buyer, helpful=True)

    for helpful, count in ((True, 1), (True, 1), (False, 0), (False, 0), (True, 1)):
        assert await shop.transact(reviews.vote, order.merchant_id, review_id, other, helpful=helpful) == count

    review = await one(shop, review_id)
    assert (review.helpful, review.worth) == (1, 13)
    assert await shop.ask(reviews.voted, other, [review]) == {review_id}


async def test_the_shop_replies_and_corrects_itself_for_a_day(shop: Database, world: World, buyer: BuyerId) -> None:
    order, (review_id,) = await reviewed(shop, [(world.items["nuts"].sku_id, 1)], buyer, 2)
    assert (await shop.ask(reviews.waiting_for_shop, order.merchant_id)).low_reviews == 1

    assert await shop.transact(reviews.reply, order.merchant_id, review_id, "Sorry") is None
    assert await shop.transact(reviews.reply, order.merchant_id, review_id, "So sorry") == "Sorry"
    assert (await shop.ask(reviews.waiting_for_shop, order.merchant_id)).reviews == 0
    await shop.transact(move_back, 2)
    with pytest.raises(ReplyFinal):
        await shop.transact(reviews.reply, order.merchant_id, review_id, "Not sorry")
    assert await shop.transact(reviews.reply, order.merchant_id, review_id, "So sorry") == "So sorry"


async def test_a_shop_does_not_reply_for_another(shop: Database, world: World, buyer: BuyerId) -> None:
    _, (review_id,) = await reviewed(shop, [(world.items["nuts"].sku_id, 1)], buyer, 2)
    for db, merchant_id in (
        (shop, world.tools.merchant_id),
        (shop.as_merchant(world.tools.merchant_id), world.tea.merchant_id),
    ):
        with pytest.raises(NotFound):
            await db.transact(reviews.reply, merchant_id, review_id, "Not ours")
    assert (await one(shop, review_id)).reply is None


async def test_what_is_hidden_counts_nowhere_and_is_written_down(
    shop: Database, world: World, buyer: BuyerId, other: BuyerId
) -> None:
    nuts = world.items["nuts"]
    _, (review_id,) = await reviewed(shop, [(nuts.sku_id, 1)], buyer, 1, text="Buy elsewhere: example.com")
    chief = await operator(shop, world)
    for _ in range(2):
        await shop.transact(reviews.report, Kind.REVIEW, review_id, other, ReportReason.ADVERTISING)
    (reported,) = (await shop.ask(reviews.reported)).items
    assert (reported.count, reported.reasons, reported.stars) == (1, [ReportReason.ADVERTISING], 1)

    with pytest.raises(Invalid):
        await shop.transact(reviews.hide, chief, Kind.REVIEW, review_id, Ground.ABUSE, " ")
    for _ in range(2):
        await shop.transact(reviews.hide, chief, Kind.REVIEW, review_id, Ground.ABUSE, "Advertising")

    assert (await shop.ask(reviews.rating, nuts.product_id)).count == 0
    assert not (await shop.ask(reviews.of_product, nuts.product_id)).items
    assert await shop.ask(reviews.open_reports) == 0
    log = (await shop.ask(access.audit_log, world.tea.merchant_id)).items
    assert [entry.action for entry in log if entry.action.startswith("reviews.")] == ["reviews.hide_review"]

    await shop.transact(reviews.show, chief, Kind.REVIEW, review_id)
    assert (await shop.ask(reviews.rating, nuts.product_id)).hundredths == 100


async def test_silence_is_no_review_unless_the_operator_says_so(shop: Database, world: World, buyer: BuyerId) -> None:
    nuts = world.items["nuts"]
    order = await received(shop, [(nuts.sku_id, 1)], buyer)
    await shop.transact(move_back, 20)
    assert await shop.transact(reviews.review_silence) == 0

    rules = Rules(write_days=90, follow_up_days=180, automatic_days=15)
    await shop.transact(reviews.set_rules, await operator(shop, world), rules)
    assert await shop.transact(reviews.review_silence) == 1
    assert await shop.transact(reviews.review_silence) == 0

    rating = await shop.ask(reviews.rating, nuts.product_id)
    assert (rating.silent, rating.count, rating.hundredths, rating.texts) == (1, 0, 0, 0)
    (shown,) = (await shop.ask(reviews.of_product, nuts.product_id)).items
    assert shown.automatic
    await shop.transact(reviews.write, said(order, 2, text="I had no time before"), [buyer])
    rating = await shop.ask(reviews.rating, nuts.product_id)
    assert (rating.silent, rating.count, rating.hundredths) == (0, 1, 200)


async def test_reviews_are_sorted_filtered_and_paged(shop: Database, world: World, buyer: BuyerId) -> None:
    nuts = world.items["nuts"]
    told = {3: "x" * 40, 5: ""}
    for stars, text in told.items():
        await reviewed(shop, [(nuts.sku_id, 1)], buyer, stars, text=text)
    await reviewed(shop, [(nuts.sku_id, 1)], buyer, 1, text="Bad", pictures=["p.webp"])

    async def listed(sort: Sort = Sort.USEFUL, only: Only = Only.ALL) -> list[int]:
        found, cursor = list[int](), None
        while True:
            page = await shop.ask(reviews.of_product, nuts.product_id, sort=sort, only=only, cursor=cursor, limit=1)
            found += [review.stars for review in page.items]
            if (cursor := page.next) is None:
                return found

    assert await listed() == [1, 3, 5]
    assert await listed(Sort.NEWEST) == [1, 5, 3]
    rating = await shop.ask(reviews.rating, nuts.product_id)
    for only in Only:
        for sort in Sort:
            assert len(await listed(sort, only)) == rating.of(only), only


async def test_shops_are_scored_every_day_and_compared_with_their_peers(
    shop: Database, world: World, buyer: BuyerId
) -> None:
    await reviewed(shop, [(world.items["nuts"].sku_id, 1)], buyer, 4, service=5, logistics=3)
    await reviewed(shop, [(world.items["black"].sku_id, 1)], buyer, 5, service=4, logistics=3)

    assert await shop.transact(reviews.score_shops) == 2
    assert await shop.transact(reviews.score_shops) == 0
    while await shop.transact(reviews.compare_shops):
        pass

    found = await shop.ask(reviews.scores, [world.tea.merchant_id, world.tools.merchant_id])
    assert set(found) == {world.tea.merchant_id}, "of whom nobody has said anything there is nothing to show"
    score = found[world.tea.merchant_id]
    assert (score.description, score.service, score.logistics, score.peers) == (450, 450, 300, 1)
    assert score.parts[0] == ("description", 450, 0)


async def test_who_is_forgotten_leaves_stars_and_words_but_no_name(
    shop: Database, world: World, buyer: BuyerId
) -> None:
    nuts = world.items["nuts"]
    _, (review_id,) = await reviewed(shop, [(nuts.sku_id, 1)], buyer, 4, text="Good", pictures=["me.webp"])
    assert len((await shop.ask(reviews.said_by, [buyer])).reviews) == 1

    for _ in range(2):
        await shop.transact(reviews.forget, [buyer])

    review = await one(shop, review_id)
    assert (review.author, review.pictures, review.text, review.stars) == ("", [], "Good", 4)


@given(st.lists(st.integers(1, 5), max_size=40))
def test_the_average_is_the_average(stars: list[int]) -> None:
    counts = {f"stars_{each}": stars.count(each) for each in range(1, 6)}
    rating = Rating(product_id=ids.mint(), **counts)  # pyright: ignore[reportArgumentType]  # any id
    assert rating.count == len(stars)
    if not stars:
        assert rating.hundredths == 0
        return
    exact = 100 * sum(stars) / len(stars)
    assert abs(rating.hundredths - exact) <= 0.5
    assert 100 * min(stars) <= rating.hundredths <= 100 * max(stars)
    assert sum(rating.of(only) for only in (Only.GOOD, Only.MIDDLING, Only.BAD)) == rating.count


def test_averages_are_rounded_half_up() -> None:
    assert [average(9, 2), average(14, 3), average(0, 0)] == [450, 467, 0]


@pytest.mark.parametrize(
    ("name", "shown"), [("", ""), ("李", "李**"), ("李秤", "李*"), ("李小秤", "李*秤"), ("Anna Smith", "A***h")]
)
def test_names_are_masked(name: str, shown: str) -> None:
    assert masked(name) == shown


async def test_ratings_hold_through_any_sequence(shop: Database, world: World, buyer: BuyerId, other: BuyerId) -> None:
    """What is counted step by step is what would be counted from the beginning: `checks.sql` says so at the end too."""
    nuts, chief = world.items["nuts"], await operator(shop, world)
    written: list[ReviewId] = []
    for stars in (5, 3, 1):
        _, (review_id,) = await reviewed(shop, [(nuts.sku_id, 1)], buyer, stars, text="Words" if stars > 1 else "")
        written.append(review_id)
    await shop.transact(reviews.hide, chief, Kind.REVIEW, written[0], Ground.ABUSE, "Why not")
    await shop.transact(reviews.follow_up, nuts.merchant_id, written[0], [buyer], "Followed up while hidden")
    await shop.transact(reviews.follow_up, nuts.merchant_id, written[1], [buyer], "Followed up")
    await shop.transact(reviews.show, chief, Kind.REVIEW, written[0])
    await shop.transact(reviews.hide, chief, Kind.REVIEW, written[1], Ground.ABUSE, "Why not")

    rating = await shop.ask(reviews.rating, nuts.product_id)
    counted = [sum(column) for column in zip(*[counts_of(await one(shop, each)) for each in written], strict=True)]
    assert counted == [rating.stars_1, rating.stars_2, rating.stars_3, rating.stars_4, rating.stars_5, rating.texts,
                       rating.pictured, rating.followed_up, rating.silent]  # fmt: skip
    assert isinstance(rating.product_id, UUID)
