"""Live prices: pieces of an article for those who buy in the session, exactly as many as there are."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.channels.live import beats
from steelyard.channels.live.beats import BeatKind, NewBeat
from steelyard.channels.live.showing import hold_on_air
from steelyard.channels.live.stage_model import PRICE_SECONDS_MAX, PRICE_SECONDS_MIN, LivePrice, NotInBag
from steelyard.goods import promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions.model import FlashItem, NewFlash, SessionId
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

OFFERS_SHOWN_MAX = 200
WORDS = Text({"zh-Hans": "直播专享价", "en": "Live price"})


class LiveOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A live price as it stands: amounts in minor units; `ended` when it was called off or is over."""

    offer_id: UUID
    product_id: UUID
    sku_id: UUID
    price: int
    currency: str
    pieces: int
    taken: int
    per_buyer: int | None
    starts_at: datetime
    ends_at: datetime
    ended: bool

    @property
    def left(self) -> int:
        return 0 if self.ended else self.pieces - self.taken


def source_of(session_id: UUID) -> str:
    """What a live price says that it is only for."""
    return f"live:{session_id}"


async def set_price(tx: Tx, wanted: LivePrice, by: str) -> None:
    """Sell these pieces at this price to those who buy in the session. They leave the stock that everybody buys from, and what
    is left of them goes back there at the end. A live price of the same article that stands is ended first. Said twice, the
    second changes nothing.

    Raises `NotFound`, `NotOnAir`, `NotInBag`, and `Invalid` as `promotions.plan` does (`price_0`, `pieces_0`, `what_0`).
    """
    await hold_on_air(tx, wanted.merchant_id, wanted.session_id)
    standing = await offers(tx, wanted.merchant_id, wanted.session_id)
    if any(each.offer_id == wanted.offer_id for each in standing):
        return
    if not (PRICE_SECONDS_MIN <= wanted.seconds <= PRICE_SECONDS_MAX and 0 <= wanted.in_seconds <= PRICE_SECONDS_MAX):
        raise Invalid({"seconds": N_("Please choose another time.")})
    product_id = await tx.value(
        """
        SELECT s.product_id FROM skus s JOIN live_goods g USING (merchant_id, product_id)
        WHERE s.merchant_id = $1 AND s.sku_id = $2 AND g.session_id = $3
        """,
        wanted.merchant_id,
        wanted.sku_id,
        wanted.session_id,
    )
    if product_id is None:
        raise NotInBag()
    before = [
        (wanted.merchant_id, each.offer_id) for each in standing if each.sku_id == wanted.sku_id and not each.ended
    ]
    await promotions.cancel_all(tx, before, by=by, reason="live")
    starts_at = datetime.now(UTC) + timedelta(seconds=wanted.in_seconds)
    await promotions.plan(
        tx,
        NewFlash(
            merchant_id=MerchantId(wanted.merchant_id),
            session_id=SessionId(wanted.offer_id),
            name=WORDS,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(seconds=wanted.seconds),
            items=[
                FlashItem(
                    sku_id=SkuId(wanted.sku_id), price=wanted.price, pieces=wanted.pieces, per_buyer=wanted.per_buyer
                )
            ],
            only_source=source_of(wanted.session_id),
        ),
    )
    told = {offer_id for _, offer_id in before} | {wanted.offer_id}
    now = await offers(tx, wanted.merchant_id, wanted.session_id)
    await _tell(tx, wanted.merchant_id, wanted.session_id, [each for each in now if each.offer_id in told])


async def end_price(tx: Tx, merchant_id: UUID, session_id: UUID, offer_id: UUID, by: str) -> None:
    """A live price ends before its time: what is left goes back. Said twice, nothing changes. Raises `NotFound`, `NotOnAir`."""
    await hold_on_air(tx, merchant_id, session_id)
    await _end(tx, merchant_id, session_id, offer_id, by)


async def end_all(tx: Tx, merchant_id: UUID, session_id: UUID, by: str) -> None:
    """All live prices of a session end: it is not on air any more. The session is held."""
    await _end(tx, merchant_id, session_id, None, by)


async def _end(tx: Tx, merchant_id: UUID, session_id: UUID, offer_id: UUID | None, by: str) -> None:
    standing = await offers(tx, merchant_id, session_id)
    if offer_id is not None and offer_id not in {each.offer_id for each in standing}:
        raise NotFound()
    over = [each for each in standing if not each.ended and offer_id in (None, each.offer_id)]
    if over:
        await promotions.cancel_all(tx, [(merchant_id, each.offer_id) for each in over], by=by, reason="live")
        await _tell(tx, merchant_id, session_id, [msgspec.structs.replace(each, ended=True) for each in over])


async def _tell(tx: Tx, merchant_id: UUID, session_id: UUID, told: list[LiveOffer]) -> None:
    await beats.append(
        tx,
        *(
            NewBeat(
                merchant_id=merchant_id,
                session_id=session_id,
                kind=BeatKind.PRICE,
                body={**msgspec.to_builtins(each), "left": each.left},
            )
            for each in told
        ),
    )


async def offers(read: Read, merchant_id: UUID, session_id: UUID) -> list[LiveOffer]:
    """The live prices of a session, the newest first, those that are over as well."""
    return await read.all(
        LiveOffer,
        """
        SELECT f.session_id AS offer_id, s.product_id, p.sku_id, (p.rule -> 'prices' ->> p.sku_id::text)::bigint AS price
             , p.currency, p.pieces, p.taken, p.pieces_per_buyer AS per_buyer, f.starts_at, f.ends_at
             , f.ended_at IS NOT NULL OR f.ends_at <= now() AS ended
        FROM flash_sessions f
        JOIN promotions p USING (merchant_id, session_id)
        JOIN skus s ON s.merchant_id = p.merchant_id AND s.sku_id = p.sku_id
        WHERE f.merchant_id = $1 AND f.only_source = $2
        ORDER BY f.starts_at DESC, f.session_id LIMIT $3
        """,
        merchant_id,
        source_of(session_id),
        OFFERS_SHOWN_MAX,
    )
