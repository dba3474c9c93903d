"""Looks up DNS records for the proof of domains; the only home of dnspython.

It owns the asking: which resolver, how long, how much. It must not know organisations, nor what a record proves.
"""
