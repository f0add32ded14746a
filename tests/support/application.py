"""The application of this process, lent to one test after the other."""

from pathlib import Path

import msgspec
from litestar import Litestar
from litestar.datastructures import State

from steelyard.app import create_app
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.surfaces.web import security
from steelyard.surfaces.web.compression import Compressed
from steelyard.surfaces.web.over import Over
from steelyard.surfaces.web.turnstile import Turnstile

_made: dict[Settings, tuple[Litestar, dict[str, object]]] = {}


def application(settings: Settings, db: Database) -> Litestar:
    """The application with these settings, on this database, with a state of its own.

    Registering its routes takes a second. It is done once for all settings that differ only in where things are; what
    remains from the first of them is the secret of the forms, which only its own tokens meet.
    """
    alike = msgspec.structs.replace(settings, home=Path(), database_url=None)
    if alike not in _made:
        app = create_app(settings)
        _made[alike] = app, {name: app.state[name] for name in ("assets", "templates")}
    app, made = _made[alike]
    # As its lifespan would: that cannot be left in another task than it was entered in, which fixtures do.
    app.state = State({**made, "settings": settings, "db": db})
    # Its cookies are signed with a secret of these settings.
    bare = app._create_asgi_handler()  # pyright: ignore[reportPrivateUsage]  # what `create_app` puts its envelope around
    turnstile = Turnstile(Compressed(bare), Over(app.state.templates, settings), settings.workers)
    turnstile.db = db
    app.asgi_handler = security.Envelope(turnstile, settings=settings)
    return app
