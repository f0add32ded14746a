"""Instructions to payment channels, what they answered, and money given back.

A payment collects a purchase's money at once, split over its orders. What the channel answers goes through `record`, the only way
its state moves: twice, late, out of order, or asked for. Refunds never exceed what was captured.

    payment = await db.transact(payments.instruct, Instruction(...))           # transaction 1: the intent
    answer = await channel.collect(instruction, webhook_url)                   # no transaction open
    outcome = await db.transact(payments.record, payment_id, answer, "channel")  # transaction 2: the result

The states live in `payments.state_model` and `refund_model`, the ways to the outside in `payments.gateways`, what each declares
of itself in `payments.terms`. Which of them a purchase is offered is decided in `choosing`; `health` rests those that do not
answer, and `excluding` says for whose goods they are not. Bank transfers are in `bank_movements`; what becomes of refunds in
`refund_outcomes` (lists: `refund_lists`; again: `arriving_again`), by hand in `by_hand`. What is paid at the door is in `door`
(`door_model`, `door_steps`), what carriers owe in `door_remitting`. What channels argue about: `disputes` (`dispute_model`);
`refusals`; what they keep: `fees`; bills: `bill_model`. What is authorised first is taken by `captures`, let go by `voids`;
`giving_back` does either. Tables: also `schema_captures`, `schema_health`, `schema_refunds`.
"""

from steelyard.money.payments.bank_movements import Expected as ExpectedTransfer
from steelyard.money.payments.bank_movements import Movement as BankMovement
from steelyard.money.payments.bank_movements import MovementKnown, NotLeftOver, OwedBack, book_movement, owed_back
from steelyard.money.payments.bank_movements import expected as expected_transfer
from steelyard.money.payments.bank_movements import expected_all as expected_transfers
from steelyard.money.payments.bank_movements import movements as bank_movements
from steelyard.money.payments.bill_model import Biller, Bills, NoBill, NotYet
from steelyard.money.payments.bulk import RecordedPayment, RecordedRefund, bulk_record
from steelyard.money.payments.by_hand import (
    BANK_NUMBER_CHARACTERS_MAX,
    PARTY_CHARACTERS_MAX,
    ByHand,
    NotByHand,
    NumberUsed,
    made_by_hand,
)
from steelyard.money.payments.capture_model import Capture, CaptureAnswer, CaptureUnderWay, DueCapture, DueVoid, Release
from steelyard.money.payments.captures import (
    captures_of,
    record_capture,
    record_void,
    require_collected,
    to_capture,
    want,
)
from steelyard.money.payments.choosing import (
    GIFT_CARDS,
    Limit,
    Rule,
    RuleHasBegun,
    Standing,
    Wanted,
    note_of,
    offered,
    place_of,
    rule,
    rules_in_force,
    rules_of,
    standing,
    why_not,
    withdraw_rule,
)
from steelyard.money.payments.dispute_model import (
    EVIDENCE_FACTS,
    Dispute,
    DisputeNews,
    DisputeReason,
    DisputeUnknown,
    Disputing,
    Evidence,
    chargeback_document,
)
from steelyard.money.payments.dispute_model import Standing as DisputeStanding
from steelyard.money.payments.disputes import (
    DueLook,
    conclude_refused,
    dispute_problems,
    lock_captured,
    looked_at,
    name_dispute,
    set_disputed,
    tell_of_dispute,
    to_look_at,
)
from steelyard.money.payments.door import collect as collect_at_the_door
from steelyard.money.payments.door import keep as keep_at_the_door
from steelyard.money.payments.door import refuse as refuse_at_the_door
from steelyard.money.payments.door import tell as tell_at_the_door
from steelyard.money.payments.door_model import (
    AT_THE_DOOR,
    DoesNotAddUp,
    DoorState,
    NotAtTheDoor,
    NotWithTheCarrier,
    Owed,
    Remittance,
    RemittanceKnown,
)
from steelyard.money.payments.door_model import Arrived as ArrivedAtTheDoor
from steelyard.money.payments.door_model import Collection as DoorCollection
from steelyard.money.payments.door_remitting import (
    ORDERS_PER_REMITTANCE_MAX,
    offer,
    offers_of,
    owed,
    refusals_of,
    remit,
    remittances,
    under_way,
    with_carrier,
)
from steelyard.money.payments.door_remitting import of_all as doors_of_all
from steelyard.money.payments.door_remitting import of_orders as doors_of
from steelyard.money.payments.events import CashKept, Refunded
from steelyard.money.payments.excluding import About, Exclusion, exclude, exclusions_of, include
from steelyard.money.payments.fees import AgreedFee, agree_fee, fees_of, withdraw_fee
from steelyard.money.payments.gateways import Authoriser, Channel, Verifier, account_of, channel, channels, verifier
from steelyard.money.payments.gateways.stripe_calls import StripeCalls
from steelyard.money.payments.giving_back import give_back, give_back_each
from steelyard.money.payments.health import Calls, Rest, calls_since, note, rests, try_now
from steelyard.money.payments.health import Change as RestChange
from steelyard.money.payments.health import changes as rest_changes
from steelyard.money.payments.instructions import instruct, instruct_all, query_soon, to_query
from steelyard.money.payments.jobs import send_refunds, take_captures
from steelyard.money.payments.known import record_known
from steelyard.money.payments.model import (
    ChannelAnswer,
    Instruction,
    News,
    OtherNews,
    Outcome,
    Payment,
    PaymentId,
    PaymentNews,
    PaymentSplit,
    PaymentState,
    Recording,
    Refund,
    RefundAnswer,
    RefundId,
    RefundNews,
    RefundRoute,
    RefundState,
    Sought,
    Split,
    Unknown,
    is_purse,
)
from steelyard.money.payments.outcomes import give_up, record, record_all
from steelyard.money.payments.purses import Tendered, keep, kept_of, let_go, take
from steelyard.money.payments.queries import (
    Means,
    by_reference,
    get,
    get_all,
    kept_back,
    latest_of,
    means_of,
    messages_about,
    of_purchase,
    page,
    refund_of,
    refunds_of_order,
    refunds_of_payment,
    refunds_page,
    splits_of,
    splits_of_order,
    timeline,
    timelines,
)
from steelyard.money.payments.refund_lists import (
    HandMade,
    RefundDay,
    RefundsSought,
    refunds_by_day,
    refunds_sought,
    steps_of,
    transfers_of,
)
from steelyard.money.payments.refund_outcomes import came_back, record_refund, record_refunds, send_again
from steelyard.money.payments.refunds import Giving, refund, refund_surplus, to_refund
from steelyard.money.payments.refusals import BadWebhook, NothingCaptured, RefundTooLarge, UnknownChannel
from steelyard.money.payments.signatures import verify as verify_signature
from steelyard.money.payments.state_model import CaptureState
from steelyard.money.payments.terms import Bearer, Device, Fee, Handover, Plan, Terms, Thanks
from steelyard.money.payments.voids import let_go_of, releases_of_payment, to_void
from steelyard.money.payments.webhooks import applied, not_applied, receive, to_apply, webhook_url

__all__ = [
    "AT_THE_DOOR",
    "BANK_NUMBER_CHARACTERS_MAX",
    "EVIDENCE_FACTS",
    "GIFT_CARDS",
    "ORDERS_PER_REMITTANCE_MAX",
    "PARTY_CHARACTERS_MAX",
    "About",
    "AgreedFee",
    "ArrivedAtTheDoor",
    "Authoriser",
    "BadWebhook",
    "BankMovement",
    "Bearer",
    "Biller",
    "Bills",
    "ByHand",
    "Calls",
    "Capture",
    "CaptureAnswer",
    "CaptureState",
    "CaptureUnderWay",
    "CashKept",
    "Channel",
    "ChannelAnswer",
    "Device",
    "Dispute",
    "DisputeNews",
    "DisputeReason",
    "DisputeStanding",
    "DisputeUnknown",
    "Disputing",
    "DoesNotAddUp",
    "DoorCollection",
    "DoorState",
    "DueCapture",
    "DueLook",
    "DueVoid",
    "Evidence",
    "Exclusion",
    "ExpectedTransfer",
    "Fee",
    "Giving",
    "HandMade",
    "Handover",
    "Instruction",
    "Limit",
    "Means",
    "MovementKnown",
    "News",
    "NoBill",
    "NotAtTheDoor",
    "NotByHand",
    "NotLeftOver",
    "NotWithTheCarrier",
    "NotYet",
    "NothingCaptured",
    "NumberUsed",
    "OtherNews",
    "Outcome",
    "Owed",
    "OwedBack",
    "Payment",
    "PaymentId",
    "PaymentNews",
    "PaymentSplit",
    "PaymentState",
    "Plan",
    "RecordedPayment",
    "RecordedRefund",
    "Recording",
    "Refund",
    "RefundAnswer",
    "RefundDay",
    "RefundId",
    "RefundNews",
    "RefundRoute",
    "RefundState",
    "RefundTooLarge",
    "Refunded",
    "RefundsSought",
    "Release",
    "Remittance",
    "RemittanceKnown",
    "Rest",
    "RestChange",
    "Rule",
    "RuleHasBegun",
    "Sought",
    "Split",
    "Standing",
    "StripeCalls",
    "Tendered",
    "Terms",
    "Thanks",
    "Unknown",
    "UnknownChannel",
    "Verifier",
    "Wanted",
    "account_of",
    "agree_fee",
    "applied",
    "bank_movements",
    "book_movement",
    "bulk_record",
    "by_reference",
    "calls_since",
    "came_back",
    "captures_of",
    "channel",
    "channels",
    "chargeback_document",
    "collect_at_the_door",
    "conclude_refused",
    "dispute_problems",
    "doors_of",
    "doors_of_all",
    "exclude",
    "exclusions_of",
    "expected_transfer",
    "expected_transfers",
    "fees_of",
    "get",
    "get_all",
    "give_back",
    "give_back_each",
    "give_up",
    "include",
    "instruct",
    "instruct_all",
    "is_purse",
    "keep",
    "keep_at_the_door",
    "kept_back",
    "kept_of",
    "latest_of",
    "let_go",
    "let_go_of",
    "lock_captured",
    "looked_at",
    "made_by_hand",
    "means_of",
    "messages_about",
    "name_dispute",
    "not_applied",
    "note",
    "note_of",
    "of_purchase",
    "offer",
    "offered",
    "offers_of",
    "owed",
    "owed_back",
    "page",
    "place_of",
    "query_soon",
    "receive",
    "record",
    "record_all",
    "record_capture",
    "record_known",
    "record_refund",
    "record_refunds",
    "record_void",
    "refund",
    "refund_of",
    "refund_surplus",
    "refunds_by_day",
    "refunds_of_order",
    "refunds_of_payment",
    "refunds_page",
    "refunds_sought",
    "refusals_of",
    "refuse_at_the_door",
    "releases_of_payment",
    "remit",
    "remittances",
    "require_collected",
    "rest_changes",
    "rests",
    "rule",
    "rules_in_force",
    "rules_of",
    "send_again",
    "send_refunds",
    "set_disputed",
    "splits_of",
    "splits_of_order",
    "standing",
    "steps_of",
    "take",
    "take_captures",
    "tell_at_the_door",
    "tell_of_dispute",
    "timeline",
    "timelines",
    "to_apply",
    "to_capture",
    "to_look_at",
    "to_query",
    "to_refund",
    "to_void",
    "transfers_of",
    "try_now",
    "under_way",
    "verifier",
    "verify_signature",
    "want",
    "webhook_url",
    "why_not",
    "with_carrier",
    "withdraw_fee",
    "withdraw_rule",
]
