"""How a step of the login flow becomes an HTTP answer."""

from __future__ import annotations

import structlog
from flask import Response, make_response, redirect, request, url_for

from broker.errors import SsoRequired
from broker.login_steps import Answered, Browser, Choose, Depart, Step
from broker.web import cookies, error_pages
from broker.web.replies import present_reply

_log = structlog.get_logger()


def present_step(step: Step, browser: Browser) -> Response:
    """The answer with its cookies."""
    if isinstance(step, Depart):
        response = make_response(redirect(step.url, 303))
        cookies.set_login(response, step.cookie, browser)
    elif isinstance(step, Choose):
        response = make_response(redirect(url_for("pages.sign_in", handle=step.handle), 303))
        cookies.set_login(response, step.cookie, browser)
    elif isinstance(step, Answered):
        if step.refusal is not None:
            error_pages.note_refusal(step.refusal)
        response = present_reply(step.reply)
        if step.session_handle is not None:
            cookies.set_session(response, step.session_handle)
        if step.finished is not None:
            cookies.clear_login(response, step.finished)
    else:
        retry = url_for("pages.sign_in", handle=step.retry) if step.retry else None
        microsoft = (
            error_pages.Microsoft(retry, "microsoft") if retry and isinstance(step.error, SsoRequired) else None
        )
        response = error_pages.page(step.error, retry=retry, asked_by=step.request, microsoft=microsoft)
        if step.cookie is not None:
            cookies.set_login(response, step.cookie, browser)
    return response


def note_sign_in(step: Step) -> None:
    """Logs a sign-in through one of Pobuca's own connectors, if the step is one."""
    if isinstance(step, Answered) and step.result is not None:
        result = step.result
        _log.info(
            "signed_in",
            org=result.account.organization,
            conn=result.session.connection,
            account=result.account.id,
            created=False,
            rules=list(result.admission.passed),
            src=request.remote_addr,
        )


def current_browser() -> Browser:
    """The browser of the request at hand."""
    return cookies.read_browser(request)
