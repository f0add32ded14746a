"""Lists of a console as staff filter them often: kept under a name, for oneself or for all colleagues."""

from collections.abc import Sequence
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties.access.model import AccountId, Actor

ViewId = NewType("ViewId", UUID)

VIEWS_PER_LIST_MAX = 20
NAME_CHARACTERS_MAX = 40
QUERY_CHARACTERS_MAX = 1_000


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """`query` is what the address asks: `state=paid&q=boots`."""

    view_id: ViewId
    account_id: AccountId
    path: str
    query: str
    name: str
    shared: bool


class TooManyViews(Refusal):
    """A list has at most `VIEWS_PER_LIST_MAX` views of one person, so that they are found again."""

    code = "too_many_views"
    status = 409
    title = N_("You have saved many views of this list already")
    detail = N_("Please remove one of the {limit} first.")


async def views_of(read: Read, by: Actor, path: str) -> Sequence[SavedView]:
    """One's own views of a list and those that colleagues share, the oldest first."""
    assert by.account is not None
    return await read.all(
        SavedView,
        """
        SELECT view_id, account_id, path, query, name, shared FROM saved_views
        WHERE path = $1 AND kind = $2 AND merchant_id IS NOT DISTINCT FROM $3 AND (shared OR account_id = $4)
        ORDER BY created_at, view_id LIMIT $5
        """,
        path,
        by.account.kind,
        by.account.merchant_id,
        by.account.account_id,
        VIEWS_PER_LIST_MAX * 3,
    )


async def save_view(tx: Tx, by: Actor, *, view_id: ViewId, path: str, query: str, name: str, shared: bool) -> None:
    """Keep a list as it is filtered now. Said twice, it is kept once. Raises `Invalid`, `TooManyViews`."""
    account = by.account
    assert account is not None
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_CHARACTERS_MAX:
        raise Invalid({"name": N_("Please give it a short name")})
    if not path.startswith("/") or len(query) > QUERY_CHARACTERS_MAX:
        raise Invalid({"name": N_("This view cannot be saved")})
    await tx.execute("SELECT FROM accounts WHERE account_id = $1 FOR NO KEY UPDATE", account.account_id)
    kept = await tx.value(
        "SELECT count(*) FROM saved_views WHERE account_id = $1 AND path = $2 AND view_id <> $3",
        account.account_id,
        path,
        view_id,
    )
    if kept >= VIEWS_PER_LIST_MAX:
        raise TooManyViews(limit=VIEWS_PER_LIST_MAX)
    await tx.execute(
        """
        INSERT INTO saved_views (view_id, account_id, kind, merchant_id, path, query, name, shared)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (view_id) DO NOTHING
        """,
        view_id,
        account.account_id,
        account.kind,
        account.merchant_id,
        path,
        query,
        name,
        shared,
    )


async def remove_view(tx: Tx, by: Actor, view_id: ViewId) -> SavedView:
    """Forget a view of one's own. Raises `NotFound`; a colleague's is not one's own."""
    assert by.account is not None
    removed = await tx.one(
        SavedView,
        """
        DELETE FROM saved_views WHERE view_id = $1 AND account_id = $2
        RETURNING view_id, account_id, path, query, name, shared
        """,
        view_id,
        by.account.account_id,
    )
    if removed is None:
        raise NotFound()
    return removed
