"""Commands on privacy: agree, take along, be forgotten."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from steelyard.channels import agents, live
from steelyard.goods import promotions, search
from steelyard.kernel import events, jobs
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import gifts, wallets
from steelyard.operations import (
    analytics,
    behaviour,
    experiments,
    growth,
    journeys,
    lifecycle,
    outreach,
    research,
    segments,
)
from steelyard.operations.privacy import gathering
from steelyard.operations.privacy.events import BuyerErased
from steelyard.operations.privacy.model import (
    DOCUMENTS,
    EXPORTS_APART_HOURS,
    GRACE_DAYS,
    MACHINE,
    Erasure,
    ErasureId,
    ErasureState,
    ExportedLately,
    ExportId,
    OpenBusiness,
)
from steelyard.operations.privacy.queries import consent_id, hindrances, planned_erasure
from steelyard.parties import access, customers, notifications, policies
from steelyard.parties.access.model import AccountId
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies import Document
from steelyard.trade import aftersales, cart, chargebacks, checkout, favourites, invoices, reviews


async def record_consents(tx: Tx, buyer_id: BuyerId, how: str, subjects: Sequence[Document] = DOCUMENTS) -> None:
    """Somebody agrees to what is in force. The same version is agreed to once; the first time counts."""
    await record_consents_of(tx, [buyer_id], how, subjects)


async def record_consents_of(
    tx: Tx, buyer_ids: Iterable[BuyerId], how: str, subjects: Sequence[Document] = DOCUMENTS
) -> None:
    """`record_consents` for many buyers, in the order of their ids."""
    versions = await policies.in_force(tx)
    given = [(buyer_id, versions[subject]) for buyer_id in sorted(set(buyer_ids)) for subject in subjects]
    await tx.execute(
        """
        INSERT INTO consents (buyer_id, consent_id, subject, version, agreed, how)
        SELECT c.buyer_id, c.consent_id, c.subject, c.version, true, $5
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS c (buyer_id, consent_id, subject, version)
        ON CONFLICT DO NOTHING
        """,
        [buyer_id for buyer_id, _ in given],
        [consent_id(buyer_id, version) for buyer_id, version in given],
        [version.document for _, version in given],
        [version.name for _, version in given],
        how,
    )


async def ask_for_export(tx: Tx, buyer_id: BuyerId, export_id: ExportId, page: str) -> None:
    """Have all that is kept of a buyer put together; a mail says when it lies at `page`. Said twice with the same id,
    nothing changes. Raises `NotFound`, `ExportedLately` within a day of the last time."""
    if await tx.value("SELECT buyer_id FROM buyers WHERE buyer_id = $1 FOR NO KEY UPDATE", buyer_id) is None:
        raise NotFound()
    known = await tx.value("SELECT true FROM data_exports WHERE buyer_id = $1 AND export_id = $2", buyer_id, export_id)
    if known:
        return
    lately = await tx.value(
        "SELECT EXISTS (SELECT FROM data_exports WHERE buyer_id = $1 AND asked_at > now() - $2 * interval '1 hour')",
        buyer_id,
        EXPORTS_APART_HOURS,
    )
    if lately:
        raise ExportedLately()
    await tx.execute("INSERT INTO data_exports (buyer_id, export_id) VALUES ($1, $2)", buyer_id, export_id)
    await jobs.defer(
        tx, gathering.gather.with_options(once=str(export_id)), buyer_id=buyer_id, export_id=export_id, page=page
    )


async def plan_erasure(tx: Tx, buyer_id: BuyerId, account_id: AccountId, erasure_id: ErasureId, by: str) -> None:
    """Be forgotten after `GRACE_DAYS`, in which it can be withdrawn. Said twice, the first counts.

    Raises `OpenBusiness` while orders are open or refunds under way.
    """
    if await planned_erasure(tx, buyer_id) is not None:
        return
    await _nothing_open(tx, buyer_id)
    await tx.execute(
        """
        INSERT INTO erasures (buyer_id, erasure_id, account_id, state, due_at) VALUES ($1, $2, $3, 'planned', now() + $4)
        """,
        buyer_id,
        erasure_id,
        account_id,
        timedelta(days=GRACE_DAYS),
    )
    await _note(tx, buyer_id, erasure_id, "nowhere", ErasureState.PLANNED, by)


async def withdraw_erasure(tx: Tx, buyer_id: BuyerId, by: str) -> None:
    """Stay after all. Said twice, nothing changes."""
    planned = await planned_erasure(tx, buyer_id)
    if planned is not None:
        await _end(tx, planned, ErasureState.WITHDRAWN, by)


async def choose_analysing(tx: Tx, buyer_id: BuyerId, *, analysed: bool) -> None:
    """A buyer says whether what they do here may be analysed; of who says no, nothing of it is left. Said twice, nothing
    changes."""
    people = await behaviour.choose(tx, buyer_id, analysed=analysed)
    await analytics.forget(tx, people)
    await experiments.forget(tx, people)


async def erase(tx: Tx, erasure: Erasure, by: str) -> None:
    """Forget somebody now. Personal data is deleted, or replaced where a row has to stay; purchases, orders and invoices
    keep theirs for `RECORD_YEARS`, then `fade_records` blanks them. Raises `OpenBusiness`."""
    await _nothing_open(tx, erasure.buyer_id)
    buyer = await customers.get(tx, erasure.buyer_id)
    owners = [erasure.buyer_id, *await customers.visitors_of(tx, erasure.buyer_id)]
    if buyer is not None and buyer.email:
        await notifications.forget(tx, buyer.email)
    await access.erase_account(tx, erasure.account_id)
    await cart.forget(tx, owners)
    await promotions.forget(tx, owners)
    await notifications.forget_notices(tx, owners)
    await wallets.forget(tx, owners, erasure.erasure_id)
    await gifts.forget(tx, owners)
    await favourites.forget(tx, owners)
    await reviews.forget(tx, owners)
    await aftersales.forget_photographs(tx, owners)
    await search.forget(tx, owners)
    await invoices.forget_titles(tx, owners)
    await chargebacks.forget(tx, owners)
    await agents.forget_sessions(tx, await checkout.forget(tx, owners))
    people = await behaviour.forget(tx, owners)
    await analytics.forget(tx, people)
    await experiments.forget(tx, [*owners, *people])
    await live.forget_reminders(tx, owners)
    await live.forget_buyers(tx, owners)
    await research.forget(tx, [*owners, *people])
    await research.forget_interviews(tx, owners)
    await growth.forget(tx, owners)
    await segments.forget(tx, owners)
    await outreach.forget(tx, owners)
    await journeys.forget(tx, owners)
    await lifecycle.forget(tx, owners)
    await customers.forget(tx, owners)
    await tx.execute("DELETE FROM data_exports WHERE buyer_id = ANY($1)", owners)
    await _end(tx, erasure, ErasureState.DONE, by)
    await events.publish(tx, BuyerErased(buyer_id=erasure.buyer_id))


async def _nothing_open(tx: Tx, buyer_id: BuyerId) -> None:
    owners = [buyer_id, *await customers.visitors_of(tx, buyer_id)]
    found = await hindrances(tx, owners)
    if found:
        raise OpenBusiness(orders=found.orders, refunds=found.refunds)


async def _end(tx: Tx, erasure: Erasure, following: ErasureState, by: str) -> None:
    MACHINE.check(erasure.state, following)
    await tx.execute(
        "UPDATE erasures SET state = $3, ended_at = now() WHERE buyer_id = $1 AND erasure_id = $2",
        erasure.buyer_id,
        erasure.erasure_id,
        following,
    )
    await _note(tx, erasure.buyer_id, erasure.erasure_id, erasure.state, following, by)


async def _note(
    tx: Tx, buyer_id: BuyerId, erasure_id: ErasureId, before: str, following: ErasureState, by: str
) -> None:
    await tx.execute(
        """
        INSERT INTO erasure_history (buyer_id, erasure_id, step, from_state, to_state, by)
        SELECT $1, $2, count(*) + 1, $3, $4, $5 FROM erasure_history WHERE buyer_id = $1 AND erasure_id = $2
        """,
        buyer_id,
        erasure_id,
        before,
        following,
        by,
    )
