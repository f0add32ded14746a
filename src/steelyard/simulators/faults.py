"""The ways in which an outside party misbehaves, switched on and off while it runs."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from steelyard.simulators.store import Store

WebhookMode = Literal["prompt", "late", "twice", "out_of_order", "never"]
AnswerMode = Literal["prompt", "slow", "error500"]
RefundMode = Literal["succeed", "fail"]
Seconds = Annotated[float, Meta(ge=0, le=3600)]

SCHEMA = """
CREATE TABLE IF NOT EXISTS faults (only INTEGER PRIMARY KEY CHECK (only = 1), modes BLOB NOT NULL);
"""


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """Which faults are on.

    `webhooks`: prompt; late (after `delay_seconds`); twice (again after `delay_seconds`); out_of_order (each waits
    until the next one has gone out, for `delay_seconds` at most); never (only the delivery log knows it).
    `answers` of /v1: prompt; slow (after `delay_seconds`); error500 (nothing is done).
    `refunds`: succeed; fail (those whose amount ends in 13 minor units).
    """

    webhooks: WebhookMode = "prompt"
    answers: AnswerMode = "prompt"
    refunds: RefundMode = "succeed"
    delay_seconds: Seconds = 5


class FaultsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; what is not named stays."""

    webhooks: WebhookMode | UnsetType = UNSET
    answers: AnswerMode | UnsetType = UNSET
    refunds: RefundMode | UnsetType = UNSET
    delay_seconds: Seconds | UnsetType = UNSET


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

    def change(self, change: FaultsChange) -> Faults:
        self._set(
            Faults(
                webhooks=self.now.webhooks if change.webhooks is UNSET else change.webhooks,
                answers=self.now.answers if change.answers is UNSET else change.answers,
                refunds=self.now.refunds if change.refunds is UNSET else change.refunds,
                delay_seconds=self.now.delay_seconds if change.delay_seconds is UNSET else change.delay_seconds,
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
