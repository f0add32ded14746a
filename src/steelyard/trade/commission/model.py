"""The platform's commission."""

from datetime import datetime
from typing import NewType
from uuid import UUID

import msgspec

RateId = NewType("RateId", UUID)

# What is charged where no rate was ever set: nothing.
NO_COMMISSION = 0


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """What is charged of sales of this merchant and category; none means of all."""

    rate_id: RateId
    merchant_id: UUID | None
    category_id: UUID | None
    millionths: int
    valid_from: datetime
