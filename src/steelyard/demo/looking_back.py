"""The reviews that the demo's first shop and the marketplace have of last week and last month; others the house writes by
itself."""

from datetime import timedelta
from uuid import UUID

from steelyard.demo.products import made
from steelyard.kernel import days, ids
from steelyard.kernel.db import Database
from steelyard.operations import business_reviews
from steelyard.operations.business_reviews import Span

NOTE = "周三的直播拉高了当天的新客，客服人手不够，有十几个咨询没接住。"


async def look_back(db: Database, slug: str) -> None:
    """Said twice, nothing is there twice."""
    shop: UUID = made("merchant", slug)
    for merchant_id, spans in ((shop, (Span.WEEK, Span.MONTH)), (None, (Span.WEEK,))):
        for span in spans:
            period = business_reviews.period_ended(span, days.today() - timedelta(days=1))
            if await db.ask(business_reviews.of_period, merchant_id, period) is None:
                facts = await db.ask(business_reviews.facts_of, merchant_id, period)
                review_id = await db.transact(business_reviews.write, merchant_id, period, facts, "system")
                if span is Span.WEEK and merchant_id is not None:
                    note_id, by = ids.derived(review_id, "note"), f"staff:{made('account', slug)}"
                    await db.transact(business_reviews.add_note, shop, review_id, note_id, NOTE, by)
