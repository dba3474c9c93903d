"""The pages of Pobuca Contacts (sample)."""

from __future__ import annotations

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request, session, url_for

from broker.demo.application.claims import rows
from broker.demo.application.client import PobucaClient
from broker.demo.application.errors import SignInFailed, explain
from broker.demo.application.settings import CALLBACK_PATH, ApplicationSettings
from broker.demo.application.signed_in import SignedIn, SignedInBrowsers

_HANDLE = "signed_in"

# What a developer may try from a link: none is the silent way, login asks again, select_account changes the person.
_PROMPTS = ("none", "login", "select_account")

_HEADERS = {
    # Chromium applies form-action to redirects as well, and signing out is the only form: it stays here.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_application(settings: ApplicationSettings) -> Flask:
    """The application; it asks the provider for nothing until somebody signs in."""
    app = Flask(__name__)
    app.secret_key = settings.session_key
    # Cookies know no ports, so on localhost each program needs a name of its own.
    app.config.update(
        SESSION_COOKIE_NAME="pobuca-contacts",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https:"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    browsers = SignedInBrowsers()
    client = PobucaClient(app, settings)

    def present() -> SignedIn | None:
        return browsers.get(session.get(_HANDLE))

    @app.get("/")
    def start() -> str:
        person = present()
        if person is None:
            return render_template("start.html", issuer=settings.issuer)
        return render_template(
            "signed_in.html", person=person, claims=rows(person.claims), userinfo=rows(person.userinfo)
        )

    @app.get("/sign-in")
    def sign_in() -> Response:
        # A provider may ask for a sign-in by this address too (OpenID Connect Core 4): it says who it is, and whom it
        # expects.
        if request.args.get("iss", settings.issuer) != settings.issuer:
            raise SignInFailed("issuer_mismatch")
        parameters = {}
        if request.args.get("prompt") in _PROMPTS:
            parameters["prompt"] = request.args["prompt"]
        if request.args.get("login_hint"):
            parameters["login_hint"] = request.args["login_hint"]
        return client.send_to_sign_in(parameters)

    @app.get(CALLBACK_PATH)
    def callback() -> Response:
        signed_in = client.finish()
        browsers.end(session.get(_HANDLE))
        session[_HANDLE] = browsers.open(signed_in)
        return make_response(redirect(url_for("start"), 303))

    @app.post("/sign-out")
    def sign_out() -> Response:
        browsers.end(session.pop(_HANDLE, None))
        return make_response(redirect(url_for("start"), 303))

    @app.get("/signed-in.json")
    def signed_in_json() -> Response:
        person = present()
        if person is None:
            return make_response(jsonify(error="nobody is signed in with this browser"), 401)
        return jsonify(person.as_json())

    @app.errorhandler(SignInFailed)
    def failed(error: SignInFailed) -> Response:
        page = render_template("error.html", error=error, said=explain(error.code), still=present() is not None)
        return make_response(page, 503 if error.code == "provider_unavailable" else 400)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    return app
