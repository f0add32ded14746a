"""Commands of shops and of the platform: offer a product to teams, change what is offered, stop it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.goods import pricing
from steelyard.goods.catalog.model import SkuId
from steelyard.kernel import keeping
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.groups.joining import changed, lock_offers
from steelyard.trade.groups.model import (
    HOURS_MAX,
    PIECES_MAX,
    REASON_CHARACTERS_MAX,
    SIZE_MAX,
    NewOffer,
    Offer,
    OfferInUse,
)
from steelyard.trade.groups.paying import fail_all
from steelyard.trade.groups.queries import KEPT

DAYS_MAX = 90


async def make(tx: Tx, wanted: NewOffer) -> None:
    """Offer a product to teams. Said twice, the second changes nothing.

    Raises `Invalid`, by field: for goods that are not the shop's, have no price, or cost no less; for a product that is
    offered to teams in that time already; and for numbers and days that cannot be.
    """
    known = await tx.value(
        "SELECT true FROM group_offers WHERE merchant_id = $1 AND offer_id = $2", wanted.merchant_id, wanted.offer_id
    )
    if known:
        return
    currency = await _check(tx, wanted, datetime.now(UTC))
    if wanted.ends_at <= datetime.now(UTC):
        raise Invalid({"ends_at": N_("It ends after it begins, and not in the past")})
    keeping.forget(tx, KEPT)
    await tx.execute(
        """
        INSERT INTO group_offers (merchant_id, offer_id, product_id, prices, currency, size, hours, pieces, per_buyer, enough
                                , starts_at, ends_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (merchant_id, offer_id) DO NOTHING
        """,
        wanted.merchant_id,
        wanted.offer_id,
        wanted.product_id,
        _written(wanted.prices),
        currency,
        wanted.size,
        wanted.hours,
        wanted.pieces,
        wanted.per_buyer,
        wanted.enough,
        wanted.starts_at,
        wanted.ends_at,
    )
    await changed(tx, [(wanted.merchant_id, wanted.product_id)])


async def change(tx: Tx, wanted: NewOffer) -> Offer:
    """Offer it otherwise; returns the offer as it was. Once a team was begun, only how many pieces there are, how many a
    buyer can have, and the end are changed.

    Raises `NotFound`, `OfferInUse`, `Invalid`.
    """
    before = (await lock_offers(tx, [(wanted.merchant_id, wanted.offer_id)])).get(wanted.offer_id)
    if before is None or before.stopped_at is not None:
        raise NotFound()
    begun = await tx.value(
        "SELECT EXISTS (SELECT FROM group_teams WHERE merchant_id = $1 AND offer_id = $2)",
        wanted.merchant_id,
        wanted.offer_id,
    )
    if begun and _told(wanted) != _told(before):
        raise OfferInUse()
    currency = await _check(tx, wanted, before.starts_at)
    if wanted.pieces < before.taken:
        raise Invalid({"pieces": N_("So many are taken already")})
    keeping.forget(tx, KEPT)
    await tx.execute(
        """
        UPDATE group_offers
        SET product_id = $3, prices = $4, currency = $5, size = $6, hours = $7, pieces = $8, per_buyer = $9, enough = $10
          , starts_at = $11, ends_at = $12
        WHERE merchant_id = $1 AND offer_id = $2
        """,
        wanted.merchant_id,
        wanted.offer_id,
        wanted.product_id,
        _written(wanted.prices),
        currency,
        wanted.size,
        wanted.hours,
        wanted.pieces,
        wanted.per_buyer,
        wanted.enough,
        wanted.starts_at,
        wanted.ends_at,
    )
    await changed(tx, {(before.merchant_id, before.product_id), (wanted.merchant_id, wanted.product_id)})
    return before


def _told(offer: NewOffer | Offer) -> tuple[object, ...]:
    """What a team counts on."""
    return offer.product_id, dict(offer.prices), offer.size, offer.hours, offer.enough


def _written(prices: Mapping[UUID, int]) -> dict[str, int]:
    return {str(sku_id): price for sku_id, price in prices.items()}


async def _check(tx: Tx, wanted: NewOffer, begins: datetime) -> str:
    """The currency that it is sold in. Raises `Invalid`."""
    wrong = _wrong_numbers(wanted, begins)
    merchant = await merchants.get(tx, MerchantId(wanted.merchant_id))
    if merchant is None:
        raise NotFound()
    rows = await tx.fetch(
        "SELECT sku_id FROM skus WHERE merchant_id = $1 AND product_id = $2 AND sku_id = ANY($3)",
        wanted.merchant_id,
        wanted.product_id,
        list(wanted.prices),
    )
    usual = await pricing.current(tx, [SkuId(row["sku_id"]) for row in rows], merchant.currency)
    if not wanted.prices:
        wrong["product"] = N_("Please give a group price to one variant at least")
    for sku_id, price in wanted.prices.items():
        known = usual.get(SkuId(sku_id))
        if known is None:
            wrong[f"price_{sku_id}"] = N_("It is not yours, or has no price")
        elif not 0 < price < known.amount:
            wrong[f"price_{sku_id}"] = N_("A group price is lower than the usual price")
    if not wrong and await _other(tx, wanted):
        wrong["product"] = N_("It is offered to groups in this time already")
    if wrong:
        raise Invalid(wrong)
    return merchant.currency


def _wrong_numbers(wanted: NewOffer, begins: datetime) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not 2 <= wanted.size <= SIZE_MAX:
        wrong["size"] = N_("A group has 2 to 100 members")
    if not 1 <= wanted.hours <= HOURS_MAX:
        wrong["hours"] = N_("A team has 1 to 72 hours")
    if not 1 <= wanted.pieces <= PIECES_MAX:
        wrong["pieces"] = N_("Please enter a positive number")
    if wanted.per_buyer is not None and wanted.per_buyer < 1:
        wrong["per_buyer"] = N_("Please enter a positive number")
    if wanted.enough is not None and not 1 <= wanted.enough < wanted.size:
        wrong["enough"] = N_("It is less than a whole group, and one at least")
    if wanted.starts_at >= wanted.ends_at:
        wrong["ends_at"] = N_("It ends after it begins, and not in the past")
    elif wanted.ends_at > max(begins, wanted.starts_at) + timedelta(days=DAYS_MAX):
        wrong["ends_at"] = N_("It lasts 90 days at most")
    return wrong


async def _other(tx: Tx, wanted: NewOffer) -> bool:
    """Whether another offer of the product meets this one. The product is held until the transaction ends, so that of two
    offers that are made or changed in the same instant the second sees the first."""
    await tx.execute(
        "SELECT FROM products WHERE merchant_id = $1 AND product_id = $2 FOR NO KEY UPDATE",
        wanted.merchant_id,
        wanted.product_id,
    )
    return await tx.value(
        """
        SELECT EXISTS (SELECT FROM group_offers
                       WHERE merchant_id = $1 AND product_id = $2 AND offer_id <> $3 AND stopped_at IS NULL
                         AND starts_at < $5 AND ends_at > $4)
        """,
        wanted.merchant_id,
        wanted.product_id,
        wanted.offer_id,
        wanted.starts_at,
        wanted.ends_at,
    )


async def stop(tx: Tx, merchant_id: UUID, offer_id: UUID, *, by: str, reason: str = "", teams: bool = False) -> Offer:
    """No new team is begun from now on. Those that wait may come together until their time is over, or (`teams`) all of them
    come to nothing at once, and their money goes back. Returns the offer as it was; said twice, the second changes nothing
    but for the teams. Raises `NotFound`."""
    before = (await lock_offers(tx, [(merchant_id, offer_id)])).get(offer_id)
    if before is None:
        raise NotFound()
    keeping.forget(tx, KEPT)
    if before.stopped_at is None:
        await tx.execute(
            """
            UPDATE group_offers SET stopped_at = now(), stopped_by = $3, reason = $4 WHERE merchant_id = $1 AND offer_id = $2
            """,
            merchant_id,
            offer_id,
            by,
            reason[:REASON_CHARACTERS_MAX],
        )
    if teams:
        await fail_all(tx, merchant_id, offer_id)
    await changed(tx, [(merchant_id, before.product_id)])
    return before
