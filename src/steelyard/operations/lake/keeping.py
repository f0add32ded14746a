"""How the lake stays small and right: hours joined to days, people under the names that they have now, files deleted."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

from steelyard.kernel.db import Database, Read, Tx
from steelyard.operations import behaviour
from steelyard.operations.lake import manifest
from steelyard.operations.lake.writing import mark
from steelyard.trade.settlement.model import SETTLEMENT_ZONE

RENAMINGS_PER_ROUND = 2_000
FILES_DELETED_PER_ROUND = 500
ORPHANS_KEPT_SECONDS = 2 * manifest.READ_SECONDS_MAX


async def compact(db: Database, home: Path, today: date | None = None) -> int:
    """Join the hours of the oldest day before today to one file; returns how many there were."""
    before = today or datetime.now(SETTLEMENT_ZONE).date()
    day, names = await db.ask(_hours, before)
    if day is None:
        return 0
    # Who turned out to be a robot after their first views had been copied is left out here.
    since = datetime.combine(day, time(), SETTLEMENT_ZONE) - timedelta(days=1)
    robots = await db.ask(behaviour.robots_found, since)
    written = manifest.rewrite(home, _name("day", names), names, {str(robot): None for robot in robots})
    await db.transact(_stand_for, names, [("day", day, written)] if written is not None else [])
    return len(names)


async def _hours(read: Read, before: date) -> tuple[date | None, list[str]]:
    rows = await read.fetch(
        """
        SELECT name, day FROM lake_files WHERE gone_at IS NULL AND part = 'hour'
          AND day = (SELECT min(day) FROM lake_files WHERE gone_at IS NULL AND part = 'hour' AND day < $1)
        ORDER BY name LIMIT $2
        """,
        before,
        manifest.FILES_MAX,
    )
    return (rows[0]["day"] if rows else None), [row["name"] for row in rows]


async def rename(db: Database, home: Path) -> int:
    """Write the files anew that hold events of people who have another name or none any more; returns how many people.

    Files that lose people are deleted in the end at once, not when their readers are done: who is forgotten is gone.
    """
    people, seen = await db.ask(_renamings)
    if not people:
        return 0
    named = {str(person): str(becomes) if becomes else None for person, becomes in people.items()}
    concerned = manifest.holding(home, list(seen), list(named))
    made: list[tuple[str, date, manifest.Written]] = []
    for name in concerned:
        part, day = seen[name]
        salted = _name(part, [name, *sorted(f"{person} {becomes}" for person, becomes in named.items())])
        written = manifest.rewrite(home, salted, [name], named)
        if written is not None:
            made.append((part, day, written))
    if await db.transact(_renamed, people, concerned, made):
        for name in concerned:
            (manifest.folder(home) / name).unlink(missing_ok=True)
    return len(people)


async def _renamings(read: Read) -> tuple[dict[UUID, UUID | None], dict[str, tuple[str, date]]]:
    people = await read.fetch(
        "SELECT person, becomes FROM lake_renamings ORDER BY person LIMIT $1", RENAMINGS_PER_ROUND
    )
    rows = await read.fetch(
        """
        SELECT name, part, day FROM lake_files WHERE gone_at IS NULL AND part <> 'trade' ORDER BY name LIMIT $1
        """,
        manifest.FILES_MAX,
    )
    return {row["person"]: row["becomes"] for row in people}, {row["name"]: (row["part"], row["day"]) for row in rows}


async def _renamed(
    tx: Tx, people: dict[UUID, UUID | None], old: Sequence[str], made: Sequence[tuple[str, date, manifest.Written]]
) -> bool:
    """What was joined or written anew by another meanwhile is looked for again in the next round: then nothing changes."""
    if not await _stand_for(tx, old, made):
        return False
    await tx.execute(
        """
        DELETE FROM lake_renamings r USING unnest($1::uuid[], $2::uuid[]) AS d (person, becomes)
        WHERE r.person = d.person AND r.becomes IS NOT DISTINCT FROM d.becomes
        """,
        list(people),
        list(people.values()),
    )
    return True


async def _stand_for(tx: Tx, old: Sequence[str], made: Sequence[tuple[str, date, manifest.Written]]) -> bool:
    """New files for old ones, at one commit; nothing when an old one is not seen any more."""
    seen = await tx.fetch(
        "SELECT name FROM lake_files WHERE name = ANY($1) AND gone_at IS NULL ORDER BY name FOR UPDATE", list(old)
    )
    if len(seen) != len(old):
        return False
    await manifest.retire(tx, old)
    for part, day, written in made:
        await manifest.record(tx, part, day, written)
    return True


async def became(tx: Tx, merged: Sequence[tuple[UUID, UUID]]) -> None:
    """Visitors who are buyers now."""
    await tx.execute(
        """
        INSERT INTO lake_renamings (person, becomes) SELECT * FROM unnest($1::uuid[], $2::uuid[])
        ON CONFLICT (person) DO UPDATE SET becomes = excluded.becomes WHERE lake_renamings.becomes IS NOT NULL
        """,
        [visitor_id for visitor_id, _ in merged],
        [buyer_id for _, buyer_id in merged],
    )


async def forget(tx: Tx, people: Sequence[UUID]) -> None:
    """What these people did is taken out of the files; what they bought stands there as nobody's."""
    wanted = sorted(set(people))
    await tx.execute(
        "INSERT INTO lake_forgotten (person) SELECT unnest($1::uuid[]) ON CONFLICT (person) DO NOTHING", wanted
    )
    await leave_out(tx, wanted)
    rows = await tx.fetch(
        """
        SELECT placed_at, paid_at FROM orders WHERE buyer_id = ANY($1)
        UNION ALL
        SELECT r.at, NULL FROM orders o JOIN order_refunds r USING (merchant_id, order_id) WHERE o.buyer_id = ANY($1)
        """,
        wanted,
    )
    await mark(tx, [at for row in rows for at in row if at is not None])


async def leave_out(tx: Tx, people: Sequence[UUID]) -> None:
    """What these people (or robots) did is taken out of the manifest."""
    await tx.execute(
        """
        INSERT INTO lake_renamings (person, becomes) SELECT unnest($1::uuid[]), NULL
        ON CONFLICT (person) DO UPDATE SET becomes = NULL
        """,
        sorted(set(people)),
    )


async def delete_gone(db: Database, home: Path, readers_seconds: int = manifest.READ_SECONDS_MAX) -> int:
    """Delete files that others stand for, once nobody can be reading them, and what killed writers left behind."""
    names = await db.transact(_take_gone, timedelta(seconds=readers_seconds))
    place = manifest.folder(home)
    for name in names:
        (place / name).unlink(missing_ok=True)
    lying = [path for path in place.iterdir() if path.is_file() and _age(path) > ORPHANS_KEPT_SECONDS]
    known = await db.ask(_known, [path.name for path in lying])
    for path in lying:
        if path.name not in known:
            path.unlink(missing_ok=True)
    return len(names)


async def _take_gone(tx: Tx, age: timedelta) -> list[str]:
    rows = await tx.fetch(
        """
        DELETE FROM lake_files f USING (
            SELECT name FROM lake_files WHERE gone_at < now() - $1::interval ORDER BY gone_at LIMIT $2 FOR UPDATE SKIP LOCKED
        ) AS old WHERE f.name = old.name RETURNING f.name
        """,
        age,
        FILES_DELETED_PER_ROUND,
    )
    return [row["name"] for row in rows]


async def _known(read: Read, names: Sequence[str]) -> set[str]:
    rows = await read.fetch("SELECT name FROM lake_files WHERE name = ANY($1)", list(names))
    return {row["name"] for row in rows}


def _age(path: Path) -> float:
    return datetime.now().timestamp() - path.stat().st_mtime  # noqa: DTZ005  # an age has no zone


def _name(part: str, of: Sequence[str]) -> str:
    return f"{part}-{hashlib.sha256(' '.join(of).encode()).hexdigest()[:24]}.parquet"
