"""Reconciliation: what channels and banks say has moved, line by line, beside what our books say.

A statement is fetched from who gives it out (`fetching`) or uploaded, and taken in as it came (`taking`, read by one of
`formats`; a large one in parts: `arriving`). The day is run in short steps (`running`: lines find their transfers in
`matching`, what no line is about is found in `movements`, what was missing before in `turning_up`, the sums are made in
`counting`), and what differs becomes a list for people, who decide on it (`deciding`; what is posted is in `booking`).
Statements are matched against the books, so nothing above payments needs to be asked: see docs/algorithms/reconciliation.md.

    arrival = Arrival(source=source, day=day, name=name, content=content)
    await reconciliation.receive(db, arrival, traded, by)              # kept, with its lines or with what is wrong
    await reconciliation.run(db, source, day)                 # matched, listed, fees and payouts booked
    await db.transact(reconciliation.settle, source, item_id, into, words, by)
"""

from steelyard.money.reconciliation.arriving import Arrival, give_up, receive
from steelyard.money.reconciliation.booking import Suggestion, suggested
from steelyard.money.reconciliation.deciding import (
    agree,
    agree_to_withdraw,
    alone,
    ask_to_withdraw,
    leave_be,
    settle,
    take_back,
)
from steelyard.money.reconciliation.fetching import Answer, Fetch, fetch_due, fetches
from steelyard.money.reconciliation.formats import FORMATS
from steelyard.money.reconciliation.gateways import Sender, senders
from steelyard.money.reconciliation.jobs import fetch_again, run_day
from steelyard.money.reconciliation.queries import (
    Beside,
    Health,
    Step,
    Totals,
    Unexplained,
    currencies_of,
    days,
    difference,
    differences,
    file,
    files,
    health,
    history,
    line,
    problems,
    routes,
    sources,
    totals,
    unexplained,
)
from steelyard.money.reconciliation.running import run, run_within, withdraw
from steelyard.money.reconciliation.taking import (
    Statement,
    by_content,
    content_of,
    read_statement,
    source_called,
    source_of_carrier,
    take,
    traded,
)

__all__ = [
    "FORMATS",
    "Answer",
    "Arrival",
    "Beside",
    "Fetch",
    "Health",
    "Sender",
    "Statement",
    "Step",
    "Suggestion",
    "Totals",
    "Unexplained",
    "agree",
    "agree_to_withdraw",
    "alone",
    "ask_to_withdraw",
    "by_content",
    "content_of",
    "currencies_of",
    "days",
    "difference",
    "differences",
    "fetch_again",
    "fetch_due",
    "fetches",
    "file",
    "files",
    "give_up",
    "health",
    "history",
    "leave_be",
    "line",
    "problems",
    "read_statement",
    "receive",
    "routes",
    "run",
    "run_day",
    "run_within",
    "senders",
    "settle",
    "source_called",
    "source_of_carrier",
    "sources",
    "suggested",
    "take",
    "take_back",
    "totals",
    "traded",
    "unexplained",
    "withdraw",
]
