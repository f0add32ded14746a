"""Commands of shops and of the platform: make, change before it begins, stop. Buyers' are in `claiming`, those of orders in
`using`."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.goods.promotions.lowering import Told, announce
from steelyard.goods.promotions.model import (
    AmountOff,
    Bundle,
    BuyGet,
    FreeShipping,
    Gift,
    Ladder,
    Offer,
    OfferBegun,
    PiecesFor,
    RateOff,
    Rule,
    SpecialPrice,
)
from steelyard.goods.promotions.queries import KEPT, get
from steelyard.goods.promotions.rules import named
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION

STEPS_MAX = 5
PRODUCTS_PER_OFFER_MAX = 200
OFFERS_PER_MERCHANT_MAX = 500
AMOUNT_MAX = 10**12
PIECES_MAX = 9_999
GIFT_PIECES_MAX = 99
PARTS_MAX = 10


async def save(tx: Tx, offer: Offer) -> None:
    """Offer this from its beginning on. Until then it can be saved again, otherwise; said twice, nothing changes.

    Raises `Invalid`, `OfferBegun`, and `Invalid` when a code is taken or there are too many.
    """
    check(offer)
    await _only_so_many(tx, offer)
    await _of_its_shop(tx, offer)
    tx.kept.pop(KEPT, None)
    written = await tx.execute(
        """
        INSERT INTO promotions AS p (merchant_id, promotion_id, name, rule, scope, currency, starts_at, ends_at, coupon
                                   , code, copies, per_buyer, budget, platform_millionths, new_buyers, given, group_id
                                   , shelf)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        ON CONFLICT (merchant_id, promotion_id) DO UPDATE
        SET name = excluded.name, rule = excluded.rule, scope = excluded.scope, starts_at = excluded.starts_at
          , ends_at = excluded.ends_at, coupon = excluded.coupon, code = excluded.code, copies = excluded.copies
          , per_buyer = excluded.per_buyer, budget = excluded.budget
          , platform_millionths = excluded.platform_millionths, new_buyers = excluded.new_buyers
          , given = excluded.given, group_id = excluded.group_id, shelf = excluded.shelf
          , created_at = CASE WHEN p.starts_at > now() THEN now() ELSE p.created_at END
        WHERE p.starts_at > now() AND p.stopped_at IS NULL AND p.claimed = 0
           OR (p.name, p.rule, p.scope, p.starts_at, p.ends_at, p.coupon, p.platform_millionths, p.new_buyers, p.given, p.shelf
             , coalesce(p.group_id, p.promotion_id))
            = (excluded.name, excluded.rule, excluded.scope, excluded.starts_at, excluded.ends_at, excluded.coupon
             , excluded.platform_millionths, excluded.new_buyers, excluded.given, excluded.shelf
             , coalesce(excluded.group_id, excluded.promotion_id))
        """,
        offer.merchant_id,
        offer.promotion_id,
        offer.name,
        offer.rule,
        offer.scope,
        offer.currency,
        offer.starts_at,
        offer.ends_at,
        offer.coupon,
        offer.code,
        offer.copies,
        offer.per_buyer,
        offer.budget,
        offer.platform_millionths,
        offer.new_buyers,
        offer.given,
        offer.group_id,
        offer.shelf,
    )
    if not written:
        raise OfferBegun()


async def _only_so_many(tx: Tx, offer: Offer) -> None:
    taken = await tx.value(
        "SELECT true FROM promotions WHERE merchant_id = $1 AND code = $2 AND promotion_id <> $3",
        offer.merchant_id,
        offer.code,
        offer.promotion_id,
    )
    if taken:
        raise Invalid({"code": N_("Another coupon of yours has this code")})
    count = await tx.value(
        "SELECT count(*) FROM promotions "
        "WHERE merchant_id = $1 AND session_id IS NULL AND stopped_at IS NULL AND ends_at > now()",
        offer.merchant_id,
    )
    if count >= OFFERS_PER_MERCHANT_MAX:
        raise Invalid({"name": N_("There are too many offers at once. Please stop some of them.")})


async def _of_its_shop(tx: Tx, offer: Offer) -> None:
    """What an offer names by its variants is sold by whose offer it is, and whom it is for is known there."""
    if offer.group_id is not None and not await tx.value(
        "SELECT true FROM customer_groups WHERE merchant_id = $1 AND group_id = $2 AND closed_at IS NULL",
        offer.merchant_id,
        offer.group_id,
    ):
        raise Invalid({"group": N_("Please choose one of your groups")})
    skus = sorted(named(offer.rule))
    if not skus:
        return
    known = await tx.value(
        "SELECT count(*) FROM skus WHERE merchant_id = $1 AND sku_id = ANY($2)", offer.merchant_id, skus
    )
    if known != len(skus):
        raise Invalid({"rule": N_("Please choose goods of this shop")})
    if isinstance(offer.rule, Gift):
        costs = await tx.value(
            "SELECT amount FROM prices WHERE merchant_id = $1 AND sku_id = $2 AND currency = $3",
            offer.merchant_id,
            offer.rule.sku_id,
            offer.currency,
        )
        if offer.rule.worth > (costs or 0):
            raise Invalid({"worth": N_("A gift is worth no more than it costs in your shop")})


async def extend(
    tx: Tx, merchant_id: UUID, promotion_id: UUID, *, ends_at: datetime, budget: int | None, seen: str
) -> tuple[Offer, Offer]:
    """Let it run longer, and with more money; nothing else changes once it has begun. `seen`: its `version_of` when it was
    looked at. Returns what it was and what it is. Said twice, nothing changes.

    Raises `NotFound`, and `Invalid` for an earlier end, a smaller budget, and when it is over or was changed meanwhile.
    """
    before = await _held(tx, merchant_id, promotion_id)
    if before is None:
        raise NotFound()
    after = msgspec.structs.replace(before, ends_at=ends_at, budget=budget)
    if after == before:
        return before, before
    wrong: dict[str, str] = {}
    if before.stopped_at is not None or before.ends_at <= datetime.now(UTC):
        wrong["ends_at"] = N_("It is over. Please make another.")
    elif version_of(before) != seen:
        wrong["ends_at"] = N_("A colleague has changed this meanwhile. Save again to keep yours.")
    elif ends_at < before.ends_at:
        wrong["ends_at"] = N_("Buyers were told that it runs longer: the end can only be put off")
    if (budget is None) != (before.budget is None) or (budget or 0) < (before.budget or 0):
        wrong["budget"] = N_("The budget can only be raised")
    elif budget is not None and budget > AMOUNT_MAX:
        wrong["budget"] = N_("Please enter an amount above zero")
    if wrong:
        raise Invalid(wrong)
    await tx.execute(
        "UPDATE promotions SET ends_at = $3, budget = $4 WHERE merchant_id = $1 AND promotion_id = $2",
        merchant_id,
        promotion_id,
        ends_at,
        budget,
    )
    tx.kept.pop(KEPT, None)
    if after.shelf:
        await announce(tx, [Told(merchant_id=merchant_id, promotion_id=promotion_id, scope=after.scope)])
    return before, after


async def change(tx: Tx, offer: Offer, seen: str) -> Offer | None:
    """`save` what was looked at as `seen` (its `version_of`; the empty word: it was not there). Returns what it was before.

    Raises what `save` raises, and `Invalid` when it was changed meanwhile.
    """
    before = await _held(tx, offer.merchant_id, offer.promotion_id)
    if before is not None and version_of(before) != seen and version_of(before) != version_of(offer):
        raise Invalid({"name_zh": N_("A colleague has changed this meanwhile. Save again to keep yours.")})
    await save(tx, offer)
    return before


def version_of(offer: Offer) -> str:
    """What it says, in short: two windows with different ones have different promotions before them."""
    starts, ends = offer.starts_at.astimezone(UTC), offer.ends_at.astimezone(UTC)
    said = msgspec.structs.replace(
        offer, starts_at=starts, ends_at=ends, claimed=0, spent=0, stopped_at=None, flash=None
    )
    plain = msgspec.to_builtins(said, str_keys=True, order="deterministic")
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).hexdigest()[:16]


async def _held(tx: Tx, merchant_id: UUID, promotion_id: UUID) -> Offer | None:
    await tx.fetch(
        "SELECT FROM promotions WHERE merchant_id = $1 AND promotion_id = $2 FOR NO KEY UPDATE",
        merchant_id,
        promotion_id,
    )
    return await get(tx, merchant_id, promotion_id)


async def stop(tx: Tx, merchant_id: UUID, promotion_id: UUID) -> None:
    """It counts for nothing that is placed from now on. Said twice, nothing changes. Raises `NotFound`."""
    tx.kept.pop(KEPT, None)
    row = await tx.row(
        """
        UPDATE promotions p SET stopped_at = coalesce(p.stopped_at, now())
             , hidden_at = CASE WHEN p.shelf THEN coalesce(p.hidden_at, now()) END
        FROM promotions o
        WHERE p.merchant_id = $1 AND p.promotion_id = $2 AND p.session_id IS NULL
          AND o.merchant_id = p.merchant_id AND o.promotion_id = p.promotion_id
        RETURNING o.shelf AND o.hidden_at IS NULL AS shown
        """,
        merchant_id,
        promotion_id,
    )
    if row is None:
        raise NotFound()
    stopped = await get(tx, merchant_id, promotion_id) if row["shown"] else None
    if stopped is not None:
        await announce(tx, [Told(merchant_id=merchant_id, promotion_id=promotion_id, scope=stopped.scope)])


def check(offer: Offer) -> None:
    """Raises `Invalid` for what nobody can offer."""
    wrong = wrong_in(offer.rule)
    if offer.starts_at >= offer.ends_at or offer.ends_at <= datetime.now(UTC):
        wrong["ends_at"] = N_("It ends after it begins, and not in the past")
    if len(offer.scope.products) > PRODUCTS_PER_OFFER_MAX:
        wrong["products"] = N_("At most 200 products can be named")
    if offer.budget is not None and not 0 < offer.budget <= AMOUNT_MAX:
        wrong["budget"] = N_("Please enter an amount above zero")
    if offer.copies is not None and offer.copies < 1:
        wrong["copies"] = N_("Please enter a number above zero")
    if offer.coupon != (offer.per_buyer is not None) or (offer.per_buyer or 1) < 1:
        wrong["per_buyer"] = N_("Please enter a number above zero")
    if not 0 <= offer.platform_millionths <= (PARTS_PER_MILLION if offer.of_platform else 0):
        wrong["platform"] = N_("Please enter a percentage from 0 to 100")
    wrong |= _wrong_goods(offer)
    if offer.new_buyers and not offer.coupon:
        wrong["new_buyers"] = N_("Only a coupon can be for new buyers alone")
    if offer.given and (not offer.coupon or offer.code):
        wrong["given"] = N_("What is given is a coupon, and has no code")
    if wrong:
        raise Invalid(wrong)


def _wrong_goods(offer: Offer) -> dict[str, str]:
    """What is given, or sold together, is of one shop; what is given takes nothing off that a budget could count."""
    if offer.of_platform and isinstance(offer.rule, Gift | Bundle):
        return {"rule": N_("Please choose goods of this shop")}
    if offer.group_id is not None and (offer.coupon or offer.of_platform):
        return {"group": N_("A coupon is for who holds it, not for a group")}
    if isinstance(offer.rule, SpecialPrice) and offer.group_id is None and not offer.shelf:
        return {"group": N_("Please choose one of your groups")}
    if isinstance(offer.rule, Gift) and offer.budget is not None:
        return {"budget": N_("A gift ends with its stock, and has no budget")}
    return _wrong_shelf(offer) if offer.shelf else {}


def _wrong_shelf(offer: Offer) -> dict[str, str]:
    """What stands on every card is everybody's, and does not change with the next order."""
    if not isinstance(offer.rule, SpecialPrice) or offer.group_id or offer.coupon or offer.of_platform:
        return {"rule": N_("A lower price on the shelf is everybody's, and needs no coupon")}
    if offer.budget is not None:
        return {"budget": N_("A price that everybody sees has no budget: it would change with every order")}
    return {}


def wrong_in(rule: Rule) -> dict[str, str]:
    """What a shop cannot offer, by field."""
    match rule:
        case AmountOff():
            fine = all(0 < step.off <= max(step.over, 1) <= AMOUNT_MAX for step in rule.steps)
        case RateOff() | Ladder():
            fine = all(0 < step.off < PARTS_PER_MILLION and 0 <= step.over <= AMOUNT_MAX for step in rule.steps)
        case BuyGet():
            fine = 0 < rule.buy <= PIECES_MAX and 0 < rule.get <= PIECES_MAX
        case PiecesFor():
            fine = 0 < rule.pieces <= PIECES_MAX and 0 < rule.price <= AMOUNT_MAX
        case FreeShipping():
            fine = 0 <= rule.over <= AMOUNT_MAX
        case SpecialPrice():
            rate, price = (
                0 < rule.millionths < PARTS_PER_MILLION,
                rule.price is not None and 0 < rule.price <= AMOUNT_MAX,
            )
            fine = not rule.prices and [rate, 0 < rule.off <= AMOUNT_MAX, price].count(True) == 1
            fine = fine and [rule.millionths != 0, rule.off != 0, rule.price is not None].count(True) == 1
        case Gift():
            fine = 0 <= rule.over <= AMOUNT_MAX and 0 < rule.pieces <= GIFT_PIECES_MAX and 0 <= rule.worth <= AMOUNT_MAX
        case Bundle():
            pieces = rule.parts.values()
            fine = 1 < sum(pieces) <= PIECES_MAX and all(count > 0 for count in pieces) and 0 < rule.price <= AMOUNT_MAX
            fine = fine and len(rule.parts) <= PARTS_MAX
    steps = getattr(rule, "steps", (None,))
    if not fine or not 0 < len(steps) <= STEPS_MAX:
        return {"rule": N_("Please check the numbers: what is taken off is above zero, and no more than its threshold")}
    if len({step.over for step in steps if step}) != len([step for step in steps if step]):
        return {"rule": N_("Each threshold is named once")}
    return {}
