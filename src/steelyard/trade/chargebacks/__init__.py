"""Chargebacks: a buyer's bank takes captured money back through the channel. Which orders it is of, what is said against it and
until when, who bears it when it is lost. With a worked example of the books: docs/algorithms/chargebacks.md.

    await chargebacks.record(tx, News(...), by)     what a channel or a letter says: opens it, or moves it on

- `service`: opened, shared out over orders, ended; `states` moves it, `booking` says in which accounts, `sharing` how much is
  of which order and what of that is frozen
- `evidence`: what the shop hands in, and what staff answer, once
- `ending`: who bears what is lost, and what becomes of it when it comes back
- `holding`: orders that are not sent yet are held meanwhile, or sent anyway
- `gathering`: what the house itself knows about an order, as evidence
"""

from steelyard.trade.chargebacks.events import (
    ChargebackEnded,
    ChargebackFrozen,
    ChargebackOpened,
    ChargebackSettled,
    ChargebackThawed,
)
from steelyard.trade.chargebacks.evidence import (
    add_file,
    answer,
    decide_by_hand,
    expire,
    forget,
    remove_file,
    say,
    set_bearer,
)
from steelyard.trade.chargebacks.gathering import Gathered, facts_of, gathered, words_of
from steelyard.trade.chargebacks.holding import send_anyway
from steelyard.trade.chargebacks.jobs import look, tell_answers
from steelyard.trade.chargebacks.model import (
    GONE,
    OPEN,
    TAKEN,
    Answer,
    Bearer,
    Chargeback,
    ChargebackId,
    ChargebackState,
    EvidenceFile,
    MonthRate,
    News,
    NotHeldBack,
    NotOfThisPayment,
    NotOpen,
    Part,
    SharesDoNotFit,
    Step,
    TooLateToAnswer,
    ours_to_bear,
    shop_due,
)
from steelyard.trade.chargebacks.queries import (
    chargeback,
    files_of,
    of_purchase,
    page,
    part,
    parts_of,
    parts_of_orders,
    parts_page,
    rates,
    timeline,
    to_answer_count,
    waiting_page,
)
from steelyard.trade.chargebacks.service import record, share_out
from steelyard.trade.chargebacks.sharing import freeze

__all__ = [
    "GONE",
    "OPEN",
    "TAKEN",
    "Answer",
    "Bearer",
    "Chargeback",
    "ChargebackEnded",
    "ChargebackFrozen",
    "ChargebackId",
    "ChargebackOpened",
    "ChargebackSettled",
    "ChargebackState",
    "ChargebackThawed",
    "EvidenceFile",
    "Gathered",
    "MonthRate",
    "News",
    "NotHeldBack",
    "NotOfThisPayment",
    "NotOpen",
    "Part",
    "SharesDoNotFit",
    "Step",
    "TooLateToAnswer",
    "add_file",
    "answer",
    "chargeback",
    "decide_by_hand",
    "expire",
    "facts_of",
    "files_of",
    "forget",
    "freeze",
    "gathered",
    "look",
    "of_purchase",
    "ours_to_bear",
    "page",
    "part",
    "parts_of",
    "parts_of_orders",
    "parts_page",
    "rates",
    "record",
    "remove_file",
    "say",
    "send_anyway",
    "set_bearer",
    "share_out",
    "shop_due",
    "tell_answers",
    "timeline",
    "to_answer_count",
    "waiting_page",
    "words_of",
]
