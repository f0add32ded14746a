"""The transfers of a chargeback. With figures: docs/algorithms/chargebacks.md."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.trade.chargebacks.model import Chargeback, Part


def _of(
    owner_id: UUID, debit: AccountKind, credit: AccountKind, amount: int, currency: str, reason: str, document: UUID
) -> Transfer:
    return Transfer(
        owner_id=owner_id,
        debit=debit,
        credit=credit,
        amount=amount,
        currency=currency,
        reason=reason,
        document=document,
    )


def charged_back(chargeback: Chargeback) -> Transfer:
    """The channel has taken it out of the buyer's captured money."""
    return _by_buyer(chargeback, AccountKind.CHARGEBACKS, AccountKind.CHANNEL_CASH, chargeback.amount, "charged_back")


def returned(chargeback: Chargeback, *, lost: bool, covered: int = 0) -> Sequence[Transfer]:
    """Won: the channel gives it back. Lost: what is left of the orders counts as back, for the refund that the channel has made
    goes out of there, and so do refunds that it refused before (`covered`); what had been given back besides is the platform's
    loss."""
    if not lost:
        return [
            _by_buyer(chargeback, AccountKind.CHANNEL_CASH, AccountKind.CHARGEBACKS, chargeback.amount, "reinstated")
        ]
    rest = chargeback.amount - chargeback.excess + covered
    moves = [
        (AccountKind.CHANNEL_CASH, rest, "chargeback_refunded"),
        (AccountKind.CHARGEBACK_LOSSES, chargeback.excess - covered, "charged_back_twice"),
    ]
    return [
        _by_buyer(chargeback, debit, AccountKind.CHARGEBACKS, amount, reason)
        for debit, amount, reason in moves
        if amount
    ]


def recovered(chargeback: Chargeback) -> Transfer:
    """What was lost came back after all."""
    return _by_buyer(
        chargeback, AccountKind.CHANNEL_CASH, AccountKind.CHARGEBACK_LOSSES, chargeback.amount, "chargeback_recovered"
    )


def _by_buyer(chargeback: Chargeback, debit: AccountKind, credit: AccountKind, amount: int, reason: str) -> Transfer:
    return _of(chargeback.buyer_id, debit, credit, amount, chargeback.currency, reason, chargeback.chargeback_id)


def frozen(part: Part) -> Transfer:
    """Of what the shop is owed, set aside until it is decided …"""
    return _by_part(part, AccountKind.PAYABLE, AccountKind.DISPUTED, part.amount, "disputed", part.document)


def thawed(part: Part) -> Transfer:
    """… and back."""
    return _by_part(part, AccountKind.DISPUTED, AccountKind.PAYABLE, part.amount, "dispute_returned", part.document)


def made_good(part: Part, amount: int) -> Transfer:
    """The platform bears it: the shop is as if nothing had been taken."""
    return _by_part(
        part, AccountKind.CHARGEBACK_LOSSES, AccountKind.PAYABLE, amount, "chargeback_borne", part.end_document
    )


def fee_passed_on(part: Part, amount: int) -> Transfer:
    """The shop bears what the channel charged."""
    return _by_part(part, AccountKind.PAYABLE, AccountKind.CHANNEL_FEES, amount, "chargeback_fee", part.end_document)


def _by_part(part: Part, debit: AccountKind, credit: AccountKind, amount: int, reason: str, document: UUID) -> Transfer:
    return _of(part.merchant_id, debit, credit, amount, part.currency, reason, document)


async def fee_charged(tx: Tx, known: Chargeback, fee: int) -> Transfer | None:
    """What the channel charges for a chargeback now, beside what is booked of it: on the channel's own account."""
    if fee == known.fee:
        return None
    owner = await ledger.counterparty(tx, known.channel)
    cash, fees = AccountKind.CHANNEL_CASH, AccountKind.CHANNEL_FEES
    up = fee > known.fee
    debit, credit = (fees, cash) if up else (cash, fees)
    reason = f"chargeback_fee_{'charged' if up else 'returned'}"
    document = ids.derived(known.chargeback_id, "fee", str(fee))
    return _of(owner, debit, credit, abs(fee - known.fee), known.currency, reason, document)
