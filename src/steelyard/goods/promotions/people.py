"""Whom a coupon was used by, as far as that can be told: limits that hold for a person and not only for a browser.

A person is known by the buyer's id, the e-mail address and the telephone number of a purchase, each as a hash. Whoever
writes another address and another number is somebody else: that is as far as it goes without asking for papers.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx

# A number with and without its country's code is the same.
PHONE_DIGITS = 11
PHONE_DIGITS_LEAST = 6


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """So often may something be used by one person: `limited_by` is a coupon, or whose new buyer one is."""

    limited_by: UUID
    most: int


class Personal(msgspec.Struct, frozen=True, kw_only=True):
    """What is being placed with a coupon (`used_for`: see `noted_for`), whose it is, and the limits that it counts for. Those
    of one `purchase_id` all count, or none."""

    purchase_id: UUID
    used_for: UUID
    buyer_id: UUID
    people: Sequence[str]
    limits: Sequence[Limit]


def new_of(merchant_id: UUID) -> str:
    """The segment of those who have not bought of a shop."""
    return f"new:{merchant_id}"


def noted_for(promotion_id: UUID, *, order_id: UUID | None, purchase_id: UUID) -> UUID:
    """Under what it is noted who uses this coupon: the order; for one of the platform (`order_id` none), which may serve several
    orders and comes back with the last of them, something of its own for the purchase."""
    return ids.derived(purchase_id, str(promotion_id)) if order_id is None else order_id


def people_of(email: str, phone: str, buyer_id: UUID | None = None) -> list[str]:
    """By what a person is known again. Of an address with a plus the part before it counts."""
    name, _, host = email.strip().lower().partition("@")
    digits = re.sub(r"\D", "", phone)
    known = [
        f"mail:{name.partition('+')[0]}@{host}" if name and host else "",
        f"phone:{digits[-PHONE_DIGITS:]}" if len(digits) >= PHONE_DIGITS_LEAST else "",
        f"buyer:{buyer_id}" if buyer_id is not None else "",
    ]
    return [hashlib.sha256(each.encode()).hexdigest() for each in known if each]


async def used_up(read: Read, people: Collection[str], limits: Sequence[Limit]) -> set[tuple[str, UUID]]:
    """Which person has used what as often as they may."""
    if not people or not limits:
        return set()
    most = {limit.limited_by: limit.most for limit in limits}
    rows = await read.fetch(
        """
        SELECT person, limited_by, count(*) AS times FROM coupon_people
        WHERE person = ANY($1) AND limited_by = ANY($2) GROUP BY 1, 2
        """,
        list(set(people)),
        list(most),
    )
    return {(row["person"], row["limited_by"]) for row in rows if row["times"] >= most[row["limited_by"]]}


async def note_people(tx: Tx, wanted: Sequence[Personal]) -> set[UUID]:
    """Write down who uses what, each as often as they may; returns the purchases that are one too many.

    A place that is taken is taken: who comes at the same moment waits for the other's transaction, and then finds it so.
    """
    if not wanted:
        return set()
    taken = await _taken(tx, wanted)
    refused: set[UUID] = set()
    rows: list[tuple[str, UUID, int, Personal]] = []
    for purchase_id in dict.fromkeys(each.purchase_id for each in wanted):
        mine: dict[tuple[str, UUID], tuple[int, Personal]] | None = {}
        for each in (one for one in wanted if one.purchase_id == purchase_id):
            mine = _places(each, taken, mine) if mine is not None else None
        if mine is None:
            refused.add(purchase_id)
            continue
        for (person, limited_by), (number, each) in mine.items():
            taken.setdefault((person, limited_by), set()).add(number)
            rows.append((person, limited_by, number, each))
    written = await _write(tx, sorted(rows, key=lambda row: row[:3]))
    late = {
        each.purchase_id for person, limited_by, number, each in rows if (person, limited_by, number) not in written
    }
    await let_go(tx, [each.used_for for each in wanted if each.purchase_id in late])
    return refused | late


def _places(
    each: Personal,
    taken: Mapping[tuple[str, UUID], set[int]],
    mine: dict[tuple[str, UUID], tuple[int, Personal]],
) -> dict[tuple[str, UUID], tuple[int, Personal]] | None:
    """The first free place of each person for each limit; none when there is one without."""
    found = dict(mine)
    for limit in each.limits:
        for person in each.people:
            if (person, limit.limited_by) in found:
                continue
            used = taken.get((person, limit.limited_by), set())
            number = next((place for place in range(1, limit.most + 1) if place not in used), None)
            if number is None:
                return None
            found[person, limit.limited_by] = (number, each)
    return found


async def _taken(tx: Tx, wanted: Sequence[Personal]) -> dict[tuple[str, UUID], set[int]]:
    rows = await tx.fetch(
        "SELECT person, limited_by, number FROM coupon_people WHERE person = ANY($1) AND limited_by = ANY($2)",
        list({person for each in wanted for person in each.people}),
        list({limit.limited_by for each in wanted for limit in each.limits}),
    )
    taken: dict[tuple[str, UUID], set[int]] = {}
    for row in rows:
        taken.setdefault((row["person"], row["limited_by"]), set()).add(row["number"])
    return taken


async def _write(tx: Tx, rows: Sequence[tuple[str, UUID, int, Personal]]) -> set[tuple[str, UUID, int]]:
    written = await tx.fetch(
        """
        INSERT INTO coupon_people (person, limited_by, number, used_for, buyer_id)
        SELECT person, limited_by, number, used_for, buyer_id
        FROM unnest($1::text[], $2::uuid[], $3::integer[], $4::uuid[], $5::uuid[])
            WITH ORDINALITY AS n (person, limited_by, number, used_for, buyer_id, place)
        ORDER BY place
        ON CONFLICT (person, limited_by, number) DO NOTHING
        RETURNING person, limited_by, number
        """,
        [person for person, _, _, _ in rows],
        [limited_by for _, limited_by, _, _ in rows],
        [number for _, _, number, _ in rows],
        [each.used_for for _, _, _, each in rows],
        [each.buyer_id for _, _, _, each in rows],
    )
    return {(row["person"], row["limited_by"], row["number"]) for row in written}


async def let_go(tx: Tx, used_for: Collection[UUID]) -> None:
    """What was noted under these (see `noted_for`) is not placed, or called off: nobody has used anything for it."""
    if used_for:
        await tx.execute("DELETE FROM coupon_people WHERE used_for = ANY($1)", list(used_for))
