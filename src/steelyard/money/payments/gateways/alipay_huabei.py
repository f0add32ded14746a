"""花呗分期: paying a trade of Alipay's in 3, 6 or 12 months, from the payer's credit line at Alipay.

What the request says is in `extend_params` of https://opendocs.alipay.com/open/270/105899: `hb_fq_num` months, and
`hb_fq_seller_percent`, how many per cent of the charge for it the seller bears: 100 or 0. The rates are those of the
seller's own contract, so this installation says them: `months:who:millionths`, several with spaces between. How the charge and
the months are rounded is Alipay's rule for what a shop shows (opendocs.alipay.com/open/277/105952).
"""

import re

from steelyard.money.payments.terms import Bearer, Plan

MONTHS = (3, 6, 12)
_PLAN = re.compile(r"(3|6|12):(buyer|merchant):([0-9]{1,6})")
# 花呗分期 is offered from 100 yuan on, in fen.
SMALLEST = 10_000


def plans(said: str) -> tuple[Plan, ...]:
    """The plans of a setting such as `3:merchant:18000 6:buyer:45000`. Raises `ValueError` for what is none."""
    found: list[Plan] = []
    for each in said.split():
        read = _PLAN.fullmatch(each)
        if read is None:
            raise ValueError(each)
        bearer, millionths = Bearer(read[2]), int(read[3])
        found.append(
            Plan(
                months=int(read[1]),
                bearer=bearer,
                buyer_millionths=millionths if bearer is Bearer.BUYER else 0,
                seller_millionths=millionths if bearer is Bearer.MERCHANT else 0,
                smallest={"CNY": SMALLEST},
                rest_first=True,
            )
        )
    if len({plan.months for plan in found}) < len(found):
        raise ValueError(said)
    return tuple(found)


def extend_params(months: int, offered: tuple[Plan, ...]) -> dict[str, str]:
    """What a request says of a plan; the whole charge is borne by one side."""
    seller = any(plan.months == months and plan.bearer is Bearer.MERCHANT for plan in offered)
    return {"hb_fq_num": str(months), "hb_fq_seller_percent": "100" if seller else "0"}
