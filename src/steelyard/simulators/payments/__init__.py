"""The payment channel "simpay": charges, a cashier page, signed webhooks, refunds, a daily statement.

payments.app(settings)          the application
await payments.serve(settings)  the program

What it answers to is in `api.py`, what the payer sees in `cashier.py`, the columns of the statement in `statement.py`.
A charge with a token needs no cashier: `tok_approve` is captured, `tok_decline` declined, `tok_3ds` waits for the 3-D
step at its `action_url` (code 123456), `tok_hang` is processing until somebody resolves it, and `tok_timeout` is
captured while its caller waits in vain. A charge that is asked for with `capture` "later" is authorised for seven days instead,
and taken in parts by `/v1/captures`; cancelling it lets the rest go. Refunds succeed after a moment; under the fault
`refunds=fail` those fail whose amount ends in 13 minor units. Chargebacks are opened and decided at its desk (`disputes.py`).
What it has collected it pays on to the bank every day (`payouts.py`). The other faults are described in
`steelyard.simulators.faults`.
"""

import asyncio
from collections.abc import Callable

from litestar import Litestar
from litestar.di import Provide

from steelyard.simulators.clock import Clock
from steelyard.simulators.payments.api import API
from steelyard.simulators.payments.book import PaymentBook
from steelyard.simulators.payments.cashier import CASHIER
from steelyard.simulators.payments.desk import DESK
from steelyard.simulators.payments.disputes import API as DISPUTES
from steelyard.simulators.payments.disputes import DESK as DISPUTES_AT_DESK
from steelyard.simulators.payments.disputes import DisputeBook
from steelyard.simulators.payments.payouts import PayoutBook
from steelyard.simulators.payments.refunds import RefundBook
from steelyard.simulators.payments.schema import SCHEMA, bring_up
from steelyard.simulators.serving import Listener, serve_apps
from steelyard.simulators.settings import Settings
from steelyard.simulators.web import ClientMaker, Foundation, assemble

__all__ = ["app", "listener", "serve"]


def app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    client: ClientMaker | None = None,
    bank: ClientMaker | None = None,
) -> Litestar:
    """The channel as an ASGI application; tests bring their own clock, the client that sends webhooks, and a bank."""
    ground = Foundation("payments", settings, SCHEMA, clock=clock, client=client)
    bring_up(ground.store)
    payments = PaymentBook(ground.store, ground.clock, ground.outbox, settings.payments_url)
    refunds = RefundBook(payments, ground.faults, settings.refund_seconds)
    payouts = PayoutBook(ground.store, ground.clock, settings, bank)
    disputes = DisputeBook(payments)
    ground.works(disputes.lapse_due, payments.expire_due, refunds.settle_due, payouts.pay_due)

    def provide_payments() -> PaymentBook:
        return payments

    def provide_refunds() -> RefundBook:
        return refunds

    def provide_disputes() -> DisputeBook:
        return disputes

    return assemble(
        ground,
        api=[*API, *DISPUTES],
        page_routes=[*CASHIER, *DESK, *DISPUTES_AT_DESK],
        dependencies={
            "disputes": Provide(provide_disputes, sync_to_thread=False),
            "payments": Provide(provide_payments, sync_to_thread=False),
            "refunds": Provide(provide_refunds, sync_to_thread=False),
        },
    )


def listener(settings: Settings) -> Listener:
    return Listener(app(settings), settings.host, settings.payments_port)


async def serve(
    settings: Settings, *, stop: asyncio.Event | None = None, ready: Callable[[], object] | None = None
) -> None:
    """Serve until `stop` is set, or until SIGINT or SIGTERM when none is given."""
    await serve_apps([listener(settings)], stop=stop, ready=ready)
