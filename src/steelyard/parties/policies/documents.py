"""Terms, privacy and the rules for merchants: which version of each is in force, and publishing a new one.

The program brings a first version of each. From the day of a published version everybody whom it concerns is asked to agree
to it; who agreed is kept by those who know them (`operations/privacy`, `parties/merchants`).
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel import keeping
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text

DOCUMENTS_KEPT = "parties.policies.documents"
VERSIONS_MAX = 100


class Document(StrEnum):
    TERMS = "terms"
    PRIVACY = "privacy"
    RULES = "rules"


# What the program brings, by the day or month of its last change.
FIRST_VERSIONS = {Document.TERMS: "2026-09", Document.PRIVACY: "2026-09", Document.RULES: "2026-11-01"}


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """`from_day` is none for what the program brought: nobody is asked about that again."""

    document: Document
    from_day: date | None = None
    summary: Text = msgspec.field(default_factory=Text)
    body: Text = msgspec.field(default_factory=Text)
    published_at: datetime | None = None
    published_by: UUID | None = None

    @property
    def name(self) -> str:
        """What it is called, and what is kept of who agreed."""
        return self.from_day.isoformat() if self.from_day else FIRST_VERSIONS[self.document]


async def in_force(read: Read) -> Mapping[Document, Version]:
    """The version of each document that counts today; kept for a moment."""

    async def ask() -> Mapping[Document, Version]:
        found = await read.all(
            Version,
            """
            SELECT DISTINCT ON (document) document, from_day, summary, body, published_at, published_by
            FROM document_versions WHERE from_day <= (now() AT TIME ZONE 'Asia/Shanghai')::date
            ORDER BY document, from_day DESC
            """,
        )
        return {each: Version(document=each) for each in Document} | {each.document: each for each in found}

    return await keeping.kept(read, DOCUMENTS_KEPT, ask)


async def versions(read: Read) -> list[Version]:
    """What was published and what is planned, of all documents, the newest first."""
    return await read.all(
        Version,
        """
        SELECT document, from_day, summary, body, published_at, published_by FROM document_versions
        ORDER BY from_day DESC, document LIMIT $1
        """,
        VERSIONS_MAX,
    )


async def publish(tx: Tx, version: Version, today: date) -> bool:
    """From its day on people are asked to agree to it. False when the same was published before.

    Raises `Invalid` without a summary, for a day that is over, and for one that has another version that people may have
    agreed to already.
    """
    if not version.summary:
        raise Invalid({"summary_zh": N_("Please say in a sentence what is new: people read this before they agree.")})
    if version.from_day is None or version.from_day < today:
        raise Invalid({"from_day": N_("Please choose today or a day to come.")})
    keeping.forget(tx, DOCUMENTS_KEPT)
    changed = await tx.execute(
        """
        INSERT INTO document_versions AS v (document, from_day, summary, body, published_by) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (document, from_day) DO UPDATE
        SET summary = excluded.summary, body = excluded.body, published_by = excluded.published_by, published_at = now()
        WHERE v.from_day > $6 AND (v.summary, v.body) <> (excluded.summary, excluded.body)
        """,
        version.document,
        version.from_day,
        version.summary,
        version.body,
        version.published_by,
        today,
    )
    if changed:
        return True
    known = await tx.value(
        "SELECT summary = $3 AND body = $4 FROM document_versions WHERE document = $1 AND from_day = $2",
        version.document,
        version.from_day,
        version.summary,
        version.body,
    )
    if not known:
        raise Invalid({"from_day": N_("From this day on another version counts already. Please choose a later day.")})
    return False


async def call_off(tx: Tx, document: Document, from_day: date, today: date) -> None:
    """A version that was planned does not come. Raises `NotFound` for one that counts already: people agreed to it."""
    keeping.forget(tx, DOCUMENTS_KEPT)
    gone = await tx.execute(
        "DELETE FROM document_versions WHERE document = $1 AND from_day = $2 AND from_day > $3",
        document,
        from_day,
        today,
    )
    if not gone:
        raise NotFound()
