"""Whatever happens to payments and refunds, and in whatever order."""

from steelyard.kernel.db import Database
from tests.money.sequences import STEPS, World, explore


async def test_whatever_happens_the_books_balance_and_every_check_is_true(db: Database, database_url: str) -> None:
    worlds = await explore(db, database_url, World, STEPS)

    # The sequences really came to everything.
    happened = sum((world.done for world in worlds), start=worlds[0].done.__class__())
    assert all(happened[what] > 10 for what in ("answer", "refund", "refund_answer", "release", "surplus", "sweep"))
    assert sum(len(world.released) for world in worlds) > 10
    assert sum(len(world.refunds) for world in worlds) > 50
