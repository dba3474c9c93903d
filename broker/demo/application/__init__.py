"""Pobuca Contacts (sample): a small relying party, as an application of the Pobuca family would be one.

Owns: its pages, its own session, and the sign-in through an OpenID Provider that it knows by its issuer alone. Must
not know: the broker behind that issuer, or how anybody signed in there.
"""
