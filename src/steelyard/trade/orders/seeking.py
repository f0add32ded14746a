"""Orders as staff look for them: by the beginning of a code or a name, by the last digits of a telephone."""

import re

from steelyard.kernel.db import Read
from steelyard.kernel.text import beginning
from steelyard.trade.orders.model import Order
from steelyard.trade.orders.queries import ORDER_COLUMNS

# Fewer digits than these are everybody's.
DIGITS_MIN = 4
# So many are looked at to find the newest: who types one letter wants no complete answer.
CANDIDATES_MAX = 200


async def sought(read: Read, words: str, *, limit: int) -> list[Order]:
    """The newest orders that these words may mean; of one merchant where `read` is confined to one.

    The comparisons are of plain columns, byte by byte, so that each goes by its index under row-level security too.
    """
    words = words.strip()
    digits = re.sub(r"\D", "", words)
    is_number = len(digits) >= DIGITS_MIN and not re.search(r"[^\d\s+()-]", words)
    code, name = beginning(words.upper()), beginning(words.lower())
    phone = beginning(digits[::-1] if is_number else "\x7f")
    return await read.all(
        Order,
        ORDER_COLUMNS  # noqa: S608  both are literals
        + """
        FROM (
            (SELECT merchant_id, order_id FROM orders WHERE code ~>=~ $1 AND code ~<~ $2 LIMIT $7)
            UNION
            (SELECT merchant_id, order_id FROM orders WHERE buyer_name ~>=~ $3 AND buyer_name ~<~ $4 LIMIT $7)
            UNION
            (SELECT merchant_id, order_id FROM orders WHERE phone_backward ~>=~ $5 AND phone_backward ~<~ $6 LIMIT $7)
        ) AS f JOIN orders o ON o.merchant_id = f.merchant_id AND o.order_id = f.order_id
        ORDER BY o.placed_at DESC, o.order_id DESC
        LIMIT $8
        """,
        *code,
        *name,
        *phone,
        CANDIDATES_MAX,
        limit,
    )
