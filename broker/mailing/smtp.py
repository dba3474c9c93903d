"""Letters by SMTP (RFC 5321), over TLS unless the server is on this machine."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from broker.clock import Clock
from broker.entropy import Entropy
from broker.identity import Secret
from broker.mail import Letter, NotSent
from broker.mailing.message import message_of


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """``security``: ``tls`` from the first byte (RFC 8314), ``starttls``, or ``none`` for a loopback address only."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    sender: str
    username: str | None = None
    password: Secret | None = None
    ca_bundle: str | None = None
    timeout: timedelta = timedelta(seconds=10)


class SmtpMailer:
    """One connection for each letter."""

    def __init__(self, server: SmtpServer, clock: Clock, entropy: Entropy) -> None:
        self._server = server
        self._clock = clock
        self._entropy = entropy

    def send(self, letter: Letter) -> None:
        message = message_of(letter, self._server.sender, self._clock.now(), self._entropy.token(16))
        with _failures(), self._connection() as connection:
            connection.send_message(message)

    def greet(self) -> None:
        """Signs in at the server and sends nothing; raises ``NotSent`` if a letter could not be sent either."""
        with _failures(), self._connection() as connection:
            connection.noop()

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        seconds = server.timeout.total_seconds()
        if server.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=seconds, context=self._context()
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=seconds)
        with connection:
            if server.security == "starttls":
                connection.starttls(context=self._context())
            if server.username is not None and server.password is not None:
                connection.login(server.username, server.password.reveal())
            yield connection

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._server.ca_bundle is not None:
            context.load_verify_locations(self._server.ca_bundle)
        return context


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPResponseException as error:  # Its text may repeat the address.
        raise NotSent(f"the mail server answered {error.smtp_code}") from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(sorted(str(code) for code, _ in error.recipients.values()))
        raise NotSent(f"the mail server refused the recipient: {codes}") from error
    except (smtplib.SMTPException, OSError, UnicodeError, ValueError) as error:
        raise NotSent(f"the mail server cannot be used: {type(error).__name__}") from error
