"""The control API, ``/_simulator/…``: changes the simulated world while it runs (entra-id reference 8.3).

It is no part of what is simulated, and it asks nobody who they are: the simulator is for one's own machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from flask import Blueprint, Response, jsonify, make_response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.demo.entra.consent_forgery import ConsentForgery
from broker.demo.entra.control_applications import applications_blueprint
from broker.demo.entra.control_input import UnknownObject, body_of
from broker.demo.entra.control_keys import keys_blueprint
from broker.demo.entra.control_people import people_blueprint
from broker.demo.entra.control_watching import watching_blueprint
from broker.demo.entra.faults import Fault
from broker.demo.entra.keys import UnknownKey
from broker.demo.entra.mutations import TokenMutation, UnknownPreset, completed
from broker.demo.entra.settings import Settings
from broker.demo.entra.state import Simulator

# Both directions; further than this no test of lifetimes needs to go.
_MOST_SECONDS: Final = 10 * 365 * 86400


@dataclass(frozen=True, slots=True)
class Line:
    """One thing the control API does."""

    method: str
    path: str
    does: str


CONTROL: Final = (
    Line("GET", "/_simulator", "This list, and what is on order."),
    Line("POST", "/_simulator/reset", "Back to the start; redirect URIs and certificates stay registered."),
    Line("GET", "/_simulator/requests", "What came in, oldest first; ?path= and ?method= choose."),
    Line("DELETE", "/_simulator/requests", "Forgets them, and the tokens."),
    Line("GET", "/_simulator/tokens", "Header and claims of the ID tokens that went out."),
    Line("POST", "/_simulator/faults", "The next answers of an endpoint are errors, nonsense, late or cut off."),
    Line("DELETE", "/_simulator/faults", "No more of them; what is being delayed goes on."),
    Line("POST", "/_simulator/token-mutations", "The next ID tokens are wrong in a chosen way."),
    Line("DELETE", "/_simulator/token-mutations", "No more of them."),
    Line("POST", "/_simulator/consent-forgeries", "The next answers of admin consent are forged in a chosen way."),
    Line("DELETE", "/_simulator/consent-forgeries", "No more of them."),
    Line("GET", "/_simulator/settings", "Behaviour that can be chosen."),
    Line("PATCH", "/_simulator/settings", "Chooses it: frontChannelIss, adminConsentFailure, caFile …"),
    Line("PUT", "/_simulator/clock", "Sets how wrong the clock is, in seconds."),
    Line("GET", "/_simulator/keys", "The signing keys: published? signing?"),
    Line("POST", "/_simulator/keys", "A new key, unpublished unless asked otherwise."),
    Line("PATCH", "/_simulator/keys/{kid}", "Publishes, withdraws, activates a key or swaps its issuer."),
    Line("DELETE", "/_simulator/keys/{kid}", "Removes a key."),
    Line("GET", "/_simulator/users", "Everybody."),
    Line("POST", "/_simulator/users", "A new person."),
    Line("GET", "/_simulator/users/{user}", "One person, by sign-in name, user principal name or object id."),
    Line("PATCH", "/_simulator/users/{user}", "Changes fields: accountEnabled, mail, userPrincipalName, groups …"),
    Line("DELETE", "/_simulator/users/{user}", "Deletes the person; ?permanently=true, or again: for good."),
    Line("POST", "/_simulator/users/{user}/restore", "Out of the recycle bin again."),
    Line("POST", "/_simulator/users/{user}/recreate", "Deletes the person and creates one of the same name."),
    Line("POST", "/_simulator/users/{user}/revoke-sessions", "Sessions and refresh tokens are void (50173)."),
    Line("POST", "/_simulator/users/{user}/refuse-refresh", "Existing refresh tokens get a number: 70043, 700082 …"),
    Line("POST", "/_simulator/users/{user}/groups", "Adds to groups, removes from them, or sets their number."),
    Line("GET", "/_simulator/tenants", "The tenants."),
    Line("POST", "/_simulator/tenants", "A new one."),
    Line("PATCH", "/_simulator/tenants/{tenant}", "Changes a tenant: userConsentAllowed, displayName, domains."),
    Line("GET", "/_simulator/service-principals", "Where the applications are installed."),
    Line(
        "PATCH",
        "/_simulator/service-principals/{tenant}",
        "present, disabled (7000112), removed (700016); assignment; tenant-wide consent; application permissions.",
    ),
    Line("DELETE", "/_simulator/service-principals/{tenant}", "As if no application had ever been there."),
    Line("GET", "/_simulator/consents/{tenant}", "What is granted there, to everybody and by whom."),
    Line("POST", "/_simulator/consents/{tenant}", "An administrator's consent, without the pages."),
    Line("DELETE", "/_simulator/consents/{tenant}", "Withdraws every consent given in a tenant (65001)."),
    Line("GET", "/_simulator/subscriptions", "Who wants to hear of changes."),
    Line("DELETE", "/_simulator/subscriptions/{id}", "Drops one, as Graph may."),
    Line("GET", "/_simulator/notifications", "Every attempt to deliver one, and how many wait."),
    Line("POST", "/_simulator/notifications", "Sends one that nothing has happened for."),
    Line("DELETE", "/_simulator/notifications", "Forgets the attempts."),
    Line("DELETE", "/_simulator/delta-tokens", "Those that were given out are too old (410)."),
    Line("GET", "/_simulator/registrations", "The registered applications, without their secrets."),
    Line("POST", "/_simulator/registrations", "Registers another application."),
    Line("PATCH", "/_simulator/registrations/{client_id}", "Changes redirect URIs, secrets, certificates, claims …"),
)


class _Clock(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    offset_seconds: Annotated[float, Field(ge=-_MOST_SECONDS, le=_MOST_SECONDS)]


def control_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("control", __name__, url_prefix="/_simulator")
    blueprint.register_blueprint(keys_blueprint(simulator))
    blueprint.register_blueprint(people_blueprint(simulator))
    blueprint.register_blueprint(applications_blueprint(simulator))
    blueprint.register_blueprint(watching_blueprint(simulator))

    @blueprint.get("")
    @blueprint.get("/")
    def overview() -> Response:
        return _said(
            base_url=simulator.base_url,
            clock_offset_seconds=simulator.clock.offset.total_seconds(),
            control=[{"method": line.method, "path": line.path, "does": line.does} for line in CONTROL],
            faults=_orders(simulator.faults.waiting()),
            token_mutations=_orders(simulator.mutations.waiting()),
            consent_forgeries=_orders(simulator.consent_forgeries.waiting()),
        )

    @blueprint.post("/reset")
    def reset() -> Response:
        simulator.reset()
        return _done()

    @blueprint.get("/requests")
    def requests() -> Response:
        chosen = simulator.journal.requests(path=request.args.get("path", ""), method=request.args.get("method", ""))
        return _said(requests=chosen)

    @blueprint.delete("/requests")
    def forget_requests() -> Response:
        simulator.journal.clear()
        return _done()

    @blueprint.get("/tokens")
    def tokens() -> Response:
        return _said(tokens=simulator.journal.tokens())

    @blueprint.post("/faults")
    def order_fault() -> Response:
        simulator.faults.order(body_of(Fault))
        return _done()

    @blueprint.delete("/faults")
    def forget_faults() -> Response:
        simulator.faults.reset()
        return _done()

    @blueprint.post("/token-mutations")
    def order_mutation() -> Response:
        mutation = completed(body_of(TokenMutation))
        if mutation.key is not None:
            simulator.keys.signing(mutation.key)
        simulator.mutations.order(mutation)
        return _done()

    @blueprint.delete("/token-mutations")
    def forget_mutations() -> Response:
        simulator.mutations.reset()
        return _done()

    @blueprint.post("/consent-forgeries")
    def order_forgery() -> Response:
        simulator.consent_forgeries.order(body_of(ConsentForgery))
        return _done()

    @blueprint.delete("/consent-forgeries")
    def forget_forgeries() -> Response:
        simulator.consent_forgeries.reset()
        return _done()

    @blueprint.get("/settings")
    def settings() -> Response:
        return make_response(jsonify(simulator.settings.model_dump(by_alias=True)))

    @blueprint.patch("/settings")
    def change_settings() -> Response:
        chosen = body_of(Settings).model_dump(exclude_unset=True)
        simulator.chosen.settings = simulator.settings.model_copy(update=chosen)
        return settings()

    @blueprint.put("/clock")
    def clock() -> Response:
        simulator.clock.offset = timedelta(seconds=body_of(_Clock).offset_seconds)
        return _said(now=simulator.clock.now().isoformat())

    @blueprint.errorhandler(ValidationError)
    def malformed(error: ValidationError) -> Response:
        problems = [
            f"{'.'.join(str(part) for part in problem['loc']) or 'body'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        return make_response(jsonify(problems=problems), 400)

    @blueprint.errorhandler(UnknownObject)
    @blueprint.errorhandler(UnknownKey)
    @blueprint.errorhandler(UnknownPreset)
    def unknown(error: LookupError) -> Response:
        return make_response(jsonify(problems=[f"not known: {error}"]), 404)

    return blueprint


def _said(**said: Any) -> Response:
    return make_response(jsonify(said))


def _done() -> Response:
    return make_response("", 204)


def _orders(waiting: list[tuple[Any, int]]) -> list[dict[str, Any]]:
    return [order.model_dump(exclude_unset=True) | {"count": left} for order, left in waiting]
