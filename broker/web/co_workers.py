"""Co-workers: who belongs to the organisation."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, abort, make_response, render_template, request

from broker.organizations import Organizations
from broker.store.directory import Directory
from broker.web.forms import require_form
from broker.web.own_pages import Visitors

PAGE_SIZE: Final = 50


def create_blueprint(visitors: Visitors, organizations: Organizations, directory: Directory) -> Blueprint:
    """The list and its portraits."""
    blueprint = Blueprint("co_workers", __name__, url_prefix="/co-workers")
    blueprint.before_request(require_form)

    @blueprint.get("")
    def listing() -> Response:
        present = visitors.require("co_workers")
        if isinstance(present, Response):
            return present
        account = present.account
        people = directory.accounts(account.organization, after=_page_start(), limit=PAGE_SIZE + 1)
        return make_response(
            render_template(
                "co_workers.html",
                account=account,
                organization=organizations.get(account.organization),
                people=people[:PAGE_SIZE],
                following=people[PAGE_SIZE - 1] if len(people) > PAGE_SIZE else None,
            )
        )

    @blueprint.get("/<account_id>/photo")
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

    return blueprint


def _page_start() -> tuple[str, str] | None:
    name, account_id = request.args.get("after", ""), request.args.get("id", "")
    return (name[:256], account_id[:64]) if name and account_id else None
