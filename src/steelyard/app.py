"""The web application: the surfaces put together on one Litestar."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.types import ExceptionHandler

from steelyard.goods import search
from steelyard.kernel import batching, logs
from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Refusal
from steelyard.kernel.settings import Settings
from steelyard.surfaces import api, live_room, merchant, operator, storefront
from steelyard.surfaces.components.assets import Assets
from steelyard.surfaces.components.environment import Templates
from steelyard.surfaces.live_room.running import Running
from steelyard.surfaces.live_room.stream import Streams
from steelyard.surfaces.live_room.watching import Watchers
from steelyard.surfaces.web import problems, security, styleguide
from steelyard.surfaces.web.compression import Compressed
from steelyard.surfaces.web.footfall import Footfall
from steelyard.surfaces.web.over import Over
from steelyard.surfaces.web.turnstile import Turnstile
from steelyard.surfaces.web.visit import provide_visit
from steelyard.surfaces.web.words_met import WordsMet

BODY_BYTES_MAX = 10 * 1024 * 1024
SURFACES = Path(__file__).parent / "surfaces"
# So many new objects that do not go by themselves, and of the older ones every so many times: Python's own are 700, 10, 10.
COLLECT_AFTER = (25_000, 20, 20)


@get("/assets/{path:path}", opt={"exclude_from_csrf": True})
async def assets(request: Request[object, None, State], path: FromPath[Path]) -> Response[bytes]:
    """A static file of ours."""
    found: Assets = request.app.state.assets
    answer = found.answer(
        f"/assets/{str(path).lstrip('/')}",
        request.headers.get("accept-encoding", ""),
        request.headers.get("if-none-match", ""),
    )
    media_type = answer.headers.pop("content-type", "application/octet-stream")
    return Response(answer.body, status_code=answer.status, headers=answer.headers, media_type=media_type)


@get("/health/live")
async def live() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@get("/health/ready")
async def ready(request: Request[object, None, State]) -> Response[dict[str, str]]:
    """The process can serve: the database answers."""
    db: Database = request.app.state.db
    try:
        await db.ask(_one)
    except Exception:  # whatever keeps the database from answering, we are not ready
        return Response({"status": "database does not answer"}, status_code=503)
    return Response({"status": "ok"})


async def _one(read: Read) -> int:
    return await read.value("SELECT 1")


def create_app(settings: Settings | None = None) -> Litestar:
    """The application, as a server runs it: `granian --factory steelyard.app:create_app`."""
    settings = settings or kernel_settings.load()
    logs.configure(settings.log_format)

    @asynccontextmanager
    async def connected(app: Litestar) -> AsyncGenerator[None]:
        assert settings.database_url, "the launcher says where the database is"
        app.state.db = await Database.connect(settings.database_url, size=settings.pool_size)
        app.state.footfall = Footfall(app.state.db)
        streams.watchers = Watchers(app.state.db, settings, app.state.footfall)
        met = WordsMet(app.state.db)
        met.start()
        app.state.live = Running(app.state.db, settings.database_url, streams)
        app.state.live.start()
        turnstile.db = app.state.db
        try:
            yield
        finally:
            await app.state.live.stop()
            await batching.drain(app.state.db)
            await app.state.footfall.stop()
            await met.stop()
            await app.state.db.close()

    static = Assets({"live_room": SURFACES / "live_room" / "static"})
    handlers: dict[int | type[Exception], ExceptionHandler[Any]] = {
        Refusal: problems.on_refusal,
        HTTPException: problems.on_http_exception,
        Exception: problems.on_bug,
    }
    names = ("web", "storefront", "merchant", "operator", "live_room")
    templates = Templates(static, {name: SURFACES / name / "templates" for name in names})
    routers = (storefront.router, live_room.router, live_room.studio, merchant.router, operator.router)
    app = Litestar(
        [assets, live, ready, *styleguide.HANDLERS, *routers, *api.routers],
        lifespan=[connected],
        state=State({"settings": settings, "assets": static, "templates": templates}),
        dependencies={"visit": Provide(provide_visit)},
        middleware=[security.csrf(settings)],
        exception_handlers=handlers,
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
    )
    # Around everything, so that an address that leads nowhere is answered with the same headers.
    app.state.over = Over(templates, settings)
    turnstile = Turnstile(Compressed(app.asgi_handler), app.state.over, settings.workers)
    streams = Streams(security.Envelope(turnstile, settings=settings), settings)
    app.asgi_handler = streams
    return app


_made_before: list[Litestar] = []


def make_before_workers() -> None:
    """Make the application before the web workers are forked: it is made once, and they share its memory."""
    search.read_dictionary()
    _made_before.append(create_app())
    over: Over = _made_before[0].state.over
    over.draw()
    settle()


def settle() -> None:
    """What is there by now stays out of the garbage collector's way, which would write to every piece of it; and it looks
    more seldom: nearly all that a request makes goes by itself, and looking for the rest took a tenth of a purchase."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(*COLLECT_AFTER)


def web_worker() -> Litestar:
    """The application of a web worker, as `steelyard serve` runs it."""
    return _made_before[0] if _made_before else create_app()
