"""Agents: shopping agents that buy for people, through the Universal Commerce Protocol (see docs/guide/ucp.md).

Here is what lies behind the protocol's surface: the platforms that agents come from (`platform_of`), what they said and
were shown, orders as the protocol tells them (`document.py`), our signatures (`keys.py`), and telling the platforms what
becomes of their orders (`subscribers.py`, `jobs.py`).
"""

from steelyard.channels.agents.document import (
    Facts,
    LineKey,
    facts,
    line_names,
    merchant_note,
    order_document,
    postal_address,
    title_of,
)
from steelyard.channels.agents.jobs import deliver
from steelyard.channels.agents.keys import public_jwk, sign, signing_key, verify
from steelyard.channels.agents.platforms import platform_of
from steelyard.channels.agents.queries import deliveries, sessions
from steelyard.channels.agents.service import (
    change_session,
    change_sessions,
    forget,
    forget_sessions,
    note_action,
    note_shown,
    open_sessions,
    remember_platform,
    tell,
    tell_of_orders,
)

__all__ = [
    "Facts",
    "LineKey",
    "change_session",
    "change_sessions",
    "deliver",
    "deliveries",
    "facts",
    "forget",
    "forget_sessions",
    "line_names",
    "merchant_note",
    "note_action",
    "note_shown",
    "open_sessions",
    "order_document",
    "platform_of",
    "postal_address",
    "public_jwk",
    "remember_platform",
    "sessions",
    "sign",
    "signing_key",
    "tell",
    "tell_of_orders",
    "title_of",
    "verify",
]
