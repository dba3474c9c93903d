"""The connector that speaks OpenID Connect with Entra's v2.0 endpoints.

It owns the requests, the answers and the rules by which an ID token is believed. It must not know the login's order,
nor what becomes of an ``Authentication``.
"""
