"""Mails to shops about what their owners have to know at once."""

from collections.abc import Sequence
from datetime import UTC, datetime

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.parties import access, merchants, notifications
from steelyard.parties.access.model import CHIEF_ROLE, AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.notifications.model import MailId, PayoutAccountChanged, Template


async def tell_payout_account_changed(tx: Tx, events: Sequence[merchants.PayoutAccountChanged]) -> None:
    """Every owner hears that the money goes elsewhere, so that nobody redirects it unseen."""
    for event in events:
        merchant_id = MerchantId(event.merchant_id)
        card = (await merchants.cards(tx, [merchant_id])).get(merchant_id)
        if card is None:
            continue
        for member in await access.staff(tx, merchant_id):
            if CHIEF_ROLE[AccountKind.MERCHANT] not in member.roles or member.disabled_at is not None:
                continue
            facts = PayoutAccountChanged(
                name=member.name,
                shop=card.name,
                bank=event.bank,
                ending=event.ending,
                at=datetime.now(UTC),
                link="/merchant/shop",
            )
            await notifications.send(
                tx,
                recipient=member.email,
                template=Template.PAYOUT_ACCOUNT_CHANGED,
                locale=member.locale,
                facts=facts,
                mail_id=MailId(ids.mint()),
            )
