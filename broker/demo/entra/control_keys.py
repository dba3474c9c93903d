"""The control API of the signing keys."""

from __future__ import annotations

from typing import Any, Literal

from flask import Blueprint, Response, jsonify, make_response
from pydantic import BaseModel, ConfigDict

from broker.demo.entra.control_input import body_of
from broker.demo.entra.keys import SigningKey
from broker.demo.entra.state import Simulator


class _NewKey(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: Literal["entra", "msa", "other_cloud"] = "entra"
    published: bool = False
    active: bool = False


class _KeyChange(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    published: bool | None = None
    active: Literal[True] | None = None
    # A template with {tenantid}, or an address of one tenant; may hold {base_url}.
    issuer: str | None = None


def keys_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("keys", __name__, url_prefix="/keys")
    ring = simulator.keys

    @blueprint.get("")
    def every_key() -> Response:
        return make_response(jsonify(keys=[_described(key, active=active) for key, active in ring.all()]))

    @blueprint.post("")
    def new_key() -> Response:
        wanted = body_of(_NewKey)
        key = ring.add(simulator.clock.now(), wanted.owner, published=wanted.published)
        if wanted.active:
            ring.activate(key.kid)
        return make_response(jsonify(_described(key, active=wanted.active)), 201)

    @blueprint.patch("/<kid>")
    def change_key(kid: str) -> Response:
        change = body_of(_KeyChange)
        key = ring.signing(kid)
        if change.published is not None:
            key = ring.publish(kid, published=change.published)
        if change.issuer is not None:
            key = ring.set_issuer(kid, change.issuer.replace("{base_url}", simulator.base_url))
        if change.active:
            ring.activate(kid)
        return make_response(jsonify(_described(key, active=ring.signing(key.owner).kid == key.kid)))

    @blueprint.delete("/<kid>")
    def remove_key(kid: str) -> Response:
        ring.remove(kid)
        return make_response("", 204)

    return blueprint


def _described(key: SigningKey, *, active: bool) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "owner": key.owner,
        "issuer": key.issuer,
        "published": key.published,
        "active": active,
    }
