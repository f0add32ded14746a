"""Gift cards: issued by the operator, redeemed into a balance, withdrawn or expired with what was owed for them."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.codes import ALPHABET
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.wallets.model import (
    CARD_AMOUNT_MAX,
    CARD_MONTHS_MAX,
    CARDS_PER_ISSUE_MAX,
    CREDIT_AMOUNT_MAX,
    NAME_CHARACTERS_MAX,
    REASON_CHARACTERS_MAX,
    Card,
    CardId,
    CardSpent,
    Cause,
    IssueId,
    MintedCard,
    Move,
    NewIssue,
    OneOfThem,
    Purse,
    SwitchedOff,
    WrongCode,
)
from steelyard.money.wallets.service import move
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import WALLETS

CODE_SYMBOLS = 16
LAST = 4
DAYS_PER_MONTH = 30
CARDS_PER_SWEEP = 200
_MISREAD = str.maketrans("ILO", "110")
_BETWEEN = re.compile(r"[^0-9A-Z]+")


async def issue(tx: Tx, wanted: NewIssue) -> list[MintedCard]:
    """Issue cards; returns their codes, which nobody can tell a second time: only their hashes are kept.

    What the cards are worth is owed from now on; it has come to the bank when they were sold, and is the platform's cost
    when they are given away. Said twice, the second makes nothing and returns nothing. Raises `Invalid`, `SwitchedOff`.
    """
    await _switched_on(tx)
    _check(wanted)
    expires_at = None if wanted.months is None else datetime.now(UTC) + timedelta(days=DAYS_PER_MONTH * wanted.months)
    claimed = await tx.value(
        """
        INSERT INTO gift_issues (issue_id, name, amount, currency, cards, sold, expires_at, issued_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (issue_id) DO NOTHING RETURNING true
        """,
        wanted.issue_id,
        wanted.name,
        wanted.amount,
        wanted.currency,
        wanted.cards,
        wanted.sold,
        expires_at,
        wanted.by,
    )
    if not claimed:
        return []
    minted = [MintedCard(card_id=CardId(ids.mint()), code=mint_code()) for _ in range(wanted.cards)]
    await tx.execute(
        """
        INSERT INTO gift_cards (code_hash, card_id, issue_id, last4, amount, currency, sold, expires_at)
        SELECT code_hash, card_id, $4, last4, $5, $6, $7, $8
        FROM unnest($1::bytea[], $2::uuid[], $3::text[]) AS c (code_hash, card_id, last4)
        """,
        [hash_of(card.code) for card in minted],
        [card.card_id for card in minted],
        [card.code[-LAST:] for card in minted],
        wanted.issue_id,
        wanted.amount,
        wanted.currency,
        wanted.sold,
        expires_at,
    )
    worth = sum(wanted.amount for _ in minted)
    await ledger.post(tx, [_owed(wanted.issue_id, worth, wanted.currency, wanted.sold)])
    return minted


def _check(wanted: NewIssue) -> None:
    wrong: dict[str, str] = {}
    if not wanted.name or len(wanted.name) > NAME_CHARACTERS_MAX:
        wrong["name"] = N_("Please enter a name of 60 characters at most.")
    if not 0 < wanted.amount <= Money.of(str(CARD_AMOUNT_MAX), wanted.currency).amount:
        wrong["amount"] = N_("A card holds more than nothing and 1,000 at most.")
    if not 0 < wanted.cards <= CARDS_PER_ISSUE_MAX:
        wrong["cards"] = N_("Between 1 and 500 cards at once.")
    if wanted.sold and wanted.months is not None:
        wrong["months"] = N_("Cards that were paid for do not expire.")
    if wanted.months is not None and not 0 < wanted.months <= CARD_MONTHS_MAX:
        wrong["months"] = N_("Between 1 and 120 months.")
    if wrong:
        raise Invalid(wrong)


async def redeem(tx: Tx, buyer_id: BuyerId, typed: str) -> Card:
    """Fill a buyer's balance with a card. Said twice by the same buyer, the second changes nothing.

    Raises `SwitchedOff`, `WrongCode`, `CardSpent`. Who may try how often is the surface's to say: the code is looked up
    by its hash, so that how long it takes tells nothing of it.
    """
    await _switched_on(tx)
    code = read_code(typed)
    if len(code) != CODE_SYMBOLS:
        raise WrongCode()
    found = await tx.one(
        Card,
        """
        UPDATE gift_cards SET state = 'redeemed', redeemed_by = $2, ended_at = now()
        WHERE code_hash = $1 AND state = 'open' AND (expires_at IS NULL OR expires_at > now())
        RETURNING card_id, issue_id, last4, amount, currency, sold, state, expires_at, redeemed_by, ended_at
        """,
        hash_of(code),
        buyer_id,
    )
    if found is None:
        return await _already(tx, buyer_id, code)
    filled = Move(
        buyer_id=buyer_id,
        purse=Purse.BALANCE,
        currency=found.currency,
        amount=found.amount,
        cause=Cause.REDEEMED,
        document=found.card_id,
        note=found.last4,
        by="buyer",
    )
    await move(tx, [filled])
    await ledger.post(tx, [_off(found, AccountKind.GIFT_CLEARING, "redeemed")])
    return found


async def redeem_all(tx: Tx, buyer_id: BuyerId, typed: Sequence[str]) -> list[Card]:
    """Fill a buyer's balance with several cards, all of them or none. Raises `OneOfThem`, which says which is not good and why,
    and `SwitchedOff`."""
    cards: list[Card] = []
    for code in sorted({read_code(each): each for each in typed}.values(), key=hash_of):
        try:
            cards.append(await redeem(tx, buyer_id, code))
        except (WrongCode, CardSpent) as refusal:
            raise OneOfThem(code, refusal) from refusal
    return cards


async def _already(tx: Tx, buyer_id: BuyerId, code: str) -> Card:
    found = await tx.one(
        Card,
        """
        SELECT card_id, issue_id, last4, amount, currency, sold, state, expires_at, redeemed_by, ended_at
        FROM gift_cards WHERE code_hash = $1
        """,
        hash_of(code),
    )
    if found is None:
        raise WrongCode()
    if found.redeemed_by != buyer_id:
        raise CardSpent()
    return found


async def withdraw(tx: Tx, issue_id: IssueId, card_ids: Sequence[UUID]) -> list[Card]:
    """Withdraw cards of an issue that nobody has redeemed (none named: all of them); returns those that were open. What
    was sold is given back outside the shop, as it was paid. Said twice, the second changes nothing. Raises `NotFound`."""
    if not await tx.value("SELECT EXISTS (SELECT FROM gift_issues WHERE issue_id = $1)", issue_id):
        raise NotFound()
    ended = await tx.all(
        Card,
        """
        WITH open AS (
            SELECT code_hash FROM gift_cards
            WHERE issue_id = $1 AND state = 'open' AND (card_id = ANY($2) OR $2::uuid[] = '{}')
            ORDER BY code_hash FOR UPDATE
        )
        UPDATE gift_cards c SET state = 'cancelled', ended_at = now()
        FROM open WHERE c.code_hash = open.code_hash
        RETURNING c.card_id, c.issue_id, c.last4, c.amount, c.currency, c.sold, c.state, c.expires_at, c.redeemed_by
                , c.ended_at
        """,
        issue_id,
        list(card_ids),
    )
    await _not_owed(tx, ended, "withdrawn")
    return ended


async def expire(tx: Tx) -> int:
    """Cards that were given away and whose time is over are worth nothing; returns how many ended."""
    ended = await tx.all(
        Card,
        """
        WITH due AS (
            SELECT code_hash FROM gift_cards
            WHERE state = 'open' AND expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        UPDATE gift_cards c SET state = 'expired', ended_at = now()
        FROM due WHERE c.code_hash = due.code_hash
        RETURNING c.card_id, c.issue_id, c.last4, c.amount, c.currency, c.sold, c.state, c.expires_at, c.redeemed_by
                , c.ended_at
        """,
        CARDS_PER_SWEEP,
    )
    await _not_owed(tx, ended, "expired")
    return len(ended)


async def _not_owed(tx: Tx, ended: Sequence[Card], reason: str) -> None:
    await ledger.post(
        tx,
        [_off(card, _paid_from(card.sold), reason) for card in ended],
    )


async def credit(tx: Tx, credit_id: UUID, buyer_id: BuyerId, amount: int, currency: str, reason: str, by: str) -> bool:
    """Give a buyer money of the platform, for a reason that the buyer reads; whether it was done now. Said twice with the
    same id it is done once. Raises `Invalid`, `SwitchedOff`."""
    await _switched_on(tx)
    wrong: dict[str, str] = {}
    if not 0 < amount <= Money.of(str(CREDIT_AMOUNT_MAX), currency).amount:
        wrong["amount"] = N_("Please enter more than nothing and 1,000 at most.")
    if not reason or len(reason) > REASON_CHARACTERS_MAX:
        wrong["reason"] = N_("Please say why, in 200 characters at most.")
    if wrong:
        raise Invalid(wrong)
    given = Move(
        buyer_id=buyer_id,
        purse=Purse.BALANCE,
        currency=currency,
        amount=amount,
        cause=Cause.CREDITED,
        document=credit_id,
        note=reason,
        by=by,
    )
    return (await move(tx, [given]))[0]


async def _switched_on(tx: Tx) -> None:
    if not await policies.number(tx, WALLETS):
        raise SwitchedOff()


def mint_code() -> str:
    """A new code of 80 random bits, such as `7K3M-9X2Q-4T0B-V1ZP`."""
    body = "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(CODE_SYMBOLS))
    return "-".join(body[at : at + LAST] for at in range(0, CODE_SYMBOLS, LAST))


def read_code(typed: str) -> str:
    """The symbols of a code as somebody typed it: case, spaces, dashes and look-alike letters are forgiven."""
    return _BETWEEN.sub("", typed.strip().upper()[:64]).translate(_MISREAD)


def hash_of(code: str) -> bytes:
    """What is kept of a code. It is random enough that no salt makes it safer."""
    return hashlib.sha256(read_code(code).encode()).digest()


def _paid_from(sold: bool) -> AccountKind:
    return AccountKind.BANK_CASH if sold else AccountKind.MARKETING_COST


def _off(card: Card, credit: AccountKind, reason: str) -> Transfer:
    """What is owed for a card is owed no more."""
    return Transfer(
        owner_id=card.issue_id,
        debit=AccountKind.GIFT_CARDS,
        credit=credit,
        amount=card.amount,
        currency=card.currency,
        reason=reason,
        document=card.card_id,
    )


def _owed(issue_id: IssueId, amount: int, currency: str, sold: bool) -> Transfer:
    return Transfer(
        owner_id=issue_id,
        debit=_paid_from(sold),
        credit=AccountKind.GIFT_CARDS,
        amount=amount,
        currency=currency,
        reason="issued",
        document=issue_id,
    )
