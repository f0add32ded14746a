"""What the house wants played."""

from collections.abc import Sequence

import msgspec

GOODS_MAX = 30


class Goods(msgspec.Struct, frozen=True):
    """One of the bag: `picture` is an address, or empty."""

    name: dict[str, str]
    price: str
    picture: str = ""


class Session(msgspec.Struct, frozen=True):
    """What the house wants played; see docs/decisions/0160."""

    stream: str
    push: str
    title: dict[str, str]
    shop: dict[str, str] = {}
    goods: Sequence[Goods] = ()
    now: int | None = None
