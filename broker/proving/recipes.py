"""How each door is tried: what is obtained from the twin, and what is then asked of a broker with it.

A recipe is run once against the running broker and once against the twin, each time with a credential of its own where
one use spends it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from broker.entropy import Entropy
from broker.proving.probe import Client, Probe
from broker.proving.report import Outcome
from broker.proving.visitor import Visitor, hidden_field, local_path, said
from broker.proving.wire import Wire, WireAnswer

# Where nobody's organisation is (RFC 6761): its addresses get the password page from every broker.
_OUTSIDER: Final = "somebody@prove.invalid"
_LINK: Final = re.compile(r"https?://\S+/(?P<path>(?:reset|invitations)/[A-Za-z0-9_-]+)")


class NotTried(Exception):
    """The attempt could not be made; the text says why, in words for an operator."""


class Unreachable(Exception):
    """Nobody can come to this door as the broker is configured; the text says why."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a recipe works with. ``letters`` takes the text of the letter that the twin sent last.

    ``prefix``: the path of the public URL. ``clients``: the applications in whose name tokens can be asked for.
    """

    probe: Probe
    twin: Wire
    clients: tuple[Client, ...]
    letters: Callable[[], str]
    entropy: Entropy
    prefix: str
    authority_host: str
    tenant_id: str | None
    glass: str | None
    kept: list[Visitor] = field(default_factory=list)

    def signed_in(self) -> Visitor:
        """A browser in which the probe is signed in at the twin with its password; the same one as long as it is good,
        since sign-ins are counted (threats WE-03).
        """
        for kept in self.kept:
            if kept.get("/account").status == 200:
                return kept
        self.kept.clear()
        visitor = Visitor(self.twin)
        answer = _with_password(self, visitor, self.probe.address)
        if not visitor.is_signed_in:
            raise NotTried(f"the probe cannot sign in where its organisation is not federated: {said(answer)}")
        self.kept.append(visitor)
        return visitor


Recipe = Callable[[Scene, Wire], Outcome]


# -- without a session ---------------------------------------------------------------------------------


def microsoft(scene: Scene, wire: Wire) -> Outcome:
    """The sign-in page leads an address of the organisation to its own directory, and nowhere else."""
    visitor = Visitor(wire)
    page = _path(scene, visitor.get("/sign-in"))
    answer = visitor.post(page, {"action": "email", "email": scene.probe.address})
    at = urlsplit(answer.location)
    leads_home = answer.location.startswith(f"{scene.authority_host}/{scene.tenant_id}/")
    return Outcome(not leads_home, f"leads to {at.netloc}{at.path}" if at.netloc else said(answer))


def password(scene: Scene, wire: Wire) -> Outcome:
    """The right password, at a password form that was opened for another address."""
    visitor = Visitor(wire)
    return _came_in(visitor, _with_password(scene, visitor, _OUTSIDER))


def half_finished(scene: Scene, wire: Wire) -> Outcome:
    """A password form that was opened before the switch, in the same browser."""
    visitor = Visitor(scene.twin)
    state = _password_state(scene, visitor, scene.probe.address)
    there = visitor.copied(wire)
    return _came_in(there, _post_password(scene, there, state))


def password_reset(scene: Scene, wire: Wire) -> Outcome:
    """A link that was mailed before the switch; asking for one is answered alike for everybody."""
    Visitor(scene.twin).post("/reset", {"email": scene.probe.address})
    path = _link_in(scene.letters())
    # The same password again: the attempts after this one still need it.
    new = scene.probe.password
    answer = Visitor(wire).post(f"/{path}", {"new_password": new, "new_password_again": new})
    return Outcome(answer.status == 303, said(answer))


def invitation_link(scene: Scene, wire: Wire) -> Outcome:
    """A link that was mailed before the switch, to an address of the organisation's domain."""
    invited = f"prove-{scene.entropy.token(6).lower()}@{scene.probe.domain}"
    path = _link_in(_invite(scene, scene.twin, invited)[1])
    new = scene.entropy.token()
    form = {"first_name": "Probe", "last_name": "Invited", "new_password": new, "new_password_again": new}
    answer = Visitor(wire).post(f"/{path}", form)
    return Outcome(answer.status == 303, said(answer))


def app_password_check(scene: Scene, wire: Wire) -> Outcome:
    """An app password that was made before the switch, as a CardDAV server has it checked."""
    client = _client(scene, lambda c: "app_passwords.verify" in c.api_scopes, "may check app passwords")
    made = _app_password(scene, scene.signed_in())[1]
    answer = wire.send(
        "POST",
        "/api/v1/app-passwords/verify",
        json_body={"address": scene.probe.address, "password": made},
        headers={"Authorization": f"Bearer {_api_token(wire, client, 'app_passwords.verify')}"},
    )
    return Outcome(answer.status == 200, said(answer))


# -- with a session from before ---------------------------------------------------------------------------------


def session(scene: Scene, wire: Wire) -> Outcome:
    """A session cookie from before the switch, at the account page."""
    answer = scene.signed_in().copied(wire).get("/account")
    return Outcome(answer.status == 200, said(answer))


def password_change(scene: Scene, wire: Wire) -> Outcome:
    """Another password, chosen in a session from before."""
    visitor = scene.signed_in()
    token = hidden_field(visitor.get("/account"), "token")
    # The old password is not told: what is proved is that the page does not even ask for it any more.
    form = {"token": token, "password": "", "new_password": "", "new_password_again": ""}
    answer = visitor.copied(wire).post("/account/password", form)
    return Outcome(answer.status in (200, 400) and _is_page_of(answer, "new_password"), said(answer))


def app_password(scene: Scene, wire: Wire) -> Outcome:
    """A new app password, in a session from before."""
    answer, made = _app_password(scene, scene.signed_in(), wire)
    return Outcome(bool(made), said(answer))


def invitation(scene: Scene, wire: Wire) -> Outcome:
    """An invitation of a co-worker, in a session from before."""
    answer, _ = _invite(scene, wire, f"prove-{scene.entropy.token(6).lower()}@{scene.probe.domain}", keep=False)
    return Outcome("notice=" in answer.location, said(answer))


def co_workers(scene: Scene, wire: Wire) -> Outcome:
    """A change of one's own entry, in a session from before."""
    visitor = scene.signed_in()
    path = f"/co-workers/{scene.probe.account_id}"
    token = hidden_field(visitor.get(path), "token")
    form = {"token": token, "first_name": "Probe", "last_name": "of the doors", "role": "administrator"}
    answer = visitor.copied(wire).post(path, form)
    return Outcome(answer.status == 303 and "/co-workers" in answer.location, said(answer))


def connecting(scene: Scene, wire: Wire) -> Outcome:
    """Beginning to connect the organisation with another directory, in a session from before."""
    visitor = scene.signed_in()
    token = hidden_field(visitor.get("/settings/security"), "token")
    answer = visitor.copied(wire).post("/settings/security/connect", {"token": token})
    # To sign in as the administrator of any directory; who must sign in here first is led to the bound one.
    return Outcome(answer.location.startswith(f"{scene.authority_host}/organizations/"), said(answer))


def passkey(scene: Scene, wire: Wire) -> Outcome:
    """The page on which passkeys are registered, in a session from before."""
    answer = scene.signed_in().copied(wire).get("/break-glass/passkeys")
    if wire is scene.twin and answer.status != 200:
        raise Unreachable("only people who are named for the break-glass register passkeys")
    return Outcome(answer.status == 200, said(answer))


def break_glass(scene: Scene, wire: Wire) -> Outcome:
    """The page of the break-glass, to whoever knows its address."""
    answer = Visitor(wire).get("/break-glass")
    state = scene.glass or "not open for this organisation"
    return Outcome(scene.glass is not None and answer.status == 200, f"{state} ({said(answer)})")


# -- with what an application has ---------------------------------------------------------------------------------


def authorization_code(scene: Scene, wire: Wire) -> Outcome:
    """A code that an application was given before the switch."""
    client = _client(scene, lambda c: c.redirect_uri is not None, "signs people in")
    verifier, code = _code(scene, client)
    return _tokens_outcome(_redeem(wire, client, code, verifier))


def refresh_token(scene: Scene, wire: Wire) -> Outcome:
    """A refresh token that an application was given before the switch."""
    client = _client(
        scene, lambda c: c.redirect_uri is not None and "offline_access" in c.scopes, "may have refresh tokens"
    )
    tokens = _tokens(scene, client, "openid offline_access")
    form = {"grant_type": "refresh_token", "refresh_token": str(tokens.get("refresh_token", ""))}
    return _tokens_outcome(_at_token_endpoint(wire, client, form))


def access_token(scene: Scene, wire: Wire) -> Outcome:
    """An access token that an application was given before the switch, at UserInfo."""
    client = _client(scene, lambda c: c.redirect_uri is not None, "signs people in")
    token = str(_tokens(scene, client).get("access_token", ""))
    answer = wire.send("GET", "/userinfo", headers={"Authorization": f"Bearer {token}"})
    return Outcome(answer.status == 200, said(answer))


def introspection(scene: Scene, wire: Wire) -> Outcome:
    """The same token, reported to the application that has it."""
    client = _client(scene, lambda c: c.redirect_uri is not None, "signs people in")
    token = str(_tokens(scene, client).get("access_token", ""))
    answer = wire.send("POST", "/introspect", **_proved(client, {"token": token}))
    active = answer.json().get("active") is True
    return Outcome(active, f"{answer.status} active: {str(active).lower()}")


def scim(scene: Scene, wire: Wire) -> Outcome:
    """An account written with what a program can have that is not the directory: an application's access token."""
    if wire is scene.twin:
        raise Unreachable("only the organisation's directory has its token; it was refused to an application's")
    client = _client(scene, lambda c: bool(c.api_scopes), "may call the API")
    token = _api_token(wire, client, client.api_scopes[0])
    name = f"prove-{scene.entropy.token(6).lower()}@{scene.probe.domain}"
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "active": False}
    path = f"/scim/v2/{scene.probe.organization}/Users"
    answer = wire.send("POST", path, json_body=body, headers={"Authorization": f"Bearer {token}"})
    return Outcome(answer.status not in (401, 429), said(answer))


RECIPES: Final[Mapping[str, Recipe]] = {
    "microsoft": microsoft,
    "password": password,
    "password_reset": password_reset,
    "password_reset_link": password_reset,
    "password_change": password_change,
    "invitation": invitation,
    "invitation_link": invitation_link,
    "co_workers": co_workers,
    "app_password": app_password,
    "app_password_check": app_password_check,
    "session": session,
    "authorization_code": authorization_code,
    "refresh_token": refresh_token,
    "access_token": access_token,
    "introspection": introspection,
    "half_finished": half_finished,
    "connecting": connecting,
    "break_glass": break_glass,
    "passkey": passkey,
    "scim": scim,
}


# -- pieces ---------------------------------------------------------------------------------


def _path(scene: Scene, answer: WireAnswer) -> str:
    if not answer.location:
        raise NotTried(f"no redirect: {said(answer)}")
    return local_path(answer.location, scene.prefix)


def _password_state(scene: Scene, visitor: Visitor, address: str) -> str:
    """Opens the password form for an address; the ``state`` of the sign-in that it belongs to."""
    page = _path(scene, visitor.get("/sign-in"))
    answer = visitor.post(page, {"action": "email", "email": address})
    state = parse_qs(urlsplit(answer.location).query).get("state", [""])[0]
    if "/sign-in/password" not in answer.location or not state:
        raise NotTried(f"no password form: {said(answer)}")
    return state


def _with_password(scene: Scene, visitor: Visitor, opened_for: str) -> WireAnswer:
    return _post_password(scene, visitor, _password_state(scene, visitor, opened_for))


def _post_password(scene: Scene, visitor: Visitor, state: str) -> WireAnswer:
    form = {"state": state, "email": scene.probe.address, "password": scene.probe.password}
    return visitor.post("/sign-in/password", form)


def _came_in(visitor: Visitor, answer: WireAnswer) -> Outcome:
    return Outcome(visitor.is_signed_in, said(answer))


def _invite(scene: Scene, wire: Wire, address: str, *, keep: bool = True) -> tuple[WireAnswer, str]:
    visitor = scene.signed_in()
    token = hidden_field(visitor.get("/co-workers/invitations"), "token")
    form = {"token": token, "email": address, "role": "editor"}
    answer = visitor.copied(wire).post("/co-workers/invitations", form)
    return answer, scene.letters() if keep else ""


_MADE: Final = re.compile(r'id="app-password"[^>]*>\s*([a-z2-7-]+)')


def _app_password(scene: Scene, visitor: Visitor, wire: Wire | None = None) -> tuple[WireAnswer, str]:
    token = hidden_field(visitor.get("/account"), "token")
    answer = visitor.copied(wire or scene.twin).post("/account/app-passwords", {"token": token, "label": "probe"})
    found = _MADE.search(answer.body)
    return answer, found[1] if found else ""


def _link_in(letter: str) -> str:
    found = _LINK.search(letter)
    if found is None:
        raise NotTried("no letter with a link was sent")
    return found["path"]


def _is_page_of(answer: WireAnswer, field: str) -> bool:
    return f'name="{field}"' in answer.body


def _client(scene: Scene, fits: Callable[[Client], bool], what: str) -> Client:
    for client in scene.clients:
        if fits(client) and (client.organizations is None or scene.probe.organization in client.organizations):
            return client
    raise Unreachable(f"no confidential application {what}")


def _code(scene: Scene, client: Client, scope: str = "openid") -> tuple[str, str]:
    """A code of the twin, and its PKCE verifier."""
    verifier = scene.entropy.token(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri or "",
            "scope": scope,
            "prompt": "consent" if "offline_access" in scope else "none",
            "state": "prove",
            "nonce": scene.entropy.token(12),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    answer = scene.signed_in().get(f"/authorize?{query}")
    code = parse_qs(urlsplit(answer.location).query).get("code", [""])[0]
    if not code:
        raise NotTried(f"the twin gave no code: {said(answer)}")
    return verifier, code


def _redeem(wire: Wire, client: Client, code: str, verifier: str) -> WireAnswer:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri or "",
        "code_verifier": verifier,
    }
    return _at_token_endpoint(wire, client, form)


def _tokens(scene: Scene, client: Client, scope: str = "openid") -> Mapping[str, object]:
    verifier, code = _code(scene, client, scope)
    answer = _redeem(scene.twin, client, code, verifier)
    if answer.status != 200:
        raise NotTried(f"the twin gave no tokens: {said(answer)}")
    return answer.json()


def _tokens_outcome(answer: WireAnswer) -> Outcome:
    return Outcome(answer.status == 200 and "access_token" in answer.json(), said(answer))


def _api_token(wire: Wire, client: Client, scope: str) -> str:
    answer = _at_token_endpoint(wire, client, {"grant_type": "client_credentials", "scope": scope})
    token = answer.json().get("access_token")
    if not isinstance(token, str):
        raise NotTried(f"{client.client_id} got no token for the API: {said(answer)}")
    return token


def _at_token_endpoint(wire: Wire, client: Client, form: Mapping[str, str]) -> WireAnswer:
    return wire.send("POST", "/token", **_proved(client, form))


def _proved(client: Client, form: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    """The form and headers by which the application proves itself (RFC 6749 section 2.3.1)."""
    if client.method == "client_secret_post":
        return {"form": {**form, "client_id": client.client_id, "client_secret": client.secret}}
    pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
    return {"form": form, "headers": {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}}
