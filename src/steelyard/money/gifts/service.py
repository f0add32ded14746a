"""Commands on gift cards that are bought: order, take back, let lapse. Who changes a sale holds its row, before its card."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money import payments, wallets
from steelyard.money.gifts.model import (
    CARDS_AT_ONCE_MAX,
    HOUSE_ZONE,
    MESSAGE_CHARACTERS_MAX,
    MINOR_PER_UNIT,
    REASON_CHARACTERS_MAX,
    SEND_DAYS_AHEAD_MAX,
    SEND_HOUR,
    SENDER_CHARACTERS_MAX,
    NewSale,
    NoRefund,
    NotSold,
    Sale,
    Terms,
    TooMuchToday,
)
from steelyard.money.gifts.queries import get, terms
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import access, policies, screening
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import PAYMENT_WINDOW, WALLETS
from steelyard.parties.screening.model import Area, Said

SALES_PER_SWEEP = 200


async def order(tx: Tx, wanted: NewSale) -> Sale:
    """Order a card, or several alike, which are paid together; each is made when it is paid, and its own from then on.
    Returns the first. Said twice with the same id, the first counts.

    Raises `Invalid` with what is wrong beside each field, `NotSold`, `TooMuchToday`; `NotFound` when the id is another's.
    """
    known = await tx.value("SELECT buyer_id FROM gift_sales WHERE sale_id = $1", wanted.sale_id)
    if known is None:
        await _order(tx, wanted)
    found = await get(tx, wanted.buyer_id, wanted.sale_id)
    if found is None:
        raise NotFound()
    return found


async def _order(tx: Tx, wanted: NewSale) -> None:
    rules = await terms(tx)
    if not rules.on:
        raise NotSold()
    today = datetime.now(HOUSE_ZONE).date()
    recipient, sender, message = await _checked(tx, wanted, rules, today)
    claimed = await tx.value(
        """
        WITH first AS (
            INSERT INTO gift_sales (sale_id, batch_id, buyer_id, amount, currency, recipient, sender, message, locale, day
                                  , pay_by, send_at)
            VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10, coalesce($11, now()))
            ON CONFLICT (sale_id) DO NOTHING
            RETURNING batch_id, buyer_id, amount, currency, recipient, sender, message, locale, day, pay_by, send_at
        ), others AS (
            INSERT INTO gift_sales (sale_id, batch_id, buyer_id, amount, currency, recipient, sender, message, locale, day
                                  , pay_by, send_at)
            SELECT o.sale_id, f.batch_id, f.buyer_id, f.amount, f.currency, f.recipient, f.sender, f.message, f.locale, f.day
                 , f.pay_by, f.send_at
            FROM first f CROSS JOIN unnest($12::uuid[]) AS o (sale_id)
        )
        SELECT true FROM first
        """,
        wanted.sale_id,
        wanted.buyer_id,
        _minor(wanted),
        wanted.currency,
        recipient,
        sender,
        message,
        wanted.locale,
        today,
        timedelta(minutes=await policies.number(tx, PAYMENT_WINDOW)),
        _morning_of(wanted.send_on) if wanted.send_on is not None and wanted.send_on > today else None,
        [ids.derived(wanted.sale_id, "card", str(each)) for each in range(2, wanted.cards + 1)],
    )
    if claimed:
        most = rules.per_day * MINOR_PER_UNIT
        await _counted(tx, wanted.buyer_id, today, wanted.currency, _minor(wanted) * wanted.cards, most)


def _minor(wanted: NewSale) -> int:
    return Money.of(str(wanted.amount), wanted.currency).amount


async def _checked(tx: Tx, wanted: NewSale, rules: Terms, today: date) -> tuple[str, str, str]:
    """To whom, from whom and with which words. Raises `Invalid`."""
    wrong: dict[str, str] = {}
    if wanted.currency not in rules.currencies:
        wrong["currency"] = N_("Please choose a currency.")
    elif not rules.least * MINOR_PER_UNIT <= _minor(wanted) <= rules.most * MINOR_PER_UNIT:
        wrong["amount"] = N_("Please choose an amount within what is offered.")
    if not 1 <= wanted.cards <= CARDS_AT_ONCE_MAX:
        wrong["cards"] = N_("Between one and ten cards at once.")
    recipient = ""
    try:
        recipient = access.clean_email(wanted.recipient)
    except Invalid:
        wrong["recipient"] = N_("Please enter the e-mail address that the card goes to.")
    if not wanted.sender or len(wanted.sender) > SENDER_CHARACTERS_MAX:
        wrong["sender"] = N_("Please say from whom it is, in 60 characters at most.")
    if len(wanted.message) > MESSAGE_CHARACTERS_MAX:
        wrong["message"] = N_("Please be brief: 200 characters at most")
    if wanted.send_on is not None and not 0 <= (wanted.send_on - today).days <= SEND_DAYS_AHEAD_MAX:
        wrong["send_on"] = N_("A day from today on, within a year.")
    if wrong:
        raise Invalid(wrong)
    said = [
        Said(field=name, area=Area.MESSAGE, text=text)
        for name, text in (("sender", wanted.sender), ("message", wanted.message))
    ]
    sender, message = (await screening.screen(tx, said)).texts
    return recipient, sender, message


async def _counted(tx: Tx, buyer_id: BuyerId, day: date, currency: str, amount: int, most: int) -> None:
    """Orders of one buyer in one currency wait for each other at the day's row. Raises `TooMuchToday`."""
    counted = amount <= most and await tx.value(
        """
        INSERT INTO gift_days AS d (buyer_id, day, currency, amount) VALUES ($1, $2, $3, $4)
        ON CONFLICT (buyer_id, day, currency) DO UPDATE SET amount = d.amount + excluded.amount
        WHERE d.amount + excluded.amount <= $5
        RETURNING true
        """,
        buyer_id,
        day,
        currency,
        amount,
        most,
    )
    if not counted:
        raise TooMuchToday()


async def lock(tx: Tx, sale_ids: Sequence[UUID]) -> dict[UUID, Sale]:
    """These sales, as far as there are any, held until the transaction ends."""
    found = await tx.all(
        Sale,
        """
        SELECT sale_id, buyer_id, amount, currency, recipient, sender, message, locale, day, placed_at, pay_by, send_at
             , paid_at, payment_id, refund_by, lapsed_at, sent_at, sendings, refunded_at, batch_id
        FROM gift_sales WHERE sale_id = ANY($1) ORDER BY sale_id FOR UPDATE
        """,
        list(sale_ids),
    )
    return {sale.sale_id: sale for sale in found}


async def lock_batches(tx: Tx, batch_ids: Sequence[UUID]) -> dict[UUID, list[Sale]]:
    """The cards that were ordered at once, held until the transaction ends, by what they are paid as."""
    found = await tx.all(
        Sale,
        """
        SELECT sale_id, buyer_id, amount, currency, recipient, sender, message, locale, day, placed_at, pay_by, send_at
             , paid_at, payment_id, refund_by, lapsed_at, sent_at, sendings, refunded_at, batch_id
        FROM gift_sales WHERE batch_id = ANY($1) ORDER BY sale_id FOR UPDATE
        """,
        list(batch_ids),
    )
    batches: dict[UUID, list[Sale]] = {}
    for sale in found:
        assert sale.batch_id is not None
        batches.setdefault(sale.batch_id, []).append(sale)
    return batches


async def refund(tx: Tx, buyer_id: BuyerId, sale_id: UUID, by: str) -> None:
    """Give a card back that nobody has redeemed: its money goes back whole, the way it came. Said twice, it is done once.

    Redeeming and giving back wait for each other at the card, and one of them comes too late. While wallets are switched
    off nobody can redeem, so that there is no last day then. Raises `NotFound`, `NoRefund`.
    """
    sale = (await lock(tx, [sale_id])).get(sale_id)
    if sale is None or sale.buyer_id != buyer_id:
        raise NotFound()
    if sale.refunded_at is not None:
        return
    if sale.paid_at is None or sale.refund_by is None:
        raise NoRefund()
    if sale.refund_by <= datetime.now(UTC) and await policies.number(tx, WALLETS):
        raise NoRefund()
    await _give_back(tx, sale, "", by)


async def refund_by_staff(tx: Tx, sale_id: UUID, reason: str, by: str) -> Sale:
    """Staff give a card's money back for a reason, whenever it was bought, as long as nobody has redeemed it; returns the card as
    it was. Said twice, it is done once. Raises `NotFound`, `NoRefund`, `Invalid` without a reason."""
    reason = reason.strip()
    sale = (await lock(tx, [sale_id])).get(sale_id)
    if sale is None:
        raise NotFound()
    if sale.refunded_at is not None:
        return sale
    if not reason or len(reason) > REASON_CHARACTERS_MAX:
        raise Invalid({"reason": N_("Please say why, in 200 characters at most.")})
    if sale.paid_at is None:
        raise NoRefund()
    await _give_back(tx, sale, reason, by)
    return sale


async def _give_back(tx: Tx, sale: Sale, reason: str, by: str) -> None:
    if not await wallets.take_back(tx, sale.sale_id):
        raise NoRefund()
    await tx.execute(
        "UPDATE gift_sales SET refunded_at = now(), refunded_by = $2, refund_reason = $3 WHERE sale_id = $1",
        sale.sale_id,
        by,
        reason,
    )
    await payments.refund(
        tx,
        refund_id=ids.derived(sale.sale_id, "refund"),
        merchant_id=sale.sale_id,
        order_id=sale.sale_id,
        payment_id=sale.payment_id,
        amount=sale.amount,
        reason="gift_card",
        out_of=AccountKind.GIFT_CARDS,
        by=by,
    )


async def lapse(tx: Tx) -> int:
    """Orders that were not paid in time are over, and count no more for their day; returns how many."""
    return await tx.value(
        """
        WITH due AS (
            SELECT sale_id FROM gift_sales WHERE paid_at IS NULL AND lapsed_at IS NULL AND pay_by <= now()
            ORDER BY pay_by LIMIT $1 FOR UPDATE SKIP LOCKED
        ), over AS (
            UPDATE gift_sales s SET lapsed_at = now() FROM due WHERE s.sale_id = due.sale_id
            RETURNING s.buyer_id, s.day, s.currency, s.amount
        ), less AS (
            UPDATE gift_days d SET amount = d.amount - o.amount
            FROM (SELECT buyer_id, day, currency, sum(amount)::bigint AS amount FROM over GROUP BY 1, 2, 3) o
            WHERE (d.buyer_id, d.day, d.currency) = (o.buyer_id, o.day, o.currency)
        )
        SELECT count(*)::integer FROM over
        """,
        SALES_PER_SWEEP,
    )


async def forget(tx: Tx, buyer_ids: Sequence[BuyerId]) -> None:
    """Erase whom cards of somebody who leaves went to, and with which words. One that waits for its day goes out now."""
    await tx.execute(
        """
        UPDATE gift_sales
        SET forgotten = true
          , send_at = CASE WHEN sent_at IS NULL THEN now() ELSE send_at END
          , recipient = CASE WHEN paid_at IS NOT NULL AND sent_at IS NULL AND refunded_at IS NULL THEN recipient ELSE '' END
          , sender = CASE WHEN paid_at IS NOT NULL AND sent_at IS NULL AND refunded_at IS NULL THEN sender ELSE '' END
          , message = CASE WHEN paid_at IS NOT NULL AND sent_at IS NULL AND refunded_at IS NULL THEN message ELSE '' END
        WHERE buyer_id = ANY($1)
        """,
        list(buyer_ids),
    )


def _morning_of(day: date) -> datetime:
    return datetime.combine(day, time(SEND_HOUR), HOUSE_ZONE)
