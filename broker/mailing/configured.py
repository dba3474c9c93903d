"""The mailer that the configuration asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from broker.clock import Clock
from broker.entropy import Entropy
from broker.federation.configuration import Configuration
from broker.federation.model import FolderMail, NoMail, SmtpMail, SqliteStore
from broker.mail import Mailer
from broker.mailing.background import BackgroundMailer
from broker.mailing.folder import FolderMailer
from broker.mailing.log import LogMailer
from broker.mailing.smtp import SmtpMailer, SmtpServer

# Beside a directory store that is a file, where nothing else is configured.
FOLDER: Final = "mail"


def configured_mailer(configuration: Configuration, clock: Clock, entropy: Entropy) -> Mailer:
    """By SMTP in the background; into a folder or the log at once."""
    mail = configuration.broker.mail
    directory = configuration.broker.stores.directory
    if mail is None and isinstance(directory, SqliteStore):
        beside = Path(directory.path).parent / FOLDER
        mail = FolderMail(kind="folder", path=str(beside))
    match mail:
        case SmtpMail():
            return BackgroundMailer(SmtpMailer(smtp_server(configuration, mail), clock, entropy))
        case FolderMail():
            return FolderMailer(configuration.path(mail.path), mail.sender, clock, entropy)
        case NoMail() | None:
            return LogMailer()


def smtp_server(configuration: Configuration, mail: SmtpMail) -> SmtpServer:
    """The mail server that the configuration names, with its password."""
    bundle = configuration.broker.outbound.ca_bundle
    return SmtpServer(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        sender=mail.sender,
        username=mail.username,
        password=configuration.secret(mail.password) if mail.password else None,
        ca_bundle=str(configuration.path(bundle)) if bundle else None,
    )
