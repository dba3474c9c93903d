"""What is kept of sign-ins so that they can be explained: recorded, told as a story, and tried against other rules.

It owns what may be kept (``redaction``), how it is kept (``recorder``), how it is found again (``sign_ins``) and told
(``story``). It must not know HTTP, protocols or how a sign-in goes: it gets a ``tracing.Record`` of each request. To
record must never fail or slow a sign-in, so whatever goes wrong here is logged and forgotten.
"""
