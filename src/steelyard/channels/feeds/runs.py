"""How far each import has come: one row for a set of files and a map, moved on in the transaction of each chunk."""

from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.channels.feeds.model import Subject
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_


class Result(msgspec.Struct, kw_only=True):
    """What an import did. read = rejected + overlapping + already_imported + accepted; the rest counts what became of
    the accepted rows. `finished_before`: nothing was written now, as these files had come in whole before."""

    what: Subject
    finished_before: bool = False
    read: int = 0
    rejected: int = 0
    overlapping: int = 0
    already_imported: int = 0
    accepted: int = 0
    merchants: int = 0
    products: int = 0
    customers: int = 0
    orders: int = 0
    refunds: int = 0
    documents: int = 0
    reasons: dict[str, int] = {}
    rejects: str | None = None
    seconds: float = 0.0

    def summary(self) -> str:
        """The same in words."""
        head = "Nothing new: these files came in whole before.\n" if self.finished_before else ""
        counts = {
            "rows read": self.read,
            "rejected": self.rejected,
            "in more than one of the files": self.overlapping,
            "imported before": self.already_imported,
            "accepted": self.accepted,
            "merchants opened": self.merchants,
            "products": self.products,
            "customers": self.customers,
            "orders": self.orders,
            "refunds": self.refunds,
            "credits and corrections": self.documents,
        }
        lines = [f"{count:>12,}  {words}" for words, count in counts.items() if count or words == "rows read"]
        lines += [f"{count:>12,}    {reason}" for reason, count in sorted(self.reasons.items())]
        if self.rejected and self.rejects:
            lines.append(f"The rejected rows are in {self.rejects}")
        return head + "\n".join(lines)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """An import as it stands. `chunks` are written, of `counted` products the sales are in search's figures."""

    fingerprint: str
    run_id: UUID
    chunks: int
    counted: int
    result: Result | None
    finished_at: datetime | None


class ImportedElsewhere(Refusal):
    """Two processes never import the same files at once."""

    code = "import_runs_elsewhere"
    title = N_("These files are being imported by another process")
    detail = N_("It has written chunk {chunk}.")


async def begin(tx: Tx, fingerprint: str, subject: Subject, files: list[str], mapping: str) -> Run:
    """The run of this fingerprint: a new one, or the one that was begun before."""
    await tx.execute(
        """
        INSERT INTO import_runs (fingerprint, run_id, subject, files, map) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (fingerprint) DO NOTHING
        """,
        fingerprint,
        ids.mint(),
        subject,
        files,
        mapping,
    )
    run = await tx.one(
        Run,
        """
        SELECT fingerprint, run_id, chunks, counted, result, finished_at FROM import_runs WHERE fingerprint = $1
        """,
        fingerprint,
    )
    assert run is not None
    return run


async def advance(tx: Tx, run: Run, chunk: int) -> None:
    """This transaction writes chunk number `chunk`, the one after those that are there. Raises `ImportedElsewhere`."""
    moved = await tx.execute(
        "UPDATE import_runs SET chunks = $2 WHERE fingerprint = $1 AND chunks < $2 AND finished_at IS NULL",
        run.fingerprint,
        chunk,
    )
    if not moved:
        raise ImportedElsewhere(chunk=chunk)


async def wrote(tx: Tx, run: Run, *, orders: int, documents: int, refunds: int) -> None:
    """So many more are written: nobody needs to count them among all others afterwards."""
    await tx.execute(
        """
        UPDATE import_runs SET orders = orders + $2, documents = documents + $3, refunds = refunds + $4
        WHERE fingerprint = $1
        """,
        run.fingerprint,
        orders,
        documents,
        refunds,
    )


async def written(read: Read, run: Run) -> dict[str, int]:
    """How many orders, documents and refunds are written."""
    row = await read.row("SELECT orders, documents, refunds FROM import_runs WHERE fingerprint = $1", run.fingerprint)
    assert row is not None
    return dict(row)


async def count(tx: Tx, run: Run, before: int, after: int) -> None:
    """This transaction pushes the sales of products number `before` to `after` down. Raises `ImportedElsewhere`."""
    moved = await tx.execute(
        "UPDATE import_runs SET counted = $3 WHERE fingerprint = $1 AND counted = $2", run.fingerprint, before, after
    )
    if not moved:
        raise ImportedElsewhere(chunk=after)


async def finish(tx: Tx, run: Run, result: Result) -> None:
    """Everything of it is written."""
    await tx.execute(
        "UPDATE import_runs SET result = $2, finished_at = now() WHERE fingerprint = $1 AND finished_at IS NULL",
        run.fingerprint,
        result,
    )
