"""Exchanges: proposed by one person, posted when another agrees; what they close is gained or lost."""

from datetime import UTC, date, datetime
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money import currencies, ledger
from steelyard.money.exchange.model import (
    AMOUNT_MAX,
    CASH,
    EXCHANGE_MACHINE,
    HOUSE_CURRENCY,
    WORDS_MAX,
    AnotherMustAgree,
    Exchange,
    ExchangeId,
    ExchangeState,
    Leg,
    NotAtTheRate,
    Position,
    converted,
    moved,
)
from steelyard.money.exchange.queries import exchange
from steelyard.money.exchange.rates import rates_of
from steelyard.money.ledger.model import BOOKS_ZONE, AccountKind, Transfer


async def propose(tx: Tx, exchange_id: ExchangeId, on_day: date, gone: Leg, come: Leg, words: str, by: str) -> Exchange:
    """Propose that `gone` became `come`, as a paper of `on_day` says. Twice under one id is once.

    Raises `Invalid`, `NoRate` when the day has no reference rate, and `NotAtTheRate` for the house's own funds.
    """
    words = words.strip()
    _check(gone, come, on_day, words)
    traded = {each.currency for each in await currencies.all(tx)}
    known = await ledger.counterparties(tx)
    for name, leg in (("from", gone), ("to", come)):
        if leg.currency not in traded:
            raise Invalid({f"{name}_currency": N_("Please choose one.")})
        if leg.owner_id not in known:
            raise Invalid({f"{name}_owner": N_("Please choose one.")})
    rates = await rates_of(tx, on_day)
    _value(gone, come, rates)
    if gone.kind is AccountKind.OWN_FUNDS:
        _at_the_rate(gone, come, rates)
    fresh = await tx.execute(
        """
        INSERT INTO exchanges (exchange_id, on_day, state, from_owner, from_kind, from_currency, sold, to_owner, to_kind
                             , to_currency, bought, words, proposed_by)
        VALUES ($1, $2, 'proposed', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (exchange_id) DO NOTHING
        """,
        exchange_id,
        on_day,
        gone.owner_id,
        str(gone.kind),
        gone.currency,
        gone.amount,
        come.owner_id,
        str(come.kind),
        come.currency,
        come.amount,
        words,
        by,
    )
    if fresh:
        await _step(tx, exchange_id, ExchangeState.PROPOSED, by)
    return await exchange(tx, exchange_id)


def _check(gone: Leg, come: Leg, on_day: date, words: str) -> None:
    wrong: dict[str, str] = {}
    if gone.currency == come.currency:
        wrong["to_currency"] = N_("Please choose two different currencies.")
    for name, leg in (("from", gone), ("to", come)):
        if not 0 < leg.amount <= AMOUNT_MAX:
            wrong[f"{name}_amount"] = N_("Please enter an amount such as 12.50")
        if leg.kind not in (*CASH, AccountKind.OWN_FUNDS):
            wrong[f"{name}_kind"] = N_("Please choose one of the accounts.")
    if (gone.kind is AccountKind.OWN_FUNDS) != (come.kind is AccountKind.OWN_FUNDS):
        wrong["to_kind"] = N_("Own funds are exchanged for own funds, cash for cash.")
    if on_day > datetime.now(UTC).astimezone(BOOKS_ZONE).date():
        wrong["on_day"] = N_("Please choose a day that has come.")
    if len(words) > WORDS_MAX:
        wrong["words"] = N_("Please use 500 characters at most.")
    if wrong:
        raise Invalid(wrong)


def _value(gone: Leg, come: Leg, rates: dict[str, int]) -> int:
    """What it is worth in the house's currency: what went or came in it, else what went by the reference rate."""
    if HOUSE_CURRENCY in (gone.currency, come.currency):
        return gone.amount if gone.currency == HOUSE_CURRENCY else come.amount
    return converted(gone.amount, gone.currency, HOUSE_CURRENCY, rates)


def _at_the_rate(gone: Leg, come: Leg, rates: dict[str, int]) -> None:
    right = converted(come.amount, come.currency, gone.currency, rates)
    if gone.amount != right:
        raise NotAtTheRate(amount=str(Money(right, gone.currency)))


async def agree(tx: Tx, exchange_id: ExchangeId, by: str) -> Exchange:
    """The second person's yes: both legs are posted, and what was gained. Raises `NotFound`, `TransitionRefused`,
    `AnotherMustAgree` and `NoRate`."""
    found = await _held(tx, exchange_id)
    EXCHANGE_MACHINE.check(found.state, ExchangeState.POSTED)
    if found.proposed_by == by:
        raise AnotherMustAgree()
    value = _value(found.gone, found.come, await rates_of(tx, found.on_day))
    gained = await _positions(tx, found, value)
    await ledger.post(tx, _transfers(found, gained))
    await tx.execute(
        """
        UPDATE exchanges SET state = 'posted', value = $2, realised = $3, decided_by = $4, decided_at = now()
        WHERE exchange_id = $1
        """,
        exchange_id,
        value,
        gained,
        by,
    )
    await _step(tx, exchange_id, ExchangeState.POSTED, by)
    return await exchange(tx, exchange_id)


async def decline(tx: Tx, exchange_id: ExchangeId, by: str) -> None:
    """Let it be: by who proposed it, or by somebody else. Raises `NotFound` and `TransitionRefused`."""
    found = await _held(tx, exchange_id)
    EXCHANGE_MACHINE.check(found.state, ExchangeState.DECLINED)
    await tx.execute(
        "UPDATE exchanges SET state = 'declined', decided_by = $2, decided_at = now() WHERE exchange_id = $1",
        exchange_id,
        by,
    )
    await _step(tx, exchange_id, ExchangeState.DECLINED, by)


async def _held(tx: Tx, exchange_id: ExchangeId) -> Exchange:
    if not await tx.fetch("SELECT FROM exchanges WHERE exchange_id = $1 FOR UPDATE", exchange_id):
        raise NotFound(exchange_id=exchange_id)
    return await exchange(tx, exchange_id)


async def _positions(tx: Tx, found: Exchange, value: int) -> int:
    """Move the positions of both currencies, held in their order; returns what was gained."""
    moves = {found.from_currency: -found.sold, found.to_currency: found.bought}
    moves.pop(HOUSE_CURRENCY, None)
    gained = 0
    for currency, quantity in sorted(moves.items()):
        await tx.execute(
            "INSERT INTO exchange_positions (currency, quantity, cost) VALUES ($1, 0, 0) ON CONFLICT (currency) DO NOTHING",
            currency,
        )
        before = await tx.one(
            Position, "SELECT currency, quantity, cost FROM exchange_positions WHERE currency = $1 FOR UPDATE", currency
        )
        assert before is not None
        after, more = moved(before, quantity, value)
        gained += more
        await tx.execute(
            "UPDATE exchange_positions SET quantity = $2, cost = $3 WHERE currency = $1",
            currency,
            after.quantity,
            after.cost,
        )
    return gained


def _transfers(found: Exchange, gained: int) -> list[Transfer]:
    clearing = AccountKind.EXCHANGE_CLEARING
    gone, come = found.gone, found.come
    made = [
        _transfer(found, gone.owner_id, clearing, gone.kind, gone.amount, gone.currency, "exchanged"),
        _transfer(found, come.owner_id, come.kind, clearing, come.amount, come.currency, "exchange_bought"),
    ]
    if gained:
        sides = (clearing, AccountKind.EXCHANGE_DIFFERENCES)
        debit, credit = sides if gained > 0 else sides[::-1]
        owner_id = come.owner_id
        made.append(_transfer(found, owner_id, debit, credit, abs(gained), HOUSE_CURRENCY, "exchange_difference"))
    return made


def _transfer(
    found: Exchange, owner_id: UUID, debit: AccountKind, credit: AccountKind, amount: int, currency: str, reason: str
) -> Transfer:
    return Transfer(
        owner_id=owner_id,
        debit=debit,
        credit=credit,
        amount=amount,
        currency=currency,
        reason=reason,
        document=found.exchange_id,
    )


async def _step(tx: Tx, exchange_id: ExchangeId, to: ExchangeState, by: str) -> None:
    await tx.execute(
        """
        INSERT INTO exchange_history (exchange_id, step, from_state, to_state, by)
        SELECT $1, count(*) + 1, coalesce((array_agg(to_state ORDER BY step DESC))[1], 'nowhere'), $2, $3
        FROM exchange_history WHERE exchange_id = $1
        """,
        exchange_id,
        str(to),
        by,
    )
