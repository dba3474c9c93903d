"""What the parts of the control API share: reading what they are sent, finding what it names, saying what there is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from broker.demo.entra.model import HomeAccount, Tenant, User
from broker.demo.entra.state import Simulator

Model = TypeVar("Model", bound=BaseModel)


class UnknownObject(LookupError):
    """No such person, tenant or application."""


class Change(BaseModel):
    """Only what is given changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    def given(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.model_fields_set}


def body_of(model: type[Model]) -> Model:
    """The request's JSON, whatever it calls itself; raises pydantic's ``ValidationError``. No body is an empty one."""
    return model.model_validate_json(request.get_data() or b"{}")


def tenant_named(simulator: Simulator, name: str) -> Tenant:
    """By GUID or domain; raises ``UnknownObject``."""
    tenant = simulator.directory.tenant(name)
    if tenant is None:
        raise UnknownObject(name)
    return tenant


def user_named(simulator: Simulator, name: str) -> User:
    """By object id, user principal name or sign-in name, the living and the member before the guest; raises."""
    wanted = name.lower()
    found = [
        user
        for user in simulator.directory.users()
        if wanted in (user.oid.lower(), user.user_principal_name.lower(), user.sign_in_name.lower())
    ]
    if not found:
        raise UnknownObject(name)
    return min(found, key=lambda user: (user.deleted, user.home is not None))


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """For JSON: names as Graph spells them, sets in order."""
    return {to_camel(name): _json(value) for name, value in values.items()}


def _json(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return asdict(value) if isinstance(value, HomeAccount) else value
