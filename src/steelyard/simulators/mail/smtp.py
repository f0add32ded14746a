"""The door that mails come in by: an SMTP server that takes mail for anybody and forwards none."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session

from steelyard.simulators.mail.box import MailBox

MAIL_BYTES_MAX = 5 * 1024 * 1024
RECIPIENTS_MAX = 100
IDLE_SECONDS_MAX = 60


class _Catcher:
    """What aiosmtpd calls; the names of its methods are aiosmtpd's."""

    def __init__(self, box: MailBox) -> None:
        self._box = box

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 4.5.3 Too many recipients"
        if address.startswith("gone@"):
            return "550 5.1.1 No such user"
        if address.startswith("full@"):
            return "452 4.2.2 Mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        mail = self._box.keep(envelope.mail_from or "", [str(address) for address in envelope.rcpt_tos], raw)
        return f"250 2.0.0 Kept as mail {mail}"


@asynccontextmanager
async def listening(box: MailBox, host: str, port: int) -> AsyncGenerator[int]:
    """Take mail while inside; yields the port, which is a free one when `port` is 0."""
    loop = asyncio.get_running_loop()
    open_lines: set[asyncio.Transport] = set()

    class Line(SMTP):
        """One caller. Lines are hung up on when the simulator closes."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            open_lines.add(transport)
            self._steelyard_line = transport
            super().connection_made(transport)

        def connection_lost(self, error: Exception | None) -> None:
            open_lines.discard(self._steelyard_line)
            super().connection_lost(error)

    def answer() -> Line:
        return Line(
            _Catcher(box),
            data_size_limit=MAIL_BYTES_MAX,
            enable_SMTPUTF8=True,
            hostname="mail.simulated.test",
            ident="Steelyard mail simulator",
            timeout=IDLE_SECONDS_MAX,
            loop=loop,
        )

    server = await loop.create_server(answer, host, port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for line in list(open_lines):
            line.abort()
        await server.wait_closed()
