"""Stripe: payments on its hosted page (Checkout Sessions) or with a token (PaymentIntents), by its own library.

A payment's idempotency key is our id of it. Whether one of which no answer came has arrived is told by that key, too:
using it up for something that is given back at once makes sure that nothing is ever collected under it. See
docs/decisions/0121. The library is loaded with the first call: an installation without Stripe does not pay for it.
"""

from collections.abc import Awaitable, Mapping
from datetime import date
from typing import Any, cast

import httpx
import msgspec

from steelyard.kernel import outside
from steelyard.kernel.i18n import N_
from steelyard.money.payments.bill_model import Bills, NoBill, NotYet
from steelyard.money.payments.capture_model import CaptureAnswer, DueCapture, DueVoid
from steelyard.money.payments.dispute_model import Dispute, DisputeUnknown, Evidence
from steelyard.money.payments.gateways import stripe_bills
from steelyard.money.payments.gateways.stripe_calls import URL, StripeCalls
from steelyard.money.payments.gateways.stripe_disputes import dispute_of, evidence_form
from steelyard.money.payments.gateways.stripe_words import (
    KEY_USED,
    Refused,
    answer_of,
    capture_of,
    declined,
    intent_form,
    news_of,
    refund_of,
    session_form,
)
from steelyard.money.payments.model import (
    ChannelAnswer,
    DueRefund,
    Instruction,
    News,
    RefundAnswer,
    RefundState,
    Sought,
    Unknown,
)
from steelyard.money.payments.refusals import BadWebhook
from steelyard.money.payments.terms import Fee, Terms

_WITH_INTENT: dict[str, Any] = {"expand": ["payment_intent"]}
# Where buyers pay, and where shops give Stripe what it asks them for.
ORIGINS = ("https://checkout.stripe.com", "https://connect.stripe.com")
# How far apart their clock and ours may be when one of theirs is looked for by when it was made.
SKEW_SECONDS = 300
PAGES_LOOKED_AT_MAX = 10
ROWS_PER_PAGE = 100
# The smallest charges that Stripe publishes ("Supported currencies"), in minor units.
SMALLEST = {"USD": 50, "EUR": 50, "GBP": 30, "HKD": 400, "JPY": 50}
LARGEST_AMOUNT = 99_999_999

TERMS = Terms(
    name=N_("Card (Stripe)"),
    note=N_("Visa, Mastercard, American Express and more, on Stripe’s page"),
    currencies=frozenset({"CNY", "USD", "EUR", "GBP", "JPY", "HKD"}),
    smallest=SMALLEST,
    largest=dict.fromkeys(("CNY", "USD", "EUR", "GBP", "JPY", "HKD"), LARGEST_AMOUNT),
    authorises=True,
    refund_days=180,
    statement="stripe",
)


class Stripe(StripeCalls):
    """A client of one Stripe account. `client` is given by tests."""

    name = "stripe"
    bills_after = stripe_bills.AFTER

    def __init__(
        self, url: str, key: str, secret: str, *, fee_millionths: int = 0, client: httpx.AsyncClient | None = None
    ) -> None:
        cashiers = ORIGINS if url == URL else (outside.origin(url),)
        self.terms = msgspec.structs.replace(TERMS, cashiers=cashiers, fee=Fee(millionths=fee_millionths))
        super().__init__(url, key, client)
        self._secret = secret

    async def collect(self, instruction: Instruction, webhook_url: str) -> ChannelAnswer | Unknown:
        """At its page, or at once with a token (a PaymentMethod). Messages go where the account says, not to `webhook_url`."""
        if instruction.token is not None:
            return await self._charge(instruction, "manual" if instruction.later else "automatic")
        told = await self._tried(
            self._api.checkout.sessions.create_async(session_form(instruction), self._key_of(instruction))
        )
        return declined(told) if isinstance(told, Refused) else answer_of(told)

    async def capture(self, due: DueCapture) -> CaptureAnswer | Unknown:
        """Take what was authorised, or a part of it: once, the rest is let go. (Several captures are for accounts that Stripe
        has agreed it with.) One that they refuse is asked about, since it may have been done before."""
        intent = await self._intent(due.reference)
        if isinstance(intent, Unknown):
            return intent
        told = await self._tried(
            self._api.payment_intents.capture_async(
                intent, {"amount_to_capture": due.take}, {"idempotency_key": str(due.capture_id)}
            )
        )
        refused = told if isinstance(told, Refused) else None
        if refused is not None:
            told = await self._tried(self._api.payment_intents.retrieve_async(intent))
        if not isinstance(told, dict):
            return Unknown(why=told.why)
        return capture_of(told, due.take, refused.why if refused else "refused")

    async def query(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        if sought.reference is None:
            return await self._look_for(sought)
        told = await self._tried(self._get(sought.reference))
        return Unknown(why=told.why) if isinstance(told, Refused) else answer_of(told)

    async def cancel(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        if sought.reference is not None:
            return await self._end(sought)
        used = await self._use_up(sought)
        if used is None or isinstance(used, Unknown):
            return used
        found = await self._look_for(sought)  # the key was used before: what it made is there
        if not isinstance(found, ChannelAnswer):
            return found or Unknown(why="the key is used, and what it made was not found")
        return await self._end(msgspec.structs.replace(sought, reference=found.reference))

    async def void(self, due: DueVoid) -> ChannelAnswer | Unknown | None:
        """Let go what was authorised: the charge behind a page that was paid is cancelled, not the page."""
        intent = await self._intent(due.reference)
        if isinstance(intent, Unknown):
            return intent
        return await self._end(msgspec.structs.replace(due, reference=intent))

    async def refund(self, due: DueRefund, webhook_url: str) -> RefundAnswer | Unknown:
        intent = await self._intent_of(due)
        if isinstance(intent, Unknown):
            return intent
        told = await self._tried(
            self._api.refunds.create_async(
                {"payment_intent": intent, "amount": due.amount, "metadata": {"reference": due.reference}},
                {"idempotency_key": due.reference},
            )
        )
        if isinstance(told, Refused):
            if told.why == KEY_USED:  # it says nothing of the refund: a new key could give the money back twice
                return Unknown(why=told.why)
            return RefundAnswer(reference=None, state=RefundState.FAILED, failure=told.why)
        return refund_of(told)

    async def query_refund(self, due: DueRefund) -> RefundAnswer | Unknown | None:
        intent = await self._intent_of(due)
        if isinstance(intent, Unknown):
            return intent
        after: dict[str, Any] = {}
        for _ in range(PAGES_LOOKED_AT_MAX):
            told = await self._tried(
                self._api.refunds.list_async({"payment_intent": intent, "limit": ROWS_PER_PAGE, **after})
            )
            if not isinstance(told, dict):
                return Unknown(why=told.why)
            for refund in told["data"]:
                if refund["metadata"].get("reference") == due.reference:
                    return refund_of(refund)
            if not told["has_more"]:
                return None
            after = {"starting_after": told["data"][-1]["id"]}
        return Unknown(why="there are too many refunds to look through")

    async def bills(self, day: date) -> Bills | NoBill | NotYet | Unknown:
        async def listed(asked: dict[str, Any]) -> Mapping[str, Any] | Unknown:
            return _known(await self._tried(self._api.balance_transactions.list_async(asked)))

        async def intent(name: str) -> Mapping[str, Any] | Unknown:
            return _known(await self._tried(self._api.payment_intents.retrieve_async(name)))

        return await stripe_bills.bills(listed, intent, day)

    async def dispute(self, reference: str) -> Dispute | DisputeUnknown:
        return _disputed(await self._tried(self._api.disputes.retrieve_async(reference, _WITH_INTENT)))

    async def answer_dispute(self, reference: str, evidence: Evidence) -> Dispute | DisputeUnknown:
        form = {**evidence_form(evidence), **_WITH_INTENT}
        return _disputed(await self._tried(self._api.disputes.update_async(reference, form)))

    async def accept_dispute(self, reference: str) -> Dispute | DisputeUnknown:
        return _disputed(await self._tried(self._api.disputes.close_async(reference, _WITH_INTENT)))

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> News:
        self.verify(self._secret, headers, body, now)
        return self.read_stored("", self.unpack(body))

    def unpack(self, body: bytes) -> Mapping[str, object]:
        try:
            return msgspec.json.decode(body, type=dict[str, object])
        except msgspec.DecodeError as error:
            raise BadWebhook(why="unreadable") from error

    def read_stored(self, event_id: str, body: Mapping[str, object]) -> News:
        try:
            return news_of(cast("dict[str, Any]", body))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise BadWebhook(why="unreadable") from error

    @staticmethod
    def _key_of(instruction: Instruction) -> dict[str, str]:
        return {"idempotency_key": str(instruction.payment_id)}

    async def _charge(self, instruction: Instruction, capture: str) -> ChannelAnswer | Unknown:
        told = await self._tried(
            self._api.payment_intents.create_async(intent_form(instruction, capture), self._key_of(instruction))
        )
        return declined(told) if isinstance(told, Refused) else answer_of(told)

    def _get(self, reference: str) -> Awaitable[Any]:
        if reference.startswith("cs_"):
            return self._api.checkout.sessions.retrieve_async(reference, {"expand": ["payment_intent"]})
        return self._api.payment_intents.retrieve_async(reference)

    async def _truth(self, sought: Sought, told: "dict[str, Any] | Refused | Unknown") -> ChannelAnswer | Unknown:
        """What was said, or, when they would not do it, how far it is."""
        if isinstance(told, Refused):
            told = await self._tried(self._get(sought.reference or ""))
        return Unknown(why=told.why) if isinstance(told, Refused) else answer_of(told)

    async def _end(self, sought: Sought) -> ChannelAnswer | Unknown:
        reference = sought.reference or ""
        call = (
            self._api.checkout.sessions.expire_async(reference)
            if reference.startswith("cs_")
            else self._api.payment_intents.cancel_async(reference)
        )
        return await self._truth(sought, await self._tried(call))

    async def _use_up(self, sought: Sought) -> "Unknown | Refused | None":
        """Use a payment's key for something that is given up at once; refused when it was used before."""
        told = await self._tried(
            self._api.payment_intents.create_async(
                {
                    "amount": sought.amount,
                    "currency": sought.currency.lower(),
                    "metadata": {"given_up": str(sought.payment_id)},
                },
                {"idempotency_key": str(sought.payment_id)},
            )
        )
        if isinstance(told, Refused):
            return told if told.why == KEY_USED else Unknown(why=told.why)
        if isinstance(told, Unknown):
            return told
        await self._tried(self._api.payment_intents.cancel_async(told["id"]))
        return None

    async def _look_for(self, sought: Sought) -> ChannelAnswer | Unknown | None:
        """The page or the charge that bears our id, among those made since then."""
        since = int(sought.created_at.timestamp()) - SKEW_SECONDS
        ours = str(sought.payment_id)
        for kind in (self._api.checkout.sessions, self._api.payment_intents):
            after: dict[str, Any] = {}
            for _ in range(PAGES_LOOKED_AT_MAX):
                told = await self._tried(kind.list_async({"created": {"gte": since}, "limit": ROWS_PER_PAGE, **after}))
                if not isinstance(told, dict):
                    return Unknown(why=told.why)
                found = next((each for each in told["data"] if each["metadata"].get("payment_id") == ours), None)
                if found is not None:
                    return await self.query(msgspec.structs.replace(sought, reference=found["id"]))
                if not told["has_more"]:
                    break
                after = {"starting_after": told["data"][-1]["id"]}
            else:
                return Unknown(why="there are too many payments to look through")
        return None

    async def _intent_of(self, due: DueRefund) -> str | Unknown:
        """Their name of the charge behind a payment."""
        return await self._intent(due.channel_payment)

    async def _intent(self, reference: str | None) -> str | Unknown:
        if reference is None:
            return Unknown(why="the channel's name of the payment is not known yet")
        if not reference.startswith("cs_"):
            return reference
        told = await self._tried(self._api.checkout.sessions.retrieve_async(reference))
        if not isinstance(told, dict):
            return Unknown(why=told.why)
        return told["payment_intent"] or Unknown(why="its page was not paid")


def _disputed(told: "dict[str, Any] | Refused | Unknown") -> Dispute | DisputeUnknown:
    if isinstance(told, Refused):
        return DisputeUnknown(why=told.why, refused=True)
    return DisputeUnknown(why=told.why) if isinstance(told, Unknown) else dispute_of(told)


def _known(told: "dict[str, Any] | Refused | Unknown") -> Mapping[str, Any] | Unknown:
    return Unknown(why=told.why, refused=True) if isinstance(told, Refused) else told
