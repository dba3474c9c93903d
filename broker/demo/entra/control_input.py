"""Reading what the control API is sent."""

from __future__ import annotations

from typing import TypeVar

from flask import request
from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)


def body_of(model: type[Model]) -> Model:
    """The request's JSON, whatever it calls itself; raises pydantic's ``ValidationError``. No body is an empty one."""
    return model.model_validate_json(request.get_data() or b"{}")
