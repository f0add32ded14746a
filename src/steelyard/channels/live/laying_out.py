"""The rundown of a session: what happens when, with which product, what is said of it, at which offer, and who sees to it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.channels.live import queries
from steelyard.channels.live.model import (
    ENTRIES_MAX,
    ENTRY_MINUTES_MAX,
    ENTRY_PIECES_MAX,
    ENTRY_PRICE_MAX,
    POINTS_PER_ENTRY_MAX,
    TAKES_TIME,
    WORDS_CHARACTERS_MAX,
    Entry,
    EntryId,
    Session,
    SessionNotWritable,
)
from steelyard.channels.live.planning import reconsider
from steelyard.channels.live.states import lock
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text

DAY_MINUTES = 24 * 60


async def write_rundown(tx: Tx, merchant_id: UUID, session_id: UUID, entries: Sequence[Entry], by: str) -> None:
    """This is the whole rundown from now on: what is not in it is gone. Said twice, nothing changes.

    Raises `NotFound`, `SessionNotWritable`, and `Invalid`, beside `minute:<entry_id>`, `minutes:<entry_id>`,
    `product:<entry_id>`, `what:<entry_id>`, `points:<entry_id>`, `offer:<entry_id>`, `price:<entry_id>` or `pieces:<entry_id>`.
    """
    session = await lock(tx, merchant_id, session_id)
    if session.state not in TAKES_TIME:
        raise SessionNotWritable(state=session.state)
    inside = {good.product_id for good in await queries.goods(tx, merchant_id, session_id)}
    wrong: dict[str, str | Text] = {}
    if len(entries) > ENTRIES_MAX:
        wrong["rundown"] = N_("A rundown has no more rows than this.")
    for entry in entries:
        wrong |= _wrong(entry, session, inside)
    if wrong:
        raise Invalid(wrong)
    await tx.execute(
        "DELETE FROM live_rundown WHERE merchant_id = $1 AND session_id = $2 AND entry_id <> ALL($3)",
        merchant_id,
        session_id,
        [entry.entry_id for entry in entries],
    )
    await tx.execute(
        """
        INSERT INTO live_rundown AS r (merchant_id, session_id, entry_id, minute, minutes, product_id, what, points, offer
                                     , owner, price, pieces)
        SELECT $1, $2, e.entry_id, e.minute, e.minutes, e.product_id, e.what, e.points::jsonb, e.offer, e.owner, e.price
             , e.pieces
        FROM unnest($3::uuid[], $4::integer[], $5::integer[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[]
                  , $11::bigint[], $12::integer[])
            AS e (entry_id, minute, minutes, product_id, what, points, offer, owner, price, pieces)
        ON CONFLICT (merchant_id, session_id, entry_id) DO UPDATE
        SET minute = excluded.minute, minutes = excluded.minutes, product_id = excluded.product_id, what = excluded.what
          , points = excluded.points, offer = excluded.offer, owner = excluded.owner, price = excluded.price
          , pieces = excluded.pieces
        """,
        merchant_id,
        session_id,
        [entry.entry_id for entry in entries],
        [entry.minute for entry in entries],
        [entry.minutes for entry in entries],
        [entry.product_id for entry in entries],
        [entry.what for entry in entries],
        # An array of arrays would be taken for one of two dimensions.
        [msgspec.json.encode(entry.points).decode() for entry in entries],
        [entry.offer for entry in entries],
        [str(entry.owner) for entry in entries],
        [entry.price for entry in entries],
        [entry.pieces for entry in entries],
    )
    await reconsider(tx, session, by)


async def lay_out(tx: Tx, merchant_id: UUID, session_id: UUID, by: str) -> int:
    """Give each product of the bag that is shown and not in the rundown yet a row at its end; the rest of the session's time is
    shared among them. How many rows are new. Raises `NotFound`, `SessionNotWritable`."""
    session = await lock(tx, merchant_id, session_id)
    entries = await queries.rundown(tx, merchant_id, session_id)
    known = {entry.product_id for entry in entries}
    goods = [
        good for good in await queries.goods(tx, merchant_id, session_id) if good.shown and good.product_id not in known
    ][: ENTRIES_MAX - len(entries)]
    if not goods:
        return 0
    begin = max((entry.minute + entry.minutes for entry in entries), default=0)
    each = min(max((session.minutes - begin) // len(goods), 1), ENTRY_MINUTES_MAX)
    new = [
        Entry(
            entry_id=EntryId(ids.mint()),
            minute=min(begin + place * each, max(session.minutes - 1, 0)),
            minutes=each,
            product_id=good.product_id,
            points=[line.strip() for line in good.points.splitlines() if line.strip()][:POINTS_PER_ENTRY_MAX],
        )
        for place, good in enumerate(goods)
    ]
    await write_rundown(tx, merchant_id, session_id, [*entries, *new], by)
    return len(new)


def _wrong(entry: Entry, session: Session, inside: set[UUID]) -> dict[str, str | Text]:
    found: dict[str, str | Text] = {}
    here = entry.entry_id
    if not 0 <= entry.minute < min(max(session.minutes, 1), DAY_MINUTES + 1):
        found[f"minute:{here}"] = N_("It is within the time of the session.")
    if not 1 <= entry.minutes <= ENTRY_MINUTES_MAX:
        found[f"minutes:{here}"] = N_("From one minute to four hours.")
    if entry.product_id is not None and entry.product_id not in inside:
        found[f"product:{here}"] = N_("This is not in the goods bag.")
    if entry.product_id is None and not entry.what.strip():
        found[f"what:{here}"] = N_("Say what happens, or choose a product.")
    if len(entry.what) > WORDS_CHARACTERS_MAX:
        found[f"what:{here}"] = N_("This is too long")
    if len(entry.offer) > WORDS_CHARACTERS_MAX:
        found[f"offer:{here}"] = N_("This is too long")
    if entry.price is not None and not 0 <= entry.price <= ENTRY_PRICE_MAX:
        found[f"price:{here}"] = N_("Please enter an amount.")
    if entry.pieces is not None and not 1 <= entry.pieces <= ENTRY_PIECES_MAX:
        found[f"pieces:{here}"] = N_("From one piece to a million.")
    if len(entry.points) > POINTS_PER_ENTRY_MAX or any(len(point) > WORDS_CHARACTERS_MAX for point in entry.points):
        found[f"points:{here}"] = N_("At most 8 points of 200 characters each.")
    return found
