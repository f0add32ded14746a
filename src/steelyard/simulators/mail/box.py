"""The box that the caught mails lie in: the last thousand, newest first."""

import re
from collections.abc import Callable
from datetime import datetime

import msgspec

from steelyard.simulators.clock import Clock
from steelyard.simulators.mail.model import Attachment, Mail, read_content
from steelyard.simulators.problems import not_found
from steelyard.simulators.store import Store, Tx

MAILS_MAX = 1000
PAGE_ROWS = 50
ADDRESS = re.compile(r"<([^<>]+)>")
SCHEMA = """
CREATE TABLE IF NOT EXISTS mails (
  id          INTEGER PRIMARY KEY AUTOINCREMENT
, received_at REAL NOT NULL
, sender      TEXT NOT NULL
, recipients  BLOB NOT NULL
, subject     TEXT NOT NULL
, body_text   TEXT NOT NULL
, body_html   TEXT NOT NULL
, attachments BLOB NOT NULL
, raw         BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS mail_recipients (
  address TEXT NOT NULL
, mail    INTEGER NOT NULL REFERENCES mails ON DELETE CASCADE
, PRIMARY KEY (address, mail)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mail_recipients_of ON mail_recipients (mail);
"""


# Of a mail of a list: in the transaction that keeps it, its Message-ID and its number.
Told = Callable[[Tx, str, int], None]


class _Row(msgspec.Struct, frozen=True):
    id: int
    received_at: datetime
    sender: str
    recipients: bytes
    subject: str
    body_text: str
    body_html: str
    attachments: bytes

    @property
    def mail(self) -> Mail:
        return Mail(
            id=self.id,
            received_at=self.received_at,
            sender=self.sender,
            recipients=msgspec.json.decode(self.recipients, type=list[str]),
            subject=self.subject,
            text=self.body_text,
            html=self.body_html,
            attachments=msgspec.json.decode(self.attachments, type=list[Attachment]),
        )


class _Raw(msgspec.Struct, frozen=True):
    raw: bytes


class MailBox:
    """Keeps and finds mails."""

    def __init__(self, store: Store, clock: Clock, told: Told | None = None) -> None:
        """`told`: whom mails of lists are told to."""
        self._store = store
        self._clock = clock
        self._told = told

    def keep(self, sender: str, recipients: list[str], raw: bytes) -> int:
        """Put a mail in, and the oldest out when there are too many; returns the mail's id."""
        content = read_content(raw)
        facts = {
            "now": self._clock.now(),
            "sender": sender,
            "recipients": msgspec.json.encode(recipients),
            "subject": content.subject,
            "text": content.text,
            "html": content.html,
            "attachments": msgspec.json.encode(content.attachments),
            "raw": raw,
        }
        with self._store.write() as tx:
            mail = tx.number(
                """INSERT INTO mails (received_at, sender, recipients, subject, body_text, body_html, attachments, raw)
                   VALUES (:now, :sender, :recipients, :subject, :text, :html, :attachments, :raw) RETURNING id""",
                facts,
            )
            assert mail is not None
            for recipient in recipients:
                tx.execute(
                    "INSERT INTO mail_recipients VALUES (:address, :mail) ON CONFLICT DO NOTHING",
                    {"address": plain_address(recipient), "mail": int(mail)},
                )
            tx.execute(
                """DELETE FROM mails
                   WHERE id <= (SELECT id FROM mails ORDER BY id DESC LIMIT 1 OFFSET :most)""",
                {"most": MAILS_MAX},
            )
            if self._told is not None and content.of_a_list and content.message_key:
                self._told(tx, content.message_key, int(mail))
        return int(mail)

    def latest(self, *, to: str | None = None, before: int | None = None, most: int = PAGE_ROWS) -> list[Mail]:
        """Newest first; those to one address, or all; those older than `before`, or all."""
        rows = self._store.rows(
            _Row,
            """SELECT id, received_at, sender, recipients, subject, body_text, body_html, attachments FROM mails
               WHERE (:to IS NULL OR id IN (SELECT mail FROM mail_recipients WHERE address = :to))
                 AND (:before IS NULL OR id < :before)
               ORDER BY id DESC LIMIT :most""",
            {"to": plain_address(to) if to else None, "before": before, "most": most},
        )
        return [row.mail for row in rows]

    def one(self, mail: int) -> Mail:
        row = self._store.row(
            _Row,
            """SELECT id, received_at, sender, recipients, subject, body_text, body_html, attachments
               FROM mails WHERE id = :id""",
            {"id": mail},
        )
        if row is None:
            raise not_found("mail")
        return row.mail

    def raw(self, mail: int) -> bytes:
        row = self._store.row(_Raw, "SELECT raw FROM mails WHERE id = :id", {"id": mail})
        if row is None:
            raise not_found("mail")
        return row.raw


def plain_address(address: str) -> str:
    """What is looked for: without a display name, in lower case."""
    bracketed = ADDRESS.search(address)
    return (bracketed.group(1) if bracketed else address).strip().lower()
