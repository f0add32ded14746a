"""The message service: text messages and WeChat's template messages are caught beside the mails, and what became of each is told.

What is sent to a number or name that ends in 0404 comes back for good, to one that ends in 0451 for a while; a number without a
digit is refused at once. A mail to `gone@` is refused by the mail server itself, one to `full@` for the moment.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from steelyard.simulators.clock import Clock
from steelyard.simulators.problems import Refused, not_found
from steelyard.simulators.store import Store, Tx
from steelyard.simulators.webhooks import Outbox

PAGE_ROWS = 50
SCHEMA = """
CREATE TABLE IF NOT EXISTS texts (
  id          INTEGER PRIMARY KEY AUTOINCREMENT
, reference   TEXT NOT NULL UNIQUE
, channel     TEXT NOT NULL CHECK (channel IN ('sms', 'wechat'))
, recipient   TEXT NOT NULL
, sender      TEXT NOT NULL
, said        TEXT NOT NULL
, link        TEXT NOT NULL
, state       TEXT NOT NULL CHECK (state IN ('taken', 'delivered', 'bounced'))
, why         TEXT NOT NULL DEFAULT ''
, hard        INTEGER NOT NULL DEFAULT 0
, webhook_url TEXT
, received_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS mail_keys (
  message_key TEXT PRIMARY KEY
, mail        INTEGER NOT NULL
, state       TEXT NOT NULL DEFAULT 'delivered'
) WITHOUT ROWID;
"""
NOBODY, FULL = "0404", "0451"
Kind = Literal["sms", "wechat"]
Reference = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,80}$")]
Line = Annotated[str, Meta(max_length=200)]


class Field(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(max_length=40)]
    value: Annotated[str, Meta(max_length=200)]


class TextRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`text` of a text message; `template`, `fields` and `link` of one of WeChat."""

    reference: Reference
    channel: Kind
    to: Annotated[str, Meta(min_length=1, max_length=100)]
    text: Annotated[str, Meta(max_length=2000)] = ""
    template: Line = ""
    fields: list[Field] = []
    link: Annotated[str, Meta(max_length=2000)] = ""
    sender: Line = ""
    webhook_url: Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+[^\s]*$", max_length=2000)] | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a message."""

    reference: str
    state: str
    why: str = ""
    hard: bool = False


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A caught message, as the page shows it."""

    id: int
    reference: str
    channel: Kind
    recipient: str
    sender: str
    said: str
    link: str
    state: str
    why: str
    hard: bool
    webhook_url: str | None
    received_at: datetime


class _Key(msgspec.Struct, frozen=True):
    message_key: str
    state: str


class Texts:
    """All messages that are no mails, and what is told of those that are."""

    def __init__(self, store: Store, clock: Clock, outbox: Outbox, mails_webhook_url: str | None) -> None:
        self._store = store
        self._clock = clock
        self._outbox = outbox
        self._mails_webhook_url = mails_webhook_url

    def take(self, request: TextRequest) -> Told:
        """Catch a message; the same reference is the same message. It arrives at once, or comes back."""
        if request.channel == "sms" and not any(letter.isdigit() for letter in request.to):
            raise Refused(422, "no_such_number", "Nobody has this number.")
        said = request.text or "\n".join(f"{field.name}: {field.value}" for field in request.fields)
        state, why, hard = "delivered", "", False
        if request.to.endswith((NOBODY, FULL)):
            hard = request.to.endswith(NOBODY)
            state, why = "bounced", "nobody has it" if hard else "full"
        with self._store.write() as tx:
            fresh = tx.execute(
                """INSERT INTO texts (reference, channel, recipient, sender, said, link, state, why, hard, webhook_url
                                    , received_at)
                   VALUES (:reference, :channel, :to, :sender, :said, :link, :state, :why, :hard, :url, :now)
                   ON CONFLICT (reference) DO NOTHING""",
                {
                    "reference": request.reference,
                    "channel": request.channel,
                    "to": request.to,
                    "sender": request.sender or request.template,
                    "said": said,
                    "link": request.link,
                    "state": state,
                    "why": why,
                    "hard": hard,
                    "url": request.webhook_url,
                    "now": self._clock.now(),
                },
            )
            if fresh:
                told = Told(reference=request.reference, state=state, why=why, hard=hard)
                self._outbox.publish(tx, f"text.{state}", request.reference, request.webhook_url, told)
        return Told(reference=request.reference, state="taken")

    def known(self, reference: str) -> Told:
        found = self._one(reference)
        return Told(reference=reference, state=found.state, why=found.why, hard=found.hard)

    def _one(self, reference: str) -> Text:
        row = self._store.row(Text, "SELECT * FROM texts WHERE reference = :reference", {"reference": reference})
        if row is None:
            raise not_found("message")
        return row

    def latest(self, before: int | None = None) -> list[Text]:
        """Newest first."""
        return self._store.rows(
            Text,
            "SELECT * FROM texts WHERE :before IS NULL OR id < :before ORDER BY id DESC LIMIT :most",
            {"before": before, "most": PAGE_ROWS},
        )

    def answer(self, reference: str) -> None:
        """Whoever got it answers that they want no more."""
        found = self._one(reference)
        with self._store.write() as tx:
            told = Told(reference=reference, state=found.state, why="R")
            self._outbox.publish(tx, "text.stopped", reference, found.webhook_url, told)

    def kept(self, tx: Tx, message_key: str, mail: int) -> None:
        """A mail of a list has arrived: its sender is told so, and may ask."""
        tx.execute(
            "INSERT INTO mail_keys (message_key, mail) VALUES (:key, :mail) ON CONFLICT DO NOTHING",
            {"key": message_key, "mail": mail},
        )
        reference = message_key.partition("@")[0]
        told = Told(reference=reference, state="delivered")
        self._outbox.publish(tx, "mail.delivered", reference, self._mails_webhook_url, told)

    def known_mail(self, message_key: str) -> Told:
        row = self._store.row(
            _Key, "SELECT message_key, state FROM mail_keys WHERE message_key = :key", {"key": message_key}
        )
        if row is None:
            raise not_found("mail")
        return _told(message_key, row.state)

    def send_back(self, mail: int, what: Literal["bounced", "complained"]) -> None:
        """What people do with a mail that was caught: it comes back for good, or is complained of."""
        row = self._store.row(_Key, "SELECT message_key, state FROM mail_keys WHERE mail = :mail", {"mail": mail})
        if row is None:
            raise not_found("mail")
        told = _told(row.message_key, what)
        with self._store.write() as tx:
            if told.hard:
                tx.execute("UPDATE mail_keys SET state = :state WHERE mail = :mail", {"state": what, "mail": mail})
            self._outbox.publish(tx, f"mail.{what}", told.reference, self._mails_webhook_url, told)


def _told(message_key: str, state: str) -> Told:
    """Of a mail: one that came back did so for good."""
    back = state == "bounced"
    reference = message_key.partition("@")[0]
    return Told(reference=reference, state=state, why="550 5.1.1 No such user" if back else "", hard=back)
