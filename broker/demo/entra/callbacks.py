"""Calls that the simulator makes itself, to addresses that a subscriber has given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import requests

# More than any answer needs that is worth looking at.
_LARGEST_ANSWER: Final = 16_384


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """``status`` is None when there was no answer; ``problem`` says why then."""

    status: int | None
    content_type: str = ""
    text: str = ""
    problem: str = ""

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def post(url: str, body: bytes, content_type: str, *, ca_file: str | None, timeout_seconds: float) -> CallbackAnswer:
    """Posts, and follows no redirect. ``ca_file`` (PEM) is the authority to trust; None: the usual ones."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            with session.post(
                url,
                data=body,
                headers={"Content-Type": content_type, "User-Agent": "Simulated-Graph-Change-Tracking"},
                verify=ca_file or True,
                timeout=timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as answer:
                start = next(answer.iter_content(_LARGEST_ANSWER), b"")
                return CallbackAnswer(
                    answer.status_code, answer.headers.get("Content-Type", ""), start.decode("utf-8", "replace")
                )
        except (requests.RequestException, OSError, ValueError) as error:
            return CallbackAnswer(None, problem=f"{type(error).__name__}: {error}"[:300])
