"""The platform's commission."""

from typing import NewType
from uuid import UUID

RateId = NewType("RateId", UUID)

# What is charged where no rate was ever set: nothing.
NO_COMMISSION = 0
