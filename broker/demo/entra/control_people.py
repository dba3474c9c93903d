"""The control API of people."""

from __future__ import annotations

import uuid
from dataclasses import fields, replace
from typing import Annotated, Any, Literal

from flask import Blueprint, Response, jsonify, make_response, request
from pydantic import Field

from broker.demo.entra.control_input import Change, UnknownObject, body_of, plain, tenant_named, user_named
from broker.demo.entra.model import Group, HomeAccount, User
from broker.demo.entra.roles import role_id
from broker.demo.entra.state import Simulator
from broker.demo.entra.timing import moment_of


class _UserChange(Change):
    user_principal_name: str = ""
    display_name: str = ""
    given_name: str | None = None
    surname: str | None = None
    mail: str | None = None
    other_mails: tuple[str, ...] = ()
    job_title: str | None = None
    department: str | None = None
    company_name: str | None = None
    office_location: str | None = None
    business_phones: tuple[str, ...] = ()
    mobile_phone: str | None = None
    fax_number: str | None = None
    street_address: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    preferred_language: str | None = None
    employee_id: str | None = None
    usage_location: str | None = None
    account_enabled: bool = True
    user_type: Literal["Member", "Guest"] = "Member"
    has_photo: bool = False
    groups: frozenset[str] = frozenset()
    # By id or by name, active; and those that are only eligible.
    directory_roles: tuple[str, ...] = ()
    eligible_roles: tuple[str, ...] = ()
    app_roles: tuple[str, ...] = ()
    password: str = ""
    password_expired: bool = False
    mfa_required: bool = False
    blocked_by_policy: bool = False
    assigned: bool = True
    sign_in_frequency_seconds: Annotated[int, Field(ge=0)] | None = None
    deleted: bool = False

    def values(self) -> dict[str, Any]:
        """What is given, for a ``User``: roles by their ids, and a deletion with its moment."""
        given = self.given()
        for kind in ("directory_roles", "eligible_roles"):
            if kind in given:
                given[kind] = tuple(role_id(name) for name in given[kind])
        if "deleted" in given:
            given["deleted_at"] = moment_of() if given["deleted"] else None
        return given


class _NewUser(_UserChange):
    tenant: str
    user_principal_name: Annotated[str, Field(min_length=3)]
    oid: str | None = None
    # The sign-in name of the account that is to be a guest here.
    home: str | None = None


class _Groups(Change):
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    # Exactly so many direct groups, which are made for it; in place of the ones there were.
    count: Annotated[int, Field(ge=0, le=5000)] | None = None


class _RefusedRefresh(Change):
    code: int


def people_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("people", __name__)
    _users(blueprint, simulator)
    _people_events(blueprint, simulator)
    return blueprint


def _users(blueprint: Blueprint, simulator: Simulator) -> None:
    directory = simulator.directory

    @blueprint.get("/users")
    def every_user() -> Response:
        return make_response(jsonify(users=[_user(user) for user in directory.users()]))

    @blueprint.get("/users/<name>")
    def one_user(name: str) -> Response:
        return make_response(jsonify(_user(user_named(simulator, name))))

    @blueprint.post("/users")
    def new_user() -> Response:
        wanted = body_of(_NewUser)
        tenant = tenant_named(simulator, wanted.tenant)
        given = wanted.values()
        for extra in ("tenant", "oid", "home"):
            given.pop(extra, None)
        home = None
        if wanted.home is not None:
            account = directory.account(wanted.home)
            if account is None:
                raise UnknownObject(wanted.home)
            home = HomeAccount(account.tenant_id, account.oid, account.user_principal_name)
            given.setdefault("user_type", "Guest")
        given.setdefault("display_name", wanted.user_principal_name.partition("@")[0])
        user = User(tenant.tenant_id, wanted.oid or str(uuid.uuid4()), home=home, **given)
        directory.save_user(user)
        return make_response(jsonify(_user(user)), 201)

    @blueprint.patch("/users/<name>")
    def change_user(name: str) -> Response:
        user = replace(user_named(simulator, name), **body_of(_UserChange).values())
        directory.save_user(user)
        for guest in directory.users():  # They sign in with the new name as well.
            if guest.home is not None and guest.account_key == user.key:
                home = HomeAccount(user.tenant_id, user.oid, user.user_principal_name)
                directory.save_user(replace(guest, home=home))
        return make_response(jsonify(_user(user)))

    @blueprint.delete("/users/<name>")
    def delete_user(name: str) -> Response:
        """Into the recycle bin, or for good when that is asked for or the person is there already."""
        user = user_named(simulator, name)
        if user.deleted or request.args.get("permanently") == "true":
            directory.remove_user(user)
        else:
            directory.save_user(replace(user, deleted=True, deleted_at=moment_of()))
        return make_response("", 204)

    @blueprint.post("/users/<name>/restore")
    def restore_user(name: str) -> Response:
        user = replace(user_named(simulator, name), deleted=False, deleted_at=None)
        directory.save_user(user)
        return make_response(jsonify(_user(user)))


def _people_events(blueprint: Blueprint, simulator: Simulator) -> None:
    directory = simulator.directory

    @blueprint.post("/users/<name>/recreate")
    def recreate(name: str) -> Response:
        """Another object of the same name: nothing but the values is the old one's."""
        old = user_named(simulator, name)
        new = replace(old, oid=str(uuid.uuid4()), deleted=False, deleted_at=None, session_generation=0)
        directory.save_user(replace(old, deleted=True, deleted_at=moment_of()))
        directory.save_user(new)
        return make_response(jsonify(_user(new)), 201)

    @blueprint.post("/users/<name>/revoke-sessions")
    def revoke_sessions(name: str) -> Response:
        directory.revoke_sessions(user_named(simulator, name), moment_of())
        return make_response("", 204)

    @blueprint.post("/users/<name>/refuse-refresh")
    def refuse_refresh(name: str) -> Response:
        user, code = user_named(simulator, name), body_of(_RefusedRefresh).code
        count = simulator.grants.refuse_refresh(code, lambda one: (one.tenant_id, one.oid) == user.key)
        return make_response(jsonify(refresh_tokens=count))

    @blueprint.post("/users/<name>/groups")
    def change_groups(name: str) -> Response:
        user, wanted = user_named(simulator, name), body_of(_Groups)
        groups = (user.groups | wanted.add) - wanted.remove
        if wanted.count is not None:
            space = uuid.UUID(user.tenant_id)
            made = [
                Group(str(uuid.uuid5(space, f"made to order {number}")), user.tenant_id, f"Made to order {number}")
                for number in range(1, wanted.count + 1)
            ]
            directory.save_groups(made)
            groups = frozenset(group.group_id for group in made)
        unknown = {group_id for group_id in groups if directory.group(group_id) is None}
        directory.save_groups(
            Group(group_id, user.tenant_id, f"Made to order {group_id[:8]}") for group_id in sorted(unknown)
        )
        user = replace(user, groups=groups)
        directory.save_user(user)
        return make_response(jsonify(groups=sorted(directory.all_groups_of(user))))


def _user(user: User) -> dict[str, Any]:
    return plain({one.name: getattr(user, one.name) for one in fields(user)} | {"sign_in_name": user.sign_in_name})
