"""Notifications: what we tell people by mail, in their language, and (`notices`, `notice_model`) buyers where they are signed
in.

A command says `send` in its own transaction; `rendering` puts the facts into words when the mail leaves, and `delivery`
hands it to the mail server. While that is down, mails wait. Some mails' facts stand in `facts_model`.
"""

from steelyard.parties.notifications.marking import MESSAGE_SOURCE, from_message
from steelyard.parties.notifications.notices import forget_notices, mark_read, notices_of, tell, unread
from steelyard.parties.notifications.queries import mail_queue
from steelyard.parties.notifications.service import forget, send

__all__ = [
    "MESSAGE_SOURCE",
    "forget",
    "forget_notices",
    "from_message",
    "mail_queue",
    "mark_read",
    "notices_of",
    "send",
    "tell",
    "unread",
]
