"""What shops owe the hosts of their live sessions, and the agencies these are with: percent of sales, and slot fees.

A shop agrees with a host on a rate for a product, a session or all of them, and on who is paid (`agreeing`). What counts when
an order of a session is placed is frozen with its lines (`freezing`). It is earned when the order's money becomes the shop's,
goes back in proportion with refunds, and both are on the shop's statements (`earning`); slot fees are earned when a session
ends (`slots`). `foreseeing` is what is still to be earned, `paying` what the marketplace's finance staff paid; `past` is of
sessions that were held elsewhere.
Decision 0171; sums: docs/algorithms/host-commission.md.
"""

from steelyard.channels.host_commission.agreeing import agree, end_agreement, keep_payee
from steelyard.channels.host_commission.foreseeing import foreseen, foreseen_of, of_host, sessions_of_host
from steelyard.channels.host_commission.past import agreed_since, remember
from steelyard.channels.host_commission.paying import pay, undo_payment
from steelyard.channels.host_commission.queries import (
    agreements,
    balances,
    counting,
    lines,
    lines_of_order,
    payee,
    payee_of_host,
    payees,
    payments,
    sums_of_sessions,
    to_pay,
)

__all__ = [
    "agree",
    "agreed_since",
    "agreements",
    "balances",
    "counting",
    "end_agreement",
    "foreseen",
    "foreseen_of",
    "keep_payee",
    "lines",
    "lines_of_order",
    "of_host",
    "pay",
    "payee",
    "payee_of_host",
    "payees",
    "payments",
    "remember",
    "sessions_of_host",
    "sums_of_sessions",
    "to_pay",
    "undo_payment",
]
