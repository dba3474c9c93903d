"""Settings → Security → Sign-ins: why somebody of one's own organisation could sign in, or could not.

For administrators, and of their own organisation only: what belongs to another one is as unknown as what never was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from broker.clock import Clock
from broker.doors import harmless
from broker.errors import BrokerError, NotFound
from broker.explaining import words
from broker.explaining.sign_ins import RecordedSignIns
from broker.explaining.story import tell
from broker.organizations import Organizations
from broker.store.audit import AuditTrail, Entry
from broker.web import error_pages, headers
from broker.web.own_pages import Visitors

# The newest ones; older ones are found by their id.
_LISTED: Final = 25
# An id has nine characters; what is longer is none.
_MAX_ID: Final = 32


@dataclass(frozen=True, slots=True)
class ExplainingPorts:
    """What the pages stand on. ``applications``: ``client_id`` to the name that people see."""

    sign_ins: RecordedSignIns
    visitors: Visitors
    organizations: Organizations
    audit: AuditTrail
    clock: Clock
    applications: Mapping[str, str]


def create_blueprint(ports: ExplainingPorts) -> Blueprint:
    """The list, and the story of one sign-in."""
    blueprint = Blueprint("explaining", __name__, url_prefix="/settings/security/sign-ins")

    @blueprint.errorhandler(BrokerError)
    def refused(error: BrokerError) -> Response:
        return error_pages.page(error, retry=url_for("explaining.listing"))

    @blueprint.get("")
    @harmless("shows an administrator the sign-ins of their organisation")
    def listing() -> Response:
        present = ports.visitors.require_administrator("sign_ins")
        if isinstance(present, Response):
            return present
        wanted = request.args.get("id", "").strip()
        if wanted:
            return make_response(redirect(url_for("explaining.story", sign_in=wanted[:_MAX_ID]), 303))
        headers.allow_form_action(["'self'"])
        name = present.account.organization
        return make_response(
            render_template(
                "explained.html",
                account=present.account,
                organization=ports.organizations.current().get(name),
                stories=[tell(each) for each in ports.sign_ins.of_organization(name, _LISTED)],
                keep_days=ports.sign_ins.keep_days,
                words=words,
                applications=ports.applications,
            )
        )

    @blueprint.get("/<sign_in>")
    @harmless("shows an administrator one sign-in of their organisation")
    def story(sign_in: str) -> Response:
        present = ports.visitors.require_administrator("sign_ins")
        if isinstance(present, Response):
            return present
        account = present.account
        found = ports.sign_ins.of(sign_in)
        own = found.seen_by(account.organization) if found is not None else None
        if own is None:
            raise NotFound("sign_in", "unknown, or of another organisation", explanation="no_such_sign_in")
        detail = {"sign_in": own.id}
        ports.audit.add(Entry("sign_in_explained", account.organization, account.id, ports.clock.now(), detail=detail))
        return make_response(
            render_template(
                "explained_story.html",
                account=account,
                story=tell(own),
                words=words,
                applications=ports.applications,
            )
        )

    return blueprint
