"""Papers that categories need: the operator says which, a shop hands them in with their last day, reviewers look them over,
and owners are reminded before they end. Which goods lack one is asked by the catalogue, when they are to go onto the shelf
and when a paper has ended."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import (
    MerchantId,
    NewPaper,
    Paper,
    PaperKind,
    RenewalState,
    StaleRenewal,
)

PAPERS_SHOWN_MAX = 100
KINDS_MAX = 100
REASON_CHARACTERS_MAX = 200
NUMBER_CHARACTERS_MAX = 64
FILE_NAME_CHARACTERS_MAX = 200


async def paper_kinds(read: Read) -> list[PaperKind]:
    """The kinds of papers that a category may need."""
    return await read.all(PaperKind, "SELECT kind, name FROM paper_kinds ORDER BY kind LIMIT $1", KINDS_MAX)


async def papers_needed(read: Read, category_ids: Iterable[UUID]) -> set[str]:
    """Which papers these categories themselves ask for, together."""
    rows = await read.fetch(
        "SELECT DISTINCT kind FROM category_papers WHERE category_id = ANY($1)", sorted(set(category_ids))
    )
    return {row["kind"] for row in rows}


async def set_papers_needed(tx: Tx, category_id: UUID, kinds: Iterable[str]) -> None:
    """Say which papers a category and all below it need. What is on the shelf stays until a paper ends."""
    wanted = sorted(set(kinds))
    known = {each.kind for each in await paper_kinds(tx)}
    if not known.issuperset(wanted):
        raise Invalid({"papers": N_("Please choose among these")})
    await tx.execute("DELETE FROM category_papers WHERE category_id = $1 AND kind <> ALL ($2)", category_id, wanted)
    await tx.execute(
        """
        INSERT INTO category_papers (category_id, kind) SELECT $1, unnest($2::text[])
        ON CONFLICT (category_id, kind) DO NOTHING
        """,
        category_id,
        wanted,
    )


async def hand_in_paper(tx: Tx, merchant_id: MerchantId, new: NewPaper, by: str, today: date) -> None:
    """Hand in a paper. One of its kind that waits already is replaced by it; said twice, nothing changes. Raises `Invalid`."""
    wrong: dict[str, str] = {}
    if new.good_until is not None and new.good_until < today:
        wrong["good_until"] = N_("This paper has ended.")
    if new.kind not in {each.kind for each in await paper_kinds(tx)}:
        wrong["kind"] = N_("Please choose among these")
    number = new.number.strip()
    if not number or len(number) > NUMBER_CHARACTERS_MAX:
        wrong["number"] = N_("Please enter its number, at most 64 characters")
    if wrong:
        raise Invalid(wrong)
    await tx.execute(
        """
        INSERT INTO merchant_papers AS p (merchant_id, paper_id, kind, number, good_until, file, name, bytes, state
                                        , handed_in_by)
        SELECT $1, $2, $3, $4, $5::date, $6, $7, $8::bigint, 'waiting', $9
        WHERE NOT EXISTS (SELECT FROM merchant_papers WHERE merchant_id = $1 AND paper_id = $2)
        ON CONFLICT (merchant_id, kind) WHERE state = 'waiting' DO UPDATE
        SET number = excluded.number, good_until = excluded.good_until, file = excluded.file, name = excluded.name
          , bytes = excluded.bytes, handed_in_at = now(), handed_in_by = excluded.handed_in_by
        WHERE (p.file, p.good_until, p.number) IS DISTINCT FROM (excluded.file, excluded.good_until, excluded.number)
        """,
        merchant_id,
        new.paper_id,
        new.kind,
        number,
        new.good_until,
        new.file,
        new.name[:FILE_NAME_CHARACTERS_MAX],
        new.bytes,
        by,
    )


async def decide_paper(
    tx: Tx, merchant_id: MerchantId, paper_id: UUID, *, accepted: bool, file: str, reason: str, by: str
) -> Paper:
    """Accept a paper, or send it back with a reason. `file` is the one that was looked at. Raises `NotFound`, `StaleRenewal`
    when somebody was quicker or another was handed in meanwhile, `Invalid`."""
    reason = reason.strip()
    if not accepted and not reason:
        raise Invalid({"reason": N_("Please give a reason.")})
    await tx.execute(
        "SELECT FROM merchant_papers WHERE merchant_id = $1 AND paper_id = $2 FOR UPDATE", merchant_id, paper_id
    )
    found = await paper(tx, merchant_id, paper_id)
    if found.state is not RenewalState.WAITING or found.file != file:
        raise StaleRenewal()
    await tx.execute(
        """
        UPDATE merchant_papers SET state = $3, reason = $4, decided_at = now(), decided_by = $5
        WHERE merchant_id = $1 AND paper_id = $2
        """,
        merchant_id,
        paper_id,
        RenewalState.ACCEPTED if accepted else RenewalState.SENT_BACK,
        reason[:REASON_CHARACTERS_MAX],
        by,
    )
    return found


async def papers_of(read: Read, merchant_id: MerchantId) -> list[Paper]:
    """The papers that a shop has handed in, the last first."""
    return await read.all(
        Paper,
        """
        SELECT p.merchant_id, p.paper_id, p.kind, k.name AS kind_name, p.number, p.good_until, p.file, p.name, p.bytes, p.state
             , p.reason, p.handed_in_at
        FROM merchant_papers p JOIN paper_kinds k USING (kind)
        WHERE p.merchant_id = $1 ORDER BY p.handed_in_at DESC, p.paper_id LIMIT $2
        """,
        merchant_id,
        PAPERS_SHOWN_MAX,
    )


async def papers_waiting(read: Read, limit: int | None = None) -> list[Paper]:
    """The papers that wait to be looked over, the longest first. For the operator."""
    return await read.all(
        Paper,
        """
        SELECT p.merchant_id, p.paper_id, p.kind, k.name AS kind_name, p.number, p.good_until, p.file, p.name, p.bytes, p.state
             , p.reason, p.handed_in_at
        FROM merchant_papers p JOIN paper_kinds k USING (kind)
        WHERE p.state = 'waiting' ORDER BY p.handed_in_at, p.paper_id LIMIT $1
        """,
        paging.limit(limit),
    )


async def papers_to_look_at(read: Read, before: date, today: date, most: int) -> tuple[int, int, int, int]:
    """How many licences of shops that are not closed do not reach this day, how many new ones wait to be looked over, how
    many papers of categories, and how many shops should have been looked at anew by today; but for the first counted up to
    `most`. For the operator."""
    row = await read.row(
        """
        SELECT (SELECT count(*) FROM merchants WHERE licence_until < $1 AND state <> 'closed')::integer AS ending
             , (SELECT count(*) FROM (SELECT FROM licence_renewals WHERE state = 'waiting' LIMIT $2) due)::integer AS licences
             , (SELECT count(*) FROM (SELECT FROM merchant_papers WHERE state = 'waiting' LIMIT $2) due)::integer AS papers
             , (SELECT count(*) FROM (SELECT FROM merchants WHERE verify_by <= $3 AND state <> 'closed' LIMIT $2) due)::integer
               AS anew
        """,
        before,
        most,
        today,
    )
    assert row is not None
    return row["ending"], row["licences"], row["papers"], row["anew"]


async def paper(read: Read, merchant_id: MerchantId, paper_id: UUID) -> Paper:
    """Raises `NotFound`."""
    found = await read.one(
        Paper,
        """
        SELECT p.merchant_id, p.paper_id, p.kind, k.name AS kind_name, p.number, p.good_until, p.file, p.name, p.bytes, p.state
             , p.reason, p.handed_in_at
        FROM merchant_papers p JOIN paper_kinds k USING (kind) WHERE p.merchant_id = $1 AND p.paper_id = $2
        """,
        merchant_id,
        paper_id,
    )
    if found is None:
        raise NotFound()
    return found
