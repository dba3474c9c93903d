"""Domains that are nobody's own: public suffixes, and where anybody gets a mail address.

A short list on purpose. It keeps an operator or an administrator from a mistake; what keeps a stranger out is the
proof, which nobody can give for these. Sources: the kinds of suffixes in https://publicsuffix.org/list/ (registries
whose second level is a kind of owner), and the mail providers with the most users in Pobuca's markets.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Under a country's top level these are kinds of owners, not owners: co.uk, com.gr, edu.cy.
_KINDS: Final = _words(
    "ac biz co com edu gen go gob gouv gov gv lg ltd me mil mod muni ne net nhs nom or org plc police sch"
)

# Suffixes under which strangers get names of their own, whatever their form.
_SUFFIXES: Final = _words(
    """
    appspot.com azurewebsites.net blogspot.com cloudapp.net cloudfront.net github.io gitlab.io herokuapp.com
    netlify.app onmicrosoft.com pages.dev sharepoint.com uk.com eu.com us.com web.app workers.dev
    """
)

# Where the whole tree below belongs to a provider that gives names away: never an organisation's own mail domain.
_TREES: Final = frozenset(("onmicrosoft.com", "sharepoint.com"))

_FREE_MAIL: Final = _words(
    """
    aol.com fastmail.com forthnet.gr freemail.gr gmail.com gmx.com gmx.de gmx.net googlemail.com hol.gr hotmail.com
    hotmail.co.uk hotmail.de hotmail.fr hotmail.gr hotmail.it hush.com icloud.com in.gr inbox.com laposte.net libero.it
    live.com live.co.uk live.fr mac.com mail.com mail.gr mail.ru me.com msn.com orange.fr otenet.gr outlook.com
    outlook.com.gr outlook.de outlook.fr pathfinder.gr pm.me proton.me protonmail.com qq.com rocketmail.com t-online.de
    tutanota.com vivodinet.gr web.de wp.pl yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.gr yandex.com yandex.ru
    ymail.com zoho.com 163.com 126.com
    """
)


def why_shared(domain: str) -> str | None:
    """Why a canonical domain cannot be one organisation's own, as the end of a sentence; None if it can."""
    labels = domain.split(".")
    if domain in _FREE_MAIL:
        return "gives mail addresses to anybody"
    if domain in _SUFFIXES or any(domain.endswith(f".{tree}") for tree in _TREES):
        return "belongs to a provider under which anybody gets a name"
    if len(labels) == 2 and labels[0] in _KINDS and len(labels[1]) == 2:
        return "is a public suffix, under which anybody registers a name"
    return None
