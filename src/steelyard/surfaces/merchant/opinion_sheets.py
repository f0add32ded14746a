"""Reviews and questions of a tab as a file, for who reads them in a spreadsheet."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductView
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import reviews
from steelyard.trade.reviews.model import Question, Review

ROWS_AT_ONCE = 100


class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    reviews: list[Review]
    products: Mapping[UUID, ProductView]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    questions: list[Question]
    products: Mapping[UUID, ProductView]


async def reviewed(read: Read, merchant_id: MerchantId, tab: str) -> Reviewed:
    found = await exports.everything(
        lambda cursor: reviews.of_merchant(
            read, merchant_id, unanswered=tab == "unanswered", low=tab == "low", cursor=cursor, limit=ROWS_AT_ONCE
        )
    )
    products = await catalog.products(read, {each.product_id for each in found})
    return Reviewed(reviews=found, products={**products})


async def asked(read: Read, merchant_id: MerchantId, tab: str) -> Asked:
    found = await exports.everything(
        lambda cursor: reviews.questions_of_merchant(
            read, merchant_id, unanswered=tab == "unanswered", cursor=cursor, limit=ROWS_AT_ONCE
        )
    )
    products = await catalog.products(read, {each.product_id for each in found})
    return Asked(questions=found, products={**products})


async def review_file(visit: Visit, tab: str) -> Response[Any]:
    found = await visit.merchant_db.ask(reviewed, visit.merchant_id, tab)
    columns = (
        N_("Written"), N_("Product"), N_("Options"), N_("Stars"), N_("Review"), N_("Pictures"), N_("Followed up"),
        N_("Reply of the shop"), N_("Hidden"),
    )  # fmt: skip
    rows = (
        (
            each.written_at, _title(found.products, each.product_id),
            " · ".join(value.in_language(visit.locale) for _, value in each.options), each.stars, each.text,
            len(each.pictures), each.follow_up, each.reply, each.hidden_at is not None,
        )
        for each in found.reviews
    )  # fmt: skip
    return exports.csv_answer(visit, visit.say(N_("Reviews")), [visit.say(column) for column in columns], rows)


async def question_file(visit: Visit, tab: str) -> Response[Any]:
    found = await visit.merchant_db.ask(asked, visit.merchant_id, tab)
    columns = (
        N_("Asked at"),
        N_("Product"),
        N_("Question"),
        N_("Number of answers"),
        N_("Answered by the shop"),
        N_("Hidden"),
    )
    rows = (
        (
            each.asked_at, _title(found.products, each.product_id), each.text, each.answers, each.shop_at,
            each.hidden_at is not None,
        )
        for each in found.questions
    )  # fmt: skip
    return exports.csv_answer(visit, visit.say(N_("Questions")), [visit.say(column) for column in columns], rows)


def _title(products: Mapping[UUID, ProductView], product_id: UUID) -> object:
    product = products.get(product_id)
    return product.title if product else None
