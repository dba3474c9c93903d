"""The start page: who is here, and how to change it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from broker.demo.entra.control import CONTROL
from broker.demo.entra.errors import KNOWN
from broker.demo.entra.pages import page
from broker.demo.entra.state import Simulator


def index_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("index", __name__)

    @blueprint.get("/")
    def index() -> Response:
        tenants = simulator.directory.tenants()
        users = simulator.directory.users()
        return page(
            "index.html",
            base_url=simulator.base_url,
            tenants=tenants,
            users={
                tenant.tenant_id: [user for user in users if user.tenant_id == tenant.tenant_id] for tenant in tenants
            },
            registrations=simulator.directory.registrations(),
            control=CONTROL,
        )

    @blueprint.get("/error")
    def look_up() -> Response:
        """Where ``error_uri`` leads."""
        text = request.args.get("code", "")
        known = KNOWN.get(int(text)) if text.isascii() and text.isdecimal() and len(text) < 10 else None
        return page("look_up.html", 200 if known else 404, code=text, known=known)

    return blueprint
