"""The demo's home page, a topic and a decorated shop: put together of blocks, published, with a version that waits, and with
a word for some of a shop's customers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.demo.products import made
from steelyard.goods import catalog, search
from steelyard.goods.catalog.model import Category
from steelyard.goods.search.model import Hit, Query, Sort
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import Text, text
from steelyard.operations import merchandising
from steelyard.operations.merchandising.model import HOME, HOUSE, SHOP, TOPIC, Block, Kind, Rule, ShopCategoryId, Slide
from steelyard.parties import merchants

BY = "system"
TOPIC_NAME = "made-in-wenzhou"
CAMPAIGNS = (
    (
        "shoes",
        text("换季新鞋，脚下先行", "New shoes for the season"),
        text("温州鞋匠手工缝线，晴雨都能走", "Stitched by the shoemakers of Wenzhou"),
        "",
    ),
    (
        "accessories",
        text("温州眼镜，看得清也戴得久", "Wenzhou spectacles"),
        text("板材与钛架，现货当天发", "Acetate and titanium, sent the same day"),
        f"/topics/{TOPIC_NAME}",
    ),
    (
        "toys",
        text("木头玩具，陪孩子慢慢长大", "Wooden toys to grow up with"),
        text("榉木水性漆，边角都磨圆", "Beech, water-based paint, every edge rounded"),
        "",
    ),
)


async def decorate(db: Database) -> None:
    """Home, topic, and the first shops, as their people have put them together. Said twice, there is one version more."""
    await db.transact(_house)
    await db.transact(_shops)


async def greet(db: Database, merchant_id: UUID, segment_id: UUID) -> None:
    """A shop's page has a word for who is in this segment, which nobody else sees. Said twice, it is there once."""
    await db.transact(_greeted, merchant_id, segment_id)


async def _greeted(tx: Tx, merchant_id: UUID, segment_id: UUID) -> None:
    words = text(
        "感谢一直以来的支持：新品到店先通知您，有事直接找掌柜。",
        "Thank you for coming back: you hear of what is new before anybody else, and the shopkeeper has time for you.",
    )
    title = text("贵宾专区", "For our valued customers")
    block = _block(f"greeting-{merchant_id}", Kind.TEXT, title, text=words, segment_id=segment_id)
    if block in (await merchandising.draft(tx, merchant_id, SHOP)).blocks:
        return
    await merchandising.save_block(tx, merchant_id, SHOP, block, BY)
    await merchandising.move_block(tx, merchant_id, SHOP, block.block_id, -1, BY)
    await merchandising.publish(tx, merchant_id, SHOP, BY)


async def _best(tx: Tx, category: Category, count: int = 6) -> list[Hit]:
    query = Query(category_id=category.category_id, sort=Sort.SALES, limit=count, facets=False)
    return (await search.find(tx, query)).hits


def _block(name: str, kind: Kind, title: Text, **facts: object) -> Block:
    return Block(block_id=made("block", name), kind=kind, title=title, **facts)  # pyright: ignore[reportArgumentType]  # as each kind wants


async def _house(tx: Tx) -> None:
    roots = {each.slug: each for each in await catalog.categories(tx)}
    slides: list[Slide] = []
    for slug, title, words, href in CAMPAIGNS:
        if slug in roots:
            [first] = (await _best(tx, roots[slug], 1)) or [None]
            picture = first.picture if first else None
            slides.append(Slide(title=title, text=words, href=href or f"/c/{slug}", picture=picture))
    home = [
        _block("banner", Kind.BANNER, text("活动", "Campaigns"), slides=slides),
        _block("tiles", Kind.TILES, Text()),
        _block("popular", Kind.GOODS, text("热销榜", "Popular now"), rule=Rule.BESTSELLERS),
        _block("you", Kind.GOODS, text("猜你喜欢", "For you"), rule=Rule.FOR_YOU),
        _block("new", Kind.GOODS, text("新品首发", "New"), rule=Rule.NEWEST),
        _block("shops", Kind.SHOPS, text("产地好店", "Shops at the source")),
    ]
    for block in home:
        await merchandising.save_block(tx, HOUSE, HOME, block, BY)
    await merchandising.publish(tx, HOUSE, HOME, BY)
    later = datetime.now(UTC) + timedelta(days=3)
    await merchandising.move_block(tx, HOUSE, HOME, home[4].block_id, -1, BY)
    await merchandising.publish(tx, HOUSE, HOME, BY, shown_from=later)
    topic = TOPIC + TOPIC_NAME
    await merchandising.name_page(tx, HOUSE, topic, text("温州制造", "Made in Wenzhou"), BY)
    said = text(
        "一座城，把一枚纽扣、一副眼镜、一双鞋做到极致。",
        "A town that makes a button, a pair of glasses, a shoe as well as it can be made.",
    )
    blocks = [_block("topic-words", Kind.TEXT, Text(), text=said)]
    blocks += [
        _block(f"topic-{slug}", Kind.GOODS, category.name, rule=Rule.CATEGORY, of=slug, count=5)
        for slug, category in list(roots.items())[:4]
    ]
    for block in blocks:
        await merchandising.save_block(tx, HOUSE, topic, block, BY)
    await merchandising.publish(tx, HOUSE, topic, BY)


async def _shops(tx: Tx) -> None:
    for card in (await merchants.listed(tx, limit=6)).items:
        found = await search.find(tx, Query(merchant_id=card.merchant_id, sort=Sort.SALES, limit=12, facets=False))
        ids = [hit.product_id for hit in found.hits]
        if len(ids) < 4:
            continue
        await _own_categories(tx, card.merchant_id, ids)
        slides = [Slide(title=card.name, text=card.notice, picture=found.hits[0].picture)]
        for block in (
            _block(f"{card.slug}-banner", Kind.BANNER, Text(), slides=slides),
            _block(f"{card.slug}-best", Kind.GOODS, text("本店热销", "Bestsellers of this shop"), count=5),
            _block(
                f"{card.slug}-hand", Kind.GOODS, text("掌柜推荐", "Picked by us"), rule=Rule.BY_HAND, products=ids[3:8]
            ),
        ):
            await merchandising.save_block(tx, card.merchant_id, SHOP, block, BY)
        await merchandising.publish(tx, card.merchant_id, SHOP, BY)


async def _own_categories(tx: Tx, merchant_id: UUID, products: Sequence[UUID]) -> None:
    half = len(products) // 2
    for place, (name, goods) in enumerate(
        ((text("掌柜推荐", "Our favourites"), products[:half]), (text("送礼优选", "Good gifts"), products[half:]))
    ):
        of = ShopCategoryId(made("shop-category", str(merchant_id), str(place)))
        await merchandising.save_shop_category(tx, merchant_id, of, name, place, goods)
