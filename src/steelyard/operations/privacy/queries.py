"""Questions about privacy."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.operations.privacy.model import DOCUMENTS, Consent, Erasure, Export, ExportId, Hindrances
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies import Version
from steelyard.trade import aftersales

EXPORTS_SHOWN = 5
CONSENTS_SHOWN = 50


def consent_id(buyer_id: BuyerId, version: Version) -> UUID:
    """The same version is agreed to once."""
    return ids.derived(buyer_id, "consent", version.document, version.name)


async def outstanding(read: Read, buyer_id: BuyerId) -> list[Version]:
    """What was published since and this buyer has not agreed to yet. (Nobody is asked about what the program brought.)"""
    counting = await policies.in_force(read)
    asked = {consent_id(buyer_id, counting[each]): counting[each] for each in DOCUMENTS if counting[each].from_day}
    if not asked:
        return []
    given = await read.fetch(
        "SELECT consent_id FROM consents WHERE buyer_id = $1 AND consent_id = ANY($2)", buyer_id, list(asked)
    )
    return [version for key, version in asked.items() if key not in {row["consent_id"] for row in given}]


async def consents_of(read: Read, buyer_id: BuyerId) -> list[Consent]:
    """What somebody agreed to, the newest first."""
    return await read.all(
        Consent,
        "SELECT subject, version, agreed, how, at FROM consents WHERE buyer_id = $1 ORDER BY at DESC, subject LIMIT $2",
        buyer_id,
        CONSENTS_SHOWN,
    )


async def exports_of(read: Read, buyer_id: BuyerId) -> list[Export]:
    """A buyer's exports, the newest first."""
    return await read.all(
        Export,
        """
        SELECT export_id, asked_at, ready_at, expires_at, content IS NOT NULL AND expires_at > now() AS ready
        FROM data_exports WHERE buyer_id = $1 ORDER BY asked_at DESC LIMIT $2
        """,
        buyer_id,
        EXPORTS_SHOWN,
    )


async def export_of(read: Read, buyer_id: BuyerId, export_id: ExportId) -> bytes | None:
    """The file, for its buyer and while it can be downloaded."""
    return await read.value(
        "SELECT content FROM data_exports WHERE buyer_id = $1 AND export_id = $2 AND expires_at > now()",
        buyer_id,
        export_id,
    )


async def planned_erasure(read: Read, buyer_id: BuyerId) -> Erasure | None:
    """The erasure that waits for its day."""
    return await read.one(
        Erasure,
        """
        SELECT buyer_id, erasure_id, account_id, state, asked_at, due_at FROM erasures
        WHERE buyer_id = $1 AND state = 'planned'
        """,
        buyer_id,
    )


async def hindrances(read: Read, buyer_ids: Sequence[BuyerId]) -> Hindrances:
    """What has to come to an end first."""
    return Hindrances(
        orders=await read.value(
            """
            SELECT count(*)::integer FROM orders
            WHERE buyer_id = ANY($1) AND state IN ('placed', 'held', 'paid', 'partly_shipped', 'shipped')
            """,
            list(buyer_ids),
        ),
        refunds=await read.value(
            """
            SELECT count(*)::integer FROM orders o JOIN refunds r USING (merchant_id, order_id)
            WHERE o.buyer_id = ANY($1) AND r.state IN ('instructed', 'sent')
            """,
            list(buyer_ids),
        )
        + await aftersales.open_of_buyers(read, buyer_ids),
    )
