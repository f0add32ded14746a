"""Which channels a purchase is offered: by what they take, what the operator has decided, and whether they answer."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.money.payments.gateways.interface import Channel
from steelyard.money.payments.health import Rest
from steelyard.money.payments.terms import Device

REMEMBERED_SECONDS = 2.0
KEPT = "money.payments.standing"
RULES_SHOWN_MAX = 100
# Channels without a rule come after those with one, in the order in which they are set up.
PLACE_OF_THE_UNRULED = 50


# What gift cards are called among what a channel is not offered for.
GIFT_CARDS = UUID(int=0)


class RuleHasBegun(Refusal):
    """What counts already is not changed in hindsight: a rule for a channel begins now or later."""

    code = "rule_has_begun"
    title = N_("This moment is over")
    detail = N_("A rule counts from now on, or from a moment to come.")


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """In minor units; none for no bound of the rule's own."""

    currency: str
    smallest: int | None = None
    largest: int | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided about a channel from a moment on."""

    channel: str
    valid_from: datetime
    offered: bool
    place: int
    countries: list[str]
    note: str
    set_by: UUID | None
    set_at: datetime
    limits: list[Limit] = []

    def allows(self, wanted: "Wanted") -> bool:
        if not self.offered or (self.countries and wanted.country and wanted.country not in self.countries):
            return False
        limit = next((each for each in self.limits if each.currency == wanted.currency), None)
        if limit is None or not wanted.amount:
            return True
        return (limit.smallest or 1) <= wanted.amount and (limit.largest is None or wanted.amount <= limit.largest)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be paid: `amount` in minor units, 0 while it is not known; `country`, where the goods go, is empty where
    none do. `shops` sell it, `categories` are those of its goods with all above them; a gift card has neither (`gift_card`).
    `at_once`: it has an end of its own, and cannot wait for a transfer or the door. `phone`: there is one to call at the door;
    `refuses`: its buyer let too many parcels go back unpaid."""

    amount: int
    currency: str
    country: str = ""
    device: Device = Device.DESK
    shops: frozenset[UUID] = frozenset()
    categories: frozenset[UUID] = frozenset()
    gift_card: bool = False
    at_once: bool = False
    phone: bool = False
    refuses: bool = False


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that count now, the channels that rest, what each is not offered for, and the shops that offer to be paid at the
    door."""

    rules: Mapping[str, Rule]
    rests: Mapping[str, Rest]
    excluded: Mapping[str, frozenset[UUID]] = {}
    door_shops: frozenset[UUID] = frozenset()

    @property
    def by_category(self) -> bool:
        """Whether it matters of which category goods are."""
        return any(self.excluded.values())

    def at_the_door(self, shops: frozenset[UUID]) -> bool:
        """Whether all of these shops offer to be paid at the door."""
        return bool(shops) and shops <= self.door_shops


async def standing(read: Read) -> Standing:
    """What counts now, at most two seconds old: asking costs nothing on hot paths."""
    kept = cast("tuple[float, Standing] | None", read.kept.get(KEPT))
    if kept is None or time.monotonic() - kept[0] > REMEMBERED_SECONDS:
        rows = await read.fetch(
            """
            SELECT r.channel, r.why, r.state, r.since, r.rested_until, r.times, now() AS now, NULL::jsonb AS rule
            FROM channel_rests r
            UNION ALL
            (SELECT DISTINCT ON (r.channel) r.channel, NULL, NULL, NULL, NULL, NULL, now(), to_jsonb(r) || jsonb_build_object(
                'limits', coalesce((SELECT jsonb_agg(to_jsonb(l)) FROM channel_rule_limits l
                                    WHERE (l.channel, l.valid_from) = (r.channel, r.valid_from)), '[]'))
             FROM channel_rules r WHERE r.valid_from <= now()
             ORDER BY r.channel, r.valid_from DESC)
            UNION ALL
            SELECT e.channel, 'excluded', NULL, NULL, NULL, NULL, now(), to_jsonb(e.subject) FROM channel_exclusions e
            UNION ALL
            SELECT '', 'door', NULL, NULL, NULL, NULL, now(), to_jsonb(d.merchant_id) FROM door_shops d WHERE d.offered
            """
        )
        kept = (time.monotonic(), _standing([dict(row) for row in rows]))
        read.kept[KEPT] = kept
    return kept[1]


def _standing(rows: Sequence[Mapping[str, Any]]) -> Standing:
    rested = [{name: row[name] for name in Rest.__struct_fields__} for row in rows if row["rule"] is None]
    ruled = [row for row in rows if isinstance(row["rule"], dict)]
    excluded: dict[str, frozenset[UUID]] = {}
    for row in rows:
        if row["why"] == "excluded" and row["state"] is None:
            excluded[row["channel"]] = excluded.get(row["channel"], frozenset()) | {UUID(row["rule"])}
    return Standing(
        rules={row["channel"]: msgspec.convert(row["rule"], Rule) for row in ruled},
        rests={row["channel"]: msgspec.convert(row, Rest) for row in rested},
        excluded=excluded,
        door_shops=frozenset(UUID(row["rule"]) for row in rows if row["why"] == "door" and row["state"] is None),
    )


def offered(channels: Mapping[str, Channel], now: Standing, wanted: Wanted) -> list[Channel]:
    """The channels that this purchase is offered, in the order in which buyers see them.

    A channel that rests is left out; if nothing else is left, the one that may be tried soonest is offered all the same.
    """
    places = {name: number for number, name in enumerate(channels)}
    able = sorted(
        (channel for channel in channels.values() if why_not(channel, now, wanted) is None),
        key=lambda channel: (place_of(now, channel.name), places[channel.name]),
    )
    awake = [each for each in able if not (each.name in now.rests and now.rests[each.name].rests)]
    if awake or not able:
        return awake
    return [min(able, key=lambda each: now.rests[each.name].rested_until)]


def why_not(channel: Channel, now: Standing, wanted: Wanted) -> str | None:
    """Why a channel is not for this purchase, rests aside: `currency`, `amount`, `country`, `device`, `rule`; `goods` that it
    is not offered for; `wait`, since it would take too long; at the door `shop`, `phone` and `refuses`."""
    rule, terms = now.rules.get(channel.name), channel.terms
    excluded = now.excluded.get(channel.name, frozenset())
    about = wanted.shops | wanted.categories | ({GIFT_CARDS} if wanted.gift_card else set())
    fits = {
        "currency": terms.currencies is None or wanted.currency in terms.currencies,
        "amount": not wanted.amount or terms.takes(wanted.amount, wanted.currency),
        "country": terms.countries is None or not wanted.country or wanted.country in terms.countries,
        "device": wanted.device in terms.devices,
        "rule": rule is None or rule.allows(wanted),
        "goods": not excluded & about,
        "wait": not (wanted.at_once and (terms.wait_hours or terms.at_the_door)),
        "shop": not terms.at_the_door or now.at_the_door(wanted.shops),
        "phone": not terms.at_the_door or wanted.phone,
        "refuses": not (terms.at_the_door and wanted.refuses),
    }
    return next((why for why, good in fits.items() if not good), None)


def place_of(now: Standing, channel: str) -> int:
    rule = now.rules.get(channel)
    return PLACE_OF_THE_UNRULED if rule is None else rule.place


def note_of(now: Standing, channel: Channel) -> str:
    """The line that buyers read about a channel: the operator's own words, or the channel's msgid."""
    rule = now.rules.get(channel.name)
    return rule.note if rule is not None and rule.note else channel.terms.note


async def rules_in_force(read: Read) -> dict[str, Rule]:
    """For each channel that the operator has decided about, what counts now."""
    found = await read.all(
        Rule,
        """
        SELECT DISTINCT ON (r.channel) r.channel, r.valid_from, r.offered, r.place, r.countries, r.note, r.set_by, r.set_at
             , coalesce((SELECT jsonb_agg(jsonb_build_object(
                   'currency', l.currency, 'smallest', l.smallest, 'largest', l.largest) ORDER BY l.currency)
                 FROM channel_rule_limits l WHERE (l.channel, l.valid_from) = (r.channel, r.valid_from)), '[]') AS limits
        FROM channel_rules r WHERE r.valid_from <= now()
        ORDER BY r.channel, r.valid_from DESC
        """,
    )
    return {rule.channel: rule for rule in found}


async def rules_of(read: Read, channel: str) -> list[Rule]:
    """Everything that was ever decided about a channel, and what is to come, the latest first."""
    return await read.all(
        Rule,
        """
        SELECT r.channel, r.valid_from, r.offered, r.place, r.countries, r.note, r.set_by, r.set_at
             , coalesce((SELECT jsonb_agg(jsonb_build_object(
                   'currency', l.currency, 'smallest', l.smallest, 'largest', l.largest) ORDER BY l.currency)
                 FROM channel_rule_limits l WHERE (l.channel, l.valid_from) = (r.channel, r.valid_from)), '[]') AS limits
        FROM channel_rules r WHERE r.channel = $1
        ORDER BY r.valid_from DESC LIMIT $2
        """,
        channel,
        RULES_SHOWN_MAX,
    )


async def rule(
    tx: Tx,
    channel: str,
    *,
    valid_from: datetime | None,
    offered: bool,
    place: int,
    countries: Sequence[str],
    note: str,
    limits: Sequence[Limit],
    set_by: UUID | None,
) -> None:
    """Decide about a channel from a moment to come on, or from now on; another word for the same moment replaces it.

    Raises `RuleHasBegun` for a moment that is past.
    """
    begins = await tx.value("SELECT CASE WHEN coalesce($1, now()) >= now() THEN coalesce($1, now()) END", valid_from)
    if begins is None:
        raise RuleHasBegun(channel=channel)
    await tx.execute(
        """
        INSERT INTO channel_rules (channel, valid_from, offered, place, countries, note, set_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (channel, valid_from) DO UPDATE
        SET offered = $3, place = $4, countries = $5, note = $6, set_by = $7, set_at = now()
        """,
        channel,
        begins,
        offered,
        place,
        list(countries),
        note,
        set_by,
    )
    await tx.execute("DELETE FROM channel_rule_limits WHERE channel = $1 AND valid_from = $2", channel, begins)
    await tx.execute(
        """
        INSERT INTO channel_rule_limits (channel, valid_from, currency, smallest, largest)
        SELECT $1, $2, l.* FROM unnest($3::text[], $4::bigint[], $5::bigint[]) AS l (currency, smallest, largest)
        """,
        channel,
        begins,
        [limit.currency for limit in limits],
        [limit.smallest for limit in limits],
        [limit.largest for limit in limits],
    )


async def withdraw_rule(tx: Tx, channel: str, valid_from: datetime) -> bool:
    """What was decided for a moment to come does not come. False when there is no such rule, or it has begun."""
    await tx.execute(
        "DELETE FROM channel_rule_limits WHERE channel = $1 AND valid_from = $2 AND valid_from > now()",
        channel,
        valid_from,
    )
    gone = await tx.execute(
        "DELETE FROM channel_rules WHERE channel = $1 AND valid_from = $2 AND valid_from > now()", channel, valid_from
    )
    return bool(gone)
