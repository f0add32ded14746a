"""What channels say of chargebacks: a payer's bank takes captured money back, and we may answer with evidence until a day."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable
from uuid import UUID

import msgspec

from steelyard.kernel import ids


class Standing(StrEnum):
    """How far a channel says that it is. `inquiry` has taken no money yet, `closed` is one that never did; all others have."""

    INQUIRY = "inquiry"
    NEEDS_ANSWER = "needs_answer"
    ANSWERED = "answered"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


class DisputeReason(StrEnum):
    """What the payer's bank says why, in the classes that card networks share."""

    FRAUDULENT = "fraudulent"
    NOT_RECEIVED = "not_received"
    NOT_AS_DESCRIBED = "not_as_described"
    DUPLICATE = "duplicate"
    CREDIT_NOT_PROCESSED = "credit_not_processed"
    CANCELLED = "cancelled"
    OTHER = "other"


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute as its channel tells of it; `reference` is its name there. `amount` and `fee` are in minor units; `due_at` is by
    when evidence must be there, where it is wanted."""

    reference: str
    payment_id: UUID | None
    amount: int
    currency: str
    fee: int
    standing: Standing
    reason: DisputeReason
    due_at: datetime | None


def chargeback_document(payment_id: UUID, channel: str, reference: str) -> UUID:
    """The document of a chargeback in the books, by the channel's own name of it: so that a line of a statement leads there."""
    return ids.derived(payment_id, "chargeback", channel, reference)


class DisputeNews(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that says that something about a dispute has changed. What it is now is asked for: so that messages may come
    twice, late and in any order."""

    event_id: str
    reference: str

    @property
    def document(self) -> UUID | None:
        return None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is handed in: `facts` in the names of `EVIDENCE_FACTS`, and what was said in words."""

    facts: Mapping[str, str]
    words: str


# What a channel can be told beside words; each gateway has its own names for them.
EVIDENCE_FACTS = (
    "customer_name",
    "customer_email",
    "address",
    "goods",
    "sent_on",
    "carrier",
    "tracking_number",
    "refunds",
)


class DisputeUnknown(msgspec.Struct, frozen=True, kw_only=True):
    """No answer, or none that can be read: ask again. `refused` says that they will not, and that asking again does not help."""

    why: str
    refused: bool = False


@runtime_checkable
class Disputing(Protocol):
    """A channel that can be asked about its chargebacks, and answered."""

    async def dispute(self, reference: str) -> Dispute | DisputeUnknown:
        """How far it is."""
        ...

    async def answer_dispute(self, reference: str, evidence: Evidence) -> Dispute | DisputeUnknown:
        """Hand the evidence in, once and for good."""
        ...

    async def accept_dispute(self, reference: str) -> Dispute | DisputeUnknown:
        """Say that we do not contest it."""
        ...
