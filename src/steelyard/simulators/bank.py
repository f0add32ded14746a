"""The bank: takes instructions to pay out, thinks about them, and says what became of them.

bank.app(settings)          the application
await bank.serve(settings)  the program

A transfer is accepted, then paid; one to an account that ends in 0000 is rejected, since that account is closed. What
others pay in is a credit. The statement of a day has both: see `bank_statement`.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Template
from msgspec import Meta

from steelyard.simulators.bank_statement import statement
from steelyard.simulators.clock import Clock
from steelyard.simulators.idempotency import Answer, once
from steelyard.simulators.pages import page
from steelyard.simulators.problems import not_found
from steelyard.simulators.serving import Listener, serve_apps
from steelyard.simulators.settings import Settings
from steelyard.simulators.statement_days import statement_day
from steelyard.simulators.store import Store, Tx
from steelyard.simulators.web import ClientMaker, Foundation, assemble
from steelyard.simulators.webhooks import Outbox

__all__ = ["app", "listener", "serve"]

AnyRequest = Request[object, object, State]
REJECTED_ACCOUNTS_END = "0000"
PAGE_ROWS = 50
DECIDED_PER_ROUND_MAX = 500
SCHEMA = """
CREATE TABLE IF NOT EXISTS transfers (
  reference   TEXT PRIMARY KEY
, name        TEXT NOT NULL
, bank        TEXT NOT NULL
, account     TEXT NOT NULL
, amount      INTEGER NOT NULL CHECK (amount > 0)
, currency    TEXT NOT NULL
, purpose     TEXT NOT NULL
, webhook_url TEXT
, status      TEXT NOT NULL DEFAULT 'accepted'
, reason      TEXT
, created_at  REAL NOT NULL
, due_at      REAL NOT NULL
, decided_at  REAL
, CONSTRAINT decided_means_when CHECK ((status = 'accepted') = (decided_at IS NULL))
, CONSTRAINT rejected_means_why CHECK ((status = 'rejected') = (reason IS NOT NULL))
);
CREATE INDEX IF NOT EXISTS transfers_due ON transfers (due_at, reference) WHERE status = 'accepted';
CREATE INDEX IF NOT EXISTS transfers_by_creation ON transfers (created_at, reference);
CREATE INDEX IF NOT EXISTS transfers_by_decision ON transfers (decided_at, reference) WHERE status = 'paid';

CREATE TABLE IF NOT EXISTS credits (
  reference TEXT PRIMARY KEY
, party     TEXT NOT NULL
, amount    INTEGER NOT NULL CHECK (amount > 0)
, currency  TEXT NOT NULL
, at        REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS credits_by_time ON credits (at, reference);
"""

Status = Literal["accepted", "paid", "rejected"]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Beneficiary(msgspec.Struct, frozen=True, kw_only=True):
    name: Name
    bank: Name
    account: Annotated[str, Meta(pattern=r"^[A-Za-z0-9 -]{4,40}$")]


class TransferRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An instruction to pay. `amount` is in minor units; `reference` is the instruction's identity."""

    reference: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,80}$")]
    beneficiary: Beneficiary
    amount: Annotated[int, Meta(ge=1, le=10**15)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    purpose: Annotated[str, Meta(max_length=200)] = ""
    webhook_url: Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+[^\s]*$", max_length=2000)] | None = None


class CreditRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Money that somebody pays in to the platform's account. `reference` is the payer's, and its identity."""

    reference: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,80}$")]
    party: Name
    amount: Annotated[int, Meta(ge=1, le=10**15)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]


class Credit(CreditRequest, frozen=True, kw_only=True):
    at: datetime


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer as the query API, the webhooks and the answer to the instruction show it."""

    reference: str
    status: Status
    amount: int
    currency: str
    reason: str | None
    created_at: datetime
    decided_at: datetime | None


class TransferRow(Transfer, frozen=True, kw_only=True):
    name: str
    bank: str
    account: str
    purpose: str
    webhook_url: str | None

    @property
    def account_end(self) -> str:
        return self.account.replace(" ", "").replace("-", "")[-4:]

    @property
    def shown(self) -> Transfer:
        return Transfer(
            reference=self.reference,
            status=self.status,
            amount=self.amount,
            currency=self.currency,
            reason=self.reason,
            created_at=self.created_at,
            decided_at=self.decided_at,
        )


class TransferBook:
    """Accepts, decides and finds transfers."""

    def __init__(self, store: Store, clock: Clock, outbox: Outbox, seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._outbox = outbox
        self._seconds = seconds

    def accept(self, request: TransferRequest) -> Answer:
        """Promise to look at it. The same reference answers the same, or 409 for another instruction."""

        def work(tx: Tx) -> Transfer:
            now = self._clock.now()
            row = tx.row(
                TransferRow,
                """INSERT INTO transfers (reference, name, bank, account, amount, currency, purpose, webhook_url,
                                          created_at, due_at)
                   VALUES (:reference, :name, :bank, :account, :amount, :currency, :purpose, :webhook_url,
                           :now, :due) RETURNING *""",
                {
                    "reference": request.reference,
                    "name": request.beneficiary.name,
                    "bank": request.beneficiary.bank,
                    "account": request.beneficiary.account,
                    "amount": request.amount,
                    "currency": request.currency,
                    "purpose": request.purpose,
                    "webhook_url": request.webhook_url,
                    "now": now,
                    "due": now + self._seconds,
                },
            )
            assert row is not None
            return row.shown

        return once(
            self._store,
            self._clock,
            operation="transfer",
            key=request.reference,
            request=request,
            status=202,
            work=work,
        )

    def credit(self, request: CreditRequest) -> Answer:
        """Take money in. The same reference answers the same, or 409 for another amount."""

        def work(tx: Tx) -> Credit:
            row = tx.row(
                Credit,
                """INSERT INTO credits (reference, party, amount, currency, at)
                   VALUES (:reference, :party, :amount, :currency, :now) RETURNING *""",
                {**msgspec.structs.asdict(request), "now": self._clock.now()},
            )
            assert row is not None
            return row

        return once(
            self._store,
            self._clock,
            operation="credit",
            key=request.reference,
            request=request,
            status=201,
            work=work,
        )

    async def decide_due(self) -> float | None:
        """Pay what is due, reject what goes to a closed account; returns when the next one is due."""
        with self._store.write() as tx:
            due = tx.rows(
                TransferRow,
                """SELECT * FROM transfers
                   WHERE status = 'accepted' AND due_at <= :now ORDER BY due_at, reference LIMIT :most""",
                {"now": self._clock.now(), "most": DECIDED_PER_ROUND_MAX},
            )
            for transfer in due:
                rejected = transfer.account_end == REJECTED_ACCOUNTS_END
                row = tx.row(
                    TransferRow,
                    """UPDATE transfers SET status = :status, reason = :reason, decided_at = :now
                       WHERE reference = :reference RETURNING *""",
                    {
                        "reference": transfer.reference,
                        "status": "rejected" if rejected else "paid",
                        "reason": "account closed" if rejected else None,
                        "now": self._clock.now(),
                    },
                )
                assert row is not None
                self._outbox.publish(tx, f"transfer.{row.status}", row.reference, row.webhook_url, row.shown)
        return self._store.number("SELECT min(due_at) FROM transfers WHERE status = 'accepted'")

    def one(self, reference: str) -> Transfer:
        row = self._store.row(
            TransferRow, "SELECT * FROM transfers WHERE reference = :reference", {"reference": reference}
        )
        if row is None:
            raise not_found("transfer")
        return row.shown

    def latest(self, before: str | None) -> list[TransferRow]:
        """A page of transfers, newest first, that starts after `before`."""
        return self._store.rows(
            TransferRow,
            """SELECT * FROM transfers
               WHERE :before IS NULL
                  OR (created_at, reference) < (SELECT created_at, reference FROM transfers WHERE reference = :before)
               ORDER BY created_at DESC, reference DESC LIMIT :most""",
            {"before": before, "most": PAGE_ROWS},
        )


@post("/v1/transfers")
async def instruct(
    data: JSONBody[TransferRequest],
    transfers: NamedDependency[TransferBook],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    answer = transfers.accept(data)
    ground.pump.wake()
    return answer.response()


@get("/v1/transfers/{reference:str}")
async def show(reference: FromPath[str], transfers: NamedDependency[TransferBook]) -> Transfer:
    return transfers.one(reference)


@post("/v1/credits")
async def pay_in(data: JSONBody[CreditRequest], transfers: NamedDependency[TransferBook]) -> Response[bytes]:
    return transfers.credit(data).response()


@get("/v1/statements/{file:str}", media_type="text/csv")
async def show_statement(file: FromPath[str], ground: NamedDependency[Foundation]) -> Response[str]:
    """The statement of a day that has begun; today's is not whole yet."""
    day = statement_day(file, ground.clock.now())
    return Response(
        statement(ground.store, day),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="simbank-{day}.csv"'},
    )


@get("/")
async def index(
    request: AnyRequest, transfers: NamedDependency[TransferBook], before: FromQuery[str | None] = None
) -> Template:
    rows = transfers.latest(before)
    older = rows[-1].reference if len(rows) == PAGE_ROWS else None
    return page(request, "bank.html", transfers=rows, older=older)


def app(settings: Settings, *, clock: Clock | None = None, client: ClientMaker | None = None) -> Litestar:
    """The bank as an ASGI application; tests bring their own clock and the client that sends webhooks."""
    ground = Foundation("bank", settings, SCHEMA, clock=clock, client=client)
    transfers = TransferBook(ground.store, ground.clock, ground.outbox, settings.transfer_seconds)
    ground.works(transfers.decide_due)

    def provide_transfers() -> TransferBook:
        return transfers

    return assemble(
        ground,
        api=[instruct, show, pay_in, show_statement],
        page_routes=[index],
        dependencies={"transfers": Provide(provide_transfers, sync_to_thread=False)},
    )


def listener(settings: Settings) -> Listener:
    return Listener(app(settings), settings.host, settings.bank_port)


async def serve(
    settings: Settings, *, stop: asyncio.Event | None = None, ready: Callable[[], object] | None = None
) -> None:
    """Serve until `stop` is set, or until SIGINT or SIGTERM when none is given."""
    await serve_apps([listener(settings)], stop=stop, ready=ready)
