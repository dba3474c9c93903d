"""The last stop of every refusal: a page with one sentence, a next step and a reference id; the reason goes to the log.

Nothing that the request said is put on the page (threats DO-19), and no exception becomes a 5xx because of what was
sent (G6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import structlog
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_babel import get_locale
from werkzeug.exceptions import HTTPException

from broker.errors import BrokerError, Busy, PartyError, RuleRefused, SsoRequired, TooMany
from broker.messages import LoginRequest
from broker.provisioning.text import clean
from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateUnavailable
from broker.web import headers, language, reference
from broker.web.explanations import explain

# The log event of a refusal, by the endpoint that was asked (threats section 0, "What is logged").
_EVENTS: Final[Mapping[str, str]] = {
    "upstream": "upstream_oidc_rejected",
    "connecting": "upstream_oidc_rejected",
    "security": "enforcement_denied",
    "oidc": "oauth_rejected",
}

# Characters of the sentence of a rule.
_MAX_SENTENCE: Final = 300

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Microsoft:
    """Where the button *Sign in with Microsoft* of a page leads: the form of a pending login, and its choice there.

    ``organization`` is the address that the pending login knows, ``microsoft`` any work account.
    """

    url: str
    choice: Literal["organization", "microsoft"]


def install(app: Flask) -> None:
    """Turns every exception of the application into a page."""
    app.register_error_handler(BrokerError, page)
    app.register_error_handler(StateUnavailable, _store_fault)
    app.register_error_handler(DirectoryUnavailable, _store_fault)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)


def page(
    error: BrokerError,
    *,
    retry: str | None = None,
    asked_by: LoginRequest | None = None,
    microsoft: Microsoft | None = None,
    named: Sequence[str] = (),
) -> Response:
    """The page of a refusal, logged once. ``retry``: address at which the person can try again. ``named``: what of our
    own records the sentence speaks of.
    """
    event = "enforcement_denied" if isinstance(error, SsoRequired) else _event()
    _log.warning(event, reason=error.reason, detail=error.detail, code=error.code, src=request.remote_addr)
    if asked_by is not None:
        language.prefer(asked_by.ui_locales)
    own = _sentence_of(error) if isinstance(error, RuleRefused) else None
    response = _render(error.explanation, error.status, retry, asked_by, microsoft, named, own)
    if isinstance(error, Busy | TooMany):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def note_refusal(error: PartyError) -> None:
    """Logs, once, a refusal that the application hears instead of the person."""
    _log.warning(_event(), reason=error.reason, detail=error.detail, code=error.code, src=request.remote_addr)


def _sentence_of(error: RuleRefused) -> str | None:
    """What the rule itself says to the person, if it does in the language of the page: one line, not a long one."""
    locale = get_locale()
    sentence = error.messages.get(locale.language if locale is not None else "", "")
    return clean(sentence, _MAX_SENTENCE) or None


def _event() -> str:
    return _EVENTS.get(request.blueprint or "", "web_rejected")


def _store_fault(error: StateUnavailable | DirectoryUnavailable) -> Response:
    _log.error("store_fault", reason="store", detail=str(error), src=request.remote_addr)
    response = _render("busy", Busy.status)
    response.headers["Retry-After"] = "5"
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or 400
    if status < 400:  # A redirect of the router is an answer, not an error.
        return make_response(error.get_response())
    _log.info("web_rejected", reason=error.name.lower().replace(" ", "_"), status=status, src=request.remote_addr)
    response = _render("page_not_found" if status == 404 else "bad_request", status)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _unforeseen(error: Exception) -> Response:
    _log.error("unforeseen_error", reason="error", src=request.remote_addr, exc_info=error)
    return _render("bad_request", 400)


def _render(
    explanation: str,
    status: int,
    retry: str | None = None,
    asked_by: LoginRequest | None = None,
    microsoft: Microsoft | None = None,
    named: Sequence[str] = (),
    own: str | None = None,
) -> Response:
    """``own``: a sentence of the configuration's in place of ours."""
    said = explain(explanation)
    sentence = own or said.sentence
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        # A program asked, at an address where only people get an answer of its protocol, or by a wrong method.
        code = "temporarily_unavailable" if status == Busy.status else "invalid_request"
        told = f"{sentence} Reference: {reference.shown()}"
        return make_response(jsonify(error=code, error_description=told), status)
    headers.allow_form_action(["'self'"] if microsoft is None else headers.ANYWHERE_REGISTERED)
    body = render_template(
        "error.html",
        sentence=sentence,
        said=said,
        key=explanation,
        ref=reference.shown(),
        retry=retry if said.retry else None,
        asked_by=asked_by,
        microsoft=microsoft,
        named=named,
    )
    return make_response(body, status)
