"""What a table's COMMENT says about it: its kind, and what may be done to its rows.

The grammar: `<kind>[, append-only|never deleted][, merchants insert|merchants read]: what it holds`. Kinds are those of the
architecture page:

- *by merchant*: `merchant_id` is in its primary key and every other key; one merchant's rows live together;
- *by buyer*: the same with `buyer_id`;
- *by owner*: the same with `owner_id`, which is a merchant or a buyer (the ledger);
- *by key*: spread by its own unique value (logins, short codes, idempotency keys);
- *reference*: small, the same everywhere;
- *local*: queues and logs of one node.
"""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    BY_MERCHANT = "by merchant"
    BY_BUYER = "by buyer"
    BY_OWNER = "by owner"
    BY_KEY = "by key"
    REFERENCE = "reference"
    LOCAL = "local"


OWNER_COLUMN = {Kind.BY_MERCHANT: "merchant_id", Kind.BY_BUYER: "buyer_id", Kind.BY_OWNER: "owner_id"}
_MARKS = {"append-only", "never deleted", "merchants insert", "merchants read"}


class Table(msgspec.Struct, frozen=True):
    name: str
    kind: Kind
    marks: frozenset[str]

    @property
    def append_only(self) -> bool:
        return "append-only" in self.marks

    @property
    def never_deleted(self) -> bool:
        """Its rows change, and nobody takes one away."""
        return "never deleted" in self.marks


class UnclearComment(Exception):
    """A table has no COMMENT, or one that does not begin with its kind."""


def read_comment(name: str, comment: str | None) -> Table:
    """The table's kind and marks. Raises `UnclearComment` with what to write instead."""
    head, colon, _ = (comment or "").partition(":")
    kind, *marks = [part.strip() for part in head.split(",")]
    if not colon or kind not in list(Kind) or not set(marks) <= _MARKS:
        raise UnclearComment(
            f"table {name}: its COMMENT must begin '<kind>[, append-only|never deleted][, merchants insert|read]:' with a "
            f"kind of {', '.join(Kind)}; it says {comment!r}"
        )
    return Table(name, Kind(kind), frozenset(marks))
