"""After the sale: calling off, giving money back. History that was made elsewhere comes in through `bulk`.

A buyer calls off what nobody packs yet at once, and asks the shop otherwise: `requests`. What a buyer can do with an order
at a moment is said by `actions`, one rule for pages and tests.

Money back for some pieces, with the goods sent back or without, is an after-sales case (`case_model`, `case_queries`): the
buyer's side is `cases`, the shop's and the platform's `answers`, what all of these do `case_steps`, how long each may take
`deadlines`, and what happens to who says nothing `silence`, what to orders whose money does not come
`uncollected`; what is sent instead of what came back is `exchanges`, having it
fetched `pickups`. An appeal against the platform's decision is `appeals`; how the words of both sides are held against the
dictionary, `wording`. Until when one may ask is said by the rules of `trade.rights`; `trials` says what another rule would have
decided, and `privacy` is for buyers who leave.

What goes back beside the buyer's money, to the merchant and to the platform, is in `fees`.

What somebody of a staff may give back alone is said by `limits`; above it a command waits as data (`limit_model`) until a second
person approves it: `approvals`, asked about by `approval_queries`; its states are `approval_states`.
"""

from steelyard.trade.aftersales.actions import Action, Standing, offered, standing
from steelyard.trade.aftersales.answers import agree, decide, receive, refuse
from steelyard.trade.aftersales.appeal_model import (
    APPEAL_ANSWERED_WITHIN,
    APPEAL_WITHIN,
    Appeal,
    Outcome,
    Side,
    appealable,
)
from steelyard.trade.aftersales.appeals import answer_appeal, appeal, appeals_of
from steelyard.trade.aftersales.approval_queries import (
    count_waiting,
    request_in,
    requests_page,
    waiting_of_orders,
)
from steelyard.trade.aftersales.approvals import approve_refund, check_alone, decline_refund, give, withdraw_refund
from steelyard.trade.aftersales.bulk import RecordedReturn, bulk_refund
from steelyard.trade.aftersales.case_model import (
    COUNTERFEIT,
    PHOTOGRAPHS_PER_CASE_MAX,
    REASONS,
    SWAPS,
    Case,
    CaseId,
    CaseLine,
    CaseStep,
    Inspected,
    Kind,
    NewCase,
    Verdict,
    Why,
)
from steelyard.trade.aftersales.case_queries import (
    Pieces,
    appealed_refunds,
    case,
    case_history,
    case_lines,
    case_of_code,
    cases_of_buyer,
    cases_of_merchant,
    cases_of_orders,
    count_for_shop,
    disputed,
    free_of_lines,
    known_cases,
    pieces_of_orders,
    reasons_for,
    rule_of,
    until,
)
from steelyard.trade.aftersales.cases import ask, ask_platform, improve, send_back, withdraw
from steelyard.trade.aftersales.events import (
    AfterSalesAppealed,
    AfterSalesAsked,
    AfterSalesMoved,
    AppealAnswered,
    AppealEnded,
    CancellationAnswered,
    CancellationAsked,
    OrderRefunded,
    RefundAnswered,
    RefundAwaits,
)
from steelyard.trade.aftersales.exchanges import (
    Choice,
    Exchange,
    choices,
    confirm,
    difference_id,
    exchange_of,
    send_again,
)
from steelyard.trade.aftersales.gifts import kept_back, unearned
from steelyard.trade.aftersales.jobs import grant_unanswered
from steelyard.trade.aftersales.limits import allowed, in_force, limits_of, set_limit
from steelyard.trade.aftersales.pickups import fetching, pickup_booked, want_pickup
from steelyard.trade.aftersales.privacy import blank_records, forget_photographs, open_of_buyers
from steelyard.trade.aftersales.queries import behind, of_orders
from steelyard.trade.aftersales.requests import (
    ask_to_cancel,
    asked_by_buyer,
    cancel_for_buyer,
    count_open_requests,
    grant_cancellation,
    open_requests_of_merchant,
    refuse_cancellation,
    request_of,
    requests_of_orders,
)
from steelyard.trade.aftersales.service import (
    back_on_the_shelf,
    cancel,
    charge_back,
    freight_left,
    refund,
    refuse_at_the_door,
    refuse_by_shop,
    returned_of,
)
from steelyard.trade.aftersales.silence import act_on_silence
from steelyard.trade.aftersales.trials import Decided, Differing, Trial, trial
from steelyard.trade.aftersales.uncollected import give_up_uncollected

__all__ = [
    "APPEAL_ANSWERED_WITHIN",
    "APPEAL_WITHIN",
    "COUNTERFEIT",
    "PHOTOGRAPHS_PER_CASE_MAX",
    "REASONS",
    "SWAPS",
    "Action",
    "AfterSalesAppealed",
    "AfterSalesAsked",
    "AfterSalesMoved",
    "Appeal",
    "AppealAnswered",
    "AppealEnded",
    "CancellationAnswered",
    "CancellationAsked",
    "Case",
    "CaseId",
    "CaseLine",
    "CaseStep",
    "Choice",
    "Decided",
    "Differing",
    "Exchange",
    "Inspected",
    "Kind",
    "NewCase",
    "OrderRefunded",
    "Outcome",
    "Pieces",
    "RecordedReturn",
    "RefundAnswered",
    "RefundAwaits",
    "Side",
    "Standing",
    "Trial",
    "Verdict",
    "Why",
    "act_on_silence",
    "agree",
    "allowed",
    "answer_appeal",
    "appeal",
    "appealable",
    "appealed_refunds",
    "appeals_of",
    "approve_refund",
    "ask",
    "ask_platform",
    "ask_to_cancel",
    "asked_by_buyer",
    "back_on_the_shelf",
    "behind",
    "blank_records",
    "bulk_refund",
    "cancel",
    "cancel_for_buyer",
    "case",
    "case_history",
    "case_lines",
    "case_of_code",
    "cases_of_buyer",
    "cases_of_merchant",
    "cases_of_orders",
    "charge_back",
    "check_alone",
    "choices",
    "confirm",
    "count_for_shop",
    "count_open_requests",
    "count_waiting",
    "decide",
    "decline_refund",
    "difference_id",
    "disputed",
    "exchange_of",
    "fetching",
    "forget_photographs",
    "free_of_lines",
    "freight_left",
    "give",
    "give_up_uncollected",
    "grant_cancellation",
    "grant_unanswered",
    "improve",
    "in_force",
    "kept_back",
    "known_cases",
    "limits_of",
    "of_orders",
    "offered",
    "open_of_buyers",
    "open_requests_of_merchant",
    "pickup_booked",
    "pieces_of_orders",
    "reasons_for",
    "receive",
    "refund",
    "refuse",
    "refuse_at_the_door",
    "refuse_by_shop",
    "refuse_cancellation",
    "request_in",
    "request_of",
    "requests_of_orders",
    "requests_page",
    "returned_of",
    "rule_of",
    "send_again",
    "send_back",
    "set_limit",
    "standing",
    "trial",
    "unearned",
    "until",
    "waiting_of_orders",
    "want_pickup",
    "withdraw",
    "withdraw_refund",
]
