"""Mails to shops, and to the house, about what their owners have to know at once."""

from collections.abc import Sequence
from datetime import UTC, datetime

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.text import Text
from steelyard.parties import access, merchants, notifications
from steelyard.parties.access.model import CHIEF_ROLE, AccountId, AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.notifications.model import HandedOver, MailId, PayoutAccountChanged, Template


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


async def tell_handed_over(tx: Tx, events: Sequence[access.OwnershipHandedOver]) -> None:
    """Both hear of it: the new owner, and the one who was it before, who might know nothing of it."""
    for event in events:
        giver = await access.account(tx, AccountId(event.giver_id))
        heir = await access.account(tx, AccountId(event.heir_id))
        assert giver is not None and heir is not None, "who has joined is disabled, never deleted"
        merchant_id = None if event.merchant_id is None else MerchantId(event.merchant_id)
        cards = await merchants.cards(tx, [merchant_id]) if merchant_id else {}
        shop = cards[merchant_id].name if merchant_id and merchant_id in cards else Text()
        roles = {role.role_id: role.name for role in await access.roles(tx, giver.kind, event.merchant_id)}
        kept = roles.get(event.kept, Text({"en": event.kept}))
        for reader, other, role in ((heir, giver, None), (giver, heir, kept)):
            facts = HandedOver(
                name=reader.name,
                other=other.name,
                shop=shop,
                role=role,
                at=datetime.now(UTC),
                link="/merchant" if merchant_id else "/operator",
            )
            await notifications.send(
                tx,
                recipient=reader.email,
                template=Template.HANDED_OVER,
                locale=reader.locale,
                facts=facts,
                mail_id=MailId(ids.mint()),
            )
