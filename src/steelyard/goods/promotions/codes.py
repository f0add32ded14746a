"""Codes that come with a cart: which coupons they are for, without claiming them before an order is placed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from steelyard.goods.promotions.model import PLATFORM, Code, CodeState, Entered, Offer, OfferState
from steelyard.kernel.db import Read

CODES_PER_CART_MAX = 10
CODE_CHARACTERS_MAX = 40


def tidied(code: str) -> str:
    """A code as it is kept: spaces around it and small letters make no difference."""
    return code.strip().upper()


async def understood(read: Read, entered: Sequence[Entered]) -> list[list[Code]]:
    """What each of these codes is, in their order; nothing is asked where none are entered."""
    wanted = sorted({tidied(code) for each in entered for code in each.codes})
    if not wanted:
        return [[] for _ in entered]
    offers = await _with_codes(read, entered, wanted)
    have = await _had(read, {each.buyer_id for each in entered if each.buyer_id is not None}, offers)
    at = datetime.now(UTC)
    return [[_code(tidied(code), each, offers, have, at) for code in each.codes] for each in entered]


async def _with_codes(read: Read, entered: Sequence[Entered], wanted: Sequence[str]) -> list[Offer]:
    return await read.all(
        Offer,
        """
        SELECT merchant_id, promotion_id, name, rule, scope, currency, starts_at, ends_at, coupon, code, copies, per_buyer
             , budget, claimed, spent, stopped_at, platform_millionths, new_buyers, given
        FROM promotions WHERE merchant_id = ANY($1) AND code = ANY($2) ORDER BY merchant_id, promotion_id
        """,
        list({PLATFORM, *(merchant_id for each in entered for merchant_id in each.merchant_ids)}),
        wanted,
    )


async def _had(read: Read, buyer_ids: set[UUID], offers: Sequence[Offer]) -> dict[tuple[UUID, UUID], tuple[int, int]]:
    """How many of these coupons each buyer has had, and how many of those are unused."""
    if not buyer_ids or not offers:
        return {}
    rows = await read.fetch(
        """
        SELECT buyer_id, promotion_id, count(*) AS claims, count(*) FILTER (WHERE used_for IS NULL) AS unused
        FROM coupon_claims WHERE buyer_id = ANY($1) AND promotion_id = ANY($2) GROUP BY 1, 2
        """,
        list(buyer_ids),
        [offer.promotion_id for offer in offers],
    )
    return {(row["buyer_id"], row["promotion_id"]): (row["claims"], row["unused"]) for row in rows}


def _code(
    code: str,
    entered: Entered,
    offers: Sequence[Offer],
    have: dict[tuple[UUID, UUID], tuple[int, int]],
    at: datetime,
) -> Code:
    mine = [each for each in offers if each.code == code and each.merchant_id in {PLATFORM, *entered.merchant_ids}]
    states: list[CodeState] = []
    known: list[Offer] = []
    for offer in mine:
        claims, unused = (
            (0, 0) if entered.buyer_id is None else have.get((entered.buyer_id, offer.promotion_id), (0, 0))
        )
        state = _state(offer, claims, unused, at)
        states.append(state)
        if state is CodeState.KNOWN:
            known.append(offer)
    if known:
        return Code(code=code, state=CodeState.KNOWN, promotion_ids=tuple(each.promotion_id for each in known))
    return Code(code=code, state=next((each for each in states if each is not CodeState.UNKNOWN), CodeState.UNKNOWN))


def _state(offer: Offer, claims: int, unused: int, at: datetime) -> CodeState:
    match offer.state(at):
        case OfferState.TO_COME:
            return CodeState.UNKNOWN
        case OfferState.OVER | OfferState.STOPPED:
            return CodeState.OVER
        case OfferState.SPENT:
            return CodeState.GONE
        case OfferState.RUNNING if unused:
            return CodeState.KNOWN
        case OfferState.RUNNING if claims >= (offer.per_buyer or 0):
            return CodeState.HAD
        case OfferState.RUNNING:
            return CodeState.GONE if offer.gone else CodeState.KNOWN
