"""The ways in which an outside party misbehaves, switched on and off while it runs."""

import random
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from steelyard.simulators.store import Store

WebhookMode = Literal["prompt", "late", "twice", "out_of_order", "never"]
AnswerMode = Literal["prompt", "slow", "error500", "lost"]
RefundMode = Literal["succeed", "fail"]
BillMode = Literal["whole", "late", "damaged"]
Seconds = Annotated[float, Meta(ge=0, le=3600)]
Share = Annotated[float, Meta(ge=0, le=1)]

SCHEMA = """
CREATE TABLE IF NOT EXISTS faults (only INTEGER PRIMARY KEY CHECK (only = 1), modes BLOB NOT NULL);
"""


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """Which faults are on.

    `webhooks`: prompt; late (after `delay_seconds`); twice (again after `delay_seconds`); out_of_order (each waits
    until the next one has gone out, for `delay_seconds` at most); never (only the delivery log knows it).
    `answers` to programs: prompt; slow (after `delay_seconds`); error500 (nothing is done); lost (it is done, and the caller
    hears 504).
    `refunds`: succeed; fail (those whose amount ends in 13 minor units).
    `bills` of a day that a wallet gives out: whole; late (it says that they are not there yet); damaged (some bytes are others).
    `rate` is the share of messages, answers and refunds that this happens to; the others are as they should be.
    """

    webhooks: WebhookMode = "prompt"
    answers: AnswerMode = "prompt"
    refunds: RefundMode = "succeed"
    bills: BillMode = "whole"
    delay_seconds: Seconds = 5
    rate: Share = 1


class FaultsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; what is not named stays."""

    webhooks: WebhookMode | UnsetType = UNSET
    answers: AnswerMode | UnsetType = UNSET
    refunds: RefundMode | UnsetType = UNSET
    bills: BillMode | UnsetType = UNSET
    delay_seconds: Seconds | UnsetType = UNSET
    rate: Share | UnsetType = UNSET


def modes() -> dict[str, tuple[str, ...]]:
    """What each switch can be set to."""
    return {"webhooks": get_args(WebhookMode), "answers": get_args(AnswerMode), "refunds": get_args(RefundMode)}


class _Stored(msgspec.Struct, frozen=True):
    modes: bytes


class FaultBoard:
    """The switches of one simulator; they are remembered over a restart."""

    def __init__(self, store: Store, at_start: Faults | None) -> None:
        self._store = store
        stored = store.row(_Stored, "SELECT modes FROM faults")
        self.now = msgspec.json.decode(stored.modes, type=Faults) if stored else Faults()
        if at_start is not None:
            self._set(at_start)

    @property
    def on(self) -> bool:
        """Whether anything is not as it should be."""
        return self.now.rate > 0 and (self.now.webhooks, self.now.answers, self.now.refunds, self.now.bills) != (
            "prompt",
            "prompt",
            "succeed",
            "whole",
        )

    def webhooks(self) -> WebhookMode:
        """How the next message goes out."""
        return self.now.webhooks if self._strikes() else "prompt"

    def answers(self) -> AnswerMode:
        """How the next request is answered."""
        return self.now.answers if self._strikes() else "prompt"

    def refunds(self) -> RefundMode:
        """How the next refund ends."""
        return self.now.refunds if self._strikes() else "succeed"

    def bills(self) -> BillMode:
        """How the next bill is given out."""
        return self.now.bills if self._strikes() else "whole"

    def _strikes(self) -> bool:
        return self.now.rate >= 1 or random.random() < self.now.rate  # noqa: S311 - chance, not a secret

    def change(self, change: FaultsChange) -> Faults:
        self._set(
            Faults(
                webhooks=self.now.webhooks if change.webhooks is UNSET else change.webhooks,
                answers=self.now.answers if change.answers is UNSET else change.answers,
                refunds=self.now.refunds if change.refunds is UNSET else change.refunds,
                bills=self.now.bills if change.bills is UNSET else change.bills,
                delay_seconds=self.now.delay_seconds if change.delay_seconds is UNSET else change.delay_seconds,
                rate=self.now.rate if change.rate is UNSET else change.rate,
            )
        )
        return self.now

    def _set(self, modes: Faults) -> None:
        with self._store.write() as tx:
            tx.execute(
                "INSERT INTO faults VALUES (1, :modes) ON CONFLICT (only) DO UPDATE SET modes = :modes",
                {"modes": msgspec.json.encode(modes)},
            )
        self.now = modes
