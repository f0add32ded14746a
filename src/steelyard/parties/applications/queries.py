"""Questions about applications."""

from datetime import datetime
from uuid import UUID

from rapidfuzz import fuzz
from stdnum.cn import ric, uscc

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.access.model import AccountId
from steelyard.parties.applications.model import (
    Application,
    ApplicationFile,
    ApplicationId,
    ApplicationState,
    ApplicationStep,
    LookedAt,
)

SIMILAR_PERCENT = 85
NAMES_COMPARED_MAX = 20_000
SHOWN_MAX = 10
HISTORY_MAX = 200


async def get(read: Read, application_id: ApplicationId) -> Application | None:
    return await read.one(
        Application,
        """
        SELECT application_id, account_id, state, facts, done, reasons, created_at, changed_at, submitted_at
        FROM applications WHERE application_id = $1
        """,
        application_id,
    )


async def newest_of(read: Read, account_id: AccountId) -> Application | None:
    """The application that an account goes on with, or went on with last."""
    return await read.one(
        Application,
        """
        SELECT application_id, account_id, state, facts, done, reasons, created_at, changed_at, submitted_at
        FROM applications WHERE account_id = $1 ORDER BY created_at DESC LIMIT 1
        """,
        account_id,
    )


async def listed(
    read: Read, state: ApplicationState, cursor: str | None = None, limit: int | None = None
) -> Page[Application]:
    """The applications in a state, that which has waited longest first. Drafts are nobody's but the applicant's."""
    assert state is not ApplicationState.DRAFT
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    found = await read.all(
        Application,
        """
        SELECT application_id, account_id, state, facts, done, reasons, created_at, changed_at, submitted_at
        FROM applications
        WHERE state = $1 AND ($2::timestamptz IS NULL OR (submitted_at, application_id) > ($2, $3::uuid))
        ORDER BY submitted_at, application_id LIMIT $4
        """,
        state,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.submitted_at, last.application_id))


async def counts(read: Read) -> dict[ApplicationState, int]:
    """How many there are in each state."""
    rows = await read.fetch("SELECT state, count(*) AS count FROM applications GROUP BY state")
    return {ApplicationState(row["state"]): row["count"] for row in rows}


async def history(read: Read, application_id: ApplicationId) -> list[ApplicationStep]:
    """What became of it, the newest first."""
    return await read.all(
        ApplicationStep,
        """
        SELECT step, from_state, to_state, at, by, note, reasons FROM application_history
        WHERE application_id = $1 ORDER BY step DESC LIMIT $2
        """,
        application_id,
        HISTORY_MAX,
    )


async def files_of(read: Read, application_id: ApplicationId) -> dict[str, ApplicationFile]:
    """Its scans, by what they show."""
    found = await read.all(
        ApplicationFile,
        "SELECT application_id, kind, file, name, bytes, uploaded_at FROM application_files WHERE application_id = $1",
        application_id,
    )
    return {each.kind: each for each in found}


async def file(read: Read, application_id: ApplicationId, kind: str) -> ApplicationFile | None:
    return (await files_of(read, application_id)).get(kind)


async def slug_taken(read: Read, slug: str, application_id: ApplicationId) -> bool:
    """Whether a shop has this address already, or somebody else has applied for it."""
    return bool(
        await read.value(
            """
            SELECT EXISTS (SELECT FROM shop_names WHERE slug = $1)
                OR EXISTS (SELECT FROM applications
                           WHERE slug = $1 AND application_id <> $2 AND state IN ('draft', 'submitted', 'sent_back'))
            """,
            slug,
            application_id,
        )
    )


async def looked_at(read: Read, application: Application) -> LookedAt:
    """What the machine finds about an application: is its number right, is it somebody else's, do names look alike."""
    facts = application.facts
    number, names = facts.licence_number, [*facts.shop_name.values(), facts.legal_name]
    merchants = await read.fetch(
        "SELECT code FROM merchants WHERE $1 <> '' AND credit_code = $1 ORDER BY code LIMIT $2", number, SHOWN_MAX
    )
    others = await read.fetch(
        """
        SELECT application_id, state FROM applications
        WHERE licence_number <> '' AND licence_number = $1 AND application_id <> $2
        ORDER BY created_at DESC LIMIT $3
        """,
        number,
        application.application_id,
        SHOWN_MAX,
    )
    return LookedAt(
        number_is_right=_number_is_right(application),
        same_number_merchants=[row["code"] for row in merchants],
        same_number_applications=[ApplicationId(row["application_id"]) for row in others],
        similar_names=await _similar(read, [name for name in names if name]),
        refused_before=sum(1 for row in others if row["state"] == ApplicationState.REFUSED),
        slug_taken=await slug_taken(read, facts.slug, application.application_id),
    )


def _number_is_right(application: Application) -> bool | None:
    facts = application.facts
    if facts.country != "CN":
        return None
    return (uscc if facts.kind == "business" else ric).is_valid(facts.licence_number)


async def _similar(read: Read, names: list[str]) -> list[str]:
    """Names of shops and merchants that look like one of these."""
    rows = await read.fetch(
        """
        SELECT name FROM (
            SELECT s.merchant_id, each.value AS name FROM shops s, jsonb_each_text(s.name) AS each
            UNION ALL SELECT merchant_id, legal_name FROM merchants
        ) known ORDER BY merchant_id LIMIT $1
        """,
        NAMES_COMPARED_MAX,
    )
    known = {row["name"] for row in rows}
    near = {
        candidate: max(fuzz.ratio(candidate.casefold(), name.casefold()) for name in names)
        for candidate in known
        if names
    }
    return sorted((name for name, score in near.items() if score >= SIMILAR_PERCENT), key=lambda name: -near[name])[
        :SHOWN_MAX
    ]
