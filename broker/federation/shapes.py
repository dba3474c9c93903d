"""What every section of a configuration file is: closed, frozen and strict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """Closed, frozen, strict: a mistyped key or type is an error, not a default (threats CF-03, CF-04)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What does not fit together, as (key, sentence).

        ``values`` holds what is written and in itself right, with the defaults of what is left out; so one finding does
        not hide the next.
        """
        del values
        return iter(())

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for _, sentence in self.conflicts({name: getattr(self, name) for name in type(self).model_fields}):
            raise PydanticCustomError("conflict", "{sentence}", {"sentence": sentence})
        return self
