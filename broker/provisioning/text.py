"""Cleans the free text of a directory: it is the tenant's, so it may hold anything (threats PR-06, CR-09)."""

from __future__ import annotations

import unicodedata

# Everything of Unicode's category "other" (control, format with the bidi overrides, surrogate, private, unassigned)
# goes, but for the two joiners that Persian and Indic names are written with.
_JOINERS = frozenset("\u200c\u200d")


def clean(text: str, limit: int) -> str:
    """One line in NFC without control or bidi characters, white space folded, at most ``limit`` characters."""
    visible = "".join(
        " " if unicodedata.category(c) in ("Zl", "Zp", "Zs") or c in "\t\r\n\v\f" else c
        for c in unicodedata.normalize("NFC", text)
        if c in "\t\r\n\v\f" or c in _JOINERS or not unicodedata.category(c).startswith("C")
    )
    return " ".join(visible.split())[:limit].rstrip()
