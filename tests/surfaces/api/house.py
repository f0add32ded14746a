"""The house's doors for programs under test: the application without pages, and the simulators beside it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware

from steelyard.kernel.db import Database
from steelyard.kernel.errors import Refusal
from steelyard.kernel.settings import Settings
from steelyard.money.payments import gateways
from steelyard.money.payments.gateways.simpay import Simpay
from steelyard.simulators import payments
from steelyard.surfaces import api
from steelyard.surfaces.web import problems, security
from tests.simulators.world import Simulated, settings_in, simulate

BASE_URL = "http://127.0.0.1:8000"
READY_TRIES = 3_000
AGENT = "https://agents.example/profile.json"


def settings_of(home: Path, **chosen: Any) -> Settings:
    """Nobody fetches profiles from the network in a test, unless it says so."""
    given = {"base_url": BASE_URL, "ucp_fetch_profiles": False, "simpay_url": "http://simpay.test", **chosen}
    secret = settings_in(home).webhook_secret
    return Settings(
        home=home,
        simpay_webhook_secret=secret,
        carriers_webhook_secret=secret,
        bank_webhook_secret=secret,
        **given,
    )


def app_of(settings: Settings, db: Database) -> Litestar:
    return Litestar(
        api.routers,
        state=State({"settings": settings, "db": db}),
        middleware=[DefineMiddleware(security.Envelope, settings=settings)],
        exception_handlers={
            Refusal: problems.on_refusal,
            HTTPException: problems.on_http_exception,
            Exception: problems.on_bug,
        },
        openapi_config=None,
        logging_config=None,
        request_max_body_size=10 * 1024 * 1024,
    )


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def listening(app: Litestar, port: int) -> AsyncIterator[None]:
    """The application behind a real server on this machine."""
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    for _ in range(READY_TRIES):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            break
        await asyncio.sleep(0.02)
    yield
    server.stop()
    with suppress(BaseException):
        await serving


@dataclass
class House:
    """`http` is a client without any headers; `channel` the payment simulator."""

    db: Database
    settings: Settings
    app: Litestar
    http: httpx.AsyncClient
    channel: Simulated

    async def restart(self) -> None:
        """The same house in a new process."""
        await self.http.aclose()
        self.app = app_of(self.settings, self.db)
        self.http = client_of(self.app)

    async def close(self) -> None:
        gateways._offered.pop(self.settings, None)
        await self.http.aclose()
        await self.channel.close()


def client_of(app: Litestar) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=BASE_URL)


def open_house(db: Database, home: Path, **chosen: Any) -> House:
    settings = settings_of(home, **chosen)
    channel = simulate(payments, settings_in(home / "simulators"))
    gateways._offered[settings] = {"simpay": Simpay("", "", settings.simpay_webhook_secret, client=channel.http)}
    app = app_of(settings, db)
    return House(db, settings, app, client_of(app), channel)


@dataclass
class Agent:
    """A shopping agent of the platform `profile`."""

    house: House
    profile: str = AGENT
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = {"ucp-agent": f'profile="{self.profile}"', "accept-language": "en", "request-id": str(uuid4())}
        if method in ("POST", "PUT"):
            sent |= {"idempotency-key": key or str(uuid4()), "content-type": "application/json"}
        content = body if isinstance(body, bytes) else msgspec.json.encode(body) if body is not None else None
        sent |= {**self.headers, **(headers or {})}
        return await self.house.http.request(method, f"/ucp/v1{path}", content=content, headers=sent)

    async def get(self, path: str, **more: Any) -> dict[str, Any]:
        return (await self.ask("GET", path, **more)).json()

    async def post(self, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        return (await self.ask("POST", path, body, **more)).json()

    async def put(self, path: str, body: Any, **more: Any) -> dict[str, Any]:
        return (await self.ask("PUT", path, body, **more)).json()
