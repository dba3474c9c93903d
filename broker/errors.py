"""What can go wrong, and what may be said about it.

BrokerError
 ├─ BadRequest    400  "This request is not valid."
 ├─ LoginFailed   400  "We could not sign you in."
 ├─ SsoRequired   403  "Your organisation signs in with Microsoft."
 ├─ NotAllowed    403  "This account may not use this service."
 │   └─ RuleRefused    a rule that the organisation has written itself, with its own sentence if it has one
 ├─ NotFound      404  "There is no such page."
 ├─ TooMany       429  "That was too often."
 └─ Busy          503  "We cannot do this just now."
PartyError             an answer for the application that asked, by its protocol's own code

The page code and the explanation are safe to show. The reason is a fixed word for the log, and the detail is for
the log alone: it may hold what a stranger sent. Protocol endpoints have their own errors, beside their protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class BrokerError(Exception):
    """A refusal that a person sees as a page with a reference id.

    ``reason``: the log word of the threat catalogue, for example ``issuer``. ``detail``: free text for the log.
    ``explanation``: key of the sentence and next step in ``web/explanations.py``; the page code itself if not given.
    """

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, reason: str, detail: str = "", *, explanation: str | None = None) -> None:
        super().__init__(f"{self.code}/{reason}: {detail}" if detail else f"{self.code}/{reason}")
        self.reason = reason
        self.detail = detail
        self.explanation = explanation or self.code


class BadRequest(BrokerError):
    """The request itself is malformed, forged, or names somebody we do not know."""

    code = "bad_request"
    status = 400


class LoginFailed(BrokerError):
    """The upstream's answer did not pass a check, or the transaction is not this browser's."""

    code = "login_failed"
    status = 400


class SsoRequired(BrokerError):
    """The enforcement rule: this organisation signs in with Microsoft and in no other way."""

    code = "sso_required"
    status = 403


class NotAllowed(BrokerError):
    """The person is who they say, and may not come in."""

    code = "not_allowed"
    status = 403


class RuleRefused(NotAllowed):
    """A rule of the organisation's own refuses (``broker.claims``).

    ``reason``: the rule's ``otherwise``. ``detail``: its list, its name and where it is written. ``messages``: language
    to the sentence that the person reads instead of the general one; the operator's text, not the request's.
    """

    def __init__(self, reason: str, detail: str = "", *, messages: Mapping[str, str] | None = None) -> None:
        super().__init__(reason, detail, explanation="rule_refused")
        self.messages = dict(messages or {})


class NotFound(BrokerError):
    """There is none, or none of the person's own: which of the two is not said."""

    code = "page_not_found"
    status = 404


class TooMany(BrokerError):
    """More attempts than anybody needs; after a while the same is welcome again (threats WE-03)."""

    code = "too_many"
    status = 429

    def __init__(self, reason: str, detail: str = "", *, retry_after_seconds: int) -> None:
        super().__init__(reason, detail)
        self.retry_after_seconds = retry_after_seconds


class Busy(BrokerError):
    """Something we depend on does not answer; trying again later is the right thing."""

    code = "busy"
    status = 503

    def __init__(
        self, reason: str, detail: str = "", *, explanation: str | None = None, retry_after_seconds: int = 5
    ) -> None:
        super().__init__(reason, detail, explanation=explanation)
        self.retry_after_seconds = retry_after_seconds


class PartyError(Exception):
    """A refusal that the asking application must hear, in its protocol's own words.

    Raised by a flow only for a ``LoginRequest`` whose party and reply address are proved. ``code`` is an error code of
    OpenID Connect Core 3.1.2.6 (or ``unmet_authentication_requirements`` of its 2021 companion); a responder of another
    protocol translates it. ``reason`` is the log word.
    """

    def __init__(self, code: str, reason: str, detail: str = "") -> None:
        super().__init__(f"{code}/{reason}: {detail}" if detail else f"{code}/{reason}")
        self.code = code
        self.reason = reason
        self.detail = detail
