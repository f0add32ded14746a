"""Where the parcels are: they are accepted, they move by the clock, and whoever asked is told."""

import secrets
from datetime import datetime

import msgspec

from steelyard.simulators.carriers.model import (
    PAGE_ROWS,
    STAGES,
    TEXTS,
    Address,
    Carrier,
    Cash,
    Code,
    Tracking,
    TrackingEvent,
    TrackingRequest,
    Waybill,
    WaybillRequest,
)
from steelyard.simulators.clock import Clock
from steelyard.simulators.idempotency import Answer, once
from steelyard.simulators.problems import Refused, not_found
from steelyard.simulators.store import Read, Store, Tx
from steelyard.simulators.webhooks import Outbox

SCHEMA = """
CREATE TABLE IF NOT EXISTS parcels (
  carrier      TEXT NOT NULL
, number       TEXT NOT NULL
, reference    TEXT
, sender       BLOB
, recipient    BLOB
, weight_grams INTEGER
, status       TEXT NOT NULL
, stage        INTEGER NOT NULL
, created_at   REAL NOT NULL
, next_at      REAL
, PRIMARY KEY (carrier, number)
, CONSTRAINT waybills_say_who CHECK ((reference IS NULL) = (sender IS NULL) AND (sender IS NULL) = (recipient IS NULL))
, CONSTRAINT delivered_is_the_end CHECK (status <> 'delivered' OR next_at IS NULL)
);
CREATE INDEX IF NOT EXISTS parcels_to_move ON parcels (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS parcels_by_creation ON parcels (created_at);
CREATE TABLE IF NOT EXISTS parcels_collect (
  carrier TEXT NOT NULL
, number  TEXT NOT NULL
, PRIMARY KEY (carrier, number)
, FOREIGN KEY (carrier, number) REFERENCES parcels
);
CREATE TABLE IF NOT EXISTS parcels_cash (
  carrier  TEXT NOT NULL
, number   TEXT NOT NULL
, amount   INTEGER NOT NULL
, currency TEXT NOT NULL
, PRIMARY KEY (carrier, number)
, FOREIGN KEY (carrier, number) REFERENCES parcels
);
CREATE TABLE IF NOT EXISTS parcel_events (
  carrier TEXT NOT NULL
, number  TEXT NOT NULL
, at      REAL NOT NULL
, code    TEXT NOT NULL
, place   TEXT NOT NULL
, FOREIGN KEY (carrier, number) REFERENCES parcels
);
CREATE INDEX IF NOT EXISTS parcel_events_of ON parcel_events (carrier, number);
CREATE TABLE IF NOT EXISTS subscriptions (
  carrier TEXT NOT NULL
, number  TEXT NOT NULL
, url     TEXT NOT NULL
, PRIMARY KEY (carrier, number, url)
, FOREIGN KEY (carrier, number) REFERENCES parcels
);
"""

MOVED_PER_ROUND_MAX = 200
UNKNOWN_PLACE = "上海 Shanghai"
HUB = "全国转运中心 National hub"
S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


class ParcelRow(msgspec.Struct, frozen=True, kw_only=True):
    """`stage` is how far on the regular road it has come; `status` may be `exception` besides."""

    carrier: Carrier
    number: str
    reference: str | None
    sender: bytes | None
    recipient: bytes | None
    weight_grams: int | None
    status: Code
    stage: int
    created_at: datetime
    next_at: datetime | None

    @property
    def parties(self) -> tuple[Address, Address] | None:
        if self.sender is None or self.recipient is None:
            return None
        return msgspec.json.decode(self.sender, type=Address), msgspec.json.decode(self.recipient, type=Address)

    def place(self, code: Code) -> str:
        if code == "in_transit":
            return HUB
        if self.parties is None:
            return UNKNOWN_PLACE
        sender, recipient = self.parties
        return sender.place if code in ("accepted", "picked_up") else recipient.place


class _Event(msgspec.Struct, frozen=True):
    at: datetime
    code: Code
    place: str


class _Url(msgspec.Struct, frozen=True):
    url: str


class Yard:
    """All parcels of all carriers."""

    def __init__(self, store: Store, clock: Clock, outbox: Outbox, public_url: str, stage_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._outbox = outbox
        self._public_url = public_url
        self._stage_seconds = stage_seconds

    def book(self, request: WaybillRequest) -> Answer:
        """Accept a parcel and give it a number; the same reference gets the same one."""

        def work(tx: Tx) -> Waybill:
            number = new_number(request.carrier)
            while self._find(tx, request.carrier, number) is not None:
                number = new_number(request.carrier)
            self._accept(tx, request.carrier, number, request)
            if request.collect:
                tx.execute(
                    "INSERT INTO parcels_collect VALUES (:carrier, :number)",
                    {"carrier": request.carrier, "number": number},
                )
            self._subscribe(tx, request.carrier, number, request.webhook_url)
            self._step(tx, request.carrier, number, "accepted")
            return Waybill(request.carrier, number, f"{self._public_url}/labels/{request.carrier}/{number}")

        return once(
            self._store,
            self._clock,
            operation="waybill",
            key=request.reference,
            request=request,
            status=201,
            work=work,
        )

    def follow(self, request: TrackingRequest) -> Tracking:
        """Tell `webhook_url` what becomes of a number from now on. A number nobody knows becomes a parcel by that."""
        with self._store.write() as tx:
            known = self._find(tx, request.carrier, request.number) is not None
            if not known:
                self._accept(tx, request.carrier, request.number, None)
            if request.cash is not None and self.parcel(request.carrier, request.number, tx).status != "delivered":
                tx.execute(
                    """INSERT INTO parcels_cash VALUES (:carrier, :number, :amount, :currency)
                       ON CONFLICT (carrier, number) DO UPDATE SET amount = :amount, currency = :currency""",
                    {
                        "carrier": request.carrier,
                        "number": request.number,
                        "amount": request.cash.amount,
                        "currency": request.cash.currency,
                    },
                )
            self._subscribe(tx, request.carrier, request.number, request.webhook_url)
            if not known:
                self._step(tx, request.carrier, request.number, "accepted")
            return self.tracking(request.carrier, request.number, tx)

    def advance(self, carrier: str, number: str, to: Code | None) -> Tracking:
        """Move a parcel at once, through all stages between. Refuses to go back, and after delivery."""
        with self._store.write() as tx:
            parcel = self.parcel(carrier, number, tx)
            if to == parcel.status:
                return self.tracking(carrier, number, tx)
            if parcel.status in ("delivered", "refused"):
                raise Refused(
                    409, "parcel_delivered", "The parcel is delivered, or went back; it goes nowhere any more."
                )
            if to in ("exception", "refused"):
                self._step(tx, parcel.carrier, number, to)
                return self.tracking(carrier, number, tx)
            goal = parcel.stage + 1 if to is None else STAGES.index(to)
            if goal <= parcel.stage:
                raise Refused(409, "parcel_is_further", f"The parcel has passed this stage: {STAGES[parcel.stage]}.")
            for code in STAGES[parcel.stage + 1 : goal + 1]:
                self._step(tx, parcel.carrier, number, code)
            return self.tracking(carrier, number, tx)

    async def move_due(self) -> float | None:
        """Move the parcels whose time has come one stage on; returns when the next one moves."""
        with self._store.write() as tx:
            due = tx.rows(
                ParcelRow,
                "SELECT * FROM parcels WHERE next_at <= :now ORDER BY next_at, carrier, number LIMIT :most",
                {"now": self._clock.now(), "most": MOVED_PER_ROUND_MAX},
            )
            for parcel in due:
                self._step(tx, parcel.carrier, parcel.number, STAGES[parcel.stage + 1])
        return self._store.number("SELECT min(next_at) FROM parcels WHERE next_at IS NOT NULL")

    def _accept(self, tx: Tx, carrier: Carrier, number: str, waybill: WaybillRequest | None) -> None:
        tx.execute(
            """INSERT INTO parcels (carrier, number, reference, sender, recipient, weight_grams, status, stage,
                                    created_at)
               VALUES (:carrier, :number, :reference, :sender, :recipient, :weight, 'accepted', 0, :now)""",
            {
                "carrier": carrier,
                "number": number,
                "reference": waybill.reference if waybill else None,
                "sender": msgspec.json.encode(waybill.sender) if waybill else None,
                "recipient": msgspec.json.encode(waybill.recipient) if waybill else None,
                "weight": waybill.weight_grams if waybill else None,
                "now": self._clock.now(),
            },
        )

    def _subscribe(self, tx: Tx, carrier: Carrier, number: str, url: str | None) -> None:
        if url is not None:
            tx.execute(
                "INSERT INTO subscriptions VALUES (:carrier, :number, :url) ON CONFLICT DO NOTHING",
                {"carrier": carrier, "number": number, "url": url},
            )

    def _step(self, tx: Tx, carrier: Carrier, number: str, code: Code) -> None:
        """One event: written, and told to all who follow. The clock stops at an exception and at the end."""
        now = self._clock.now()
        rests = code in ("exception", "delivered", "refused") or not self._stage_seconds
        parcel = self.parcel(carrier, number, tx)
        facts = {
            "carrier": carrier,
            "number": number,
            "code": code,
            "stage": parcel.stage if code in ("exception", "refused") else STAGES.index(code),
            "now": now,
            "next": None if rests else now + self._stage_seconds,
            "place": parcel.place(code),
        }
        tx.execute(
            """UPDATE parcels SET status = :code, stage = :stage, next_at = :next
               WHERE carrier = :carrier AND number = :number""",
            facts,
        )
        tx.execute("INSERT INTO parcel_events VALUES (:carrier, :number, :now, :code, :place)", facts)
        story = self.tracking(carrier, number, tx)
        urls = tx.rows(
            _Url,
            "SELECT url FROM subscriptions WHERE carrier = :carrier AND number = :number ORDER BY url",
            facts,
        )
        for subscription in urls:
            self._outbox.publish(tx, "tracking.updated", f"{carrier}:{number}", subscription.url, story)

    def _find(self, read: Read, carrier: str, number: str) -> ParcelRow | None:
        return read.row(
            ParcelRow,
            "SELECT * FROM parcels WHERE carrier = :carrier AND number = :number",
            {"carrier": carrier, "number": number},
        )

    def parcel(self, carrier: str, number: str, read: Read | None = None) -> ParcelRow:
        found = self._find(read or self._store, carrier, number)
        if found is None:
            raise not_found("parcel")
        return found

    def tracking(self, carrier: str, number: str, read: Read | None = None) -> Tracking:
        """Raises Refused 404 for a number that nobody has told us of."""
        parcel = self.parcel(carrier, number, read)
        events = (read or self._store).rows(
            _Event,
            "SELECT at, code, place FROM parcel_events WHERE carrier = :carrier AND number = :number ORDER BY rowid",
            {"carrier": carrier, "number": number},
        )
        told = [TrackingEvent(event.at, event.code, event.place, *TEXTS[event.code]) for event in events]
        cash = (read or self._store).row(
            Cash,
            "SELECT amount, currency FROM parcels_cash WHERE carrier = :carrier AND number = :number",
            {"carrier": carrier, "number": number},
        )
        collected = cash.amount if cash is not None and parcel.status == "delivered" else None
        return Tracking(parcel.carrier, number, parcel.status, told, cash, collected)

    def collects(self, carrier: str, number: str) -> bool:
        """Whether the recipient pays for this parcel."""
        found = self._store.number(
            "SELECT 1 FROM parcels_collect WHERE carrier = :carrier AND number = :number",
            {"carrier": carrier, "number": number},
        )
        return found is not None

    def latest(self) -> list[ParcelRow]:
        return self._store.rows(
            ParcelRow,
            "SELECT * FROM parcels ORDER BY created_at DESC, rowid DESC LIMIT :most",
            {"most": PAGE_ROWS},
        )


def new_number(carrier: Carrier) -> str:
    """SX and 13 digits; or, for the post, a number with the check digit of the UPU's standard S10."""
    if carrier == "simex":
        return f"SX{secrets.randbelow(10**13):013d}"
    serial = f"{secrets.randbelow(10**8):08d}"
    return f"SP{serial}{s10_check_digit(serial)}CN"


def s10_check_digit(serial: str) -> int:
    """Of eight digits, after UPU standard S10: 47312482 has 9."""
    total = sum(int(digit) * weight for digit, weight in zip(serial, S10_WEIGHTS, strict=True))
    check = 11 - total % 11
    return {10: 0, 11: 5}.get(check, check)
