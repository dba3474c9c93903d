"""Letters that go nowhere: the log says that there was one, and nothing of what it says."""

from __future__ import annotations

import structlog

from broker.mail import Letter

_log = structlog.get_logger()


class LogMailer:
    """For an installation without mail: whoever invites hands the link over in another way."""

    def send(self, letter: Letter) -> None:
        _log.warning("letter_not_sent", reason="no_mail", characters=len(letter.text))
