"""Cards go out by mail, on their day. The code is made then and told in that mail alone: of it the hash is kept, and of the
mail the link is wiped when it is out. So a card that is sent again has a new code, and the one before opens nothing."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money import wallets
from steelyard.money.gifts.model import SENDINGS_MAX, NotSendable, Sale
from steelyard.money.gifts.service import lock
from steelyard.parties import access, notifications
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.notifications.model import GiftCardSent, MailId, Template

SALES_PER_SWEEP = 50
# Where a code is redeemed; what follows is the code.
REDEEM_PAGE = "/account/wallet?code="


async def send_due(tx: Tx) -> int:
    """Send the cards whose day has come; returns how many."""
    due = await tx.all(
        Sale,
        """
        SELECT sale_id, buyer_id, amount, currency, recipient, sender, message, locale, day, placed_at, pay_by, send_at
             , paid_at, payment_id, refund_by, lapsed_at, sent_at, sendings, refunded_at
        FROM gift_sales
        WHERE paid_at IS NOT NULL AND sent_at IS NULL AND refunded_at IS NULL AND send_at <= now()
        ORDER BY send_at LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        SALES_PER_SWEEP,
    )
    await _send(tx, due)
    return len(due)


async def again(tx: Tx, buyer_id: BuyerId, sale_id: UUID, recipient: str) -> None:
    """Send a card once more, to this address, with a new code. Raises `NotFound`, `NotSendable`, `Invalid`."""
    sale = (await lock(tx, [sale_id])).get(sale_id)
    if sale is None or sale.buyer_id != buyer_id:
        raise NotFound()
    if sale.sent_at is None or sale.refunded_at is not None or sale.sendings >= SENDINGS_MAX:
        raise NotSendable()
    try:
        address = access.clean_email(recipient)
    except Invalid as wrong:
        raise Invalid({"recipient": N_("Please enter the e-mail address that the card goes to.")}) from wrong
    await tx.execute("UPDATE gift_sales SET recipient = $2 WHERE sale_id = $1", sale_id, address)
    (sale,) = (await lock(tx, [sale_id])).values()
    if not await _send(tx, [sale]):
        raise NotSendable()


async def _send(tx: Tx, sales: Sequence[Sale]) -> int:
    """A new code for each card that is open, and a mail that tells it; returns how many there were."""
    codes = await wallets.give_codes(tx, [sale.sale_id for sale in sales])
    for sale in sales:
        if sale.sale_id in codes:
            await _mail(tx, sale, codes[sale.sale_id])
    await tx.execute(
        """
        UPDATE gift_sales
        SET sent_at = coalesce(sent_at, now()), sendings = sendings + 1
          , recipient = CASE WHEN forgotten THEN '' ELSE recipient END
          , sender = CASE WHEN forgotten THEN '' ELSE sender END
          , message = CASE WHEN forgotten THEN '' ELSE message END
        WHERE sale_id = ANY($1)
        """,
        list(codes),
    )
    return len(codes)


async def _mail(tx: Tx, sale: Sale, code: str) -> None:
    await notifications.send(
        tx,
        recipient=sale.recipient,
        template=Template.GIFT_CARD,
        locale=sale.locale,
        facts=GiftCardSent(
            sender=sale.sender,
            message=sale.message,
            amount=Money(sale.amount, sale.currency),
            secret_link=REDEEM_PAGE + code,
        ),
        mail_id=MailId(ids.derived(sale.sale_id, "sent", str(sale.sendings + 1))),
    )
