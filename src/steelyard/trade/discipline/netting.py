"""What a shop owes the platform and does not earn any more is taken from its deposit.

After a refund or a fine that outweighs its sales a shop's payable is below zero, and its next sales make up for it. When
they have not for the days of the setting, the deposit does, as far as it reaches; what is missing there then is asked for as
ever, and what is still owed by `debts`.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import policies
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import OWED_DAYS
from steelyard.trade.discipline.deposits import balance_of, demand_after_fine, enter, lock, shift
from steelyard.trade.discipline.model import MovementKind
from steelyard.trade.settlement import EntryKind

SHOPS_PER_ROUND_MAX = 50


class _Owing(msgspec.Struct, frozen=True):
    merchant_id: UUID
    currency: str


async def net(tx: Tx, now: datetime) -> int:
    """Take what shops have owed for so long from their deposits; returns of how many. Said twice, the second takes nothing:
    what was taken is set off against what is owed."""
    owing = await tx.all(
        _Owing,
        """
        SELECT e.merchant_id, e.currency
        FROM settlement_entries e
        JOIN ledger_accounts d ON (d.owner_id, d.kind, d.currency) = (e.merchant_id, 'deposit', e.currency)
        WHERE e.statement_id IS NULL AND d.credits > d.debits
        GROUP BY e.merchant_id, e.currency
        HAVING sum(e.amount) < 0 AND min(e.earned_at) FILTER (WHERE e.amount < 0) <= $1
        ORDER BY e.merchant_id, e.currency LIMIT $2
        """,
        now - timedelta(days=await policies.number(tx, OWED_DAYS)),
        SHOPS_PER_ROUND_MAX,
    )
    taken = [await _net(tx, MerchantId(each.merchant_id), each.currency, now) for each in owing]
    return sum(1 for amount in taken if amount)


async def _net(tx: Tx, merchant_id: MerchantId, currency: str, now: datetime) -> int:
    """Returns how much was taken."""
    await lock(tx, merchant_id)
    accounts = (AccountKind.DEPOSIT, AccountKind.PAYABLE)
    await ledger.lock_accounts(tx, [(merchant_id, kind, currency) for kind in accounts])
    waiting: int = await tx.value(
        """
        SELECT coalesce(sum(amount), 0)::bigint FROM settlement_entries
        WHERE merchant_id = $1 AND currency = $2 AND statement_id IS NULL
        """,
        merchant_id,
        currency,
    )
    deposit, payable = [await balance_of(tx, merchant_id, kind, currency) for kind in accounts]
    amount = min(-waiting, -payable, deposit)
    if amount <= 0:
        return 0
    movement_id = ids.mint()
    await shift(tx, merchant_id, movement_id, MovementKind.NETTED, amount, currency, "system")
    await enter(tx, merchant_id, movement_id, EntryKind.DEPOSIT_RETURNED, amount, currency)
    await demand_after_fine(tx, merchant_id, now)
    return amount
