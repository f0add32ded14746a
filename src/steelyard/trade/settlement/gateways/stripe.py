"""Stripe Connect: shops' accounts, transfers to them and reversals, by Stripe's own library (docs/decisions/0149).

Accounts are Stripe's to ask questions of (`controller.requirement_collection` stripe) and have its Express dashboard; the
platform pays Stripe's fees and bears what an account cannot. A transfer's key is our name of the payout, its group the statement.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from steelyard.money.payments import BadWebhook, StripeCalls, Unknown
from steelyard.trade.settlement.connect_model import (
    Account,
    AccountNews,
    DueReversal,
    DueTransfer,
    Facts,
    ReversalAnswer,
    TransferAnswer,
)

PAGES_LOOKED_AT_MAX = 10
ROWS_PER_PAGE = 100
# Refused because of the account to be paid, or of the balance that pays ("Error codes" of its API reference).
_OF_ACCOUNT = frozenset({"insufficient_capabilities_for_transfer", "account_invalid", "transfers_not_allowed"})
_OF_BALANCE = frozenset({"balance_insufficient", "insufficient_funds"})


class StripeConnect(StripeCalls):
    """A client of the platform's Stripe account. `secret` is that of its endpoint for connected accounts."""

    name = "stripe"

    def __init__(self, url: str, key: str, secret: str, *, client: Any = None) -> None:
        super().__init__(url, key, client)
        self._secret = secret

    async def open_account(self, account: Account, shop: str) -> str | StripeCalls.Refused | Unknown:
        """Open an account, or hear again what it is called."""
        told = await self._tried(
            self._api.accounts.create_async(
                {
                    "country": account.country,
                    "controller": {
                        "fees": {"payer": "application"},
                        "losses": {"payments": "application"},
                        "stripe_dashboard": {"type": "express"},
                    },
                    "capabilities": {"transfers": {"requested": True}},
                    "business_profile": {"name": shop},
                    "metadata": {"merchant_id": str(account.merchant_id)},
                },
                {"idempotency_key": str(account.opening_id)},
            )
        )
        return str(told["id"]) if isinstance(told, dict) else told

    async def link(self, account_id: str, return_url: str, refresh_url: str) -> str | StripeCalls.Refused | Unknown:
        """Where a shop gives Stripe what it asks for: good for one visit, within minutes."""
        told = await self._tried(
            self._api.account_links.create_async(
                {
                    "account": account_id,
                    "type": "account_onboarding",
                    "return_url": return_url,
                    "refresh_url": refresh_url,
                }
            )
        )
        return str(told["url"]) if isinstance(told, dict) else told

    async def account(self, account_id: str) -> Facts | StripeCalls.Refused | Unknown:
        """How an account stands."""
        told = await self._tried(self._api.accounts.retrieve_async(account_id))
        return _facts(told) if isinstance(told, dict) else told

    async def available(self) -> dict[str, int] | Unknown:
        """What the platform can send on, in minor units by currency."""
        told = await self._tried(self._api.balance.retrieve_async())
        if not isinstance(told, dict):
            return Unknown(why=told.why)
        return {str(each["currency"]).upper(): int(each["amount"]) for each in told["available"]}

    async def transfer(self, due: DueTransfer) -> TransferAnswer | Unknown:
        """Send a payout on: at once, or not."""
        told = await self._tried(
            self._api.transfers.create_async(
                {
                    "amount": due.amount,
                    "currency": due.currency.lower(),
                    "destination": due.account_id,
                    "transfer_group": str(due.statement_id),
                    "description": due.code,
                    "metadata": {"reference": due.reference},
                },
                {"idempotency_key": due.reference},
            )
        )
        if isinstance(told, Unknown):
            return told
        if isinstance(told, dict):
            return TransferAnswer(state="paid", transfer_id=str(told["id"]))
        if told.why == self.KEY_USED:  # it says nothing of the payout: a new key could pay twice
            return Unknown(why=told.why)
        if told.why in _OF_BALANCE:
            return TransferAnswer(state="balance", failure=told.why)
        return TransferAnswer(state="account" if told.why in _OF_ACCOUNT else "rejected", failure=told.why)

    async def query_transfer(self, due: DueTransfer) -> TransferAnswer | Unknown | None:
        """Whether a payout was sent on: it is among those of the statement's group. None: not this attempt."""
        found = await self._found(self._api.transfers, {"transfer_group": str(due.statement_id)}, due.reference)
        return TransferAnswer(state="paid", transfer_id=found) if isinstance(found, str) else found

    async def reverse(self, due: DueReversal) -> ReversalAnswer | Unknown:
        """Take back so much of a transfer."""
        told = await self._tried(
            self._api.transfers.reversals.create_async(
                due.transfer_id,
                {"amount": due.amount, "metadata": {"reference": str(due.reversal_id)}},
                {"idempotency_key": str(due.reversal_id)},
            )
        )
        if isinstance(told, Unknown):
            return told
        if isinstance(told, dict):
            return ReversalAnswer(state="succeeded", stripe_id=str(told["id"]))
        if told.why == self.KEY_USED:
            return Unknown(why=told.why)
        return ReversalAnswer(state="failed", failure=told.why)

    async def query_reversal(self, due: DueReversal) -> ReversalAnswer | Unknown | None:
        """Whether so much was taken back. None: not under this name."""
        found = await self._found(self._api.transfers.reversals, {}, str(due.reversal_id), due.transfer_id)
        return ReversalAnswer(state="succeeded", stripe_id=found) if isinstance(found, str) else found

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> AccountNews:
        """What a message about a connected account says. Raises `BadWebhook`, also where the account that it is sent for is not
        the one that it shows."""
        self.verify(self._secret, headers, body, now)
        try:
            event = msgspec.json.decode(body, type=dict[str, Any])
            about = event["data"]["object"]
            if about.get("object") == "account" and about["id"] != event["account"]:
                raise BadWebhook(why="another account")
            return AccountNews(event_id=str(event["id"]), account_id=str(event["account"]))
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
            raise BadWebhook(why="unreadable") from error

    async def _found(self, kind: Any, form: dict[str, Any], ours: str, *of: str) -> str | Unknown | None:
        """Stripe's name of what bears ours in its metadata."""
        after: dict[str, Any] = {}
        for _ in range(PAGES_LOOKED_AT_MAX):
            told = await self._tried(kind.list_async(*of, {**form, "limit": ROWS_PER_PAGE, **after}))
            if not isinstance(told, dict):
                return Unknown(why=told.why)
            for each in told["data"]:
                if (each.get("metadata") or {}).get("reference") == ours:
                    return str(each["id"])
            if not told["has_more"]:
                return None
            after = {"starting_after": told["data"][-1]["id"]}
        return Unknown(why="there is too much to look through")


def _facts(told: dict[str, Any]) -> Facts | Unknown:
    try:
        asked = told.get("requirements") or {}
        due_by = asked.get("current_deadline")
        return Facts(
            submitted=bool(told["details_submitted"]),
            transfers=str((told.get("capabilities") or {}).get("transfers", "unrequested")),
            payouts=bool(told["payouts_enabled"]),
            disabled_for=asked.get("disabled_reason"),
            due=list(asked.get("currently_due") or []),
            past_due=list(asked.get("past_due") or []),
            pending=list(asked.get("pending_verification") or []),
            due_by=datetime.fromtimestamp(due_by, UTC) if due_by else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        return Unknown(why=f"unreadable: {error}")
