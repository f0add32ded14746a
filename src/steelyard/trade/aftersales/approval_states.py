"""How a refund that waits for a second person goes on."""

from enum import StrEnum

from steelyard.kernel.states import Machine


class RequestState(StrEnum):
    """`withdrawn` by who asked; `overtaken`: the money went back otherwise, or what it was for has ended."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"


REQUEST_MACHINE = Machine(
    "refund_request",
    {RequestState.WAITING},
    {
        RequestState.WAITING: set(RequestState) - {RequestState.WAITING},
        RequestState.APPROVED: set(),
        RequestState.DECLINED: set(),
        RequestState.WITHDRAWN: set(),
        RequestState.EXPIRED: set(),
        RequestState.OVERTAKEN: set(),
    },
)
