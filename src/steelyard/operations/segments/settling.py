"""Who is in which segment, brought to what is true now, for some people: the one way by which memberships change.

It is right however many do it at once. Who looks at a customer holds their row of `segment_people` first, and reads everything
else afterwards: definitions, facts, memberships. So of two who look at the same customer the second sees what the first has
written and what was committed before, and the last word is said by who has seen the most. What is committed after that has news
of its own, which brings the next look (0187, docs/algorithms/segments.md).
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from graphlib import TopologicalSorter
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.operations.segments import tree
from steelyard.operations.segments.leaves import Asked, Person, Truths, truths
from steelyard.operations.segments.model import Kind
from steelyard.operations.segments.moving import NOTHING, Membership, Moves, write

PEOPLE_PER_LOOK_MAX = 1_000


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A segment as far as it is needed to look at people."""

    merchant_id: UUID
    segment_id: UUID
    kind: Kind
    tree: tree.Node | None
    depends: frozenset[str]


async def settle(  # what, for which news, and when
    tx: Tx,
    people: Collection[Person],
    changed: Collection[str] | None = None,
    *,
    only: UUID | None = None,
    at: datetime | None = None,
    counted: bool = False,
) -> Moves:
    """Bring these people's memberships to what is true: of segments that depend on what `changed` (none: of all), or of the
    one that is named, and of those that ask for what has moved. Said twice, the second changes nothing. `at` is now, but for
    tests; `counted` is told to who follows the segments."""
    assert len(people) <= PEOPLE_PER_LOOK_MAX, "look at fewer at once"
    concerned = await _concerned(tx, people, changed, only)
    if not concerned:
        return NOTHING
    fresh = await hold(tx, concerned)
    now: datetime = at or await tx.value("SELECT clock_timestamp()")
    rules = await _rules(tx, {merchant_id for merchant_id, _ in concerned})
    # Whom nobody has looked at is looked at for all segments, whatever the news.
    every = _wanted(rules, None, None)
    first = await _decide(tx, [each for each in concerned if each in fresh], rules, every, now)
    wanted = _wanted(rules, changed, only)
    again = await _decide(tx, [each for each in concerned if each not in fresh], rules, wanted, now)
    moves = Moves(sorted([*first.entered, *again.entered]), sorted([*first.went, *again.went]))
    await write(tx, moves, now, counted)
    return moves


async def _decide(
    tx: Tx, people: Sequence[Person], rules: Sequence[Rule], wanted: Sequence[Rule], now: datetime
) -> Moves:
    """Who of these comes into the wanted segments and who goes; when time can change that is written down."""
    if not people:
        return NOTHING
    asked = {(rule.merchant_id, leaf) for rule in wanted if rule.tree is not None for leaf in tree.leaves(rule.tree)}
    found = await truths(tx, people, list(asked), now)
    decided = _looked(people, wanted, rules, found)
    inside, members = _inside(people, wanted, found), await _members(tx, people)
    await _say_when(tx, people, found, _whole(rules, wanted))
    return Moves(sorted(inside - members), sorted((members & decided) - inside))


async def put(tx: Tx, merchant_id: UUID, segment_id: UUID, buyer_ids: Sequence[UUID]) -> int:
    """Put customers on a list; returns how many were not on it."""
    return len((await _by_hand(tx, merchant_id, segment_id, buyer_ids, on=True)).entered)


async def take(tx: Tx, merchant_id: UUID, segment_id: UUID, buyer_ids: Sequence[UUID]) -> int:
    """Take people off a list; returns how many were on it."""
    return len((await _by_hand(tx, merchant_id, segment_id, buyer_ids, on=False)).went)


async def _by_hand(tx: Tx, merchant_id: UUID, segment_id: UUID, buyer_ids: Sequence[UUID], *, on: bool) -> Moves:
    people = sorted((merchant_id, buyer_id) for buyer_id in set(buyer_ids))
    await hold(tx, people)
    rows = await tx.fetch(
        """
        SELECT f.buyer_id, m.buyer_id IS NOT NULL AS there
        FROM customer_facts f
        LEFT JOIN segment_members m ON m.merchant_id = f.merchant_id AND m.segment_id = $2 AND m.buyer_id = f.buyer_id
        WHERE f.merchant_id = $1 AND f.buyer_id = ANY($3)
        """,
        merchant_id,
        segment_id,
        list(buyer_ids),
    )
    changed = sorted((merchant_id, segment_id, row["buyer_id"]) for row in rows if row["there"] is not on)
    moves = Moves(changed, ()) if on else Moves((), changed)
    await write(tx, moves, await tx.value("SELECT clock_timestamp()"), counted=False)
    return moves


async def _concerned(
    tx: Tx, people: Collection[Person], changed: Collection[str] | None, only: UUID | None
) -> list[Person]:
    """Those of shops that have segments which ask for the news, in the order of their keys. News of facts concern all: who is no
    customer any more is in none."""
    every = only is not None or changed is None or tree.FACTS in changed
    rows = await tx.fetch(
        """
        SELECT DISTINCT merchant_id FROM segments
        WHERE merchant_id = ANY($1) AND archived_at IS NULL AND ($2::text[] IS NULL OR depends && $2)
        """,
        list({merchant_id for merchant_id, _ in people}),
        None if every else list(changed or ()),
    )
    having = {row["merchant_id"] for row in rows}
    return sorted({each for each in people if each[0] in having})


async def hold(tx: Tx, people: Sequence[Person]) -> set[Person]:
    """Nobody else looks at these until we have said what we found. Returns those at whom nobody has looked before."""
    merchants, buyers = [merchant for merchant, _ in people], [buyer for _, buyer in people]
    fresh: set[Person] = set()
    held = -1
    while held < len(people):  # a row that somebody let go between our two statements is made anew
        rows = await tx.fetch(
            """
            INSERT INTO segment_people (merchant_id, buyer_id)
            SELECT merchant_id, buyer_id FROM unnest($1::uuid[], $2::uuid[]) AS p (merchant_id, buyer_id)
            ORDER BY merchant_id, buyer_id ON CONFLICT (merchant_id, buyer_id) DO NOTHING
            RETURNING merchant_id, buyer_id
            """,
            merchants,
            buyers,
        )
        fresh |= {(row["merchant_id"], row["buyer_id"]) for row in rows}
        held = await tx.execute(
            """
            SELECT FROM segment_people s
            JOIN unnest($1::uuid[], $2::uuid[]) AS p (merchant_id, buyer_id) USING (merchant_id, buyer_id)
            ORDER BY s.merchant_id, s.buyer_id FOR NO KEY UPDATE OF s
            """,
            merchants,
            buyers,
        )
    return fresh


async def _rules(tx: Tx, shops: Collection[UUID]) -> list[Rule]:
    """The segments of these shops, each after those that it asks for."""
    rules = await tx.all(
        Rule,
        """
        SELECT merchant_id, segment_id, kind, tree, depends FROM segments
        WHERE merchant_id = ANY($1) AND archived_at IS NULL ORDER BY merchant_id, segment_id
        """,
        list(shops),
    )
    by_id = {rule.segment_id: rule for rule in rules}
    order = TopologicalSorter(
        {rule.segment_id: tree.asked(rule.tree) if rule.tree is not None else () for rule in rules}
    )
    return [by_id[each] for each in order.static_order() if each in by_id]


def _wanted(rules: Sequence[Rule], changed: Collection[str] | None, only: UUID | None) -> list[Rule]:
    """Those whose answer may be another now, and those that ask for one of them."""
    chosen: set[str] = set()
    found: list[Rule] = []
    for rule in rules:
        first = rule.segment_id == only if only is not None else changed is None or rule.depends & set(changed)
        if rule.tree is not None and (first or rule.depends & chosen):
            found.append(rule)
            chosen.add(tree.inside(rule.segment_id))
    return found


def _inside(people: Sequence[Person], wanted: Sequence[Rule], found: Truths) -> set[Membership]:
    """Who is in these segments. They come in the order in which they ask for each other, so that each is known when it is
    asked for; whatever is not among them is as it was."""
    everybody = _by_shop(people, found.known)
    inside: set[Membership] = set()
    of: dict[Asked, frozenset[int]] = {each: frozenset(places) for each, places in found.of.items()}
    for rule in wanted:
        assert rule.tree is not None
        shop = everybody.get(rule.merchant_id, frozenset())
        mine = {leaf: of[rule.merchant_id, leaf] for leaf in tree.leaves(rule.tree)}
        holds = tree.holders(rule.tree, shop, mine)
        asked_for = (rule.merchant_id, tree.Inside(segment_id=rule.segment_id))
        if asked_for in of:
            of[asked_for] = holds
        inside |= {(rule.merchant_id, rule.segment_id, people[place][1]) for place in holds}
    return inside


def _by_shop(people: Sequence[Person], places: Iterable[int]) -> dict[UUID, frozenset[int]]:
    found: dict[UUID, set[int]] = {}
    for place in places:
        found.setdefault(people[place][0], set()).add(place)
    return {shop: frozenset(each) for shop, each in found.items()}


def _looked(people: Sequence[Person], wanted: Sequence[Rule], rules: Sequence[Rule], found: Truths) -> set[Membership]:
    """Every membership that was decided on: of customers in the segments that were wanted; who is no customer there any more is
    in none, on no list either."""
    decided: set[Membership] = set()
    shops: dict[UUID, list[UUID]] = {}
    every: dict[UUID, list[UUID]] = {}
    for rule in wanted:
        shops.setdefault(rule.merchant_id, []).append(rule.segment_id)
    for rule in rules:
        every.setdefault(rule.merchant_id, []).append(rule.segment_id)
    for place, (merchant_id, buyer_id) in enumerate(people):
        segments = (shops if place in found.known else every).get(merchant_id, [])
        decided |= {(merchant_id, segment_id, buyer_id) for segment_id in segments}
    return decided


async def _members(tx: Tx, people: Sequence[Person]) -> set[Membership]:
    rows = await tx.fetch(
        """
        SELECT m.merchant_id, m.segment_id, m.buyer_id
        FROM unnest($1::uuid[], $2::uuid[]) AS p (merchant_id, buyer_id)
        JOIN segment_members m ON m.buyer_id = p.buyer_id AND m.merchant_id = p.merchant_id
        """,
        [merchant for merchant, _ in people],
        [buyer for _, buyer in people],
    )
    return {(row["merchant_id"], row["segment_id"], row["buyer_id"]) for row in rows}


def _whole(rules: Sequence[Rule], wanted: Sequence[Rule]) -> set[UUID]:
    """The shops of which all segments that time can change were looked at."""
    looked = {rule.segment_id for rule in wanted}
    missed = {rule.merchant_id for rule in rules if tree.TIME in rule.depends and rule.segment_id not in looked}
    return {rule.merchant_id for rule in rules} - missed


async def _say_when(tx: Tx, people: Sequence[Person], found: Truths, whole: Collection[UUID]) -> None:
    """When time alone can change somebody's segments next. Where only some of a shop's segments were looked at, what was known
    of the others stays: too early costs a look, too late would be wrong. Who is no customer (any more) is let go, so that they
    are looked at for all segments should they come back."""
    known, strangers = sorted(found.known), [place for place in range(len(people)) if place not in found.known]
    await tx.execute(
        """
        UPDATE segment_people s SET due_at = CASE WHEN p.whole THEN p.due_at ELSE least(s.due_at, p.due_at) END
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::boolean[]) AS p (merchant_id, buyer_id, due_at, whole)
        WHERE s.merchant_id = p.merchant_id AND s.buyer_id = p.buyer_id
          AND s.due_at IS DISTINCT FROM CASE WHEN p.whole THEN p.due_at ELSE least(s.due_at, p.due_at) END
        """,
        [people[place][0] for place in known],
        [people[place][1] for place in known],
        [found.due.get(place) for place in known],
        [people[place][0] in whole for place in known],
    )
    if strangers:
        await tx.execute(
            """
            DELETE FROM segment_people s USING unnest($1::uuid[], $2::uuid[]) AS p (merchant_id, buyer_id)
            WHERE s.merchant_id = p.merchant_id AND s.buyer_id = p.buyer_id
            """,
            [people[place][0] for place in strangers],
            [people[place][1] for place in strangers],
        )
