"""The operator looks anew at who a shop is, once a year unless a setting says otherwise: its licence, its registered name, its
papers. A licence that is accepted is such a look. When nobody looks, it is first urgent to staff; `VERIFY_GRACE` days later
nothing new of the shop goes onto the shelf, of which its owners were told before."""

from datetime import date, timedelta

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.parties import access, notifications, policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.merchants.queries import cards
from steelyard.parties.notifications.model import ShopNews, Template
from steelyard.parties.policies.model import VERIFY_DAYS, VERIFY_GRACE, VERIFY_NOTICE

SHOPS_PER_ROUND_MAX = 50


async def verify(tx: Tx, merchant_id: MerchantId, today: date) -> date:
    """Somebody has looked today and found it in order; returns the day by which it is to be looked at again. Said twice, it
    counts once. Raises `NotFound`."""
    until = today + timedelta(days=await policies.number(tx, VERIFY_DAYS))
    if not await tx.execute(
        "UPDATE merchants SET verify_by = $2, verify_told = NULL WHERE merchant_id = $1", merchant_id, until
    ):
        raise NotFound()
    return until


async def look_at_verification(tx: Tx, today: date) -> int:
    """Tell owners that they are looked at anew soon, and, should nobody have looked, that new products are held back; each once.
    Returns how many shops were told of."""
    grace = await policies.number(tx, VERIFY_GRACE)
    rows = await tx.fetch(
        """
        SELECT merchant_id, verify_by FROM merchants
        WHERE state <> 'closed' AND verify_by < $1::date + $2::integer + 1
          AND (verify_told IS NULL OR (verify_by + $3::integer < $1 AND verify_told <= verify_by + $3::integer))
        ORDER BY verify_by, merchant_id LIMIT $4 FOR UPDATE SKIP LOCKED
        """,
        today,
        await policies.number(tx, VERIFY_NOTICE),
        grace,
        SHOPS_PER_ROUND_MAX,
    )
    due = {MerchantId(row["merchant_id"]): row["verify_by"] for row in rows}
    await tx.execute("UPDATE merchants SET verify_told = $2 WHERE merchant_id = ANY ($1)", list(due), today)
    shops = await cards(tx, due)
    for owner in await access.owners_of(tx, list(due)):
        assert owner.merchant_id is not None
        by = due[MerchantId(owner.merchant_id)]
        news = ShopNews(
            name=owner.name,
            shop=shops[MerchantId(owner.merchant_id)].name,
            what="verify_overdue" if by + timedelta(days=grace) < today else "verify_due",
            reason="",
            day=by.isoformat(),
            link="/merchant/licence",
        )
        await notifications.send(
            tx, recipient=owner.email, template=Template.SHOP_NEWS, locale=owner.locale, facts=news
        )
    return len(due)
