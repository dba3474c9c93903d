"""How provisioning hooks are reached: a signed webhook, a SCIM 2.0 server, the code of an installed package; and the
delivery of what waits in the outbox.

It owns the wire of each. What follows from an answer is decided in ``broker.provisioning``, and which organisation has
which hook in the composition.
"""
