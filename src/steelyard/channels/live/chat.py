"""The chat: what buyers and the shop's own people write, many messages in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.channels.live import beats
from steelyard.channels.live.beats import BeatKind, NewBeat
from steelyard.channels.live.stage_model import (
    CHAT_CHARACTERS_MAX,
    ChatMuted,
    NotOnAir,
    Say,
    TooQuick,
    WordsRefused,
)
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import screening
from steelyard.parties.screening.model import Area, Said
from steelyard.trade.reviews.model import masked


class _Room(msgspec.Struct, frozen=True, kw_only=True):
    """Of a session what matters to who writes."""

    merchant_id: UUID
    session_id: UUID
    on_air: bool
    slow_seconds: int
    muted: bool
    words: list[str]


class _Speaker(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer in a session: `barred` is muted, `last_at` when they wrote last, `seq` is there when the same message was taken."""

    name: str | None
    barred: bool
    last_at: datetime | None
    seq: int | None


async def say(tx: Tx, wanted: Sequence[Say]) -> list[int | Refusal]:
    """Write these messages into the chats of their sessions: for each its number, or the refusal. Said twice, the second finds
    the number of the first.

    `NotOnAir`, `ChatMuted`, `TooQuick`, `WordsRefused`, and `Invalid` for what is empty or too long.
    """
    await beats.lock(tx, sorted({(each.merchant_id, each.session_id) for each in wanted}))
    rooms = await _rooms(tx, wanted)
    speakers = await _speakers(tx, wanted)
    screened = await screening.screen_quietly(
        tx, [Said(field="text", area=Area.MESSAGE, text=_tidy(each.text)) for each in wanted]
    )
    now = datetime.now(UTC)
    answers: list[int | Refusal | None] = []
    # Of one buyer in one session, one message at a time.
    heard: set[tuple[UUID, UUID]] = set()
    for place, (each, speaker) in enumerate(zip(wanted, speakers, strict=True)):
        if speaker.seq is not None:
            answers.append(speaker.seq)
            continue
        room = rooms.get((each.merchant_id, each.session_id))
        unwanted = [found.said for found in screened.held[place]]
        if (each.session_id, each.buyer_id) in heard:
            answers.append(TooQuick(seconds=room.slow_seconds if room else 1))
            continue
        answers.append(_refusal(_tidy(each.text), room, speaker, unwanted, now))
        if answers[-1] is None:
            heard.add((each.session_id, each.buyer_id))
    taken = [(place, each) for place, each in enumerate(wanted) if answers[place] is None]
    numbers = await beats.append(
        tx,
        *(
            NewBeat(
                merchant_id=each.merchant_id,
                session_id=each.session_id,
                kind=BeatKind.CHAT,
                body={"name": masked(speakers[place].name or ""), "text": screened.texts[place]},
            )
            for place, each in taken
        ),
    )
    if taken:
        await _note(tx, [each for _, each in taken], numbers)
    for (place, _), number in zip(taken, numbers, strict=True):
        answers[place] = number
    return [each for each in answers if each is not None]


async def say_as_shop(
    tx: Tx, merchant_id: UUID, session_id: UUID, chat_id: UUID, text: str, *, name: str, account_id: UUID
) -> int:
    """One of the shop's own people writes; nobody mutes them, and the dictionary holds for them as well. Said twice, it stands
    once. Raises `NotOnAir`, `Invalid`, `WordsRefused`."""
    await beats.lock(tx, [(merchant_id, session_id)])
    before = await tx.value(
        "SELECT seq FROM live_chats WHERE merchant_id = $1 AND session_id = $2 AND chat_id = $3",
        merchant_id,
        session_id,
        chat_id,
    )
    if before is not None:
        return before
    state = await tx.value(
        "SELECT state FROM live_sessions WHERE merchant_id = $1 AND session_id = $2", merchant_id, session_id
    )
    if state != "on_air":
        raise NotOnAir()
    text = _tidy(text)
    wrong = _wrong(text)
    if wrong is not None:
        raise wrong
    screened = await screening.screen_quietly(tx, [Said(field="text", area=Area.MESSAGE, text=text)])
    if screened.held[0]:
        raise WordsRefused(words=screened.why())
    body = {"name": name, "text": screened.texts[0], "shop": True}
    (seq,) = await beats.append(
        tx, NewBeat(merchant_id=merchant_id, session_id=session_id, kind=BeatKind.CHAT, body=body)
    )
    await tx.execute(
        "INSERT INTO live_chats (merchant_id, session_id, seq, chat_id, by) VALUES ($1, $2, $3, $4, $5)",
        merchant_id,
        session_id,
        seq,
        chat_id,
        f"staff:{account_id}",
    )
    return seq


def _tidy(text: str) -> str:
    """A message is one line."""
    return " ".join(text.split())


def _wrong(text: str) -> Invalid | None:
    if not text:
        return Invalid({"text": N_("Please fill this in")})
    if len(text) > CHAT_CHARACTERS_MAX:
        return Invalid({"text": N_("This is too long")})
    return None


def _refusal(
    text: str, room: _Room | None, speaker: _Speaker, unwanted: Sequence[str], now: datetime
) -> Refusal | None:
    if room is None or not room.on_air:
        return NotOnAir()
    if room.muted or speaker.barred:
        return ChatMuted()
    if (wrong := _wrong(text)) is not None:
        return wrong
    folded = screening.key_of(text)
    words = [*unwanted, *(word for word in room.words if (key := screening.key_of(word)) and key in folded)]
    if words:
        return WordsRefused(words=", ".join(dict.fromkeys(words)))
    if speaker.last_at is not None:
        wait = (speaker.last_at + timedelta(seconds=room.slow_seconds) - now).total_seconds()
        if wait > 0:
            return TooQuick(seconds=max(1, round(wait + 0.5)))
    return None


async def _rooms(read: Read, wanted: Sequence[Say]) -> Mapping[tuple[UUID, UUID], _Room]:
    sessions = sorted({(each.merchant_id, each.session_id) for each in wanted})
    found = await read.all(
        _Room,
        """
        SELECT l.merchant_id, l.session_id, l.state = 'on_air' AS on_air, coalesce(g.slow_seconds, 1) AS slow_seconds
             , coalesce(g.muted, false) AS muted
             , ARRAY(SELECT w.word FROM live_words w WHERE w.merchant_id = l.merchant_id AND w.room_id = l.room_id) AS words
        FROM unnest($1::uuid[], $2::uuid[]) AS s (merchant_id, session_id)
        JOIN live_sessions l USING (merchant_id, session_id)
        LEFT JOIN live_stages g USING (merchant_id, session_id)
        """,
        [merchant_id for merchant_id, _ in sessions],
        [session_id for _, session_id in sessions],
    )
    return {(each.merchant_id, each.session_id): each for each in found}


async def _speakers(read: Read, wanted: Sequence[Say]) -> list[_Speaker]:
    return await read.all(
        _Speaker,
        """
        SELECT b.name, coalesce(m.at IS NOT NULL AND (m.until IS NULL OR m.until > now()), false) AS barred, p.last_at, c.seq
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) WITH ORDINALITY
            AS w (merchant_id, session_id, buyer_id, chat_id, place)
        LEFT JOIN buyers b ON b.buyer_id = w.buyer_id
        LEFT JOIN live_mutes m ON m.merchant_id = w.merchant_id AND m.session_id = w.session_id AND m.buyer_id = w.buyer_id
        LEFT JOIN live_speakers p ON p.merchant_id = w.merchant_id AND p.session_id = w.session_id AND p.buyer_id = w.buyer_id
        LEFT JOIN live_chats c ON c.merchant_id = w.merchant_id AND c.session_id = w.session_id AND c.chat_id = w.chat_id
        ORDER BY w.place
        """,
        [each.merchant_id for each in wanted],
        [each.session_id for each in wanted],
        [each.buyer_id for each in wanted],
        [each.chat_id for each in wanted],
    )


async def _note(tx: Tx, said: Sequence[Say], numbers: Sequence[int]) -> None:
    """Who wrote what, when, and one more in the minute's figures."""
    await tx.execute(
        """
        WITH said AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[])
                AS s (merchant_id, session_id, seq, chat_id, buyer_id)
        ), chats AS (
            INSERT INTO live_chats (merchant_id, session_id, seq, chat_id, buyer_id, by)
            SELECT merchant_id, session_id, seq, chat_id, buyer_id, 'buyer' FROM said
        ), minutes AS (
            INSERT INTO live_minutes AS m (merchant_id, session_id, minute, chats)
            SELECT s.merchant_id, s.session_id
                 , greatest(0, floor(extract(epoch FROM now() - l.started_at) / 60))::integer, count(*)
            FROM said s JOIN live_sessions l USING (merchant_id, session_id) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            ON CONFLICT (merchant_id, session_id, minute) DO UPDATE SET chats = m.chats + excluded.chats
        )
        INSERT INTO live_speakers AS p (merchant_id, session_id, buyer_id, last_at)
        SELECT merchant_id, session_id, buyer_id, now() FROM said ORDER BY 1, 2, 3
        ON CONFLICT (merchant_id, session_id, buyer_id) DO UPDATE SET last_at = excluded.last_at, chats = p.chats + 1
        """,
        [each.merchant_id for each in said],
        [each.session_id for each in said],
        list(numbers),
        [each.chat_id for each in said],
        [each.buyer_id for each in said],
    )
