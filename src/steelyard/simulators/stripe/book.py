"""Stripe's book: sessions, charges, refunds and keys, and every rule about what may happen to them.

A thing is kept as the JSON that the API shows of it. What a charge has given back stands beside it.
"""

import secrets
from typing import Any

import msgspec

from steelyard.simulators.payments.model import REFUND_FAILS_ON_LAST_DIGITS
from steelyard.simulators.settings import Settings
from steelyard.simulators.store import Read, Tx
from steelyard.simulators.stripe import balance
from steelyard.simulators.stripe.charges import OPEN, charge, decline, large_enough, unexpected
from steelyard.simulators.stripe.words import PREFIX, StripeRefused, integer, missing, word
from steelyard.simulators.web import Foundation

SCHEMA = """
CREATE TABLE IF NOT EXISTS things (
  id       TEXT PRIMARY KEY
, kind     TEXT NOT NULL
, parent   TEXT
, created  REAL NOT NULL
, due_at   REAL
, refunded INTEGER NOT NULL DEFAULT 0
, body     BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS things_by_kind ON things (kind, created DESC, id DESC);
CREATE INDEX IF NOT EXISTS things_of ON things (parent, created DESC);
CREATE INDEX IF NOT EXISTS things_due ON things (kind, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS idempotency (
  key     TEXT PRIMARY KEY
, path    TEXT NOT NULL
, request TEXT NOT NULL
, status  INTEGER NOT NULL
, body    BLOB NOT NULL
);
"""
LATEST_SHOWN = 50
ROWS_MAX = 100
SESSION_SECONDS_MIN = 30 * 60
SESSION_SECONDS_MAX = 24 * 3600
Thing = dict[str, Any]


class _Row(msgspec.Struct, frozen=True):
    body: bytes
    refunded: int


def disputed(tx: Tx, intent: str) -> bool:
    """Whether a charge's money was taken back, and has not come again."""
    rows = tx.rows(
        _Row, "SELECT body, refunded FROM things WHERE parent = :intent AND kind = 'dispute'", {"intent": intent}
    )
    return any(msgspec.json.decode(row.body)["status"] in ("needs_response", "under_review", "lost") for row in rows)


class StripeBook:
    """Every command is one transaction."""

    def __init__(self, ground: Foundation, settings: Settings) -> None:
        self._store, self._clock, self._outbox, self._faults = ground.store, ground.clock, ground.outbox, ground.faults
        self._url, self._tell = settings.stripe_url, settings.stripe_webhook_url
        self._refund_seconds, self._tell_connected = settings.refund_seconds, settings.stripe_connect_webhook_url

    # Things

    def get(self, kind: str, name: str, read: Read | None = None) -> Thing:
        row = (read or self._store).row(
            _Row, "SELECT body, refunded FROM things WHERE id = :id AND kind = :kind", {"id": name, "kind": kind}
        )
        if row is None:
            raise missing(kind.rsplit(".", maxsplit=1)[-1], name)
        return msgspec.json.decode(row.body)

    def listed(self, kind: str, given: Thing, parent: str | None = None) -> Thing:
        """A page, the newest first."""
        limit = min(integer(given, "limit", default=10), ROWS_MAX)
        since = integer(given.get("created") or {}, "gte", least=0, default=0)
        after = given.get("starting_after")
        before = self.get(kind, after)["created"] if after else None
        rows = self._store.rows(
            _Row,
            """SELECT body, refunded FROM things
               WHERE kind = :kind AND created >= :since AND parent IS coalesce(:parent, parent)
                 AND (:after IS NULL OR (cast(created AS INTEGER), id) < (:before, :after))
               ORDER BY cast(created AS INTEGER) DESC, id DESC LIMIT :most""",
            {"kind": kind, "since": since, "parent": parent, "after": after, "before": before, "most": limit + 1},
        )
        data = [msgspec.json.decode(row.body) for row in rows[:limit]]
        return {"object": "list", "data": data, "has_more": len(rows) > limit, "url": f"/v1/{kind}s"}

    def moved(self, tx: Tx, category: str, about: Thing, amount: int, fee: int) -> str:
        return balance.moved(tx, category, about, amount, self._clock.now(), fee=fee)

    def latest(self, kind: str) -> list[Thing]:
        return self.listed(kind, {"limit": str(LATEST_SHOWN)})["data"]

    def write(self, tx: Tx, thing: Thing, *, parent: str | None = None, due_at: float | None = None) -> Thing:
        facts = {
            "id": thing["id"], "kind": thing["object"], "parent": parent, "due": due_at, "created": self._clock.now(),
            "body": msgspec.json.encode(thing),
        }  # fmt: skip
        tx.execute(
            """INSERT INTO things (id, kind, parent, created, due_at, body)
               VALUES (:id, :kind, :parent, :created, :due, :body)
               ON CONFLICT (id) DO UPDATE SET body = :body, due_at = :due""",
            facts,
        )
        return thing

    def say(self, tx: Tx, kind: str, thing: Thing) -> None:
        self._outbox.publish(tx, kind, thing["id"], self._tell, thing)

    def say_connected(self, tx: Tx, kind: str, thing: Thing) -> None:
        self._outbox.publish(tx, kind, thing["id"], self._tell_connected, thing)

    def new(self, kind: str, **facts: Any) -> Thing:
        made = {"id": PREFIX[kind] + secrets.token_hex(12), "object": kind, "created": int(self._clock.now())}
        return {**made, "livemode": False, **facts}

    # Sessions

    def session(self, name: str, *, whole: bool = False) -> Thing:
        """A session; `whole` with the charge behind it."""
        found = self.get("checkout.session", name)
        if whole and found["payment_intent"]:
            found["payment_intent"] = self.get("payment_intent", found["payment_intent"])
        return found

    def open_session(self, tx: Tx, given: Thing) -> Thing:
        if given.get("mode") != "payment":
            raise StripeRefused("Only payments are simulated.", param="mode")
        lines = given.get("line_items") or []
        if not lines:
            raise StripeRefused("Missing required param: line_items.", code="parameter_missing", param="line_items")
        prices = [line["price_data"] for line in lines]
        amount = sum(
            integer(price, "unit_amount") * integer(line, "quantity") for price, line in zip(prices, lines, strict=True)
        )
        currency = word(prices[0], "currency")
        large_enough(amount, currency)
        now = self._clock.now()
        ends = integer(given, "expires_at", default=int(now) + SESSION_SECONDS_MAX)
        if not SESSION_SECONDS_MIN <= ends - now <= SESSION_SECONDS_MAX:
            raise StripeRefused(
                "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from now.",
                param="expires_at",
            )
        session = self.new(
            "checkout.session",
            amount_total=amount, currency=currency, client_reference_id=given.get("client_reference_id"),
            metadata=given.get("metadata") or {}, mode="payment", status="open", payment_status="unpaid",
            payment_intent=None, expires_at=ends, success_url=word(given, "success_url"),
            cancel_url=given.get("cancel_url"),
        )  # fmt: skip
        session["url"] = f"{self._url}/c/pay/{session['id']}"
        session["name"] = prices[0].get("product_data", {}).get("name")
        session["intent_data"] = given.get("payment_intent_data") or {}
        return self.write(tx, session, due_at=float(ends))

    def decide(self, name: str, do: str) -> Thing:
        """What the buyer, or later the bank behind it, decides on a page."""
        with self._store.write() as tx:
            session = self.get("checkout.session", name, tx)
            if session["status"] == "open":
                return self._pay(tx, session, do)
            if session["status"] == "complete" and session["payment_status"] == "unpaid" and do in ("settle", "fail"):
                return self._settle(tx, session, paid=do == "settle")
            return session

    def _pay(self, tx: Tx, session: Thing, do: str) -> Thing:
        intent = (
            self.get("payment_intent", session["payment_intent"], tx)
            if session["payment_intent"]
            else self._made_for(session)
        )
        session["payment_intent"] = intent["id"]
        if do == "decline":
            decline(intent, "generic_decline")
            self.write(tx, intent)
            self.say(tx, "payment_intent.payment_failed", intent)
            return self.write(tx, session, due_at=float(session["expires_at"]))
        paid = do == "pay"
        manual = intent["capture_method"] == "manual"
        charge(intent, paid=paid and not manual)
        if paid and not manual:
            self._booked(tx, intent)
        if paid and manual:
            intent["status"], intent["amount_capturable"] = "requires_capture", intent["amount"]
        session["status"] = "complete"
        session["payment_status"] = "paid" if paid and not manual else "unpaid"
        session["url"] = None
        self.write(tx, intent)
        self.write(tx, session)
        if paid:
            self.say(tx, f"payment_intent.{'amount_capturable_updated' if manual else 'succeeded'}", intent)
        self.say(tx, "checkout.session.completed", session)
        return session

    def _made_for(self, session: Thing) -> Thing:
        data = session["intent_data"]
        return self._fresh_intent(
            session["amount_total"],
            session["currency"],
            data.get("capture_method", "automatic"),
            {**data, "return_url": session["success_url"]},
        )

    def _settle(self, tx: Tx, session: Thing, *, paid: bool) -> Thing:
        intent = self.get("payment_intent", session["payment_intent"], tx)
        if paid:
            charge(intent, paid=True)
            self._booked(tx, intent)
            session["payment_status"] = "paid"
        else:
            decline(intent, "insufficient_funds")
        self.write(tx, intent)
        self.write(tx, session)
        self.say(tx, f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)
        return session

    def expire(self, tx: Tx, name: str) -> Thing:
        session = self.get("checkout.session", name, tx)
        if session["status"] != "open":
            raise StripeRefused(
                f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {session["status"]}.'
            )
        return self._expire(tx, session)

    def _expire(self, tx: Tx, session: Thing) -> Thing:
        session["status"], session["url"] = "expired", None
        self.write(tx, session)
        self.say(tx, "checkout.session.expired", session)
        return session

    async def expire_due(self) -> float | None:
        """Sessions whose time is over; returns when the next one's is."""
        facts = {"now": self._clock.now(), "kind": "checkout.session"}
        with self._store.write() as tx:
            for row in tx.rows(
                _Row, "SELECT body, refunded FROM things WHERE kind = :kind AND due_at <= :now LIMIT 500", facts
            ):
                self._expire(tx, msgspec.json.decode(row.body))
        return self._store.number("SELECT min(due_at) FROM things WHERE kind = :kind", {"kind": "checkout.session"})

    # Charges

    def _fresh_intent(self, amount: int, currency: str, capture: str, given: Thing) -> Thing:
        return self.new(
            "payment_intent",
            amount=amount, amount_received=0, amount_capturable=0, currency=currency, capture_method=capture,
            status="requires_payment_method", metadata=given.get("metadata") or {},
            description=given.get("description"), transfer_group=given.get("transfer_group"),
            return_url=given.get("return_url"), last_payment_error=None, next_action=None, latest_charge=None,
        )  # fmt: skip

    def make_intent(self, tx: Tx, given: Thing) -> Thing:
        amount, currency = integer(given, "amount"), word(given, "currency")
        large_enough(amount, currency)
        intent = self._fresh_intent(amount, currency, given.get("capture_method", "automatic"), given)
        if given.get("confirm") == "true":
            self._confirm(tx, intent, word(given, "payment_method"))
        return self.write(tx, intent)

    def _confirm(self, tx: Tx, intent: Thing, method: str) -> None:
        match method:
            case "pm_card_visa":
                self._charged(tx, intent)
            case "pm_card_visa_chargeDeclined":
                decline(intent, "generic_decline")
                self.write(tx, intent)
                self.say(tx, "payment_intent.payment_failed", intent)
                raise StripeRefused(
                    "Your card was declined.", status=402, kind="card_error", code="card_declined",
                    decline_code="generic_decline", payment_intent=intent,
                )  # fmt: skip
            case "pm_card_threeDSecure2Required":
                intent["status"] = "requires_action"
                where = {"url": f"{self._url}/3ds/{intent['id']}", "return_url": intent["return_url"]}
                intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": where}
            case _:
                raise StripeRefused(
                    f"No such PaymentMethod: '{method}'", code="resource_missing", param="payment_method"
                )

    def _charged(self, tx: Tx, intent: Thing) -> None:
        if intent["capture_method"] == "manual":
            intent["status"], intent["amount_capturable"] = "requires_capture", intent["amount"]
            self.say(tx, "payment_intent.amount_capturable_updated", intent)
            return
        charge(intent, paid=True)
        self._booked(tx, intent)
        self.say(tx, "payment_intent.succeeded", intent)

    def _booked(self, tx: Tx, intent: Thing) -> None:
        balance.moved(tx, "charge", intent, intent["amount_received"], self._clock.now())

    def authenticate(self, name: str, passed: bool) -> Thing:
        """The 3-D step, once."""
        with self._store.write() as tx:
            intent = self.get("payment_intent", name, tx)
            if intent["status"] != "requires_action":
                return intent
            intent["next_action"] = None
            if passed:
                self._charged(tx, intent)
            else:
                decline(intent, None, "payment_intent_authentication_failure")
                self.say(tx, "payment_intent.payment_failed", intent)
            return self.write(tx, intent)

    def capture(self, tx: Tx, name: str, given: Thing) -> Thing:
        intent = self.get("payment_intent", name, tx)
        if intent["status"] != "requires_capture":
            raise unexpected(intent, "capture")
        amount = integer(given, "amount_to_capture", default=intent["amount_capturable"])
        if amount > intent["amount_capturable"]:
            raise StripeRefused(
                "The requested capture amount is greater than the amount you can capture for this charge.",
                code="amount_too_large", param="amount_to_capture",
            )  # fmt: skip
        charge(intent, paid=True)
        intent["amount_received"], intent["amount_capturable"] = amount, 0
        self._booked(tx, intent)
        self.write(tx, intent)
        self.say(tx, "payment_intent.succeeded", intent)
        return intent

    def cancel(self, tx: Tx, name: str) -> Thing:
        intent = self.get("payment_intent", name, tx)
        if intent["status"] not in OPEN:
            raise unexpected(intent, "cancel")
        intent["status"], intent["amount_capturable"] = "canceled", 0
        self.write(tx, intent)
        self.say(tx, "payment_intent.canceled", intent)
        return intent

    # Refunds

    def refund(self, tx: Tx, given: Thing) -> Thing:
        intent = self.get("payment_intent", word(given, "payment_intent"), tx)
        if intent["status"] != "succeeded":
            raise StripeRefused(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        if disputed(tx, intent["id"]):
            raise StripeRefused(f"Charge {intent['latest_charge']} has been charged back; cannot issue a refund.",
                                code="charge_disputed")  # fmt: skip
        row = tx.row(_Row, "SELECT body, refunded FROM things WHERE id = :id", {"id": intent["id"]})
        assert row is not None
        left = intent["amount_received"] - row.refunded
        amount = integer(given, "amount", default=left)
        if not left:
            raise StripeRefused(
                f"Charge {intent['latest_charge']} has already been refunded.", code="charge_already_refunded"
            )
        if amount > left:
            raise StripeRefused(
                f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount"
            )
        tx.execute(
            "UPDATE things SET refunded = refunded + :amount WHERE id = :id", {"id": intent["id"], "amount": amount}
        )
        refund = self.new(
            "refund",
            amount=amount, currency=intent["currency"], payment_intent=intent["id"], charge=intent["latest_charge"],
            status="pending", metadata=given.get("metadata") or {}, reason=given.get("reason"),
        )  # fmt: skip
        self.write(tx, refund, parent=intent["id"], due_at=self._clock.now() + self._refund_seconds)
        balance.moved(tx, "refund", refund, -amount, self._clock.now())
        self.say(tx, "refund.created", refund)
        return refund

    async def settle_due(self) -> float | None:
        """Give back what is due, or fail as the fault says; returns when the next refund is due."""
        with self._store.write() as tx:
            for row in tx.rows(
                _Row,
                "SELECT body, refunded FROM things WHERE kind = 'refund' AND due_at <= :now LIMIT 500",
                {"now": self._clock.now()},
            ):
                self._settle_refund(tx, msgspec.json.decode(row.body))
        return self._store.number("SELECT min(due_at) FROM things WHERE kind = 'refund'")

    def _settle_refund(self, tx: Tx, refund: Thing) -> None:
        fails = self._faults.refunds() == "fail" and refund["amount"] % 100 == REFUND_FAILS_ON_LAST_DIGITS
        refund["status"] = "failed" if fails else "succeeded"
        if fails:
            refund["failure_reason"] = "expired_or_canceled_card"
            balance.moved(tx, "refund_failure", refund, refund["amount"], self._clock.now())
            tx.execute(
                "UPDATE things SET refunded = refunded - :amount WHERE id = :id",
                {"id": refund["payment_intent"], "amount": refund["amount"]},
            )
        self.write(tx, refund, parent=refund["payment_intent"])
        self.say(tx, "refund.failed" if fails else "refund.updated", refund)
