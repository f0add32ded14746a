"""What comes in a file is held against the dictionary like what is typed; there is nobody to ask again."""

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductState
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.parties import screening
from steelyard.parties.access.model import Actor
from steelyard.parties.screening.model import Action, Area, Word, WordId
from tests.goods.conftest import Market, new_product


async def save(db: Database, word: str, action: Action) -> None:
    new = Word(word_id=WordId(ids.mint()), word=word, action=action, areas=[Area.TITLE, Area.DESCRIPTION])
    await db.transact(screening.save_word, Actor(), new)


async def test_a_file_brings_no_refused_word_onto_the_shelf(db: Database, market: Market) -> None:
    await save(db, "赌博", Action.REFUSE)
    await save(db, "神奇", Action.HOLD)
    await save(db, "笨蛋", Action.MASK)
    shop, category = await market.merchant(), await market.category()
    wanted = {"赌博杯": ProductState.OFF_SHELF, "神奇杯": ProductState.OFF_SHELF, "笨蛋杯": ProductState.ON_SHELF}
    for title, state in wanted.items():
        new = await db.transact(catalog.screened_import, new_product(category, title=text(title, "Mug")))
        assert new.state is state, title
        await db.transact(catalog.bulk_create, [(shop, new)], "import")
        if state is ProductState.ON_SHELF:
            assert new.title["zh-Hans"] == "**杯"
            continue
        found = await db.transact(catalog.publish, shop, [new.product_id], "staff:shop")
        assert (found.on_shelf, found.in_review) == ([], [new.product_id]), "people look at it first"
