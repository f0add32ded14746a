"""Commands on fees: what is charged, the rules, and the tax on it. The past is never changed: a rule ends, another begins."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.kernel.text import Text
from steelyard.trade.commission.model import (
    AMOUNT_MAX,
    FEES_MAX,
    HOUSE_ZONE,
    NAME_CHARACTERS_MAX,
    SALES_COMMISSION,
    YEARS_AHEAD_MAX,
    Fee,
    FeeId,
    KnownRule,
    RuleId,
    RuleState,
    Terms,
)
from steelyard.trade.commission.queries import rule


class Wish(Terms, frozen=True, kw_only=True):
    """A rule that is to be: from the beginning of a day to come (none: from now on) until the beginning of another (none: until
    it is ended); `replaces` ends when it begins."""

    rule_id: RuleId
    fee_id: FeeId
    from_day: date | None = None
    until_day: date | None = None
    replaces: RuleId | None = None


async def set_rate(
    tx: Tx,
    rule_id: RuleId,
    millionths: int,
    *,
    merchant_id: UUID | None = None,
    category_id: UUID | None = None,
    by: UUID | None = None,
) -> None:
    """From now on this rate is the sales commission of this merchant and category (none: all); orders placed before keep theirs.

    What was set for the same sales and counts now ends; what is planned stays. Said twice with the same id, nothing changes.
    Raises `Invalid` for what is not a part of the whole.
    """
    wish = Wish(
        rule_id=rule_id,
        fee_id=SALES_COMMISSION,
        merchant_id=merchant_id,
        category_id=category_id,
        millionths=millionths,
    )
    _check(wish)
    if not await _insert(tx, wish, await _now(tx), None, by):
        return
    await tx.execute(
        """
        UPDATE fee_rules SET valid_to = now(), ended_at = now(), ended_by = $5
        WHERE fee_id = $4 AND merchant_id IS NOT DISTINCT FROM $1 AND category_id IS NOT DISTINCT FROM $2
          AND product_id IS NULL AND channel IS NULL AND currency IS NULL
          AND valid_from <= now() AND valid_to IS NULL AND rule_id <> $3
        """,
        merchant_id,
        category_id,
        rule_id,
        SALES_COMMISSION,
        by,
    )


async def set_rule(tx: Tx, wish: Wish, by: UUID | None = None) -> bool:
    """A rule counts from now or a day on; the one it replaces ends at that moment. False when it was said before.

    Orders that were placed keep what they were charged. Raises `NotFound`, and `Invalid` naming the fields.
    """
    wish = await _owned(tx, wish)
    _check(wish)
    begins, ends = await _span(tx, wish)
    if not await tx.value("SELECT true FROM fees WHERE fee_id = $1", wish.fee_id):
        raise NotFound()
    if not await _insert(tx, wish, begins, ends, by):
        return False
    if wish.replaces is not None:
        await _replace(tx, wish, begins, by)
    return True


async def _replace(tx: Tx, wish: Wish, begins: datetime, by: UUID | None) -> None:
    assert wish.replaces is not None
    before = await _lock(tx, wish.replaces)
    if before.fee_id != wish.fee_id:
        raise Invalid({"fee": N_("A rule is replaced by one of the same fee")})
    state = before.state(await _now(tx))
    if state not in (RuleState.COUNTS, RuleState.PLANNED):
        raise Invalid({"from": N_("That rule has ended already. Please set a new one.")})
    if state is RuleState.COUNTS:
        await _end(tx, before, begins, by)
        return
    # What was planned never begins: the new rule takes its place, and what counts until then ends when the new one begins.
    await _end(tx, before, before.valid_from, by)
    if before.replaces is not None:
        await _go_on(tx, before.replaces, before.valid_from)
        await tx.execute("UPDATE fee_rules SET replaces = $2 WHERE rule_id = $1", wish.rule_id, before.replaces)
        counting = await _lock(tx, before.replaces)
        if counting.state(await _now(tx)) is RuleState.COUNTS:
            await _end(tx, counting, begins, by)


async def end_rule(tx: Tx, rule_id: RuleId, day: date | None, by: UUID | None = None) -> datetime:
    """The rule counts no more from now, or from the beginning of a day to come; one that has not begun by then never does, and
    what it was to replace goes on. Returns when. Raises `NotFound`, `Invalid`.
    """
    before = await _lock(tx, rule_id)
    now = await _now(tx)
    if before.state(now) not in (RuleState.COUNTS, RuleState.PLANNED):
        raise Invalid({"until": N_("That rule has ended already.")})
    ends = now if day is None else _begin_of(day, now, "until")
    if ends <= before.valid_from:
        ends = before.valid_from
        if before.replaces is not None:
            await _go_on(tx, before.replaces, before.valid_from)
    await _end(tx, before, ends, by)
    return ends


async def keep_rule(tx: Tx, rule_id: RuleId) -> bool:
    """A rule that was to end goes on: no end is set any more. False when none was. Raises `NotFound`, `Invalid`."""
    before = await _lock(tx, rule_id)
    if before.valid_to is None:
        return False
    if before.state(await _now(tx)) not in (RuleState.COUNTS, RuleState.PLANNED):
        raise Invalid({"until": N_("That rule has ended already.")})
    await tx.execute(
        "UPDATE fee_rules SET valid_to = NULL, ended_at = NULL, ended_by = NULL WHERE rule_id = $1", rule_id
    )
    return True


async def open_fee(tx: Tx, fee_id: FeeId, name: Text, *, kept: bool) -> None:
    """Something more is charged, after what is charged already; nothing is, until a rule says how much. Said twice with the
    same id, nothing changes. Raises `Invalid`."""
    _check_name(name)
    # So that two who add at once do not get the same place, the second waits.
    await tx.execute("SELECT FROM fees ORDER BY place FOR UPDATE")
    if await tx.value("SELECT count(*) FROM fees") >= FEES_MAX:
        raise Invalid({"name_zh": N_("There are too many fees")})
    await tx.execute(
        """
        INSERT INTO fees (fee_id, name, kept, place) SELECT $1, $2, $3, max(place) + 1 FROM fees
        ON CONFLICT (fee_id) DO NOTHING
        """,
        fee_id,
        name,
        kept,
    )


async def change_fee(tx: Tx, fee_id: FeeId, name: Text, *, kept: bool) -> Fee:
    """Another name, or kept on refunds or not: of sales from now on. Returns what it was. Raises `NotFound`, `Invalid`."""
    _check_name(name)
    before = await tx.one(
        Fee, "SELECT fee_id, name, place, kept, 0 AS tax_millionths FROM fees WHERE fee_id = $1 FOR UPDATE", fee_id
    )
    if before is None:
        raise NotFound()
    await tx.execute("UPDATE fees SET name = $2, kept = $3 WHERE fee_id = $1", fee_id, name, kept)
    return before


async def set_tax(tx: Tx, fee_id: FeeId, millionths: int, day: date | None, by: UUID | None = None) -> None:
    """From now or the beginning of a day to come this is the tax on a fee, until another begins; planned for the same day, it
    is replaced. Raises `NotFound`, `Invalid`."""
    if not 0 <= millionths <= PARTS_PER_MILLION:
        raise Invalid({"tax": N_("A rate is between 0 % and 100 %")})
    if not await tx.value("SELECT true FROM fees WHERE fee_id = $1 FOR SHARE", fee_id):
        raise NotFound()
    now = await _now(tx)
    await tx.execute(
        """
        INSERT INTO fee_taxes AS t (fee_id, valid_from, millionths, set_at, set_by) VALUES ($1, $2, $3, now(), $4)
        ON CONFLICT (fee_id, valid_from) DO UPDATE
        SET millionths = excluded.millionths, set_at = now(), set_by = excluded.set_by WHERE t.valid_from > now()
        """,
        fee_id,
        now if day is None else _begin_of(day, now, "tax_from"),
        millionths,
        by,
    )


async def withdraw_tax(tx: Tx, fee_id: FeeId, valid_from: datetime) -> bool:
    """A rate of tax that was planned does not come. False when it has begun, or was not planned."""
    return bool(
        await tx.execute(
            "DELETE FROM fee_taxes WHERE fee_id = $1 AND valid_from = $2 AND valid_from > now()", fee_id, valid_from
        )
    )


async def _owned(tx: Tx, wish: Wish) -> Wish:
    """A rule for a product is one of its merchant. Raises `Invalid` for who or what is not there."""
    problems: dict[str, str] = {}
    if wish.product_id is not None:
        owner = await tx.value("SELECT merchant_id FROM products WHERE product_id = $1", wish.product_id)
        if owner is None or wish.merchant_id not in (None, owner):
            problems["product"] = N_("There is no such product in that shop")
        if wish.category_id is not None:
            problems["category"] = N_("A rule for one product needs no category")
        wish = msgspec.structs.replace(wish, merchant_id=owner)
    elif wish.merchant_id is not None and not await tx.value(
        "SELECT true FROM merchants WHERE merchant_id = $1", wish.merchant_id
    ):
        problems["merchant"] = N_("There is no such merchant")
    if wish.category_id is not None and not await tx.value(
        "SELECT true FROM categories WHERE category_id = $1", wish.category_id
    ):
        problems["category"] = N_("There is no such category")
    if wish.currency is not None and not await tx.value(
        "SELECT true FROM currencies WHERE currency = $1", wish.currency
    ):
        problems["currency"] = N_("There is no such currency")
    if problems:
        raise Invalid(problems)
    return wish


def _check(wish: Wish) -> None:
    problems: dict[str, str] = {}
    if not 0 <= wish.millionths <= PARTS_PER_MILLION:
        problems["rate"] = N_("A rate is between 0 % and 100 %")
    for field, amount in (("fixed", wish.fixed), ("least", wish.least), ("most", wish.most)):
        if amount is not None and not 0 <= amount <= AMOUNT_MAX:
            problems[field] = N_("Please enter an amount that is not negative, and not above a million")
    if wish.least is not None and wish.most is not None and wish.least > wish.most:
        problems["most"] = N_("The most is less than the least")
    if wish.currency is None and (wish.fixed or wish.least is not None or wish.most is not None):
        problems["currency"] = N_("Amounts need a currency")
    if problems:
        raise Invalid(problems)


def _check_name(name: Text) -> None:
    problems = {
        field: N_("Please enter a name, of 40 characters at most")
        for field, language in (("name_zh", "zh-Hans"), ("name_en", "en"))
        if not 0 < len(name.get(language, "").strip()) <= NAME_CHARACTERS_MAX
    }
    if problems:
        raise Invalid(problems)


async def _span(tx: Tx, wish: Wish) -> tuple[datetime, datetime | None]:
    now = await _now(tx)
    begins = now if wish.from_day is None else _begin_of(wish.from_day, now, "from")
    ends = None if wish.until_day is None else _begin_of(wish.until_day, now, "until")
    if ends is not None and ends <= begins:
        raise Invalid({"until": N_("It would end before it begins")})
    return begins, ends


def _begin_of(day: date, now: datetime, field: str) -> datetime:
    """The beginning of a day to come. Raises `Invalid`."""
    today = now.astimezone(HOUSE_ZONE).date()
    if day <= today:
        raise Invalid({field: N_("Please choose a day to come.")})
    if day > today + timedelta(days=366 * YEARS_AHEAD_MAX):
        raise Invalid({field: N_("That is too far ahead")})
    return datetime.combine(day, time(), HOUSE_ZONE)


async def _now(tx: Tx) -> datetime:
    """The transaction's moment, by the database's clock: the one that placing goes by."""
    return await tx.value("SELECT now()")


async def _insert(tx: Tx, wish: Wish, begins: datetime, ends: datetime | None, by: UUID | None) -> bool:
    return bool(
        await tx.execute(
            """
            INSERT INTO fee_rules (rule_id, fee_id, merchant_id, category_id, product_id, channel, currency, millionths
                                 , fixed, per_piece, least, most, on_freight, taxes, valid_from, valid_to, replaces
                                 , set_at, set_by, ended_at, ended_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, now(), $18
                  , CASE WHEN $16::timestamptz IS NOT NULL THEN now() END
                  , CASE WHEN $16::timestamptz IS NOT NULL THEN $18::uuid END)
            ON CONFLICT (rule_id) DO NOTHING
            """,
            wish.rule_id,
            wish.fee_id,
            wish.merchant_id,
            wish.category_id,
            wish.product_id,
            wish.channel,
            wish.currency,
            wish.millionths,
            wish.fixed,
            wish.per_piece,
            wish.least,
            wish.most,
            wish.on_freight,
            wish.taxes,
            begins,
            ends,
            wish.replaces,
            by,
        )
    )


async def _lock(tx: Tx, rule_id: RuleId) -> KnownRule:
    await tx.execute("SELECT FROM fee_rules WHERE rule_id = $1 FOR UPDATE", rule_id)
    found = await rule(tx, rule_id)
    if found is None:
        raise NotFound()
    return found


async def _end(tx: Tx, before: KnownRule, at: datetime, by: UUID | None) -> None:
    """At that moment, or when it was to end anyway if that is earlier."""
    if before.valid_to is not None and before.valid_to <= at:
        return
    await tx.execute(
        "UPDATE fee_rules SET valid_to = $2, ended_at = now(), ended_by = $3 WHERE rule_id = $1",
        before.rule_id,
        at,
        by,
    )


async def _go_on(tx: Tx, rule_id: RuleId, ended: datetime) -> None:
    """What was to end for a rule that does not come goes on, if nothing else has ended it."""
    await tx.execute(
        """
        UPDATE fee_rules SET valid_to = NULL, ended_at = NULL, ended_by = NULL
        WHERE rule_id = $1 AND valid_to = $2 AND valid_to > now() AND valid_to > valid_from
        """,
        rule_id,
        ended,
    )
