"""Who watches a live session: those who come and go are told of, where they may be."""

from collections.abc import Iterable
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from uuid import UUID

from steelyard.kernel.db import Database
from steelyard.kernel.lookups import look_up
from steelyard.kernel.settings import Settings
from steelyard.operations.behaviour import Behaviour, Channel, Kind, Surface
from steelyard.parties import access
from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.live_room.hub import Key
from steelyard.surfaces.web.footfall import Footfall, Noted, counts, device_named
from steelyard.surfaces.web.seals import unseal
from steelyard.surfaces.web.visit import SESSION_COOKIE, VISITOR_COOKIE


class Watchers:
    """Tells of those who come and go, where they may be told of."""

    def __init__(self, db: Database, settings: Settings, footfall: Footfall) -> None:
        self._db = db
        self._settings = settings
        self._footfall = footfall

    async def of(self, raw: Iterable[tuple[bytes, bytes]], key: Key) -> "Watcher | None":
        """None of programs, of who asks not to be counted, of browsers that we do not know, and of who works here. Who is
        signed in is looked up together with all who come in the same moment."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
        try:
            cookies = SimpleCookie(headers.get("cookie", "") if counts(headers) else "")
        except CookieError:
            return None
        visitor_id, buyer_id = self._visitor(cookies), None
        if visitor_id is None:
            return None
        if SESSION_COOKIE in cookies:
            actor = await look_up(self._db, access.sessions, cookies[SESSION_COOKIE].value)
            account = actor.account if actor is not None else None
            if account is not None and account.kind is not AccountKind.BUYER:
                return None
            buyer_id = account.buyer_id if account is not None else None
        device = device_named(headers.get("user-agent", ""))
        return Watcher(self._footfall, key, visitor_id, buyer_id, device)

    def _visitor(self, cookies: SimpleCookie) -> UUID | None:
        found = cookies.get(VISITOR_COOKIE)
        known = unseal(self._settings, VISITOR_COOKIE, found.value) if found is not None else None
        return UUID(known) if known else None


class Watcher:
    """One browser that watches one session."""

    def __init__(self, footfall: Footfall, key: Key, visitor_id: UUID, buyer_id: UUID | None, device: str) -> None:
        self._footfall = footfall
        self._key = key
        self._visitor_id = visitor_id
        self._buyer_id = buyer_id
        self._device = device
        self._since = datetime.now(UTC)

    def entered(self, came_from: str) -> None:
        """They came in, by way of what."""
        self._tell(Kind.LIVE_ENTER, {"from": came_from})

    def left(self) -> None:
        """They are gone, after so many seconds. A connection that breaks and comes back has left twice: the seconds add up."""
        self._tell(Kind.LIVE_LEAVE, {"seconds": round((datetime.now(UTC) - self._since).total_seconds())})

    def _tell(self, kind: Kind, properties: dict[str, str | int | bool]) -> None:
        done = Behaviour(
            kind=kind,
            visitor_id=self._visitor_id,
            buyer_id=self._buyer_id,
            merchant_id=self._key.merchant_id,
            session_id=self._key.session_id,
            surface=Surface.LIVE,
            channel=Channel.DIRECT,
            device=self._device,
            properties=properties,
        )
        self._footfall.note(Noted(who=done.who, behaviours=[done]))
