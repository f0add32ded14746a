"""Goods in all states for the consoles: a few in review, sent back, scheduled, incomplete, and one whose change waits."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.goods import catalog, pricing
from steelyard.goods.catalog import Policy, Reason
from steelyard.goods.catalog.model import (
    NewProduct,
    NewSku,
    ProductChange,
    ProductId,
    ProductState,
    ProductView,
    SkuId,
)
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

NAMESPACE = UUID("5eee1a2d-0000-4000-8000-000000000003")
OPERATOR = "system"
# What is done with each copy of one of a merchant's products, in turn.
FATES = ("in_review", "in_review", "sent_back", "scheduled", "draft")
SCHEDULED_IN_DAYS = 5


async def fill(db: Database, merchant_ids: list[MerchantId]) -> None:
    """Give these merchants new models that are not on the shelf yet; said twice, nothing changes."""
    await db.transact(catalog.set_policy, Policy(of_whom="everybody", products=3, changes=True))
    for place, merchant_id in enumerate(merchant_ids):
        if await db.ask(catalog.waiting_count, merchant_id):
            continue
        page = await db.ask(catalog.products_page, merchant_id, ProductState.ON_SHELF, limit=len(FATES) + 1)
        seen = await db.ask(catalog.products, [row.product_id for row in page.items])
        await db.transact(_of_merchant, merchant_id, place, [seen[row.product_id] for row in page.items])
    await db.transact(catalog.set_policy, Policy(of_whom="new_merchants", products=3, changes=True))


async def _of_merchant(tx: Tx, merchant_id: MerchantId, place: int, products: list[ProductView]) -> None:
    fates = FATES if place == 0 else FATES[place % 2 : place % 2 + 2]
    for fate, like in zip(fates, products, strict=False):
        new = _like(like, fate)
        if not await catalog.create_product(tx, merchant_id, new, OPERATOR):
            continue
        prices = await pricing.current_at_home(tx, [sku.sku_id for sku in like.skus])
        await pricing.set_prices(
            tx,
            merchant_id,
            [
                NewPrice(sku_id=made.sku_id, currency=prices[sku.sku_id].currency, amount=prices[sku.sku_id].amount)
                for made, sku in zip(new.skus, like.skus, strict=True)
                if sku.sku_id in prices
            ],
        )
        await _meet(tx, merchant_id, new.product_id, fate)
    if place == 0 and len(products) > len(FATES):
        last = products[-1]
        more = {"zh-Hans": "·最新升级款", "en": ", improved"}
        title = Text({tongue: words + more.get(tongue, "") for tongue, words in last.title.items()})
        await catalog.edit(tx, merchant_id, last.product_id, ProductChange(title=title), OPERATOR)


def _like(product: ProductView, fate: str) -> NewProduct:
    product_id = ProductId(ids.derived(NAMESPACE, str(product.product_id), fate))
    complete = fate != "draft"
    words = {"zh-Hans": "·新款", "en": ", new model"}
    return NewProduct(
        product_id=product_id,
        category_id=product.category_id,
        slug=f"{product.slug}-new",
        title=Text({tongue: said + words.get(tongue, "") for tongue, said in product.title.items()}),
        description=product.description if complete else Text(),
        options=product.options,
        attributes=product.attributes,
        facts=product.facts if complete else {},
        pictures=product.pictures if complete else product.pictures[:1],
        tax_class=product.tax_class,
        skus=[
            NewSku(
                sku_id=SkuId(ids.derived(product_id, *map(str, sku.choice))),
                code=f"{sku.code}-{product_id.hex[:4].upper()}",
                choice=sku.choice,
                weight_grams=sku.weight_grams if complete else 0,
                picture=sku.picture,
                active=sku.active,
            )
            for sku in product.skus
        ],
    )


async def _meet(tx: Tx, merchant_id: MerchantId, product_id: ProductId, fate: str) -> None:
    match fate:
        case "in_review":
            await catalog.publish(tx, merchant_id, [product_id], OPERATOR)
        case "sent_back":
            await catalog.publish(tx, merchant_id, [product_id], OPERATOR)
            (review,) = await catalog.reviews_of(tx, merchant_id, product_id)
            reasons = [
                Reason(field="title", reason="banned_words", words="“新款”请写明与旧款的区别。"),
                Reason(field="pictures", reason="bad_pictures"),
            ]
            await catalog.send_back(tx, merchant_id, review.review_id, reasons, OPERATOR)
        case "scheduled":
            at = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0)
            on = at + timedelta(days=SCHEDULED_IN_DAYS)
            await catalog.schedule(tx, merchant_id, product_id, on, on + timedelta(days=30))
        case _:
            return
