"""Commands on reviews: writing, following up, voting, the shop's reply."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import screening
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.screening.model import Area, Said
from steelyard.trade import orders, rewards
from steelyard.trade.orders.model import Order, OrderLine, OrderState
from steelyard.trade.reviews.events import OpinionsChanged, ReviewsWritten
from steelyard.trade.reviews.holding import held_back
from steelyard.trade.reviews.model import (
    PICTURES_PER_REVIEW_MAX,
    REPLY_CHARACTERS_MAX,
    REPLY_EDITABLE_HOURS,
    STARS_MAX,
    TEXT_CHARACTERS_MAX,
    VOTE_WORTH,
    AlreadyReviewed,
    Kind,
    NewReview,
    NotReceived,
    OrderReview,
    OwnReview,
    ReplyFinal,
    Review,
    ReviewId,
    ReviewTooLate,
    masked,
    worth_of,
)
from steelyard.trade.reviews.queries import rules
from steelyard.trade.reviews.ratings import recount


async def write(tx: Tx, review: OrderReview, buyers: Sequence[BuyerId]) -> list[ReviewId]:
    """Review lines of an order that one of `buyers` has received. Said twice with the same ids, nothing changes.

    Service and logistics count as said with the first review of the order. Raises `NotFound` for somebody else's order,
    `NotReceived`, `ReviewTooLate`, `AlreadyReviewed` and `Invalid`.
    """
    order = await orders.lock_order(tx, review.merchant_id, review.order_id)
    if order.buyer_id not in buyers:
        raise NotFound()
    lines = {line.line: line for line in (await orders.lines_of(tx, [order.order_id]))[order.order_id]}
    _check(review, lines)
    period = await rules(tx)
    since = received_at(order)
    if since is None or any(not reviewable(lines[each.line]) for each in review.lines):
        raise NotReceived()
    if datetime.now(UTC) > since + timedelta(days=period.write_days):
        raise ReviewTooLate(days=period.write_days)
    review, waits = await _screened(tx, review)
    written = await _speak_up(tx, order, review, waits) + await _insert(tx, order, review, waits)
    known = {row["review_id"] for row in await tx.fetch(
        "SELECT review_id FROM reviews WHERE merchant_id = $1 AND order_id = $2", order.merchant_id, order.order_id
    )}  # fmt: skip
    if any(each.review_id not in known for each in review.lines):
        raise AlreadyReviewed()
    if not written:
        return []
    await tx.execute(
        """
        INSERT INTO order_scores (merchant_id, order_id, service, logistics) VALUES ($1, $2, $3, $4)
        ON CONFLICT (merchant_id, order_id) DO NOTHING
        """,
        order.merchant_id,
        order.order_id,
        review.service,
        review.logistics,
    )
    await recount(tx, [(None, each) for each in written])
    await held_back(
        tx, order.merchant_id, Kind.REVIEW, {each.review_id: waits[each.line] for each in written if each.line in waits}
    )
    review_ids = [each.review_id for each in written]
    await rewards.for_reviews(tx, order.buyer_id, order.order_id, review_ids)
    await events.publish(
        tx, ReviewsWritten(merchant_id=order.merchant_id, order_id=order.order_id, review_ids=[*review_ids])
    )
    return review_ids


def received_at(order: Order) -> datetime | None:
    """Since when the buyer has the goods."""
    if order.state is OrderState.COMPLETED:
        return order.delivered_at or order.completed_at
    return order.delivered_at if order.state is OrderState.SHIPPED else None


def reviewable(line: OrderLine) -> bool:
    """Something of it was kept, and it is goods."""
    return line.kind == "goods" and line.refunded_quantity < line.quantity


def _check(review: OrderReview, lines: dict[int, OrderLine]) -> None:
    wrong: dict[str, str] = {}
    if not review.lines:
        wrong["stars"] = N_("Please give stars to at least one article")
    for name in ("service", "logistics"):
        if not 1 <= getattr(review, name) <= STARS_MAX:
            wrong[name] = N_("Please choose one to five stars")
    for each in review.lines:
        if each.line not in lines:
            raise NotFound()
        wrong |= {f"{name}-{each.line}": what for name, what in _wrong_with(each).items()}
    if wrong:
        raise Invalid(wrong)


def _wrong_with(new: NewReview) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not 1 <= new.stars <= STARS_MAX:
        wrong["stars"] = N_("Please choose one to five stars")
    return wrong | wrong_words(new.text, new.pictures)


def wrong_words(text: str, pictures: Sequence[str]) -> dict[str, str]:
    """What is wrong with words and pictures, by the name of the field."""
    wrong: dict[str, str] = {}
    if len(text) > TEXT_CHARACTERS_MAX:
        wrong["text"] = N_("This text is too long")
    if len(pictures) > PICTURES_PER_REVIEW_MAX:
        wrong["pictures"] = N_("There can be at most six pictures")
    return wrong


async def _screened(tx: Tx, review: OrderReview) -> tuple[OrderReview, dict[int, str]]:
    """The review as it may be written, and of which lines the words wait for a look. Raises `Invalid`."""
    said = [Said(field=f"text-{each.line}", area=Area.REVIEW, text=each.text.strip()) for each in review.lines]
    screened = await screening.screen(tx, said, can_wait=True)
    lines = [msgspec.structs.replace(each, text=text) for each, text in zip(review.lines, screened.texts, strict=True)]
    waits = {each.line: words for each, words in zip(lines, map(screened.why, range(len(lines))), strict=True) if words}
    return msgspec.structs.replace(review, lines=lines), waits


async def _insert(tx: Tx, order: Order, review: OrderReview, waits: dict[int, str]) -> list[Review]:
    said = sorted(review.lines, key=lambda each: each.line)
    author = "" if review.anonymous else masked(review.author)
    # Lists of their own length in each row travel as JSON: unnest would flatten them.
    return await tx.all(
        Review,
        """
        INSERT INTO reviews AS r (merchant_id, review_id, product_id, sku_id, order_id, line, buyer_id, author, locale
                                , options, stars, text, pictures, worth, hidden_at, hidden_ground, hidden_reason)
        SELECT $1, n.review_id, l.product_id, l.sku_id, $2, n.line, $3, $4, $5, l.options, n.stars, n.text
             , ARRAY(SELECT jsonb_array_elements_text(p.said)), n.worth
             , CASE WHEN n.waits IS NOT NULL THEN now() END, CASE WHEN n.waits IS NOT NULL THEN 'held' END, n.waits
        FROM unnest($6::uuid[], $7::integer[], $8::smallint[], $9::text[], $10::integer[], $12::text[])
                 WITH ORDINALITY AS n (review_id, line, stars, text, worth, waits, place)
        JOIN jsonb_array_elements($11::jsonb) WITH ORDINALITY AS p (said, place) USING (place)
        JOIN order_lines l ON l.merchant_id = $1 AND l.order_id = $2 AND l.line = n.line
        ON CONFLICT DO NOTHING
        RETURNING r.merchant_id, r.review_id, r.product_id, r.order_id, r.line, r.buyer_id, r.author, r.locale, r.options
                , r.stars, r.text, r.pictures, r.automatic, r.written_at, r.follow_up, r.follow_up_pictures
                , r.followed_up_at, r.reply, r.replied_at, r.helpful, r.worth, r.hidden_at, r.hidden_reason, r.hidden_ground
        """,
        order.merchant_id,
        order.order_id,
        order.buyer_id,
        author,
        review.locale,
        [each.review_id for each in said],
        [each.line for each in said],
        [each.stars for each in said],
        [each.text for each in said],
        [worth_of(each.text, len(each.pictures)) for each in said],
        [list(each.pictures) for each in said],
        [waits.get(each.line) for each in said],
    )


async def _speak_up(tx: Tx, order: Order, review: OrderReview, waits: dict[int, str]) -> list[Review]:
    """What the buyer says takes the place of what silence said, in the same row: none is ever deleted. Ratings no longer
    count the silence."""
    silent = await tx.all(
        Review,
        """
        SELECT r.merchant_id, r.review_id, r.product_id, r.order_id, r.line, r.buyer_id, r.author, r.locale, r.options
             , r.stars, r.text, r.pictures, r.automatic, r.written_at, r.follow_up, r.follow_up_pictures
             , r.followed_up_at, r.reply, r.replied_at, r.helpful, r.worth, r.hidden_at, r.hidden_reason, r.hidden_ground
        FROM reviews r WHERE r.merchant_id = $1 AND r.order_id = $2 AND r.line = ANY($3) AND r.automatic
        ORDER BY r.review_id FOR UPDATE
        """,
        order.merchant_id,
        order.order_id,
        [each.line for each in review.lines],
    )
    if not silent:
        return []
    lines = {each.line for each in silent}
    said = [each for each in review.lines if each.line in lines]
    spoken = await tx.all(
        Review,
        """
        UPDATE reviews r
        SET review_id = n.review_id, author = $3, locale = $4, stars = n.stars, text = n.text, worth = n.worth
          , pictures = ARRAY(SELECT jsonb_array_elements_text(n.said)), automatic = false, written_at = now()
          , hidden_at = CASE WHEN n.waits IS NOT NULL THEN now() END
          , hidden_ground = CASE WHEN n.waits IS NOT NULL THEN 'held' END, hidden_reason = n.waits
        FROM (SELECT u.review_id, u.line, u.stars, u.text, u.worth, u.waits, p.said
              FROM unnest($5::uuid[], $6::integer[], $7::smallint[], $8::text[], $9::integer[], $10::text[])
                       WITH ORDINALITY AS u (review_id, line, stars, text, worth, waits, place)
              JOIN jsonb_array_elements($11::jsonb) WITH ORDINALITY AS p (said, place) USING (place)) n
        WHERE r.merchant_id = $1 AND r.order_id = $2 AND r.line = n.line AND r.automatic
          AND NOT EXISTS (SELECT FROM reviews o WHERE o.merchant_id = $1 AND o.review_id = n.review_id)
        RETURNING r.merchant_id, r.review_id, r.product_id, r.order_id, r.line, r.buyer_id, r.author, r.locale, r.options
                , r.stars, r.text, r.pictures, r.automatic, r.written_at, r.follow_up, r.follow_up_pictures
                , r.followed_up_at, r.reply, r.replied_at, r.helpful, r.worth, r.hidden_at, r.hidden_reason, r.hidden_ground
        """,
        order.merchant_id,
        order.order_id,
        "" if review.anonymous else masked(review.author),
        review.locale,
        [each.review_id for each in said],
        [each.line for each in said],
        [each.stars for each in said],
        [each.text for each in said],
        [worth_of(each.text, len(each.pictures)) for each in said],
        [waits.get(each.line) for each in said],
        [list(each.pictures) for each in said],
    )
    replaced = {each.line for each in spoken}
    await recount(
        tx,
        [
            (each, msgspec.structs.replace(each, hidden_at=datetime.now(UTC), hidden_reason=""))
            for each in silent
            if each.line in replaced
        ],
    )
    return spoken


async def held(tx: Tx, merchant_id: MerchantId, review_id: ReviewId) -> Review:
    """A review, locked. Raises `NotFound`."""
    found = await tx.one(
        Review,
        """
        SELECT r.merchant_id, r.review_id, r.product_id, r.order_id, r.line, r.buyer_id, r.author, r.locale, r.options
             , r.stars, r.text, r.pictures, r.automatic, r.written_at, r.follow_up, r.follow_up_pictures
             , r.followed_up_at, r.reply, r.replied_at, r.helpful, r.worth, r.hidden_at, r.hidden_reason, r.hidden_ground
        FROM reviews r WHERE r.merchant_id = $1 AND r.review_id = $2 FOR NO KEY UPDATE
        """,
        merchant_id,
        review_id,
    )
    if found is None:
        raise NotFound()
    return found


async def follow_up(
    tx: Tx,
    merchant_id: MerchantId,
    review_id: ReviewId,
    buyers: Sequence[BuyerId],
    text: str,
    pictures: Sequence[str] = (),
) -> None:
    """Say after some time how it holds up, once. The same words again change nothing.

    Raises `NotFound`, `ReviewTooLate`, `AlreadyReviewed`, `Invalid`.
    """
    before = await held(tx, merchant_id, review_id)
    if before.buyer_id not in buyers or before.automatic:
        raise NotFound()
    text = text.strip()
    wrong = wrong_words(text, pictures)
    if not text:
        wrong["text"] = N_("Please write a few words")
    if wrong:
        raise Invalid(wrong)
    if before.follow_up is not None:
        if before.follow_up == text:
            return
        raise AlreadyReviewed()
    period = await rules(tx)
    if datetime.now(UTC) > before.written_at + timedelta(days=period.follow_up_days):
        raise ReviewTooLate(days=period.follow_up_days)
    # It stands below what others read already, so that it cannot wait.
    screened = await screening.screen(tx, [Said(field="text", area=Area.REVIEW, text=text)])
    (text,) = screened.texts
    gain = worth_of(before.text, len(before.pictures) + len(pictures), text) - worth_of(
        before.text, len(before.pictures)
    )
    await tx.execute(
        """
        UPDATE reviews SET follow_up = $3, follow_up_pictures = $4, followed_up_at = now(), worth = worth + $5
        WHERE merchant_id = $1 AND review_id = $2
        """,
        merchant_id,
        review_id,
        text,
        list(pictures),
        gain,
    )
    after = msgspec.structs.replace(before, follow_up=text, follow_up_pictures=list(pictures))
    await recount(tx, [(before, after)])


async def vote(tx: Tx, merchant_id: MerchantId, review_id: ReviewId, buyer_id: BuyerId, *, helpful: bool) -> int:
    """Say that a review helped, or take it back; returns how many say so. Said twice, it counts once.

    Raises `NotFound`, `OwnReview`.
    """
    review = await held(tx, merchant_id, review_id)
    if review.hidden_at is not None or review.automatic:
        raise NotFound()
    if review.buyer_id == buyer_id:
        raise OwnReview()
    if helpful:
        changed = await tx.execute(
            """
            INSERT INTO review_votes (merchant_id, review_id, buyer_id) VALUES ($1, $2, $3)
            ON CONFLICT (merchant_id, review_id, buyer_id) DO NOTHING
            """,
            merchant_id,
            review_id,
            buyer_id,
        )
    else:
        changed = -await tx.execute(
            "DELETE FROM review_votes WHERE merchant_id = $1 AND review_id = $2 AND buyer_id = $3",
            merchant_id,
            review_id,
            buyer_id,
        )
    if changed:
        await tx.execute(
            "UPDATE reviews SET helpful = helpful + $3, worth = worth + $4 WHERE merchant_id = $1 AND review_id = $2",
            merchant_id,
            review_id,
            changed,
            changed * VOTE_WORTH,
        )
    return review.helpful + changed


async def reply(tx: Tx, merchant_id: MerchantId, review_id: ReviewId, text: str) -> str | None:
    """The shop answers a review; within a day it may correct its words. Returns what stood there before.

    Raises `NotFound`, `ReplyFinal`, `Invalid`.
    """
    review = await held(tx, merchant_id, review_id)
    text = text.strip()
    if not text:
        raise Invalid({"reply": N_("Please write a few words")})
    if len(text) > REPLY_CHARACTERS_MAX:
        raise Invalid({"reply": N_("This text is too long")})
    final = review.replied_at is not None and datetime.now(UTC) > review.replied_at + timedelta(
        hours=REPLY_EDITABLE_HOURS
    )
    if final and review.reply != text:
        raise ReplyFinal(hours=REPLY_EDITABLE_HOURS)
    (text,) = (await screening.screen(tx, [Said(field="reply", area=Area.REPLY, text=text)])).texts
    await tx.execute(
        """
        UPDATE reviews SET reply = $3, replied_at = coalesce(replied_at, now())
        WHERE merchant_id = $1 AND review_id = $2
        """,
        merchant_id,
        review_id,
        text,
    )
    await events.publish(tx, OpinionsChanged(merchant_id=merchant_id, product_ids=[review.product_id]))
    return review.reply
