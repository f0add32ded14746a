"""The application with the surface for programs alone."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware

from steelyard.kernel.db import Database
from steelyard.kernel.errors import Refusal
from steelyard.kernel.settings import Settings
from steelyard.surfaces import api
from steelyard.surfaces.web import problems, security

BASE = "http://shop.test"


@dataclass
class Served:
    """`http` talks to the surface over `db`."""

    app: Litestar
    http: httpx.AsyncClient
    db: Database


@asynccontextmanager
async def serve(db: Database, settings: Settings, routers: Sequence[Router] = api.routers) -> AsyncIterator[Served]:
    app = Litestar(
        [*routers],
        state=State({"settings": settings, "db": db}),
        middleware=[DefineMiddleware(security.Envelope, settings=settings), security.csrf(settings)],
        exception_handlers={
            Refusal: problems.on_refusal,
            HTTPException: problems.on_http_exception,
            Exception: problems.on_bug,
        },
        openapi_config=None,
        logging_config=None,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as http:
        yield Served(app, http, db)
