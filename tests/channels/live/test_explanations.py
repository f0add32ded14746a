"""Where a product is explained, for its page: live now, else in the last replay that buyers can see; and that it is told as
news."""

from datetime import UTC, datetime, timedelta

from steelyard.channels import live
from steelyard.channels.live import ExplanationChanged
from steelyard.kernel.db import Database, Read, Tx
from tests.support.live import OnAir
from tests.support.world import World


async def _minutes_ago(tx: Tx, session: OnAir) -> None:
    """What is explained began a minute ago, and the picture came in."""
    await tx.execute(
        "UPDATE live_explained SET from_at = $2 WHERE session_id = $1",
        session.session_id,
        datetime.now(UTC) - timedelta(minutes=1),
    )
    await tx.execute("UPDATE live_sessions SET published_at = started_at WHERE session_id = $1", session.session_id)


async def _news(read: Read) -> list[list[str]]:
    rows = await read.fetch(
        "SELECT payload -> 'product_ids' AS ids FROM events WHERE kind = $1 ORDER BY position", ExplanationChanged.KIND
    )
    return [row["ids"] for row in rows]


async def test_a_product_is_watched_live_then_in_its_replay(shop: Database, world: World, session: OnAir) -> None:
    nuts, green = session.products["nuts"], session.products["green"]
    asked = session.merchant_id, nuts
    assert await shop.ask(live.explanation, *asked) is None

    await shop.transact(live.pin, *session.key, nuts)
    now = await shop.ask(live.explanation, *asked)
    await shop.transact(_minutes_ago, session)
    await shop.transact(live.pin, *session.key, green)
    between = await shop.ask(live.explanation, *asked)
    await shop.transact(live.end, *session.key, "staff:x")
    over = await shop.ask(live.explanation, *asked)
    mistake = await shop.ask(live.explanation, session.merchant_id, green)
    await shop.transact(live.show_replay, *session.key, shown=False)

    assert now is not None and (now.now, now.slug) == (True, session.slug)
    assert between is None, "it was explained, and its replay is not there yet"
    assert over is not None and not over.now and 59 <= over.seconds <= 70
    assert over.chapter == now.chapter
    assert mistake is None, "a pin of a second is a mistake"
    assert await shop.ask(live.explanation, *asked) is None, "hidden"
    both = sorted([str(nuts), str(green)])
    assert await shop.ask(_news) == [[str(nuts)], both, both, both]


async def test_what_nobody_streamed_has_no_explanation_to_watch(shop: Database, session: OnAir) -> None:
    await shop.transact(live.pin, *session.key, session.products["nuts"])
    await shop.transact(_without_picture, session)
    await shop.transact(live.unpin, *session.key)
    await shop.transact(live.end, *session.key, "staff:x")

    assert await shop.ask(live.explanation, session.merchant_id, session.products["nuts"]) is None


async def _without_picture(tx: Tx, session: OnAir) -> None:
    await tx.execute(
        "UPDATE live_explained SET from_at = from_at - interval '1 minute' WHERE session_id = $1", session.session_id
    )
