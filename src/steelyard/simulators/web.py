"""Putting one simulator together: its store, its clock, its works, its routes, and what all have in common."""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal, cast

import httpx
import msgspec
from litestar import Litestar, Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery, JSONBody
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from steelyard.simulators import faults as fault_modes
from steelyard.simulators import idempotency, pages, webhooks
from steelyard.simulators.clock import Clock
from steelyard.simulators.faults import FaultBoard, Faults, FaultsChange
from steelyard.simulators.problems import Refused, on_bug, on_http_exception, on_refused
from steelyard.simulators.pump import Pump, Work
from steelyard.simulators.requests import add_headers, is_foreign, lose, say_nothing
from steelyard.simulators.settings import Settings
from steelyard.simulators.store import Store
from steelyard.simulators.webhooks import Delivery, Envelope, Heard, Outbox, any_success, delivery_log, standard

BODY_BYTES_MAX = 64 * 1024

AnyRequest = Request[object, object, State]
ClientMaker = Callable[[], httpx.AsyncClient]
Program = Literal["payments", "carriers", "bank", "mail", "alipay", "wechatpay", "stripe"]


class Foundation:
    """What a simulator stands on. Its `closing` is set first when it shuts down, so that nothing waits any longer."""

    def __init__(
        self,
        program: Program,
        settings: Settings,
        schema: str,
        *,
        clock: Clock | None = None,
        client: ClientMaker | None = None,
        envelope: Envelope | None = None,
        heard: Heard = any_success,
    ) -> None:
        """`envelope` and `heard` are how its messages are sent, and what says that they have arrived; without them after
        the Standard Webhooks specification."""
        self.program: Program = program
        self.settings = settings
        self.clock = clock or Clock()
        self.closing = asyncio.Event()
        self.store = Store(
            settings.home / f"{program}.sqlite3",
            fault_modes.SCHEMA,
            idempotency.SCHEMA,
            webhooks.SCHEMA,
            schema,
        )
        self.faults = FaultBoard(self.store, settings.faults)
        self.outbox = Outbox(
            self.store,
            self.clock,
            self.faults,
            envelope=envelope or standard(settings.webhook_secret),
            heard=heard,
            retry_seconds=settings.retry_seconds,
            closing=self.closing,
            client=client,
        )
        self.pump = Pump(self.clock, [], self.closing)

    def works(self, *works: Work) -> None:
        """Say what is to be done as time goes by; webhooks are sent after the rest."""
        self.pump = Pump(self.clock, [*works, self.outbox.send_due], self.closing)


class Health(msgspec.Struct, frozen=True):
    program: Program
    status: Literal["ok"] = "ok"


class DeliveryLog(msgspec.Struct, frozen=True):
    deliveries: list[Delivery]


def foundation(app: Litestar) -> Foundation:
    """The foundation of an assembled simulator: for those who embed it, and for tests."""
    return cast("Foundation", app.state.foundation)


@get("/health")
async def health(ground: NamedDependency[Foundation]) -> Health:
    return Health(ground.program)


@get("/v1/faults")
async def show_faults(ground: NamedDependency[Foundation]) -> Faults:
    return ground.faults.now


@post("/v1/faults", status_code=200)
async def change_faults(data: JSONBody[FaultsChange], ground: NamedDependency[Foundation]) -> Faults:
    return ground.faults.change(data)


@get("/v1/webhooks")
async def show_deliveries(ground: NamedDependency[Foundation], subject: FromQuery[str | None] = None) -> DeliveryLog:
    return DeliveryLog(delivery_log(ground.store, subject))


async def needs_key(connection: ASGIConnection[BaseRouteHandler, object, object, State], _: BaseRouteHandler) -> None:
    """Guard of /v1: `Authorization: Bearer <api key>`."""
    expected = f"Bearer {foundation(connection.app).settings.api_key}"
    given = connection.headers.get("authorization", "")
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise NotAuthorizedException("The API key is missing or wrong.")


async def misbehave(request: AnyRequest) -> Response[bytes] | None:
    """Play the fault that is on for answers. The switches themselves always work."""
    ground = foundation(request.app)
    if request.url.path == "/v1/faults":
        return None
    match ground.faults.answers():
        case "lost":
            lose(request.scope)
        case "slow":
            await ground.clock.sleep(ground.faults.now.delay_seconds, ground.closing)
        case "error500":
            raise Refused(500, "simulated_error", "The fault answers=error500 is on; nothing was done.")
        case "prompt":
            pass
    return None


async def refuse_foreign(request: AnyRequest) -> None:
    """A page of another site may not press our buttons: the pages ask for no key."""
    if request.method == "POST" and is_foreign(request.scope):
        raise Refused(403, "foreign_form", "This form was sent from another site.")


def assemble(
    ground: Foundation,
    *,
    api: Sequence[ControllerRouterHandler],
    page_routes: Sequence[ControllerRouterHandler],
    dependencies: Mapping[str, Provide],
    lifespan: Sequence[Callable[[Litestar], AbstractAsyncContextManager[None]]] = (),
    open_api: Sequence[ControllerRouterHandler] = (),
) -> Litestar:
    """The application: `api` asks for the key and may misbehave, `page_routes` and `open_api` do neither."""

    def provide_ground() -> Foundation:
        return ground

    keyed = Router(
        "/",
        route_handlers=[*api, show_faults, change_faults, show_deliveries],
        guards=[needs_key],
        before_request=misbehave,
    )
    for_people = Router("/", route_handlers=list(page_routes), before_request=refuse_foreign, include_in_schema=False)
    return Litestar(
        [health, keyed, for_people, *open_api, create_static_files_router("/static", [pages.STATIC])],
        dependencies={"ground": Provide(provide_ground, sync_to_thread=False), **dependencies},
        lifespan=[_turning, *lifespan],
        template_config=pages.templates(),
        exception_handlers={Refused: on_refused, HTTPException: on_http_exception, Exception: on_bug},
        before_send=[add_headers, say_nothing],
        request_max_body_size=BODY_BYTES_MAX,
        state=State({"foundation": ground, "program": ground.program}),
        openapi_config=None,
        logging_config=None,
    )


@asynccontextmanager
async def _turning(app: Litestar) -> AsyncGenerator[None]:
    """Time goes by while the application runs."""
    ground = foundation(app)
    running = asyncio.create_task(ground.pump.run())
    try:
        yield
    finally:
        await ground.pump.close(running)
        ground.store.close()
