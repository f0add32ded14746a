"""Draws among those who write in the chat, so that everybody can check afterwards that nobody chose the winners.

Before anybody takes part, the SHA-256 of a secret is told (the commitment); when it is drawn, the secret. Who wins follows from
the secret and from the numbers of the messages (`stage_model.drawn`), which stand in the log.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.channels.live import beats
from steelyard.channels.live.beats import BeatKind, NewBeat
from steelyard.channels.live.showing import hold_on_air
from steelyard.channels.live.stage_model import (
    DRAW_SECONDS_MAX,
    DRAW_SECONDS_MIN,
    DRAW_WINNERS_MAX,
    WORD_CHARACTERS_MAX,
    NewDraw,
    commitment_of,
    drawn,
)
from steelyard.goods import promotions
from steelyard.kernel.db import Read, Row, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text

ENTRANTS_MAX = 200_000
DRAWS_PER_SWEEP = 10
DRAWS_SHOWN_MAX = 50
SECRET_BYTES = 32


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    draw_id: UUID
    prize: Text
    winners: int
    word: str
    commitment: str
    closes_at: datetime
    entrants: int | None


class Winner(msgspec.Struct, frozen=True, kw_only=True):
    """Who won, by which message of the chat."""

    place: int
    seq: int
    buyer_id: UUID


async def begin(tx: Tx, wanted: NewDraw, by: str) -> None:
    """A draw begins: who writes from now on takes part, each once. Said twice, the second changes nothing.

    Raises `NotFound`, `NotOnAir`, `Invalid`.
    """
    await hold_on_air(tx, wanted.merchant_id, wanted.session_id)
    known = await tx.value(
        "SELECT true FROM live_draws WHERE merchant_id = $1 AND session_id = $2 AND draw_id = $3",
        wanted.merchant_id,
        wanted.session_id,
        wanted.draw_id,
    )
    if known:
        return
    assert len(bytes.fromhex(wanted.secret)) == SECRET_BYTES, "nobody guesses the secret"
    await _check(tx, wanted)
    closes_at, commitment = datetime.now(UTC) + timedelta(seconds=wanted.seconds), commitment_of(wanted.secret)
    body = {
        "draw_id": wanted.draw_id,
        "prize": wanted.prize,
        "winners": wanted.winners,
        "word": wanted.word,
        "closes_at": closes_at,
        "commitment": commitment,
    }
    (seq,) = await beats.append(
        tx, NewBeat(merchant_id=wanted.merchant_id, session_id=wanted.session_id, kind=BeatKind.DRAW, body=body)
    )
    await tx.execute(
        """
        INSERT INTO live_draws (merchant_id, session_id, draw_id, prize, winners, word, promotion_id, secret, commitment
                              , from_seq, closes_at, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        wanted.merchant_id,
        wanted.session_id,
        wanted.draw_id,
        wanted.prize,
        wanted.winners,
        wanted.word,
        wanted.promotion_id,
        wanted.secret,
        commitment,
        seq,
        closes_at,
        by,
    )


async def _check(tx: Tx, wanted: NewDraw) -> None:
    wrong: dict[str, str | Text] = {}
    if not any(words.strip() for words in wanted.prize.values()):
        wrong["prize"] = N_("Please fill this in")
    if not 1 <= wanted.winners <= DRAW_WINNERS_MAX:
        wrong["winners"] = N_("Please choose 1 to 100 winners.")
    if not DRAW_SECONDS_MIN <= wanted.seconds <= DRAW_SECONDS_MAX:
        wrong["seconds"] = N_("Please choose another time.")
    if len(wanted.word) > WORD_CHARACTERS_MAX:
        wrong["word"] = N_("This is too long")
    if wanted.promotion_id is not None:
        coupon = await promotions.get(tx, wanted.merchant_id, wanted.promotion_id)
        if coupon is None or not coupon.coupon or coupon.given:
            wrong["promotion_id"] = N_("Please choose a coupon that can be claimed.")
    if wrong:
        raise Invalid(wrong)


async def close_due(tx: Tx) -> int:
    """Draw what is due; returns how many. A session that is over in between is drawn all the same."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, session_id, draw_id FROM live_draws WHERE to_seq IS NULL AND closes_at <= now()
        ORDER BY closes_at LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        DRAWS_PER_SWEEP,
    )
    for row in sorted(rows, key=lambda row: (row["merchant_id"], row["session_id"], row["draw_id"])):
        await _draw(tx, row["merchant_id"], row["session_id"], row["draw_id"])
    return len(rows)


async def _draw(tx: Tx, merchant_id: UUID, session_id: UUID, draw_id: UUID) -> None:
    await beats.lock(tx, [(merchant_id, session_id)])
    draw = await tx.row(
        """
        SELECT d.secret, d.winners, d.word, d.promotion_id, d.from_seq, d.closes_at, l.last_seq
        FROM live_draws d JOIN live_sessions l USING (merchant_id, session_id)
        WHERE d.merchant_id = $1 AND d.session_id = $2 AND d.draw_id = $3
        """,
        merchant_id,
        session_id,
        draw_id,
    )
    assert draw is not None
    rows = await _entrants(tx, merchant_id, session_id, draw)
    by_ticket = {row["seq"]: row for row in rows}
    tickets = drawn(draw["secret"], list(by_ticket), draw["winners"])
    body = {
        "draw_id": draw_id,
        "secret": draw["secret"],
        "from_seq": draw["from_seq"],
        "to_seq": draw["last_seq"],
        "entrants": len(rows),
        "winners": [{"seq": ticket, "name": by_ticket[ticket]["name"]} for ticket in tickets],
    }
    await beats.append(tx, NewBeat(merchant_id=merchant_id, session_id=session_id, kind=BeatKind.DRAWN, body=body))
    buyers = [by_ticket[ticket]["buyer_id"] for ticket in tickets]
    await tx.execute(
        """
        WITH done AS (
            UPDATE live_draws SET to_seq = $4, entrants = $5 WHERE merchant_id = $1 AND session_id = $2 AND draw_id = $3
        )
        INSERT INTO live_winners (merchant_id, session_id, draw_id, place, seq, buyer_id)
        SELECT $1, $2, $3, place, seq, buyer_id
        FROM unnest($6::bigint[], $7::uuid[]) WITH ORDINALITY AS w (seq, buyer_id, place)
        """,
        merchant_id,
        session_id,
        draw_id,
        draw["last_seq"],
        len(rows),
        tickets,
        buyers,
    )
    if draw["promotion_id"] is not None and buyers:
        await promotions.claim_all(tx, [(buyer_id, merchant_id, draw["promotion_id"]) for buyer_id in buyers])


async def _entrants(tx: Tx, merchant_id: UUID, session_id: UUID, draw: Row) -> list[Row]:
    """Of each buyer who is not muted, the first message that counts."""
    return await tx.fetch(
        """
        SELECT DISTINCT ON (c.buyer_id) c.buyer_id, c.seq, b.body ->> 'name' AS name
        FROM live_chats c JOIN live_beats b USING (merchant_id, session_id, seq)
        WHERE c.merchant_id = $1 AND c.session_id = $2 AND c.seq > $3 AND b.at <= $4 AND c.buyer_id IS NOT NULL
          AND ($5 = '' OR strpos(lower(b.body ->> 'text'), lower($5)) > 0)
          AND NOT EXISTS (SELECT FROM live_mutes m WHERE m.merchant_id = c.merchant_id AND m.session_id = c.session_id
                            AND m.buyer_id = c.buyer_id)
        ORDER BY c.buyer_id, c.seq LIMIT $6
        """,
        merchant_id,
        session_id,
        draw["from_seq"],
        draw["closes_at"],
        draw["word"],
        ENTRANTS_MAX,
    )


async def draws(read: Read, merchant_id: UUID, session_id: UUID) -> list[Draw]:
    """The draws of a session, the newest first."""
    return await read.all(
        Draw,
        """
        SELECT draw_id, prize, winners, word, commitment, closes_at, entrants FROM live_draws
        WHERE merchant_id = $1 AND session_id = $2 ORDER BY from_seq DESC LIMIT $3
        """,
        merchant_id,
        session_id,
        DRAWS_SHOWN_MAX,
    )


async def winners(read: Read, merchant_id: UUID, session_id: UUID, draw_id: UUID) -> list[Winner]:
    """Who won, for the shop that owes them the prize."""
    return await read.all(
        Winner,
        """
        SELECT place, seq, buyer_id FROM live_winners
        WHERE merchant_id = $1 AND session_id = $2 AND draw_id = $3 ORDER BY place LIMIT $4
        """,
        merchant_id,
        session_id,
        draw_id,
        DRAW_WINNERS_MAX,
    )
