"""Connect: accounts of others, what they are asked for, transfers to them and their reversals. After "Account", "Account
Link", "Transfer" and "Transfer Reversal" of Stripe's API reference.

An account's state is decided on the page that its link opens, or at the desk: `finish` gives all that is asked, `partly`
leaves a document to be handed in, `review` lets Stripe look at it; later `restrict`, `reject` or `enable` it.
"""

import secrets
from typing import Any

from steelyard.simulators.store import Tx
from steelyard.simulators.stripe import balance, purses
from steelyard.simulators.stripe.book import StripeBook, Thing
from steelyard.simulators.stripe.words import StripeRefused, integer, word

LINK_SECONDS = 300
AT_FIRST = [
    "business_profile.url", "business_type", "external_account", "representative.dob.day", "representative.first_name",
    "representative.last_name", "tos_acceptance.date",
]  # fmt: skip
DOCUMENT = "representative.verification.document"
_DOINGS: dict[str, dict[str, Any]] = {
    "finish": {"transfers": "active"},
    "enable": {"transfers": "active"},
    "partly": {"due": [DOCUMENT], "why": "requirements.past_due"},
    "restrict": {"due": [DOCUMENT], "past_due": [DOCUMENT], "why": "requirements.past_due"},
    "review": {"pending": [DOCUMENT], "why": "requirements.pending_verification", "transfers": "pending"},
    "reject": {"why": "rejected.fraud"},
}
DOINGS = tuple(_DOINGS)


class Connect:
    """Every command is one transaction of the book's."""

    def __init__(self, book: StripeBook) -> None:
        self._book = book

    # Accounts

    def open(self, tx: Tx, given: Thing) -> Thing:
        controller = given.get("controller") or {}
        account = self._book.new(
            "account",
            country=given.get("country") or "US", email=given.get("email"), default_currency=given.get("default_currency"),
            business_profile=given.get("business_profile") or {}, metadata=given.get("metadata") or {},
            controller={"type": "application", "is_controller": True, "requirement_collection": "stripe", **controller},
            capabilities=dict.fromkeys(given.get("capabilities") or {}, "inactive"),
            charges_enabled=False, payouts_enabled=False, details_submitted=False, type="none",
            requirements=_asked(due=AT_FIRST, past_due=AT_FIRST, why="requirements.past_due"),
        )  # fmt: skip
        return self._book.write(tx, account)

    def link(self, tx: Tx, given: Thing, url: str, now: float) -> Thing:
        """A link for one visit."""
        account = self._book.get("account", word(given, "account"), tx)
        kind = word(given, "type")
        if kind != "account_onboarding":
            raise StripeRefused("You cannot create this type of link for this account.", param="type")
        token = secrets.token_urlsafe(12)
        kept = {
            "id": f"alnk_{token}", "object": "account_link_kept", "account": account["id"], "until": now + LINK_SECONDS,
            "return_url": word(given, "return_url"), "refresh_url": word(given, "refresh_url"), "used": False,
        }  # fmt: skip
        self._book.write(tx, kept, parent=account["id"])
        return {
            "object": "account_link", "created": int(now), "expires_at": int(now) + LINK_SECONDS,
            "url": f"{url}/setup/e/{account['id']}/{token}",
        }  # fmt: skip

    def visit(self, tx: Tx, account_id: str, token: str, now: float) -> tuple[Thing, Thing, bool]:
        """An account and its link, and whether it is good for another visit."""
        link = self._book.get("account_link_kept", f"alnk_{token}", tx)
        account = self._book.get("account", account_id, tx)
        return account, link, link["account"] == account_id and not link["used"] and now < link["until"]

    def fill_in(self, tx: Tx, account_id: str, token: str, do: str, now: float) -> str:
        """What the shop does on the page; returns where it goes from there."""
        _, link, good = self.visit(tx, account_id, token, now)
        if not good:
            return link["refresh_url"]
        self._book.write(tx, {**link, "used": True}, parent=account_id)
        if do != "leave":
            self.decide(tx, account_id, do)
        return link["return_url"]

    def decide(self, tx: Tx, account_id: str, do: str) -> Thing:
        """Bring an account into a state, and tell the platform."""
        account = self._book.get("account", account_id, tx)
        facts = dict(_DOINGS[do])
        status = facts.pop("transfers", "inactive")
        account["details_submitted"] = True
        account["capabilities"] = dict.fromkeys(account["capabilities"], status)
        account["charges_enabled"] = account["payouts_enabled"] = status == "active"
        account["requirements"] = _asked(**facts)
        self._book.write(tx, account)
        self._book.say_connected(tx, "account.updated", account)
        return account

    # Money

    def top_up(self, tx: Tx, given: Thing, now: float) -> Thing:
        """The platform's bank sends money to its balance."""
        amount, currency = integer(given, "amount"), word(given, "currency")
        topup = self._book.new("topup", amount=amount, currency=currency, status="succeeded", metadata={})
        balance.moved(tx, "topup", topup, amount, now)
        return self._book.write(tx, topup)

    def pay_out(self, tx: Tx, account_id: str, given: Thing) -> Thing:
        """A connected account's balance goes to its bank."""
        self._book.get("account", account_id, tx)
        amount, currency = integer(given, "amount"), word(given, "currency")
        _covered(purses.available(tx, account_id), amount, currency)
        payout = self._book.new("payout", amount=amount, currency=currency, status="paid", metadata={})
        purses.change(tx, account_id, -amount, currency)
        return self._book.write(tx, payout, parent=account_id)

    def transfer(self, tx: Tx, given: Thing, now: float) -> Thing:
        """From the platform's balance to a connected account's, at once."""
        amount, currency = integer(given, "amount"), word(given, "currency")
        destination = word(given, "destination")
        try:
            account = self._book.get("account", destination, tx)
        except StripeRefused as refused:
            raise StripeRefused(
                f"No such destination: '{destination}'", code="resource_missing", param="destination"
            ) from refused
        if account["capabilities"].get("transfers") != "active":
            raise StripeRefused(
                "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
                "crypto_transfers, legacy_payments",
                code="insufficient_capabilities_for_transfer",
            )
        _covered(balance.available(tx), amount, currency)
        transfer = self._book.new(
            "transfer",
            amount=amount, amount_reversed=0, currency=currency, destination=destination, reversed=False,
            description=given.get("description"), metadata=given.get("metadata") or {}, source_transaction=None,
            source_type="card", transfer_group=given.get("transfer_group"), destination_payment="py_" + secrets.token_hex(12),
        )  # fmt: skip
        transfer["balance_transaction"] = balance.moved(tx, "transfer", transfer, -amount, now)
        purses.change(tx, destination, amount, currency)
        transfer["reversals"] = {"object": "list", "data": [], "has_more": False, "total_count": 0}
        transfer["reversals"]["url"] = f"/v1/transfers/{transfer['id']}/reversals"
        self._book.write(tx, transfer, parent=transfer["transfer_group"])
        self._book.say(tx, "transfer.created", transfer)
        return transfer

    def reverse(self, tx: Tx, name: str, given: Thing, now: float) -> Thing:
        """Back to the platform, as far as the account has it."""
        transfer = self._book.get("transfer", name, tx)
        left = transfer["amount"] - transfer["amount_reversed"]
        amount = integer(given, "amount", default=left or 1)
        if amount > left:
            raise StripeRefused(
                f"Transfer amount ({amount}) is greater than unreversed amount on transfer ({left}).", param="amount"
            )
        _covered(purses.available(tx, transfer["destination"]), amount, transfer["currency"])
        back = self._book.new(
            "transfer_reversal",
            amount=amount, currency=transfer["currency"], metadata=given.get("metadata") or {}, transfer=name,
            destination_payment_refund="pyr_" + secrets.token_hex(12), source_refund=None,
        )  # fmt: skip
        back["balance_transaction"] = balance.moved(tx, "transfer_reversal", back, amount, now)
        purses.change(tx, transfer["destination"], -amount, back["currency"])
        transfer["amount_reversed"] += amount
        transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
        held = transfer["reversals"]
        held["data"] = [back, *held["data"]][:10]
        held["total_count"] += 1
        held["has_more"] = held["total_count"] > len(held["data"])
        self._book.write(tx, back, parent=name)
        self._book.write(tx, transfer, parent=transfer["transfer_group"])
        self._book.say(tx, "transfer.reversed", transfer)
        return back


def _covered(funds: dict[str, int], amount: int, currency: str) -> None:
    if amount > funds.get(currency, 0):
        raise StripeRefused(
            "You have insufficient available funds in your Stripe account.", code="balance_insufficient"
        )


def _asked(
    *,
    due: list[str] | None = None,
    past_due: list[str] | None = None,
    pending: list[str] | None = None,
    why: str | None = None,
) -> Thing:
    return {
        "alternatives": [], "current_deadline": None, "currently_due": due or [], "past_due": past_due or [],
        "eventually_due": due or [], "pending_verification": pending or [], "disabled_reason": why, "errors": [],
    }  # fmt: skip
