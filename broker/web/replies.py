"""How a responder's reply becomes an HTTP answer."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template

from broker.messages import FormPost, Redirect, Reply
from broker.web import headers


def present_reply(reply: Reply) -> Response:
    """A 303 (RFC 9700 section 4.12), or a page whose form submits itself (OAuth 2.0 Form Post Response Mode)."""
    if isinstance(reply, Redirect):
        return make_response(redirect(reply.url, 303))
    return _form_post(reply)


def _form_post(reply: FormPost) -> Response:
    # The form may go to that one address and nowhere else, and the page's one script is named by a nonce (threats
    # DO-18).
    parts = urlsplit(reply.url)
    headers.allow_form_action([f"{parts.scheme}://{parts.netloc}{parts.path}"])
    return make_response(render_template("form_post.html", reply=reply, nonce=headers.nonce()))
