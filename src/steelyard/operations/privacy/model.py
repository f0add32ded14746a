"""Consents, exports, erasures."""

from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.parties.access.model import AccountId
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies import Document

ExportId = NewType("ExportId", UUID)
ErasureId = NewType("ErasureId", UUID)

# Days in which an erasure can be withdrawn.
GRACE_DAYS = 7
# Days for which an export can be downloaded.
EXPORT_DAYS = 7
EXPORTS_APART_HOURS = 24
# E-Commerce Law of the PRC, article 31: records of transactions are kept three years at least.
RECORD_YEARS = 3
# What buyers agree to.
DOCUMENTS = (Document.TERMS, Document.PRIVACY)


class ErasureState(StrEnum):
    PLANNED = "planned"
    WITHDRAWN = "withdrawn"
    DONE = "done"


MACHINE = Machine(
    "erasure",
    {ErasureState.PLANNED},
    {
        ErasureState.PLANNED: {ErasureState.WITHDRAWN, ErasureState.DONE},
        ErasureState.WITHDRAWN: set(),
        ErasureState.DONE: set(),
    },
)


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    subject: str
    version: str
    agreed: bool
    how: str
    at: datetime


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """An export without its content. `ready` while it can be downloaded."""

    export_id: ExportId
    asked_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None
    ready: bool


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    buyer_id: BuyerId
    erasure_id: ErasureId
    account_id: AccountId
    state: ErasureState
    asked_at: datetime
    due_at: datetime


class Hindrances(msgspec.Struct, frozen=True, kw_only=True):
    """What has to come to an end before somebody can be forgotten."""

    orders: int
    refunds: int

    def __bool__(self) -> bool:
        return bool(self.orders or self.refunds)


class OpenBusiness(Refusal):
    """Who has open orders or refunds under way is not forgotten: goods and money would find nobody."""

    code = "open_business"
    title = N_("Something is still open")
    detail = N_("{orders} orders and {refunds} refunds have not come to an end. Please try again afterwards.")


class ExportedLately(Refusal):
    """An export is made once a day."""

    code = "exported_lately"
    status = 429
    title = N_("Your data was put together already")
    detail = N_("You can ask for it again a day after the last time.")
