"""Graph: the portrait (entra-id reference 4.2)."""

from __future__ import annotations

from importlib import resources
from typing import Final

from flask import Blueprint, Response, jsonify, make_response

from broker.demo.entra.graph_access import READ_SELF, caller_of, user_named
from broker.demo.entra.graph_errors import GraphError
from broker.demo.entra.model import User
from broker.demo.entra.state import Simulator

SIZES: Final = ("48x48", "64x64", "96x96", "120x120", "240x240", "360x360", "432x432", "504x504", "648x648")
_LARGEST: Final = SIZES[-1]


def photo_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("graph_photo", __name__)

    def owner(name: str | None) -> User:
        caller = caller_of(simulator)
        if name is not None:
            return user_named(simulator, caller, name)
        person = caller.person()
        caller.require(READ_SELF)
        return person

    @blueprint.get("/v1.0/me/photo/$value", defaults={"name": None})
    @blueprint.get("/v1.0/users/<name>/photo/$value")
    def photo(name: str | None) -> Response:
        return _image(owner(name), _LARGEST)

    @blueprint.get("/v1.0/me/photos/<size>/$value", defaults={"name": None})
    @blueprint.get("/v1.0/users/<name>/photos/<size>/$value")
    def sized_photo(name: str | None, size: str) -> Response:
        return _image(owner(name), size)

    @blueprint.get("/v1.0/me/photo", defaults={"name": None})
    @blueprint.get("/v1.0/users/<name>/photo")
    def described_photo(name: str | None) -> Response:
        return _described(owner(name), _LARGEST)

    @blueprint.get("/v1.0/me/photos/<size>", defaults={"name": None})
    @blueprint.get("/v1.0/users/<name>/photos/<size>")
    def described_sized_photo(name: str | None, size: str) -> Response:
        return _described(owner(name), size)

    return blueprint


def _image(user: User, size: str) -> Response:
    if not user.has_photo or size.lower() not in SIZES:
        raise GraphError(404, "ImageNotFound", "The photo wasn't found.")
    data = resources.files("broker.demo.entra").joinpath("photos", f"{size.lower()}.jpg").read_bytes()
    return Response(data, content_type="image/jpeg")


def _described(user: User, size: str) -> Response:
    """Without a photo Graph describes an image of one pixel."""
    shown = size.lower() if user.has_photo else "1x1"
    if user.has_photo and shown not in SIZES:
        raise GraphError(404, "ImageNotFound", "The photo wasn't found.")
    width, _, height = shown.partition("x")
    return make_response(
        jsonify(
            {
                "@odata.mediaContentType": "image/jpeg" if user.has_photo else "image/gif",
                "@odata.mediaEtag": f'"{user.oid[:8]}{shown}"' if user.has_photo else "",
                "id": shown,
                "width": int(width),
                "height": int(height),
            }
        )
    )
