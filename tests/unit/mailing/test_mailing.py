"""The ways in which letters leave."""

from __future__ import annotations

import email
import io
import json
import socket
import socketserver
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email import policy
from pathlib import Path
from typing import Literal

import pytest

from broker import log
from broker.clock import ManualClock
from broker.identity import Secret
from broker.mail import Letter, NotSent
from broker.mailing.background import BackgroundMailer
from broker.mailing.folder import FolderMailer
from broker.mailing.log import LogMailer
from broker.mailing.smtp import SmtpMailer, SmtpServer
from tests.support.entropy import SeededEntropy
from tests.support.https import certificate
from tests.support.waiting import until

LETTER = Letter("anna@olivegrove.example", "Επιλέξτε νέο κωδικό", "Εδώ:\nhttps://login.pobuca.example/reset/abc\n")
SENDER = "no-reply@pobuca.example"


@dataclass
class SmtpStand:
    """A small real SMTP server that keeps what it is given, and refuses what it is told to."""

    security: Literal["tls", "starttls", "none"]
    refuse: str = ""
    received: list[bytes] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    port: int = 0


@contextmanager
def smtp_server(stand: SmtpStand) -> Iterator[SmtpStand]:
    files = certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(files[0]), str(files[1]))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connection: socket.socket = self.request
            with ExitStack() as opened, suppress(OSError):  # A client that does not trust us leaves.
                if stand.security == "tls":
                    connection = opened.enter_context(context.wrap_socket(connection, server_side=True))
                self._talk(connection, opened)

        def _talk(self, connection: socket.socket, opened: ExitStack) -> None:
            stream = opened.enter_context(connection.makefile("rwb"))

            def say(line: str) -> None:
                stream.write(line.encode() + b"\r\n")
                stream.flush()

            say("220 stand")
            while line := stream.readline():
                word = line.decode().strip()
                verb = word[:4].upper()
                stand.said.append(word)
                if verb == stand.refuse:
                    say("550 no anna@olivegrove.example here")
                elif verb == "EHLO":
                    encrypts = ["250-STARTTLS"] if stand.security == "starttls" else []
                    extras = ["250-stand", "250-AUTH PLAIN", *encrypts]
                    for extra in extras:
                        say(extra)
                    say("250 SMTPUTF8")
                elif verb == "STAR":
                    say("220 go")
                    connection = opened.enter_context(context.wrap_socket(connection, server_side=True))
                    stream = opened.enter_context(connection.makefile("rwb"))
                elif verb == "AUTH":
                    say("235 ok")
                elif verb == "DATA":
                    say("354 go")
                    lines = []
                    while (piece := stream.readline()) not in (b".\r\n", b""):
                        lines.append(piece)
                    stand.received.append(b"".join(lines))
                    stand.encrypted.append(isinstance(connection, ssl.SSLSocket))
                    say("250 ok")
                elif verb == "QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 ok")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        stand.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield stand
        finally:
            server.shutdown()
            thread.join()


def mailer(
    stand: SmtpStand, clock: ManualClock, entropy: SeededEntropy, *, trusted: bool = True, signs_in: bool = True
) -> SmtpMailer:
    server = SmtpServer(
        host="localhost",
        port=stand.port,
        security=stand.security,
        sender=SENDER,
        username="broker" if signs_in else None,
        password=Secret("the-mail-password") if signs_in else None,
        ca_bundle=str(certificate()[0]) if trusted else None,
    )
    return SmtpMailer(server, clock, entropy)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_letter_leaves_by_smtp_over_tls(
    security: Literal["tls", "starttls"], clock: ManualClock, entropy: SeededEntropy
) -> None:
    with smtp_server(SmtpStand(security)) as stand:
        mailer(stand, clock, entropy).send(LETTER)
    assert stand.encrypted == [True]
    message = email.message_from_bytes(stand.received[0], policy=policy.default)
    assert (message["To"], message["Subject"]) == (LETTER.to, LETTER.subject)
    assert message["From"] == f"Pobuca <{SENDER}>"
    assert message["Auto-Submitted"] == "auto-generated"
    body = message.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == LETTER.text


def test_a_server_on_this_machine_may_do_without(clock: ManualClock, entropy: SeededEntropy) -> None:
    with smtp_server(SmtpStand("none")) as stand:
        mailer(stand, clock, entropy, signs_in=False).send(LETTER)
    assert stand.encrypted == [False]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_whom_nobody_vouches_for_gets_nothing(
    security: Literal["tls", "starttls"], clock: ManualClock, entropy: SeededEntropy
) -> None:
    with smtp_server(SmtpStand(security)) as stand, pytest.raises(NotSent, match="cannot be used"):
        mailer(stand, clock, entropy, trusted=False).send(LETTER)
    assert stand.received == []
    assert not any(line.startswith(("AUTH", "MAIL")) for line in stand.said)


def test_a_server_that_does_not_offer_tls_gets_nothing(clock: ManualClock, entropy: SeededEntropy) -> None:
    """Whoever stands in between takes the offer away (STARTTLS stripping)."""
    with smtp_server(SmtpStand("none")) as stand:
        wants_tls = mailer(SmtpStand("starttls", port=stand.port), clock, entropy)
        with pytest.raises(NotSent):
            wants_tls.send(LETTER)
    assert not any(line.startswith(("AUTH", "MAIL", "DATA")) for line in stand.said)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "AUTH"])
def test_a_refusal_says_neither_address_nor_content(verb: str, clock: ManualClock, entropy: SeededEntropy) -> None:
    with smtp_server(SmtpStand("tls", refuse=verb)) as stand, pytest.raises(NotSent) as refusal:
        mailer(stand, clock, entropy).send(LETTER)
    assert "550" in str(refusal.value)
    assert "anna" not in str(refusal.value)


def test_a_server_that_is_not_there_is_said(clock: ManualClock, entropy: SeededEntropy) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        stand = SmtpStand("tls", port=free.getsockname()[1])
        with pytest.raises(NotSent, match="cannot be used"):
            mailer(stand, clock, entropy).send(LETTER)


@pytest.mark.parametrize("text", ["anna@x.example\r\nBcc: all@x.example", "anna\n"])
def test_no_line_break_writes_a_header_of_its_own(text: str) -> None:
    with pytest.raises(ValueError):
        Letter(text, "Subject", "text")
    with pytest.raises(ValueError):
        Letter("anna@x.example", text, "text")


def test_a_letter_shows_nothing_of_itself() -> None:
    assert repr(LETTER) == "Letter()"


def test_a_letter_becomes_a_file_that_only_its_owner_reads(
    tmp_path: Path, clock: ManualClock, entropy: SeededEntropy
) -> None:
    folder = tmp_path / "mail"
    FolderMailer(folder, SENDER, clock, entropy).send(LETTER)
    (path,) = folder.iterdir()
    assert path.suffix == ".eml"
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, folder)] == [0o600, 0o700]
    assert email.message_from_bytes(path.read_bytes(), policy=policy.default)["Subject"] == LETTER.subject


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, clock: ManualClock, entropy: SeededEntropy) -> None:
    (tmp_path / "mail").write_text("a file stands in its way")
    with pytest.raises(NotSent, match="folder of letters"):
        FolderMailer(tmp_path / "mail", SENDER, clock, entropy).send(LETTER)


@contextmanager
def heard(clock: ManualClock) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    log.configure(clock, stream)
    yield stream


def events(stream: io.StringIO) -> list[str]:
    return [json.loads(line)["event"] for line in stream.getvalue().splitlines()]


def test_the_log_says_that_there_was_a_letter_and_nothing_of_it(clock: ManualClock) -> None:
    with heard(clock) as stream:
        LogMailer().send(LETTER)
    assert events(stream) == ["letter_not_sent"]
    assert "anna" not in stream.getvalue()
    assert "reset" not in stream.getvalue()


class Moody:
    """A mailer that refuses some times, and then sends."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.sent: list[Letter] = []

    def send(self, letter: Letter) -> None:
        if self.refusals:
            self.refusals -= 1
            raise NotSent("not in the mood")
        self.sent.append(letter)


def test_in_the_background_a_letter_is_tried_again(clock: ManualClock) -> None:
    moody = Moody(2)
    with heard(clock) as stream:
        background = BackgroundMailer(moody, pauses=[timedelta(0)] * 3)
        background.send(LETTER)
        background.drain()
    assert moody.sent == [LETTER]
    assert events(stream) == ["letter_delayed"] * 2


def test_in_the_background_a_letter_is_given_up_and_the_next_one_sent(clock: ManualClock) -> None:
    moody = Moody(4)
    with heard(clock) as stream:
        background = BackgroundMailer(moody, pauses=[timedelta(0)] * 3)
        background.send(LETTER)
        background.send(LETTER)
        background.drain()
    assert moody.sent == [LETTER]
    assert events(stream) == [*["letter_delayed"] * 3, "letter_not_sent"]


def test_a_mailer_that_another_one_replaced_still_sends_what_it_has_and_leaves_no_thread() -> None:
    kind, threads = Moody(0), set(threading.enumerate())
    background = BackgroundMailer(kind)
    background.retire()  # Before its first letter.
    background.send(LETTER)
    other = BackgroundMailer(kind)
    other.send(LETTER)
    other.retire()
    other.send(LETTER)  # By a request that began before.
    for each in (background, other):
        each.drain()
    until(lambda: set(threading.enumerate()) <= threads, "no thread is left")
    assert kind.sent == [LETTER] * 3
