"""The application: what makes it Flask's, and a list of its parts (``broker.composition``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Flask

from broker import doors
from broker.alerts import days_left
from broker.composition.directory_side import DirectorySide, signing_out_everywhere
from broker.composition.domains import RepeatedProofs
from broker.composition.explaining import explaining_ports, recorder
from broker.composition.hooks import HookSide
from broker.composition.keys import entra_credential_ends_at
from broker.composition.lasting import Application, Lasting
from broker.composition.parts import Parts
from broker.composition.proof import proof_of_enforcement
from broker.composition.provider import organizations_api
from broker.composition.scim import scim_blueprint
from broker.composition.surroundings import Surroundings, live_organizations
from broker.configuration_state import ConfigurationState
from broker.doors import Harmless
from broker.downstream.oidc.back_channel import BackChannel
from broker.federating import Federating
from broker.federation.load import Configuration
from broker.glass.reminding import Reminders
from broker.glass.windows import Windows
from broker.mail import Mailer
from broker.membership.policy import MIN_CHARACTERS
from broker.onboarding import Onboarding
from broker.organizations import Organizations
from broker.proof import ProofOfEnforcement
from broker.proving.report import Report
from broker.provisioning.hooks import Hooks
from broker.upstream import endpoints as upstream_endpoints
from broker.upstream import notification_endpoint
from broker.web import (
    account,
    break_glass,
    co_workers,
    connecting,
    error_pages,
    explaining,
    headers,
    health,
    invitations,
    language,
    pages,
    proving,
    recording,
    reference,
    requests,
    security,
)
from broker.web import password as password_pages
from broker.web.api import endpoints as api_endpoints
from broker.web.routing import LazyRule
from broker.web.wire import InProcessWire


def create_app(
    configuration: Configuration,
    surroundings: Surroundings | None = None,
    *,
    organizations: Organizations | None = None,
    mailer: Mailer | None = None,
    hooks: Hooks | None = None,
    before: Application | None = None,
    state: Callable[[], ConfigurationState] | None = None,
) -> Flask:
    """The broker as a WSGI application; over other organisations, another mailer and no hooks as the twin of a
    proof.

    ``before``: the application whose place it takes, over the same surroundings. ``state``: how the configuration that
    serves stands to the one in the files.
    """
    around = surroundings or Surroundings.of(configuration)
    organizations = organizations or live_organizations(configuration, around)
    lasting = Lasting.of(configuration, around, before.extensions[Lasting.NAME] if before is not None else None)
    parts = Parts.of(configuration, around, organizations, mailer or lasting.mailer, lasting, hooks=hooks)
    proof = proof_of_enforcement(configuration, organizations, around, create_app)
    app = _bare_app(configuration, around)
    condition = health.create_blueprint(around.state, around.directory, state)
    for blueprint in (*_pages(parts), condition, _api(parts), *_scim(parts), _proving(parts, proof, app)):
        prefix = f"{_prefix(configuration)}{blueprint.url_prefix or ''}"
        app.register_blueprint(blueprint, url_prefix=prefix or None)
    app.register_blueprint(parts.provider.blueprint())  # Its paths are those of its issuer.
    grants = {name: type(grant) for name, grant in parts.provider.endpoints.token.grant_types.items()}
    doors.install(app, {"static": Harmless("files of ours")}, grants)
    app.extensions |= {
        ProofOfEnforcement.NAME: proof,
        DirectorySide.NAME: parts.side,
        BackChannel.NAME: parts.provider.back_channel,
        Federating.NAME: parts.switch,
        Windows.NAME: parts.glass.windows,
        Reminders.NAME: parts.glass.reminders,
        Onboarding.NAME: parts.connecting,
        Lasting.NAME: lasting,
        HookSide.NAME: parts.hooks,
        RepeatedProofs.NAME: RepeatedProofs.of(configuration, parts.domains),
    }
    return app


def _prefix(configuration: Configuration) -> str:
    """The path of the public address, under which everything stands."""
    return urlsplit(configuration.broker.public_url).path


def _bare_app(configuration: Configuration, around: Surroundings) -> Flask:
    """Everything that holds for every request, whatever it asks."""
    settings = configuration.broker
    static = f"{_prefix(configuration)}/static"
    app = Flask("broker.web", root_path=str(Path(pages.__file__).parent), static_url_path=static)
    app.url_rule_class = LazyRule
    app.url_map.merge_slashes = False  # A misspelt path is answered with a 308, which posts credentials once more.
    recording.install(app, recorder(configuration, around), around.clock)
    reference.install(app, around.entropy)
    requests.install(app, settings.public_url)
    headers.install(app, around.entropy, settings.public_url)
    language.install(app, settings.default_language)
    error_pages.install(app)
    app.jinja_env.globals["support_url"] = settings.support_url
    ends_at = entra_credential_ends_at(configuration)
    app.jinja_env.globals["credential_days_left"] = lambda: days_left(ends_at, around.clock.now())
    app.jinja_env.globals["least_characters"] = MIN_CHARACTERS
    proxy = settings.listen.behind_proxy
    trusted = proxy.trusted_addresses if proxy else []
    app.wsgi_app = requests.ClientAddress(app.wsgi_app, trusted=trusted)  # type: ignore[method-assign]  # Flask's way
    return app


def _pages(parts: Parts) -> Sequence[Blueprint]:
    """What browsers see, and what upstreams and probes call."""
    around, flow, members = parts.around, parts.flow, parts.members
    visitors, organizations, forms = parts.visitors, parts.organizations, parts.forms
    return (
        pages.create_blueprint(flow, visitors, organizations, parts.own, forms),
        password_pages.create_blueprint(flow, members.passwords, members.proofs, members.resets),
        co_workers.create_blueprint(visitors, organizations, around.directory, members.co_workers, forms),
        invitations.create_blueprint(visitors, organizations, members.invitations, forms),
        account.create_blueprint(
            flow,
            visitors,
            organizations,
            members.passwords,
            members.app_passwords,
            parts.sessions.count,
            signing_out_everywhere(parts.side.endings, around.clock),
            forms,
        ),
        upstream_endpoints.create_blueprint(flow),
        connecting.create_blueprint(parts.connecting, visitors, organizations, around.records.federations),
        security.create_blueprint(
            security.SecurityPorts(
                onboarding=parts.connecting,
                federating=parts.switch,
                visitors=visitors,
                organizations=organizations,
                federations=around.records.federations,
                directory=around.directory,
                standings=around.records.standings,
                domains=parts.domains,
                forms=forms,
                clock=around.clock,
            )
        ),
        explaining.create_blueprint(explaining_ports(parts.configuration, around, organizations, visitors)),
        notification_endpoint.create_blueprint(parts.side.notifications),
        break_glass.create_blueprint(
            flow=flow,
            own=parts.own,
            visitors=visitors,
            forms=forms,
            windows=parts.glass.windows,
            entry=parts.glass.entry,
            clock=around.clock,
        ),
    )


def _api(parts: Parts) -> Blueprint:
    """What programs call."""
    api = organizations_api(parts.provider, parts.members, parts.around)
    return api_endpoints.create_blueprint(api, parts.configuration.broker.public_url)


def _scim(parts: Parts) -> Sequence[Blueprint]:
    """What directories call, where an organisation wants that."""
    hooks = parts.hooks.consulting
    found = scim_blueprint(parts.configuration, parts.organizations, parts.side, hooks, parts.around)
    return (found,) if found is not None else ()


def _proving(parts: Parts, proof: ProofOfEnforcement, app: Flask) -> Blueprint:
    """The page on which an administrator has the doors of this very application tried."""
    public_url = parts.configuration.broker.public_url

    def prove(organization: str, by: str) -> Report:
        return proof.run(organization, running=InProcessWire(app, public_url), by=by)

    return proving.create_blueprint(parts.visitors, parts.organizations, parts.around.state, parts.forms, prove)
