"""A letter as an Internet message (RFC 5322)."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from broker.mail import Letter, NotSent


def message_of(letter: Letter, sender: str, at: datetime, message_id: str) -> EmailMessage:
    """The message, marked as written by a machine so that nobody's absence answers it (RFC 3834 section 5)."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = Address("Pobuca", addr_spec=sender)
        message["To"] = letter.to
        message["Subject"] = letter.subject
    except ValueError as error:
        raise NotSent("an address that cannot stand in a message") from error
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, charset="utf-8")
    return message
