"""Pobuca's own sign-in as one more upstream.

Owns how a proved password becomes an ``Authentication``; the proving itself is ``broker.membership``'s, and the page
``broker.web``'s. It must not know any other upstream.
"""
