"""``ScimStorage`` over the accounts of one organisation."""

from __future__ import annotations

from typing import Any, Final

from scim2_models import (
    InvalidFilterException,
    InvalidValueException,
    MutabilityException,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SCIMException,
    SearchRequest,
    TooManyException,
    UniquenessException,
)
from scim2_models.path import CompareOperator, Comparison
from scim2_server.storage import ScimStorage, SearchPage

from broker.downstream.scim.resources import resource_of, user_of
from broker.provisioning.scim import ScimProvisioning
from broker.provisioning.scim_users import ScimRefused
from broker.store.scim import ScimPerson

# So many people are looked through for a filter that no index answers.
MOST_PEOPLE: Final = 20_000


class AccountStorage(ScimStorage):
    """One for each request: it is of one organisation."""

    def __init__(self, provisioning: ScimProvisioning, organization: str) -> None:
        self._provisioning = provisioning
        self._organization = organization

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        del resource_type, response_parameters
        person = self._provisioning.person(self._organization, resource_id)
        if person is None:
            raise _not_found()
        return _shown(person)

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        del resource_types, position
        wanted = search_request.filter
        found = [_shown(person) for person in self._candidates(wanted)]
        try:
            matching = [resource for resource in found if wanted is None or wanted.match(resource)]
            if search_request.sort_by is not None:
                descending = search_request.sort_order == SearchRequest.SortOrder.descending
                matching.sort(key=lambda resource: _sort_key(search_request, resource), reverse=descending)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidFilterException(detail="The filter cannot be evaluated") from error
        start = search_request.start_index_0 or 0
        stop = None if search_request.count is None else start + search_request.count
        return SearchPage(len(matching), matching[start:stop])

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        del resource_type
        try:
            return _shown(self._provisioning.create(self._organization, user_of(resource)))
        except ScimRefused as refused:
            raise _exception_of(refused) from refused

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        del resource_type
        try:
            person = self._provisioning.change(
                self._organization, resource.id or "", user_of(resource), version=expected_version
            )
        except ScimRefused as refused:
            raise _exception_of(refused) from refused
        if person is None:
            raise _not_found()
        return _shown(person)

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        del resource_type
        try:
            there = self._provisioning.delete(self._organization, resource_id, version=expected_version)
        except ScimRefused as refused:
            raise _exception_of(refused) from refused
        if not there:
            raise _not_found()

    def _candidates(self, wanted: Any) -> list[ScimPerson]:
        """Everybody who can match; by an index for what directories look people up by."""
        name, value = _equality(wanted)
        if name == "username":
            return list(self._provisioning.named(self._organization, value))
        if name == "externalid":
            return list(self._provisioning.known_as(self._organization, value))
        if name == "id":
            person = self._provisioning.person(self._organization, value)
            return [person] if person is not None else []
        people = list(self._provisioning.everybody(self._organization, MOST_PEOPLE + 1))
        if len(people) > MOST_PEOPLE:
            raise TooManyException(detail=f"More than {MOST_PEOPLE} users would have to be looked through")
        return people


def _shown(person: ScimPerson) -> Resource[Any]:
    resource: Resource[Any] = resource_of(person)
    return resource


def _equality(wanted: Any) -> tuple[str, str]:
    """The attribute and the text of a filter ``attribute eq "text"``; empty for any other."""
    node = wanted.ast if wanted is not None else None
    if not isinstance(node, Comparison) or node.op != CompareOperator.eq or not isinstance(node.value, str):
        return "", ""
    path = str(node.attr_path).rpartition(":")[2]
    return path.lower(), node.value


def _sort_key(search_request: SearchRequest[Any], resource: Resource[Any]) -> tuple[bool, Any, str]:
    value = search_request.sort_value(resource)
    return value is None, value if value is not None else "", str(resource.id)


def _not_found() -> NotFoundException:
    return NotFoundException(detail="There is no such user")


def _exception_of(refused: ScimRefused) -> SCIMException:
    match refused.kind:
        case "taken":
            return UniquenessException(detail=str(refused))
        case "mutability":
            return MutabilityException(detail=str(refused))
        case "version":
            return PreconditionFailedException(detail=str(refused))
        case _:
            return InvalidValueException(detail=str(refused))
