"""The same request twice is one deed with one answer."""

import hashlib
from collections.abc import Callable

import msgspec
from litestar import Response

from steelyard.simulators.clock import Clock
from steelyard.simulators.problems import PROBLEM_MEDIA_TYPE, Refused
from steelyard.simulators.store import Store, Tx

SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
  operation  TEXT NOT NULL
, key        TEXT NOT NULL
, request    TEXT NOT NULL
, status     INTEGER NOT NULL
, body       BLOB NOT NULL
, created_at REAL NOT NULL
, PRIMARY KEY (operation, key)
);
"""


class Answer(msgspec.Struct, frozen=True):
    """What was answered to the first of its key. `fresh` says that this is that first time."""

    status: int
    body: bytes
    fresh: bool

    def response(self) -> Response[bytes]:
        return Response(
            self.body,
            status_code=self.status,
            media_type=PROBLEM_MEDIA_TYPE if self.status >= 400 else "application/json",
            headers={} if self.fresh else {"idempotent-replayed": "true"},
        )


class _Earlier(msgspec.Struct, frozen=True):
    request: str
    status: int
    body: bytes


def once(
    store: Store,
    clock: Clock,
    *,
    operation: str,
    key: str,
    request: msgspec.Struct,
    status: int,
    work: Callable[[Tx], msgspec.Struct],
) -> Answer:
    """Do `work` and remember its answer under the key, refusals included, in one transaction.

    Said again with the same request it answers the same and does nothing; with another request it raises Refused 409.
    """
    asked = hashlib.sha256(msgspec.json.encode(request)).hexdigest()
    with store.write() as tx:
        earlier = tx.row(
            _Earlier,
            "SELECT request, status, body FROM answers WHERE operation = :operation AND key = :key",
            {"operation": operation, "key": key},
        )
        if earlier is not None:
            if earlier.request != asked:
                raise Refused(409, "idempotency_conflict", "This key or reference was used for another request.")
            return Answer(earlier.status, earlier.body, fresh=False)
        try:
            with tx.savepoint():
                body = msgspec.json.encode(work(tx))
        except Refused as refused:
            status, body = refused.status, msgspec.json.encode(refused.body())
        tx.execute(
            "INSERT INTO answers VALUES (:operation, :key, :request, :status, :body, :now)",
            {
                "operation": operation,
                "key": key,
                "request": asked,
                "status": status,
                "body": body,
                "now": clock.now(),
            },
        )
    return Answer(status, body, fresh=True)
