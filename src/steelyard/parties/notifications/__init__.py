"""Notifications: what we tell people by mail, in their language.

A command says `send` in its own transaction; `rendering` puts the facts into words when the mail leaves, and `delivery`
hands it to the mail server. While that is down, mails wait.
"""

from steelyard.parties.notifications.queries import mail_queue
from steelyard.parties.notifications.service import forget, send

__all__ = ["forget", "mail_queue", "send"]
