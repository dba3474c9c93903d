"""The authentication context class of a plain sign-in at a directory.

Entra says nothing of the strength of a sign-in unless it was asked for an authentication context, so nothing more is
stated than that the directory has authenticated the person (threats UO-20).
"""

from __future__ import annotations

from typing import Final

DIRECTORY_ACR: Final = "urn:pobuca:acr:directory"
