"""Letters as files, one each, for a machine without a mail server: an operator or a developer reads them there."""

from __future__ import annotations

import os
from pathlib import Path

from broker.clock import Clock
from broker.entropy import Entropy
from broker.mail import Letter, NotSent
from broker.mailing.message import message_of


class FolderMailer:
    """Writes ``.eml`` files that only their owner reads: they hold links that let people in."""

    def __init__(self, folder: Path, sender: str, clock: Clock, entropy: Entropy) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock
        self._entropy = entropy

    def send(self, letter: Letter) -> None:
        now, name = self._clock.now(), self._entropy.uuid()
        message = message_of(letter, self._sender, now, name)
        path = self._folder / f"{now:%Y%m%dT%H%M%S%f}-{name}.eml"
        part = path.with_suffix(".part")
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(message.as_bytes())
            part.rename(path)  # Whoever looks sees a whole letter or none.
        except OSError as error:
            raise NotSent(f"the folder of letters cannot be written: {error.strerror}") from error
