"""What the desk shows to everybody: the product that is explained now, the shelf, a note, questions, and who may write."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.channels.live import beats, explanations
from steelyard.channels.live.beats import BeatKind, NewBeat
from steelyard.channels.live.model import GOODS_MAX
from steelyard.channels.live.stage_model import (
    MUTE_MINUTES_MAX,
    NOTE_CHARACTERS_MAX,
    SLOW_SECONDS_MAX,
    WORD_CHARACTERS_MAX,
    WORDS_PER_ROOM_MAX,
    Explained,
    NotInBag,
    NotOnAir,
    Stage,
)
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import screening
from steelyard.parties.screening.model import Area, Said


async def hold_on_air(tx: Tx, merchant_id: UUID, session_id: UUID) -> None:
    """A session that is on air, held until commit. Raises `NotFound`, `NotOnAir`."""
    await beats.lock(tx, [(merchant_id, session_id)])
    state = await tx.value(
        "SELECT state FROM live_sessions WHERE merchant_id = $1 AND session_id = $2", merchant_id, session_id
    )
    if state is None:
        raise NotFound()
    if state != "on_air":
        raise NotOnAir()


async def stage(read: Read, merchant_id: UUID, session_id: UUID) -> Stage:
    """How a session stands."""
    found = await read.one(
        Stage,
        """
        SELECT slow_seconds, muted, note, likes, viewers, peak, entered FROM live_stages
        WHERE merchant_id = $1 AND session_id = $2
        """,
        merchant_id,
        session_id,
    )
    return found or Stage()


async def pinned(read: Read, merchant_id: UUID, session_id: UUID) -> Explained | None:
    """The product that is explained now."""
    return await read.one(
        Explained,
        """
        SELECT product_id, from_seq, from_at, to_at FROM live_explained
        WHERE merchant_id = $1 AND session_id = $2 AND to_at IS NULL ORDER BY from_seq DESC LIMIT 1
        """,
        merchant_id,
        session_id,
    )


async def explained(read: Read, merchant_id: UUID, session_id: UUID) -> list[Explained]:
    """What was explained when, in the order of time."""
    return await read.all(
        Explained,
        """
        SELECT product_id, from_seq, from_at, to_at FROM live_explained
        WHERE merchant_id = $1 AND session_id = $2 ORDER BY from_seq LIMIT $3
        """,
        merchant_id,
        session_id,
        GOODS_MAX * 5,
    )


async def on_screen(read: Read, merchant_id: UUID, session_id: UUID, second: int) -> UUID | None:
    """The product that was explained at this second of a session: what an order of that second was looking at."""
    return await read.value(
        """
        SELECT e.product_id FROM live_explained e JOIN live_sessions l USING (merchant_id, session_id)
        WHERE e.merchant_id = $1 AND e.session_id = $2 AND e.from_at <= l.started_at + $3 * interval '1 second'
          AND (e.to_at IS NULL OR e.to_at > l.started_at + $3 * interval '1 second')
        ORDER BY e.from_seq DESC LIMIT 1
        """,
        merchant_id,
        session_id,
        float(second),
    )


async def pin(tx: Tx, merchant_id: UUID, session_id: UUID, product_id: UUID) -> None:
    """This product is explained from now on, in place of the one before. Said twice, nothing changes.

    Raises `NotFound`, `NotOnAir`, and `NotInBag` for what is not in the bag.
    """
    await hold_on_air(tx, merchant_id, session_id)
    now = await pinned(tx, merchant_id, session_id)
    if now is not None and now.product_id == product_id:
        return
    in_bag = await tx.value(
        "SELECT true FROM live_goods WHERE merchant_id = $1 AND session_id = $2 AND product_id = $3",
        merchant_id,
        session_id,
        product_id,
    )
    if not in_bag:
        raise NotInBag()
    await _end_explaining(tx, merchant_id, session_id)
    body = {"product_id": product_id}
    (seq,) = await beats.append(
        tx, NewBeat(merchant_id=merchant_id, session_id=session_id, kind=BeatKind.PIN, body=body)
    )
    await tx.execute(
        """
        INSERT INTO live_explained (merchant_id, session_id, from_seq, product_id, from_at)
        SELECT merchant_id, session_id, seq, $4, at FROM live_beats
        WHERE merchant_id = $1 AND session_id = $2 AND seq = $3
        """,
        merchant_id,
        session_id,
        seq,
        product_id,
    )
    await explanations.tell(tx, merchant_id, session_id, [product_id, *([now.product_id] if now else [])])


async def unpin(tx: Tx, merchant_id: UUID, session_id: UUID) -> None:
    """Nothing is explained now. Said twice, nothing changes. Raises `NotFound`, `NotOnAir`."""
    await hold_on_air(tx, merchant_id, session_id)
    now = await pinned(tx, merchant_id, session_id)
    if now is not None and await _end_explaining(tx, merchant_id, session_id):
        await beats.append(tx, NewBeat(merchant_id=merchant_id, session_id=session_id, kind=BeatKind.UNPIN))
        await explanations.tell(tx, merchant_id, session_id, [now.product_id])


async def _end_explaining(tx: Tx, merchant_id: UUID, session_id: UUID) -> int:
    return await tx.execute(
        """
        UPDATE live_explained SET to_at = greatest(from_at, now())
        WHERE merchant_id = $1 AND session_id = $2 AND to_at IS NULL
        """,
        merchant_id,
        session_id,
    )


async def show(tx: Tx, merchant_id: UUID, session_id: UUID, product_id: UUID, *, shown: bool) -> None:
    """Buyers see a product in the bag, or do not. Said twice, nothing changes. Raises `NotFound`, `NotOnAir`, `NotInBag`."""
    await hold_on_air(tx, merchant_id, session_id)
    changed = await tx.value(
        """
        UPDATE live_goods g SET shown = $4 FROM live_goods b
        WHERE g.merchant_id = $1 AND g.session_id = $2 AND g.product_id = $3
          AND (b.merchant_id, b.session_id, b.product_id) = (g.merchant_id, g.session_id, g.product_id)
        RETURNING b.shown <> $4
        """,
        merchant_id,
        session_id,
        product_id,
        shown,
    )
    if changed is None:
        raise NotInBag()
    if changed:
        await _tell_shelf(tx, merchant_id, session_id)


async def arrange(tx: Tx, merchant_id: UUID, session_id: UUID, product_ids: Sequence[UUID]) -> None:
    """The bag in this order; what is not named stays behind it, as it was. Said twice, nothing changes.

    Raises `NotFound`, `NotOnAir`.
    """
    await hold_on_air(tx, merchant_id, session_id)
    changed = await tx.execute(
        """
        UPDATE live_goods g SET position = n.position
        FROM (SELECT b.product_id, row_number() OVER (ORDER BY w.place NULLS LAST, b.position, b.product_id) AS position
              FROM live_goods b
              LEFT JOIN unnest($3::uuid[]) WITH ORDINALITY AS w (product_id, place) USING (product_id)
              WHERE b.merchant_id = $1 AND b.session_id = $2) AS n
        WHERE g.merchant_id = $1 AND g.session_id = $2 AND g.product_id = n.product_id AND g.position <> n.position
        """,
        merchant_id,
        session_id,
        list(product_ids),
    )
    if changed:
        await _tell_shelf(tx, merchant_id, session_id)


async def _tell_shelf(tx: Tx, merchant_id: UUID, session_id: UUID) -> None:
    rows = await tx.fetch(
        """
        SELECT product_id, shown FROM live_goods WHERE merchant_id = $1 AND session_id = $2 ORDER BY position, product_id
        """,
        merchant_id,
        session_id,
    )
    body = {"goods": [{"product_id": row["product_id"], "shown": row["shown"]} for row in rows]}
    await beats.append(tx, NewBeat(merchant_id=merchant_id, session_id=session_id, kind=BeatKind.SHELF, body=body))


async def pin_note(tx: Tx, merchant_id: UUID, session_id: UUID, text: str) -> None:
    """What stands over the chat; empty: nothing. Said twice, nothing changes. Raises `NotFound`, `NotOnAir`, `Invalid`."""
    text = " ".join(text.split())
    if len(text) > NOTE_CHARACTERS_MAX:
        raise Invalid({"note": N_("This is too long")})
    await screening.screen(tx, [Said(field="note", area=Area.MESSAGE, text=text)])
    await hold_on_air(tx, merchant_id, session_id)
    if (await stage(tx, merchant_id, session_id)).note == text:
        return
    await tx.execute(
        """
        INSERT INTO live_stages (merchant_id, session_id, note) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id, session_id) DO UPDATE SET note = excluded.note
        """,
        merchant_id,
        session_id,
        text,
    )
    body = {"text": text}
    await beats.append(tx, NewBeat(merchant_id=merchant_id, session_id=session_id, kind=BeatKind.NOTE, body=body))


async def slow_down(tx: Tx, merchant_id: UUID, session_id: UUID, seconds: int) -> None:
    """So long a buyer waits between two messages (1: as usual). Said twice, nothing changes.

    Raises `NotFound`, `NotOnAir`, `Invalid`.
    """
    if not 1 <= seconds <= SLOW_SECONDS_MAX:
        raise Invalid({"seconds": N_("Please choose 1 to 300 seconds.")})
    await _set_chat(tx, merchant_id, session_id, seconds, None)


async def mute_all(tx: Tx, merchant_id: UUID, session_id: UUID, *, muted: bool) -> None:
    """Nobody but the shop's own people writes, or everybody does again. Said twice, nothing changes.

    Raises `NotFound`, `NotOnAir`.
    """
    await _set_chat(tx, merchant_id, session_id, None, muted)


async def _set_chat(tx: Tx, merchant_id: UUID, session_id: UUID, seconds: int | None, muted: bool | None) -> None:
    await hold_on_air(tx, merchant_id, session_id)
    before = await stage(tx, merchant_id, session_id)
    seconds = before.slow_seconds if seconds is None else seconds
    muted = before.muted if muted is None else muted
    if (before.slow_seconds, before.muted) == (seconds, muted):
        return
    await tx.execute(
        """
        INSERT INTO live_stages (merchant_id, session_id, slow_seconds, muted) VALUES ($1, $2, $3, $4)
        ON CONFLICT (merchant_id, session_id) DO UPDATE SET slow_seconds = excluded.slow_seconds, muted = excluded.muted
        """,
        merchant_id,
        session_id,
        seconds,
        muted,
    )
    body = {"all": muted, "slow_seconds": seconds}
    await beats.append(tx, NewBeat(merchant_id=merchant_id, session_id=session_id, kind=BeatKind.MUTED, body=body))


async def mute(
    tx: Tx, merchant_id: UUID, session_id: UUID, seq: int, by: str, *, minutes: int | None = None, lift: bool = False
) -> None:
    """Whoever wrote this message writes no more, for so many minutes or (none) while the session lasts; or does again (`lift`).
    The message is taken off the screen with it. Said twice, nothing changes. Raises `NotFound`, `Invalid`."""
    if minutes is not None and not 1 <= minutes <= MUTE_MINUTES_MAX:
        raise Invalid({"minutes": N_("Please choose another time.")})
    await beats.lock(tx, [(merchant_id, session_id)])
    buyer_id = await tx.value(
        "SELECT buyer_id FROM live_chats WHERE merchant_id = $1 AND session_id = $2 AND seq = $3",
        merchant_id,
        session_id,
        seq,
    )
    if buyer_id is None:
        raise NotFound()
    if lift:
        await tx.execute(
            "DELETE FROM live_mutes WHERE merchant_id = $1 AND session_id = $2 AND buyer_id = $3",
            merchant_id,
            session_id,
            buyer_id,
        )
        return
    await tx.execute(
        """
        INSERT INTO live_mutes (merchant_id, session_id, buyer_id, until, by) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (merchant_id, session_id, buyer_id) DO UPDATE SET until = excluded.until, by = excluded.by
        """,
        merchant_id,
        session_id,
        buyer_id,
        None if minutes is None else datetime.now(UTC) + timedelta(minutes=minutes),
        by,
    )
    await remove(tx, merchant_id, session_id, seq, by)


async def remove(tx: Tx, merchant_id: UUID, session_id: UUID, seq: int, by: str) -> None:
    """Take a message off all screens; the record keeps it. Said twice, nothing changes. Raises `NotFound`."""
    await beats.lock(tx, [(merchant_id, session_id)])
    row = await tx.row(
        """
        SELECT EXISTS (SELECT FROM live_beats r WHERE r.merchant_id = $1 AND r.session_id = $2 AND r.kind = 'removed'
                         AND r.seq > $3 AND (r.body ->> 'seq')::bigint = $3) AS gone
        FROM live_chats WHERE merchant_id = $1 AND session_id = $2 AND seq = $3
        """,
        merchant_id,
        session_id,
        seq,
    )
    if row is None:
        raise NotFound()
    if not row["gone"]:
        body = {"seq": seq, "by": by.partition(":")[0]}
        await beats.append(
            tx, NewBeat(merchant_id=merchant_id, session_id=session_id, kind=BeatKind.REMOVED, body=body)
        )


async def pick_question(tx: Tx, merchant_id: UUID, session_id: UUID, seq: int, *, answered: bool = False) -> None:
    """A message is put before the host as a question; or (`answered`) is done with. Raises `NotFound`, `NotOnAir`."""
    await hold_on_air(tx, merchant_id, session_id)
    said = await tx.value(
        "SELECT body FROM live_beats WHERE merchant_id = $1 AND session_id = $2 AND seq = $3 AND kind = 'chat'",
        merchant_id,
        session_id,
        seq,
    )
    if said is None:
        raise NotFound()
    body = {"seq": seq, "name": said["name"], "text": said["text"], "answered": answered}
    await beats.append(tx, NewBeat(merchant_id=merchant_id, session_id=session_id, kind=BeatKind.QUESTION, body=body))


async def words(read: Read, merchant_id: UUID, room_id: UUID) -> list[str]:
    """What a room's own people do not want to read in its chat."""
    rows = await read.fetch(
        "SELECT word FROM live_words WHERE merchant_id = $1 AND room_id = $2 ORDER BY word LIMIT $3",
        merchant_id,
        room_id,
        WORDS_PER_ROOM_MAX,
    )
    return [row["word"] for row in rows]


async def unwanted(tx: Tx, merchant_id: UUID, room_id: UUID, word: str, by: str) -> None:
    """Nobody writes this word in the room's chats. Said twice, it stands once. Raises `Invalid`."""
    word = " ".join(word.split())
    if not screening.key_of(word) or len(word) > WORD_CHARACTERS_MAX:
        raise Invalid({"word": N_("Please choose a word of 30 characters at most.")})
    if len(await words(tx, merchant_id, room_id)) >= WORDS_PER_ROOM_MAX:
        raise Invalid({"word": N_("There are too many.")})
    await tx.execute(
        """
        INSERT INTO live_words (merchant_id, room_id, word, by) VALUES ($1, $2, $3, $4)
        ON CONFLICT (merchant_id, room_id, word) DO NOTHING
        """,
        merchant_id,
        room_id,
        word,
        by,
    )


async def wanted_again(tx: Tx, merchant_id: UUID, room_id: UUID, word: str) -> None:
    """A word may be written again."""
    await tx.execute(
        "DELETE FROM live_words WHERE merchant_id = $1 AND room_id = $2 AND word = $3", merchant_id, room_id, word
    )
