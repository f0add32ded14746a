"""The timeline of one customer: what they did, bought, gave back, said and were told, the newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.operations.analytics import MARKETPLACE
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId

ORDERS_LOOKED_AT = 2_000


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. `kind` is bought.placed, bought.paid …, gave_back.*, said.*, told.*, stage, or did.<kind of
    behaviour>; `facts` are a few plain ones, amounts in minor units of `currency`, and in `of` what it was about: the name of a
    product, a coupon or a notice in each language."""

    at: datetime
    kind: str
    id: UUID
    merchant_id: UUID
    facts: dict[str, Any]


# $1 the buyer with the visitors they were, $2 the shop, $3 to $5 the cursor, $6 how many, $7 orders looked at, $8 the
# marketplace, $9 the buyer.
_HAPPENED: LiteralString = """
WITH mine AS (
    SELECT merchant_id, order_id, code, currency, total, placed_at, paid_at, shipped_at, completed_at, cancelled_at
    FROM orders WHERE buyer_id = ANY($1) AND ($2::uuid = $8 OR merchant_id = $2)
    ORDER BY placed_at DESC LIMIT $7
), happened AS (
    SELECT w.at, w.kind, m.order_id AS id, m.merchant_id
         , jsonb_build_object('code', m.code, 'amount', m.total, 'currency', m.currency) AS facts
    FROM mine m CROSS JOIN LATERAL (VALUES ('bought.placed', m.placed_at), ('bought.paid', m.paid_at)
         , ('bought.shipped', m.shipped_at), ('bought.completed', m.completed_at)
         , ('gave_back.cancelled', m.cancelled_at)) AS w (kind, at)
    UNION ALL
    SELECT r.at, 'gave_back.refunded', r.refund_id, r.merchant_id
         , jsonb_build_object('code', m.code, 'amount', r.goods + r.freight, 'currency', r.currency)
    FROM mine m JOIN order_refunds r USING (merchant_id, order_id)
    UNION ALL
    SELECT c.asked_at, 'gave_back.asked', c.case_id, c.merchant_id
         , jsonb_build_object('code', m.code, 'kind', c.kind, 'reason', c.reason)
    FROM mine m JOIN aftersales_cases c USING (merchant_id, order_id)
    UNION ALL
    SELECT written_at, 'said.review', review_id, merchant_id, jsonb_build_object('stars', stars, 'text', text)
    FROM reviews WHERE buyer_id = ANY($1) AND ($2::uuid = $8 OR merchant_id = $2) AND NOT automatic
    UNION ALL
    SELECT asked_at, 'said.question', question_id, merchant_id, jsonb_build_object('text', text)
    FROM questions WHERE buyer_id = ANY($1) AND ($2::uuid = $8 OR merchant_id = $2)
    UNION ALL
    SELECT at, 'said.chat', chat_id, merchant_id, jsonb_build_object('session', session_id)
    FROM live_chats WHERE buyer_id = ANY($1) AND ($2::uuid = $8 OR merchant_id = $2)
    UNION ALL
    SELECT claimed_at, 'told.coupon', promotion_id, merchant_id, '{}'
    FROM coupon_claims WHERE buyer_id = ANY($1) AND ($2::uuid = $8 OR merchant_id = $2)
    UNION ALL
    SELECT at, 'told.notice', notice_id, $8, jsonb_build_object('of', facts -> 'name')
    FROM notices WHERE $2::uuid = $8 AND buyer_id = ANY($1) AND kind <> 'shop_message'
    UNION ALL
    SELECT coalesce(m.sent_at, m.created_at), 'told.mail', m.mail_id, $8, jsonb_build_object('kind', m.template)
    FROM buyers b JOIN mails m ON m.recipient = b.email
    WHERE $2::uuid = $8 AND b.buyer_id = $9 AND b.email IS NOT NULL
    UNION ALL
    SELECT at, 'stage', buyer_id, merchant_id, jsonb_build_object('from', from_stage, 'to', to_stage)
    FROM stage_moves WHERE merchant_id = $2 AND buyer_id = $9
    UNION ALL
    SELECT e.at, 'did.' || e.kind, e.event_id, e.merchant_id
         , jsonb_build_object('channel', e.channel, 'device', e.device, 'product', e.product_id
                            , 'words', e.properties ->> 'words')
    FROM behaviour_events e
    WHERE (e.buyer_id = ANY($1) OR e.visitor_id = ANY($1)) AND coalesce(e.buyer_id, e.visitor_id) = ANY($1)
      AND ($2::uuid = $8 OR e.merchant_id = $2) AND e.kind NOT IN ('pay', 'refund', 'exposure')
), page AS (
    SELECT at, kind, id, merchant_id, facts FROM happened
    WHERE at IS NOT NULL AND ($3::timestamptz IS NULL OR (at, kind, id) < ($3, $4::text, $5::uuid))
    ORDER BY at DESC, kind DESC, id DESC LIMIT $6
)
SELECT p.at, p.kind, p.id, p.merchant_id, p.facts || coalesce(w.more, '{}') AS facts
FROM page p LEFT JOIN LATERAL (
    SELECT jsonb_build_object('of', g.title) AS more FROM products g
    WHERE g.merchant_id = p.merchant_id AND g.product_id = (p.facts ->> 'product')::uuid
    UNION ALL
    SELECT jsonb_build_object('of', o.name) FROM promotions o
    WHERE p.kind = 'told.coupon' AND o.merchant_id = p.merchant_id AND o.promotion_id = p.id
    UNION ALL
    SELECT jsonb_build_object('text', b.body -> 'text')
    FROM live_chats c JOIN live_beats b USING (merchant_id, session_id, seq)
    WHERE p.kind = 'said.chat' AND c.merchant_id = p.merchant_id AND c.session_id = (p.facts ->> 'session')::uuid
      AND c.chat_id = p.id) AS w ON true
ORDER BY p.at DESC, p.kind DESC, p.id DESC
"""


async def timeline(
    read: Read, merchant_id: UUID, buyer_id: BuyerId, cursor: str | None = None, limit: int | None = None
) -> Page[Happening]:
    """What happened with a customer at one shop; of the `MARKETPLACE`, everywhere, and what the house told them, too. With
    what they did as visitors. Ask as the application: who a visitor became is not for the merchants' role to see."""
    people: Sequence[UUID] = [buyer_id, *await customers.visitors_of(read, buyer_id)]
    before = paging.read_cursor(cursor, datetime, str, UUID) or (None, None, None)
    most = paging.limit(limit)
    found = await read.all(
        Happening,
        _HAPPENED,
        people,
        merchant_id,
        *before,
        most + 1,
        ORDERS_LOOKED_AT,
        MARKETPLACE,
        buyer_id,
    )
    return paging.cut(found, most, lambda last: (last.at, last.kind, last.id))
