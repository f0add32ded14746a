"""The same request under the same key is one deed with one answer."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from steelyard.simulators.store import Store, Tx
from steelyard.simulators.stripe.words import StripeRefused

Thing = dict[str, Any]


class _Earlier(msgspec.Struct, frozen=True):
    path: str
    request: str
    status: int
    body: bytes


class Keys:
    def __init__(self, store: Store) -> None:
        self._store = store

    def once(
        self, key: str | None, path: str, given: Thing, work: Callable[[Tx, Thing], Thing]
    ) -> tuple[int, Thing, bool]:
        """Do `work` for the first request of a key and say its answer again for the others; status, body, whether again.

        What was refused before anything was done is not remembered, as with the real one.
        """
        asked = hashlib.sha256(msgspec.json.encode(given)).hexdigest()
        with self._store.write() as tx:
            earlier = (
                None if key is None else tx.row(_Earlier, "SELECT * FROM idempotency WHERE key = :key", {"key": key})
            )
            if earlier is not None:
                if (earlier.path, earlier.request) != (path, asked):
                    raise StripeRefused(other_use(earlier.path == path, path), kind="idempotency_error")
                return earlier.status, msgspec.json.decode(earlier.body), True
            status, body = 200, {}
            try:
                body = work(tx, given)
            except StripeRefused as refused:
                if refused.error["type"] != "card_error":
                    raise
                status, body = refused.status, {"error": refused.error}
            if key is not None:
                facts = {
                    "key": key,
                    "path": path,
                    "request": asked,
                    "status": status,
                    "body": msgspec.json.encode(body),
                }
                tx.execute(
                    "INSERT INTO idempotency (key, path, request, status, body) VALUES (:key, :path, :request, :status, :body)",
                    facts,
                )
            return status, body, False


def other_use(same_path: bool, path: str) -> str:
    if same_path:
        return "Keys for idempotent requests can only be used with the same parameters they were first used with."
    return f"Keys for idempotent requests can only be used for the same endpoint they were first used for. ({path})"
