"""The OpenID Provider: what Pobuca applications ask in OpenID Connect, and how they are answered.

It owns parsing, proof of client and redirect URI, codes and tokens and their life, claims, and the endpoints.
``provider`` is the only home of pyop, and nothing of pyop's leaves it. This package must not know the upstream or the
order of a login.
"""
