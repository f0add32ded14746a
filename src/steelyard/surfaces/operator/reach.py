"""Whether the parties outside answer: a connection is opened to each and closed again, nothing is said."""

import asyncio
import contextlib
import time
from urllib.parse import urlsplit

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.kernel.settings import Settings
from steelyard.money import payments

PATIENCE_SECONDS = 2.0
PORTS = {"https": 443, "http": 80}


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """`where` is empty for one that is not set up."""

    name: str
    where: str
    host: str = ""
    port: int = 0


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    where: str
    milliseconds: int | None


def parties(settings: Settings) -> list[Party]:
    """Everybody outside whom the house may have to speak to."""
    mail = f"{settings.smtp_host}:{settings.smtp_port}"
    return [
        *_channels(settings),
        _by_url(N_("Carriers"), settings.carriers_url),
        _by_url(N_("The bank"), settings.bank_url),
        Party(name=N_("Mail server"), where=mail, host=settings.smtp_host, port=settings.smtp_port),
    ]


def _channels(settings: Settings) -> list[Party]:
    """The payment channels that are programs of somebody else."""
    channels = payments.channels(settings).values()
    return [_by_url(each.terms.name, each.terms.cashiers[0]) for each in channels if each.terms.cashiers]


def _by_url(name: str, url: str | None) -> Party:
    if not url:
        return Party(name=name, where="")
    parts = urlsplit(url)
    port = parts.port or PORTS.get(parts.scheme, 0)
    return Party(name=name, where=parts.netloc, host=parts.hostname or "", port=port)


async def ask_all(settings: Settings) -> list[Reached]:
    """All at once, each for `PATIENCE_SECONDS` at most. Nothing of the database is held meanwhile."""
    return list(await asyncio.gather(*(_ask(party) for party in parties(settings) if party.where)))


async def _ask(party: Party) -> Reached:
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            _, writer = await asyncio.open_connection(party.host, party.port)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    except OSError:  # a time-out is one as well
        return Reached(name=party.name, where=party.where, milliseconds=None)
    return Reached(name=party.name, where=party.where, milliseconds=round((time.monotonic() - began) * 1_000))
