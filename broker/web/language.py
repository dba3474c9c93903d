"""The language of a page: what the application asked for, else what the browser prefers, else the configured one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Flask, g, request
from flask_babel import Babel

LANGUAGES: Final = ("en", "el")


def install(app: Flask, default: str) -> None:
    """Gives every page its language."""
    app.config["BABEL_DEFAULT_LOCALE"] = default
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"

    def select() -> str:
        asked: str | None = g.get("language")
        return asked or request.accept_languages.best_match(LANGUAGES) or default

    Babel(app, locale_selector=select)
    app.jinja_env.globals["language"] = select


def prefer(ui_locales: Sequence[str]) -> None:
    """Lets the first of these that we have decide for this answer (OpenID Connect Core 3.1.2.1, ``ui_locales``)."""
    for tag in ui_locales:
        language = tag.partition("-")[0].lower()
        if language in LANGUAGES:
            g.language = language
            return
