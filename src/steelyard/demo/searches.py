"""What the demo's visitors have searched: hot words, searches that found nothing, and the operator's rules for some."""

import random
from uuid import UUID

from steelyard.goods import search
from steelyard.goods.search.jobs import HOT_WORDS, SEARCHES
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import sweep_once

NAMESPACE = UUID("5ea2c4e5-0000-4000-8000-000000000001")
# Words and about how many search them; how many hits are opened from it.
FOUND = (
    *(("皮鞋", 46, 20), ("运动鞋", 38, 15), ("眼镜", 35, 14), ("打火机", 31, 9), ("积木", 24, 11), ("纽扣", 20, 6)),
    *(("leather shoes", 12, 5), ("紫砂壶", 11, 3), ("boots", 9, 4), ("阀门", 9, 5)),
)
MISSING = (
    *(("蓝牙耳机", 14), ("手机壳", 9), ("登山杖", 7), ("太阳镜夹片", 6), ("phone case", 5), ("皮带", 4)),
    *(("zippo", 4), ("儿童手表", 3), ("snow boots kids", 2), ("发票抬头", 2)),
)
SYNONYMS = (
    ("墨镜", "太阳镜", "太阳眼镜"),
    ("打火机", "火机"),
    ("皮鞋", "牛皮鞋", "真皮鞋"),
    ("sneakers", "trainers", "running shoes"),
)
REDIRECTS = (("客服", "/legal/returns"), ("退货", "/legal/returns"), ("入驻", "/sell"))
MINE = ("打火机", "运动鞋", "紫砂壶")


async def make_searches(db: Database, buyer_id: UUID, *, seed: int) -> None:
    """The searches of the last days, what the operator has decided of them, and the vocabulary. Said twice, the rules
    are the same; the searches are more."""
    await db.transact(_search, buyer_id, seed)
    await db.transact(_rules)
    await sweep_once(db, [SEARCHES])
    await search.make_vocabulary(db)
    await HOT_WORDS.run(db)


async def _search(tx: Tx, buyer_id: UUID, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # made-up people, not secrets
    said = [(words, 20, followed > place) for words, times, followed in FOUND for place in range(times)]
    said += [(words, 0, False) for words, times in MISSING for _ in range(times)]
    chance.shuffle(said)
    for words, found, followed in said:
        if followed:
            await search.record_follow(tx, words)
        await search.record_search(tx, buyer_id, words, found, keep=False)
    for words in MINE:
        await search.record_search(tx, buyer_id, words, 20)


async def _rules(tx: Tx) -> None:
    for words in SYNONYMS:
        await search.save_synonym(tx, ids.derived(NAMESPACE, words[0]), words)
    for words, target in REDIRECTS:
        await search.save_redirect(tx, words, target)
    await search.save_hot_rule(tx, "温州制造", pinned=True, place=1)
