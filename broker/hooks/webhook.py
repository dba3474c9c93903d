"""A signed webhook (Standard Webhooks 1.0.0, https://www.standardwebhooks.com): the one home of its library."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from standardwebhooks import Webhook as Signer
from standardwebhooks.webhooks import EmptyWebhookSecretError

from broker.clock import Clock
from broker.http_client import HttpAnswer, HttpClient, HttpFailure
from broker.identity import Secret
from broker.provisioning.hooks import Answer, Event, HookFailed

# Bytes of an answer: it names a few fields.
MAX_ANSWER_BYTES: Final = 64 * 1024
# However long the other side wants to be left alone.
_LONGEST_REST: Final = timedelta(days=1)
# The one that says that it will never want this again (Standard Webhooks, "Failure handling").
_GONE: Final = 410
# What the other side answers when it has nothing against this event in particular.
_ABOUT_ITSELF: Final = frozenset({401, 403, 404, 405, 408, 425, 429})


class WebhookApplication:
    """``Application`` at an https address."""

    def __init__(self, http: HttpClient, clock: Clock, url: str, secrets: Sequence[Secret]) -> None:
        """``secrets``: ``whsec_…``, the current one first; each of them signs, so that the receiver may know either.

        Raises ``ValueError`` for one that is none.
        """
        self._http = http
        self._clock = clock
        self._url = url
        try:
            self._signers = [Signer(secret.reveal()) for secret in secrets]
        except (EmptyWebhookSecretError, ValueError) as error:
            raise ValueError("the secret of a webhook is whsec_ and base64") from error

    def ask(self, event: Event, within: timedelta) -> Answer:
        """2xx with a JSON object, or without anything: yes. Everything else is no answer."""
        answer = self._post(event, within)
        if not answer.body.strip():
            return Answer()
        try:
            return _answer_of(answer.json_object())
        except HttpFailure as failure:
            raise HookFailed("answer") from failure

    def tell(self, event: Event, within: timedelta) -> None:
        """2xx: it has it."""
        self._post(event, within)

    def _post(self, event: Event, within: timedelta) -> HttpAnswer:
        body = body_of(event)
        now = self._clock.now()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signature(event.id, now, body),
        }
        try:
            answer = self._http.send("POST", self._url, body, headers=headers, within=within, at_most=MAX_ANSWER_BYTES)
        except HttpFailure as failure:
            raise HookFailed(failure.reason, is_down=True) from failure
        if not 200 <= answer.status < 300:
            raise failed_by(answer, now)
        return answer

    def _signature(self, message_id: str, at: datetime, body: bytes) -> str:
        return " ".join(signer.sign(message_id, at, body.decode()) for signer in self._signers)


def body_of(event: Event) -> bytes:
    """What is sent and signed."""
    value = {
        "type": event.kind,
        "timestamp": event.occurred_at.isoformat().replace("+00:00", "Z"),
        "data": {
            "organization": event.organization,
            "account_id": event.account_id,
            "account": dict(event.fields),
        },
    }
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


def failed_by(answer: HttpAnswer, now: datetime) -> HookFailed:
    """What a status that is no success means. A redirect is never followed: nobody signed where it leads."""
    return HookFailed(
        f"status_{answer.status}",
        is_down=answer.status >= 500 or answer.status in _ABOUT_ITSELF or 300 <= answer.status < 400,
        is_final=answer.status == _GONE,
        retry_after=_retry_after(answer.headers.get("retry-after"), now),
    )


def _answer_of(said: dict[str, Any]) -> Answer:
    """The answer that a JSON object stands for; raises ``HookFailed`` if it stands for none.

    Whether the values make sense is looked at where the answers of all hooks are.
    """
    decision, account = said.get("decision", "accept"), said.get("account", {})
    if decision not in ("accept", "refuse") or not isinstance(account, dict):
        raise HookFailed("answer")
    if decision == "accept":
        return Answer(changes=account)
    reason = said.get("reason", "unnamed")
    if not isinstance(reason, str):
        raise HookFailed("answer")
    told = said.get("explanation", "refused_by_application")
    return Answer(refused=reason, explanation=told)


def _retry_after(header: str | None, now: datetime) -> timedelta | None:
    """Seconds, or a date (RFC 9110 section 10.2.3); None for what is neither."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        rest = timedelta(seconds=int(text)) if len(text) < 10 else _LONGEST_REST
    else:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        if at.tzinfo is None:
            return None
        rest = at - now
    return min(max(rest, timedelta(0)), _LONGEST_REST)
