"""What the operator's staff decides about an application: back with reasons, refused, or approved. Each decision is in
the application's history and in the audit log, and the applicant is told by mail."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from steelyard.kernel import codes
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Account, Actor
from steelyard.parties.applications import queries
from steelyard.parties.applications.filling import step_on, tell
from steelyard.parties.applications.model import (
    REASON_CHARACTERS_MAX,
    STEPS,
    Application,
    ApplicationId,
    ApplicationState,
    StaleDecision,
)
from steelyard.parties.merchants.model import Merchant, MerchantId, Payout, Shop

OWNER_ROLE = "merchant_owner"


async def send_back(
    tx: Tx, by: Actor, application_id: ApplicationId, reasons: Mapping[str, str], note: str = ""
) -> None:
    """Ask the applicant to correct single fields. Raises `NotFound`, `StaleDecision`, and `Invalid` without a reason."""
    known = {name for fields in STEPS.values() for name in fields}
    wanted = {name: words.strip()[:REASON_CHARACTERS_MAX] for name, words in reasons.items() if words.strip()}
    if not wanted or not wanted.keys() <= known:
        raise Invalid({"reasons": N_("Please say for at least one field what is to be corrected.")})
    application, account = await _waiting(tx, application_id)
    await tx.execute(
        "UPDATE applications SET state = $2, reasons = $3, changed_at = now() WHERE application_id = $1",
        application_id,
        ApplicationState.SENT_BACK,
        wanted,
    )
    await _decided(tx, by, application, account, ApplicationState.SENT_BACK, note, wanted)


async def refuse(tx: Tx, by: Actor, application_id: ApplicationId, note: str) -> None:
    """Turn an applicant down; they may apply anew. Raises `NotFound`, `StaleDecision`, and `Invalid` without a reason."""
    if not note.strip():
        raise Invalid({"note": N_("Please give a reason.")})
    application, account = await _waiting(tx, application_id)
    await tx.execute(
        "UPDATE applications SET state = $2, changed_at = now() WHERE application_id = $1",
        application_id,
        ApplicationState.REFUSED,
    )
    await _decided(tx, by, application, account, ApplicationState.REFUSED, note, {})


async def approve(
    tx: Tx,
    by: Actor,
    application_id: ApplicationId,
    *,
    currency: str,
    settlement_days: int,
    receipt_days: int,
    note: str = "",
) -> MerchantId:
    """Let an applicant in: the merchant and its shop are there, and the applicant is its owner.

    Raises `NotFound`, `StaleDecision`, and `ShopNameTaken` when the shop's address was taken meanwhile.
    """
    application, account = await _waiting(tx, application_id)
    facts, merchant_id = application.facts, MerchantId(application_id)
    merchant = Merchant(
        merchant_id=merchant_id,
        code=codes.mint("M"),
        legal_name=facts.legal_name,
        country=facts.country,
        currency=currency,
        credit_code=facts.licence_number if facts.kind == "business" else "",
        settlement_days=settlement_days,
        receipt_days=receipt_days,
        payout=Payout(name=facts.payout_name, bank=facts.payout_bank, account=facts.payout_account),
    )
    shop = Shop(merchant_id=merchant_id, slug=facts.slug, name=facts.shop_name, notice=facts.shop_about)
    await merchants.open_merchant(tx, merchant, shop)
    until = date.fromisoformat(facts.licence_until) if facts.licence_until else None
    await merchants.set_licence(tx, merchant_id, until)
    await merchants.set_categories(tx, merchant_id, [UUID(each) for each in facts.category_ids])
    if facts.agreed_version:
        await merchants.agree(tx, merchant_id, facts.agreed_version, account.account_id)
    await access.become_owner(tx, account.account_id, merchant_id, OWNER_ROLE)
    await tx.execute(
        "UPDATE applications SET state = $2, changed_at = now() WHERE application_id = $1",
        application_id,
        ApplicationState.APPROVED,
    )
    await _decided(tx, by, application, account, ApplicationState.APPROVED, note, {})
    return merchant_id


async def _waiting(tx: Tx, application_id: ApplicationId) -> tuple[Application, Account]:
    """An application that waits for a decision, held until commit, and whose it is."""
    state = await tx.value("SELECT state FROM applications WHERE application_id = $1 FOR UPDATE", application_id)
    if state is None or state == ApplicationState.DRAFT:
        raise NotFound()
    if state != ApplicationState.SUBMITTED:
        raise StaleDecision()
    application = await queries.get(tx, application_id)
    assert application is not None
    account = await access.account(tx, application.account_id)
    assert account is not None, "accounts are disabled, never deleted"
    return application, account


async def _decided(
    tx: Tx,
    by: Actor,
    application: Application,
    account: Account,
    state: ApplicationState,
    note: str,
    reasons: Mapping[str, str],
) -> None:
    note = note.strip()[:REASON_CHARACTERS_MAX]
    await step_on(tx, application.application_id, application.state, state, by.by, note, reasons)
    await access.audit(
        tx,
        by,
        f"applications.{_VERBS[state]}",
        str(application.application_id),
        {"legal_name": application.facts.legal_name, "note": note, "reasons": dict(reasons)},
        before={"state": application.state},
        after={"state": state},
    )
    await tell(tx, account, state, note, reasons)


_VERBS = {
    ApplicationState.SENT_BACK: "send_back",
    ApplicationState.REFUSED: "refuse",
    ApplicationState.APPROVED: "approve",
}
