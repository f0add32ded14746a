"""How a visitor came here: what the link says of itself (UTM, a code that was scanned, an invitation), else the page before.

A page is where somebody arrives when no page of ours led to it. `utm_source`, `utm_medium`, `utm_campaign` and `utm_content` are
those of everybody's links; `qr` names a code that was scanned, `invite` an invitation, `link` a campaign link of ours.
"""

import re
from urllib.parse import urlsplit

import msgspec

from steelyard.operations.behaviour import Channel, Property
from steelyard.parties.notifications import MESSAGE_SOURCE
from steelyard.surfaces.web.visit import Connection

WORD_CHARACTERS_MAX = 80
PATH_CHARACTERS_MAX = 200

_SEARCH = re.compile(r"(^|\.)(google|bing|baidu|sogou|so|yandex|duckduckgo|ecosia|sm)\.[a-z.]+$")
_SOCIAL = re.compile(
    r"(^|\.)(weibo\.com|weixin\.qq\.com|douyin\.com|xiaohongshu\.com|zhihu\.com|bilibili\.com|facebook\.com|instagram\.com"
    r"|tiktok\.com|x\.com|t\.co|youtube\.com|pinterest\.[a-z.]+|reddit\.com)$"
)
_MEDIA = {
    "cpc": Channel.AD,
    "ppc": Channel.AD,
    "ad": Channel.AD,
    "ads": Channel.AD,
    "email": Channel.MAIL,
    "mail": Channel.MAIL,
    "social": Channel.SOCIAL,
    "qr": Channel.QR,
    "invite": Channel.INVITE,
    "live": Channel.LIVE,
    "link": Channel.LINK,
    "search": Channel.SEARCH,
}
# Who comes back from the payment channel or follows a link of an agent has not arrived anew.
_NOT_LANDED = ("/checkout", "/purchases", "/account", "/orders", "/sign-in", "/register", "/l/")


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """By which channel, and what the link said; `properties` are those of the event `arrive`."""

    channel: Channel
    source: str
    medium: str
    campaign: str
    properties: dict[str, Property]

    @property
    def said(self) -> tuple[str, ...]:
        """What makes it the same arrival when a page is loaded again."""
        return (self.channel, self.source, self.medium, self.campaign, str(self.properties.get("link", "")))


def arrival(connection: Connection) -> Arrival | None:
    """How somebody arrives with this request; none where a page of ours led to it, or nobody lands there."""
    given = {name: word(value) for name, value in connection.query_params.items()}
    own = given.get("utm_source") == MESSAGE_SOURCE
    marked = bool(given.get("utm_medium") or given.get("qr") or given.get("invite") or given.get("link"))
    if _from_here(connection) and (own or not marked):
        return None
    path = connection.url.path
    if path.startswith(_NOT_LANDED) and not marked:
        return None
    host = referrer(connection)
    more: dict[str, Property] = {
        name: value
        for name, value in (
            ("content", given.get("utm_content", "")),
            ("link", given.get("link", "")),
            ("qr", given.get("qr", "")),
            ("invite", given.get("invite", "")),
            ("referrer", host[:WORD_CHARACTERS_MAX]),
            ("landing", path[:PATH_CHARACTERS_MAX]),
        )
        if value
    }
    if "new_visitor" in connection.scope["state"]:
        more["new"] = True
    return Arrival(
        channel=channel_of(connection),
        source=given.get("utm_source") or host[:WORD_CHARACTERS_MAX],
        medium=given.get("utm_medium", ""),
        campaign=given.get("utm_campaign", ""),
        properties=more,
    )


def channel_of(connection: Connection) -> Channel:
    """Where the visitor comes from: what the link says of itself, else the page that led here."""
    given = connection.query_params
    if given.get("qr"):
        return Channel.QR
    if given.get("invite"):
        return Channel.INVITE
    said = _MEDIA.get(str(given.get("utm_medium", "")).lower())
    if said:
        return said
    host = referrer(connection)
    if not host:
        return Channel.DIRECT
    if _SEARCH.search(host):
        return Channel.SEARCH
    return Channel.SOCIAL if _SOCIAL.search(host) else Channel.LINK


def referrer(connection: Connection) -> str:
    """The host of the page that led here, where it is another one than ours."""
    try:
        host = (urlsplit(connection.headers.get("referer", "")).hostname or "").lower()
    except ValueError:  # what stands there need not be an address
        return ""
    return "" if host == connection.url.hostname else host


def word(value: object) -> str:
    """What an address says, short and of one line, without what a database cannot keep."""
    return " ".join(str(value).replace("\x00", "").split())[:WORD_CHARACTERS_MAX]


def _from_here(connection: Connection) -> bool:
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    before = connection.headers.get("referer", "")
    return bool(before) and not referrer(connection) and before.startswith("http")
