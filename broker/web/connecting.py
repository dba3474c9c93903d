"""Where browsers come back from the directory while an organisation is being connected, and the page of a ticket.

The answers come by navigation (``response_mode=query``), so that the browser sends the session's cookie, or the
ticket's, which ties the attempt to it (threats UO-17).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from broker.attempts import TICKET_LIFETIME, ticket_in
from broker.connectable import DomainNotOwned
from broker.doors import door, harmless
from broker.errors import BadRequest, BrokerError
from broker.messages import UpstreamAnswer
from broker.onboarding import Bearer, Done, Go, Onboarding, Outcome
from broker.organizations import Organizations
from broker.store.federations import Federations
from broker.upstream.onboarding import ConsentAnswer
from broker.web import error_pages, headers
from broker.web.cookies import once
from broker.web.forms import require_form
from broker.web.own_pages import Visitors

SIGN_IN_RETURN: Final = "/upstream/entra/connect"
CONSENT_RETURN: Final = "/upstream/entra/consent"
TICKET_COOKIE: Final = "__Host-connect"

# A form here leads to the directory's sign-in, whose hosts the directory chooses, and back.
LEADS_TO_THE_DIRECTORY: Final = ("'self'", "https:")
# Our own state has 43 characters and an Entra code about 1,500; a parameter beyond this is not one of theirs.
_MAX_PARAMETER: Final = 8192


def create_blueprint(
    onboarding: Onboarding, visitors: Visitors, organizations: Organizations, federations: Federations
) -> Blueprint:
    """The two redirect URIs, the page that waits, and the pages of a ticket."""
    blueprint = Blueprint("connecting", __name__)
    blueprint.before_request(require_form)

    def bearer() -> Bearer:
        return Bearer(visitors.present(), once(request, TICKET_COOKIE))

    def home(bearer: Bearer) -> str:
        """Where whoever came goes on."""
        if bearer.present is None and bearer.ticket_cookie is not None:
            return url_for("connecting.ticket", ticket=ticket_in(bearer.ticket_cookie))
        return url_for("security.show")

    def go_on(step: Callable[[Bearer], Outcome]) -> Response:
        here = bearer()
        try:
            outcome = step(here)
        except BrokerError as error:
            named = error.domains if isinstance(error, DomainNotOwned) else ()
            return error_pages.page(error, retry=home(here), named=named)
        if isinstance(outcome, Go):
            return make_response(redirect(outcome.url, 303))
        if isinstance(outcome, Done):
            by_ticket = outcome.starter.by_ticket and here.ticket_cookie is not None
            return make_response(redirect(home(Bearer(None, here.ticket_cookie) if by_ticket else Bearer()), 303))
        headers.allow_form_action(LEADS_TO_THE_DIRECTORY)
        return make_response(render_template("connecting_wait.html", handle=outcome.handle, nonce=headers.nonce()))

    @blueprint.get(SIGN_IN_RETURN)
    @door("connecting")
    def signed_in() -> Response:
        return go_on(lambda here: onboarding.come_back(_answer(), here))

    @blueprint.get(CONSENT_RETURN)
    @door("connecting")
    def consented() -> Response:
        return go_on(lambda here: onboarding.consent_came_back(_consent_answer(), here))

    @blueprint.post(f"{CONSENT_RETURN}/again")
    @door("connecting")
    def look_again() -> Response:
        return go_on(lambda here: onboarding.look_again(request.form.get("handle", ""), here))

    @blueprint.get("/connect/<ticket>")
    @harmless("shows whoever has a ticket how far the connecting is")
    def ticket(ticket: str) -> Response:
        name = onboarding.ticket_organization(ticket)
        held = once(request, TICKET_COOKIE)
        cookie = held if held is not None and ticket_in(held) == ticket else onboarding.ticket_cookie(ticket)
        organization = organizations.current().get(name)
        headers.allow_form_action(LEADS_TO_THE_DIRECTORY)
        page = render_template(
            "connect_ticket.html",
            ticket=ticket,
            organization=organization,
            federation=federations.recorded(name).federation,
            found=onboarding.found(onboarding.holder(cookie)),
        )
        response = make_response(page)
        response.set_cookie(
            TICKET_COOKIE,
            cookie,
            max_age=int(TICKET_LIFETIME.total_seconds()),
            secure=True,
            httponly=True,
            samesite="Lax",
            path="/",
        )
        return response

    @blueprint.post("/connect/<ticket>")
    @door("connecting")
    def begin(ticket: str) -> Response:
        held = once(request, TICKET_COOKIE)
        try:
            if held is None or ticket_in(held) != ticket:  # Not sent from another site: the form was ours (DO-15).
                raise BadRequest("csrf", "the ticket's cookie is missing", explanation="connecting_expired")
            starter = onboarding.holder(held)
            testing = request.form.get("action") == "test"
            step = onboarding.begin_test(starter) if testing else onboarding.begin(starter)
        except BrokerError as error:
            return error_pages.page(error, retry=url_for("connecting.ticket", ticket=ticket))
        return make_response(redirect(step.url, 303))

    return blueprint


def _answer() -> UpstreamAnswer:
    return UpstreamAnswer(
        state=_state(),
        code=_single("code"),
        error=_single("error"),
        error_description=_single("error_description"),
        issuer=_single("iss"),
        session_state=_single("session_state"),
    )


def _consent_answer() -> ConsentAnswer:
    return ConsentAnswer(
        state=_state(),
        admin_consent=_single("admin_consent"),
        tenant=_single("tenant"),
        scope=_single("scope"),
        error=_single("error"),
        error_description=_single("error_description"),
    )


def _state() -> str:
    state = _single("state")
    if not state:
        raise BadRequest("state", "no state", explanation="connecting_expired")
    return state


def _single(name: str) -> str | None:
    values = request.args.getlist(name)
    if len(values) > 1:
        raise BadRequest("params", f"{name} came {len(values)} times")
    if values and len(values[0]) > _MAX_PARAMETER:
        raise BadRequest("size", f"{name} has {len(values[0])} characters")
    return values[0] if values else None
