"""Settings → Security: *Sign on with AD*, from the first click to the switch, and back (threats FE-20, FE-21)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from broker.clock import Clock
from broker.domains import Challenge, Domains, DomainStanding
from broker.doors import door, harmless
from broker.errors import BrokerError, NotAllowed
from broker.federating import Federating, Shown
from broker.login_steps import Present
from broker.onboarding import Onboarding
from broker.organizations import ENTERPRISE, Organization, Organizations
from broker.store.directory import Directory
from broker.store.federations import Federation, Federations
from broker.store.standings import Standings, Watch
from broker.web import error_pages, headers
from broker.web.connecting import LEADS_TO_THE_DIRECTORY
from broker.web.forms import FormTokens, require_form
from broker.web.own_pages import Visitors

# What the epoch of a form may look like: as long as a 64-bit number.
_MAX_EPOCH_DIGITS = 19


@dataclass(frozen=True, slots=True)
class SecurityPorts:
    """What the pages stand on."""

    onboarding: Onboarding
    federating: Federating
    visitors: Visitors
    organizations: Organizations
    federations: Federations
    directory: Directory
    standings: Standings
    domains: Domains
    forms: FormTokens
    clock: Clock


@dataclass(frozen=True, slots=True)
class _View:
    """What the page shows. ``step``: how many of the five steps are done."""

    organization: Organization
    federation: Federation | None
    watch: Watch | None
    lapsed: Sequence[tuple[DomainStanding, Challenge]]

    @property
    def is_on(self) -> bool:
        return self.organization.connection is not None

    @property
    def step(self) -> int:
        if self.is_on:
            return 5
        stage = self.federation.stage if self.federation is not None else ""
        return {"connected": 3, "tested": 4}.get(stage, 0)

    @property
    def may_connect(self) -> bool:
        return self.organization.plan == ENTERPRISE and not self.is_on and not self.organization.is_declared


def create_blueprint(ports: SecurityPorts) -> Blueprint:
    """The page and what its buttons do."""
    blueprint = Blueprint("security", __name__, url_prefix="/settings/security")
    blueprint.before_request(require_form)

    @blueprint.errorhandler(BrokerError)
    def refused(error: BrokerError) -> Response:
        return error_pages.page(error, retry=url_for("security.show"))

    def view(present: Present) -> _View:
        name = present.account.organization
        organization = ports.organizations.current().get(name)
        if organization is None:
            raise NotAllowed("organization", "organisation is not configured", explanation="not_connected")
        return _View(
            organization,
            ports.federations.recorded(name).federation,
            ports.standings.watch(name),
            ports.domains.lapsed(name),
        )

    @blueprint.get("")
    @harmless("shows an administrator the state of the connection")
    def show() -> Response:
        present = ports.visitors.require_administrator("security")
        if isinstance(present, Response):
            return present
        shown = view(present)
        account, federation = present.account, shown.federation
        test = federation.test if federation is not None else None
        mine = test is not None and (test.account_id, test.sid) == (account.id, present.session.sid)
        found = ports.onboarding.found_by(present) if mine else None
        headers.allow_form_action(LEADS_TO_THE_DIRECTORY)
        return make_response(
            render_template(
                "security.html",
                account=account,
                view=shown,
                consent=federation.consent if federation is not None else None,
                test=test,
                tested_here=mine,
                found=found,
                connected_by=_connected_by(federation),
                previous_tenant=ports.federating.previous_tenant(account.organization) if shown.may_connect else None,
                through_microsoft=shown.is_on and present.session.connection == _connection_name(shown.organization),
                token=ports.forms.token(account),
            )
        )

    def _connected_by(federation: Federation | None) -> str | None:
        if federation is None or federation.consent is None:
            return None
        starter = ports.directory.account(federation.consent.started_by)
        return starter.display_name if starter is not None else None

    def fresh_administrator() -> Present | Response:
        """Whoever pressed a button of the page; a sign-in first if the last one is not fresh."""
        present = ports.visitors.require_administrator("security", fresh=True)
        if not isinstance(present, Response) and request.method == "POST":
            ports.forms.require(present.account)
        return present

    @blueprint.post("/connect")
    @door("connecting")
    def connect() -> Response:
        present = fresh_administrator()
        if isinstance(present, Response):
            return present
        return _go(ports.onboarding.begin(ports.onboarding.administrator(present)).url)

    @blueprint.post("/test")
    @door("connecting")
    def test() -> Response:
        present = fresh_administrator()
        if isinstance(present, Response):
            return present
        return _go(ports.onboarding.begin_test(ports.onboarding.administrator(present)).url)

    @blueprint.get("/switch-on")
    @harmless("asks an administrator whether to close the other ways in")
    def ask() -> Response:
        present = fresh_administrator()
        if isinstance(present, Response):
            return present
        federation, shown = ports.federating.ready(present), view(present)
        headers.allow_form_action(["'self'"])
        return make_response(
            render_template(
                "security_switch.html",
                account=present.account,
                organization=shown.organization,
                federation=federation,
                preview=ports.federating.preview(shown.organization),
                found=ports.onboarding.found_by(present),
                token=ports.forms.token(present.account),
            )
        )

    @blueprint.post("/switch-on")
    @harmless("closes ways in, opens none")
    def switch_on() -> Response:
        present = fresh_administrator()
        if isinstance(present, Response):
            return present
        if request.form.get("sure") != "yes":
            raise NotAllowed("switch", "not confirmed", explanation="not_confirmed")
        ports.federating.enforce(present, _shown())
        return _go(url_for("security.switched_on"))

    @blueprint.get("/switched-on")
    @harmless("tells what to do next, and nothing of anybody")
    def switched_on() -> Response:
        return make_response(render_template("security_switched.html"))

    @blueprint.get("/disconnect")
    @harmless("asks an administrator whether to disconnect")
    def ask_disconnect() -> Response:
        present = fresh_administrator()
        if isinstance(present, Response):
            return present
        organization = ports.federating.require_disconnectable(present)
        headers.allow_form_action(["'self'"])
        return make_response(
            render_template(
                "security_disconnect.html",
                account=present.account,
                organization=organization,
                hours=ports.federating.delay_hours,
                token=ports.forms.token(present.account),
            )
        )

    @blueprint.post("/disconnect")
    @door("connecting")
    def disconnect() -> Response:
        present = fresh_administrator()
        if isinstance(present, Response):
            return present
        ports.federating.schedule_disconnection(present, request.form.get("name", ""))
        return _go(url_for("security.show"))

    @blueprint.post("/call-off")
    @harmless("keeps the other ways in closed")
    def call_off() -> Response:
        present = ports.visitors.require_administrator("security")
        if isinstance(present, Response):
            return present
        ports.forms.require(present.account)
        ports.federating.call_off(present)
        return _go(url_for("security.show"))

    return blueprint


def _connection_name(organization: Organization) -> str | None:
    return organization.connection.name if organization.connection is not None else None


def _shown() -> Shown:
    """What the form says the page showed; anything else is compared with the records and does not fit."""
    epoch = request.form.get("epoch", "")
    usable = epoch.isascii() and epoch.isdigit() and len(epoch) <= _MAX_EPOCH_DIGITS
    return Shown(request.form.get("tenant", "")[:64], int(epoch) if usable else -1)


def _go(url: str) -> Response:
    return make_response(redirect(url, 303))
