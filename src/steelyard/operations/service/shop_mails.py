"""Mails to shops, and to the house, about what their owners have to know at once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.parties import access, merchants, notifications
from steelyard.parties.access.model import CHIEF_ROLE, AccountId, AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.notifications.model import HandedOver, MailId, PayoutAccountChanged, ShopNews, Template
from steelyard.trade import campaigns, discipline, settlement

# Of an account's name, as owners are told of it.
DIGITS_TOLD = 4


async def tell_payout_account_changed(tx: Tx, events: Sequence[merchants.PayoutAccountChanged]) -> None:
    """Every owner hears that the money goes elsewhere, so that nobody redirects it unseen."""
    for event in events:
        await _tell_of_account(tx, MerchantId(event.merchant_id), event.bank, event.ending, "/merchant/shop")


async def tell_way_chosen(tx: Tx, events: Sequence[settlement.WayChosen]) -> None:
    """The same, of a shop that is paid through Stripe from now on, or to its bank again."""
    for event in events:
        merchant_id = MerchantId(event.merchant_id)
        bank, account = "Stripe", event.account_id or ""
        if event.account_id is None:
            merchant = await merchants.get(tx, merchant_id)
            if merchant is None:
                continue
            bank, account = merchant.payout.bank, merchant.payout.account
        await _tell_of_account(tx, merchant_id, bank, account[-DIGITS_TOLD:], "/merchant/money/stripe")


async def tell_restricted(tx: Tx, events: Sequence[settlement.AccountRestricted]) -> None:
    """Owners read that Stripe does not pay the shop, and by when it wants what is missing."""
    for event in events:
        what = "stripe_refused" if event.refused else "stripe_restricted"
        day = event.due_on.isoformat() if event.due_on else ""
        await _tell_owners(tx, event.merchant_id, what, "", day, "/merchant/money/stripe")


async def _tell_of_account(tx: Tx, merchant_id: MerchantId, bank: str, ending: str, link: str) -> None:
    card = (await merchants.cards(tx, [merchant_id])).get(merchant_id)
    if card is None:
        return
    for member in await access.staff(tx, merchant_id):
        if CHIEF_ROLE[AccountKind.MERCHANT] not in member.roles or member.disabled_at is not None:
            continue
        facts = PayoutAccountChanged(
            name=member.name, shop=card.name, bank=bank, ending=ending, at=datetime.now(UTC), link=link
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


async def tell_violation_recorded(tx: Tx, events: Sequence[discipline.ViolationRecorded]) -> None:
    """Owners read what was recorded, as long as they can appeal against it."""
    for event in events:
        found = await discipline.violation(tx, MerchantId(event.merchant_id), event.violation_id)
        assert found is not None, "violations are not deleted"
        await _tell_owners(
            tx, event.merchant_id, "violation", found.facts, "", f"/merchant/compliance/{event.violation_id}"
        )


async def tell_violation_decided(tx: Tx, events: Sequence[discipline.ViolationDecided]) -> None:
    """Owners read what came of their appeal."""
    for event in events:
        found = await discipline.violation(tx, MerchantId(event.merchant_id), event.violation_id)
        assert found is not None, "violations are not deleted"
        link = f"/merchant/compliance/{event.violation_id}"
        await _tell_owners(tx, event.merchant_id, f"violation_{event.outcome}", found.decision, "", link)


async def tell_deposit_demanded(tx: Tx, events: Sequence[discipline.DepositDemanded]) -> None:
    """Owners read until when the deposit is to be topped up, and that this day has passed."""
    for event in events:
        what = "deposit_overdue" if event.overdue else "deposit_due"
        await _tell_owners(tx, event.merchant_id, what, "", event.due_on, "/merchant/compliance")


async def tell_debt_claimed(tx: Tx, events: Sequence[discipline.DebtClaimed]) -> None:
    """Owners read what the shop owes, how to pay it, and what follows; again every some days, until it is paid."""
    for event in events:
        what = "debt_overdue" if event.overdue else "debt_due"
        amount = f"{event.currency} {Money(event.amount, event.currency).decimal()}"
        await _tell_owners(tx, event.merchant_id, what, amount, event.holds_on, "/merchant/compliance")


async def tell_entry_decided(tx: Tx, events: Sequence[campaigns.EntryDecided]) -> None:
    """Owners read what the platform decided on the goods that they signed up."""
    for event in events:
        entries = await campaigns.entries(tx, event.campaign_id, event.merchant_id)
        reason = next((each.reason for each in entries if each.entry_id == event.entry_id), "")
        what, link = f"campaign_{event.state}", f"/merchant/campaigns/{event.campaign_id}"
        await _tell_owners(tx, event.merchant_id, what, reason, "", link)


async def tell_leave_answered(tx: Tx, events: Sequence[campaigns.LeaveAnswered]) -> None:
    """Owners read whether the platform lets an article go that they asked to end."""
    for event in events:
        entries = await campaigns.entries(tx, event.campaign_id, event.merchant_id)
        answer = next((each.leave_answer for each in entries if each.entry_id == event.entry_id), "")
        what = "campaign_left" if event.let_go else "campaign_stays"
        await _tell_owners(tx, event.merchant_id, what, answer, "", f"/merchant/campaigns/{event.campaign_id}")


async def _tell_owners(tx: Tx, merchant_id: UUID, what: str, reason: str, day: str, link: str) -> None:
    shop = MerchantId(merchant_id)
    name = (await merchants.cards(tx, [shop]))[shop].name
    for owner in await access.owners_of(tx, [shop]):
        news = ShopNews(name=owner.name, shop=name, what=what, reason=reason, day=day, link=link)
        await notifications.send(
            tx, recipient=owner.email, template=Template.SHOP_NEWS, locale=owner.locale, facts=news
        )
