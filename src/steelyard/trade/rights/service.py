"""Drafting a version of a right, switching it on, dropping a draft."""

import re
from datetime import date

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.keeping import forget
from steelyard.trade.rights.model import (
    COUNTRIES_MAX,
    COUNTRY,
    DAYS_MAX,
    HOURS_MAX,
    PERCENT_MAX,
    PROMISES,
    TIMES_MAX,
    UNENDING,
    WORDS_CHARACTERS_MAX,
    InForce,
    NewRule,
    Rule,
    RuleId,
    RuleKind,
)
from steelyard.trade.rights.queries import RULES_KEPT, rule

CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")


async def draft(tx: Tx, new: NewRule, by: str) -> Rule:
    """Write a draft down, or change it: the next version of its right. Said twice with the same id, there is one.

    Raises `InForce` for what is switched on, `Invalid`.
    """
    _check(new)
    # Versions of all rights are counted one after the other; there are few, and drafts are rare.
    await tx.execute("SELECT FROM rights_rules ORDER BY rule_id FOR UPDATE")
    written = await tx.execute(
        """
        INSERT INTO rights_rules (rule_id, code, version, kind, name, days, countries, exceptions, source, link, until
                                , drafted_by, percent, amount_least, amount_most, currency, hours_least, hours_most
                                , times_most, categories, counted_from, moves)
        SELECT $1, $2, (SELECT coalesce(max(r.version), 0) + 1 FROM rights_rules r WHERE r.code = $2), $3, $4, $5
             , $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21
        ON CONFLICT (rule_id) DO UPDATE
        SET kind = excluded.kind, name = excluded.name, days = excluded.days, countries = excluded.countries
          , exceptions = excluded.exceptions, source = excluded.source, link = excluded.link, until = excluded.until
          , drafted_at = now(), drafted_by = excluded.drafted_by, percent = excluded.percent
          , amount_least = excluded.amount_least, amount_most = excluded.amount_most, currency = excluded.currency
          , hours_least = excluded.hours_least, hours_most = excluded.hours_most, times_most = excluded.times_most
          , categories = excluded.categories, counted_from = excluded.counted_from
          , moves = excluded.moves
        WHERE rights_rules.since IS NULL AND rights_rules.code = excluded.code
        """,
        new.rule_id,
        new.code,
        new.kind,
        new.name,
        new.days,
        list(new.countries),
        list(new.exceptions),
        new.source,
        new.link,
        new.until,
        by,
        new.percent,
        new.amount_least,
        new.amount_most,
        new.currency,
        new.hours_least,
        new.hours_most,
        new.times_most,
        list(new.categories),
        new.counted_from,
        new.moves,
    )
    if not written:
        raise InForce()
    found = await rule(tx, new.rule_id)
    assert found is not None
    return found


def _check(new: NewRule) -> None:
    wrong: dict[str, str] = {}
    if not CODE.fullmatch(new.code):
        wrong["code"] = N_("Please use small letters, digits and underscores")
    lasting = new.kind not in UNENDING
    if lasting and not 1 <= new.days <= DAYS_MAX:
        wrong["days"] = N_("A right lasts from 1 to 365 days")
    if not lasting and new.days:
        wrong["days"] = N_("A promise of this kind has no days")
    if new.moves and new.kind in PROMISES:
        wrong["moves"] = N_("Only the last day of a right moves, not that of a promise")
    wrong |= _check_terms(new)
    if len(new.countries) > COUNTRIES_MAX or not all(COUNTRY.fullmatch(each) for each in new.countries):
        wrong["countries"] = N_("Please name countries by two capital letters, such as CN DE FR")
    if not any(new.name.values()) or any(len(words) > WORDS_CHARACTERS_MAX for words in new.name.values()):
        wrong["name_en"] = N_("Please give it a name of at most 200 characters")
    if not any(new.source.values()) or any(len(words) > WORDS_CHARACTERS_MAX for words in new.source.values()):
        wrong["source_en"] = N_("Please say which law or rule it comes from, in at most 200 characters")
    if new.link and not new.link.startswith("https://"):
        wrong["link"] = N_("Please enter an address that begins with https://")
    if wrong:
        raise Invalid(wrong)


def _check_terms(new: NewRule) -> dict[str, str]:
    """What a promise says of money, hours and times."""
    wrong: dict[str, str] = {}
    most = new.amount_most
    if not 0 <= new.percent <= PERCENT_MAX:
        wrong["percent"] = N_("Please enter a share from 0 to 100")
    if new.amount_least < 0 or (most is not None and most < new.amount_least):
        wrong["amount_most"] = N_("The most is not less than the least")
    if new.currency is None and (new.amount_least or most is not None):
        wrong["currency"] = N_("Please say in which currency the amounts are")
    if (new.kind is RuleKind.SHIP_PROMISE) != (1 <= new.hours_least <= new.hours_most <= HOURS_MAX):
        wrong["hours_most"] = N_("A promise to send names its fewest and its most hours, up to 720; no other rule does")
    if (new.kind is RuleKind.AUTHENTICITY) != (1 <= new.times_most <= TIMES_MAX):
        wrong["times_most"] = N_("A guarantee of genuine goods names its most times, up to 10; no other rule does")
    return wrong


async def switch_on(tx: Tx, rule_id: RuleId, since: date, today: date) -> Rule:
    """A draft counts for orders placed from this day on, which is still to come; before, the version before it does.
    Said twice with the same day, nothing changes. Returns the rule. Raises `NotFound`, `InForce`, `Invalid`."""
    forget(tx, RULES_KEPT)
    found = await tx.value("SELECT since FROM rights_rules WHERE rule_id = $1 FOR UPDATE", rule_id)
    before = await rule(tx, rule_id)
    if before is None:
        raise NotFound()
    if found is not None:
        if found == since:
            return before
        raise InForce()
    if since <= today:
        raise Invalid({"since": N_("Orders of today are under the rules of today: please choose a later day.")})
    if before.until is not None and before.until < since:
        raise Invalid({"since": N_("It would be over before it begins.")})
    await tx.execute("UPDATE rights_rules SET since = $2 WHERE rule_id = $1 AND since IS NULL", rule_id, since)
    after = await rule(tx, rule_id)
    assert after is not None
    return after


async def drop(tx: Tx, rule_id: RuleId) -> Rule | None:
    """Throw a draft away; returns it. Said twice, nothing changes. Raises `InForce`."""
    before = await rule(tx, rule_id)
    if before is None:
        return None
    if not await tx.execute("DELETE FROM rights_rules WHERE rule_id = $1 AND since IS NULL", rule_id):
        raise InForce()
    return before
