"""What came for nothing, and what it hangs on. Others find it in `model`."""

from uuid import UUID

import msgspec

from steelyard.goods.promotions.model import Counted
from steelyard.kernel.text import Text

# The kind of a line that came for nothing.
GIFT = "gift"


class GiftTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Why a line came for nothing: what a piece of it is `worth`, and that it is earned as long as what the lines `of` the order
    (number, and what it counted for) keep comes to `over`."""

    promotion_id: UUID
    name: Text
    worth: int
    over: int
    counted: Counted
    of: list[tuple[int, int]]
