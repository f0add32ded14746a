"""News of coupons: that a buyer was given one, and that one they hold ends soon; where they are signed in, and by mail to those
who want such mails."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, Offer
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.text import Text
from steelyard.parties import customers, merchants, notifications
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.notifications.model import CouponFacts, CouponNews, MailId, NewNotice, NoticeKind, Template

HOLDERS_AT_ONCE = 1_000
MINE = "/account/coupons"
STOP = "/coupon-mails/stop"
_WHAT = {NoticeKind.COUPON_GIVEN: "given", NoticeKind.COUPON_ENDS: "ends"}


async def tell_coupons_given(tx: Tx, events: Sequence[promotions.CouponsGiven]) -> None:
    for event in events:
        offer = await promotions.get(tx, event.merchant_id, event.promotion_id)
        if offer is not None:
            await _tell(tx, offer, NoticeKind.COUPON_GIVEN, offer.ends_at, event.buyer_ids, mailed=event.mailed)


async def tell_coupon_ending(tx: Tx, events: Sequence[promotions.CouponEnding]) -> None:
    """All who hold an unused one, however many. Of one that was stopped since, or put off (which is announced anew), nothing is
    told."""
    for event in events:
        offer = await promotions.get(tx, event.merchant_id, event.promotion_id)
        if offer is None or offer.stopped_at is not None or offer.ends_at != event.ends_at:
            continue
        last: UUID | None = None
        while True:
            some = await promotions.holders(tx, event.promotion_id, last, HOLDERS_AT_ONCE)
            await _tell(tx, offer, NoticeKind.COUPON_ENDS, event.ends_at, some)
            if len(some) < HOLDERS_AT_ONCE:
                break
            last = some[-1]


async def _tell(
    tx: Tx, offer: Offer, kind: NoticeKind, until: datetime, buyer_ids: Sequence[UUID], *, mailed: bool = True
) -> None:
    """One notice for each with an account, and, if `mailed`, one mail for each who wants such; told again of the same end,
    nothing more."""
    about = ids.derived(offer.promotion_id, kind, until.isoformat())
    shop = None if offer.merchant_id == PLATFORM else await _shop(tx, offer.merchant_id)
    facts = CouponFacts(name=offer.name, shop=shop, until=until)
    readers = await customers.with_accounts(tx, buyer_ids)
    await notifications.tell(
        tx,
        [
            NewNotice(buyer_id=each, notice_id=ids.derived(about, str(each)), kind=kind, facts=facts, link=MINE)
            for each in readers
        ],
    )
    for person in await customers.consenting(tx, readers) if mailed else ():
        await notifications.send(
            tx,
            recipient=person.email,
            template=Template.COUPON_NEWS,
            locale=person.locale,
            facts=CouponNews(
                name=person.name,
                what=_WHAT[kind],
                coupon=offer.name,
                shop=shop or Text(),
                until=until,
                link=MINE,
                stop_link=f"{STOP}/{person.buyer_id}/{person.secret}",
            ),
            mail_id=MailId(ids.derived(about, Template.COUPON_NEWS, str(person.buyer_id))),
        )


async def _shop(tx: Tx, merchant_id: MerchantId) -> Text:
    return (await merchants.cards(tx, [merchant_id]))[merchant_id].name
