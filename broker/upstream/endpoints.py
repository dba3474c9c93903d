"""Where browsers come back from an upstream."""

from __future__ import annotations

from typing import Final

import structlog
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from broker.doors import door
from broker.errors import BadRequest
from broker.login import LoginFlow
from broker.login_steps import Answered
from broker.messages import UpstreamAnswer
from broker.web.steps import current_browser, present_step

ENTRA_CALLBACK: Final = "/upstream/entra/callback"

# Our own state has 43 characters and an Entra code about 1,500; a parameter beyond this is not one of theirs.
_MAX_PARAMETER: Final = 8192

_log = structlog.get_logger()


def create_blueprint(flow: LoginFlow) -> Blueprint:
    """The callback of every Entra app registration over OpenID Connect."""
    blueprint = Blueprint("upstream", __name__)

    @blueprint.route(ENTRA_CALLBACK, methods=["GET", "POST"])
    @door("microsoft")
    def entra_callback() -> Response:
        browser = current_browser()
        step = flow.finish(_read_answer(), browser)
        if isinstance(step, Answered) and step.result is not None:
            result = step.result
            sources = dict(result.account.attribute_sources) if result.account_created else {}
            _log.info(
                "signed_in",
                org=result.account.organization,
                conn=result.session.connection,
                account=result.account.id,
                created=result.account_created,
                sources=sources,
                rules=list(result.admission.passed),
                src=request.remote_addr,
            )
        return present_step(step, browser)

    return blueprint


def _read_answer() -> UpstreamAnswer:
    if request.method == "POST":
        if request.mimetype != "application/x-www-form-urlencoded" or request.query_string:
            raise BadRequest("params", "a form_post answer is a form without a query")
        fields: MultiDict[str, str] = request.form
    else:
        fields = request.args
    values = {name: _single(fields, name) for name in _NAMES}
    state = values.pop("state")
    if not state:
        raise BadRequest("state", "no state")
    return UpstreamAnswer(state=state, issuer=values.pop("iss"), **values)


_NAMES: Final = ("state", "code", "error", "error_description", "iss", "session_state")


def _single(fields: MultiDict[str, str], name: str) -> str | None:
    values = fields.getlist(name)
    if len(values) > 1:
        raise BadRequest("params", f"{name} came {len(values)} times")
    if values and len(values[0]) > _MAX_PARAMETER:
        raise BadRequest("size", f"{name} has {len(values[0])} characters")
    return values[0] if values else None
