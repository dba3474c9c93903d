"""Co-workers: who belongs to the organisation, and how its administrators change that where it is not federated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from broker.doors import door, harmless
from broker.errors import NotAllowed
from broker.identity import Account
from broker.login_steps import Present
from broker.membership.co_workers import EDITABLE, CoWorkers
from broker.membership.people import Missing
from broker.membership.roles import ROLES
from broker.organizations import ADMINISTRATOR, Organizations
from broker.store.directory import Directory
from broker.web import headers
from broker.web.explanations import explain
from broker.web.forms import FormTokens, require_form
from broker.web.origins import Told, names_in, told
from broker.web.own_pages import Visitors

PAGE_SIZE: Final = 50

_PAGE: Final = "co_workers"

# What an administrator looks for here and does not find where the organisation is federated.
_LIMITS: Final = ("federated_users", "federated_invitations", "federated_external_invitations")


def create_blueprint(
    visitors: Visitors, organizations: Organizations, directory: Directory, co_workers: CoWorkers, forms: FormTokens
) -> Blueprint:
    """The list, its portraits, and the page of one person."""
    blueprint = Blueprint("co_workers", __name__, url_prefix="/co-workers")
    blueprint.before_request(require_form)

    @blueprint.get("")
    @harmless("shows an admitted person their co-workers")
    def listing() -> Response:
        present = visitors.require(_PAGE)
        if isinstance(present, Response):
            return present
        account = present.account
        people = directory.accounts(account.organization, after=_page_start(), limit=PAGE_SIZE + 1)
        organization = organizations.current().get(account.organization)
        return make_response(
            render_template(
                "co_workers.html",
                account=account,
                organization=organization,
                people=people[:PAGE_SIZE],
                following=people[PAGE_SIZE - 1] if len(people) > PAGE_SIZE else None,
                administers=account.role == ADMINISTRATOR,
                federated=organization is None or organization.connection is not None,
                limits=[explain(key) for key in _LIMITS],
            )
        )

    @blueprint.get("/<account_id>/photo")
    @harmless("shows an admitted person a portrait")
    def photo(account_id: str) -> Response:
        present = visitors.present()
        person = directory.account(account_id) if present else None
        # A co-worker of another organisation is as unknown as one who does not exist (threats DO-22).
        if present is None or person is None or person.organization != present.account.organization:
            abort(404)
        stored = directory.photo(account_id)
        if stored is None:
            abort(404)
        response = make_response(stored[1])
        response.headers["Content-Type"] = stored[0]
        response.headers["Cache-Control"] = "private, max-age=300"
        return response

    @blueprint.get("/<account_id>")
    @door("co_workers")
    def person(account_id: str) -> Response:
        present = visitors.require_administrator(_PAGE)
        if isinstance(present, Response):
            return present
        return _person(present, co_workers.person(present.admission, present.account, account_id))

    @blueprint.get("/<account_id>/origin")
    @harmless("shows an administrator where the values of an account come from")
    def origin(account_id: str) -> Response:
        present = visitors.require_administrator(_PAGE)
        if isinstance(present, Response):
            return present
        found = directory.account(account_id)
        if found is None or found.organization != present.account.organization:
            raise NotAllowed("co_workers", "no such co-worker", explanation="no_such_person")
        page = render_template("co_worker_origin.html", account=present.account, found=found, told=_told(found))
        return make_response(page)

    @blueprint.post("/<account_id>")
    @door("co_workers")
    def edit(account_id: str) -> Response:
        present = _administrator()
        if isinstance(present, Response):
            return present
        fields = {name: request.form[name] for name in EDITABLE if name in request.form}
        try:
            co_workers.edit(present.admission, present.account, account_id, fields)
        except Missing as error:
            found = co_workers.person(present.admission, present.account, account_id)
            return _person(present, found, error.field)
        return _done(account_id)

    @blueprint.post("/<account_id>/deactivate")
    @door("co_workers")
    def deactivate(account_id: str) -> Response:
        present = _administrator()
        if isinstance(present, Response):
            return present
        co_workers.deactivate(present.admission, present.account, account_id)
        return _done(account_id)

    @blueprint.post("/<account_id>/activate")
    @door("co_workers")
    def activate(account_id: str) -> Response:
        present = _administrator()
        if isinstance(present, Response):
            return present
        co_workers.activate(present.admission, present.account, account_id)
        return _done(account_id)

    def _told(found: Account) -> Sequence[Told]:
        return told(found, names_in(directory, found.organization))

    def _administrator() -> Present | Response:
        present = visitors.require_administrator(_PAGE)
        if not isinstance(present, Response):
            forms.require(present.account)
        return present

    def _person(present: Present, found: Account, missing: str | None = None) -> Response:
        headers.allow_form_action(["'self'"])
        page = render_template(
            "co_worker.html",
            account=present.account,
            found=found,
            roles=ROLES if found.role in ROLES else (*ROLES, found.role),
            missing=missing,
            token=forms.token(present.account),
            told=_told(found),
        )
        return make_response(page, 400 if missing else 200)

    return blueprint


def _done(account_id: str) -> Response:
    return make_response(redirect(url_for("co_workers.listing") + f"#account-{account_id}", 303))


def _page_start() -> tuple[str, str] | None:
    name, account_id = request.args.get("after", ""), request.args.get("id", "")
    return (name[:256], account_id[:64]) if name and account_id else None
