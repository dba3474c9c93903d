"""How people of organisations that are not federated belong to them: passwords, resets, invitations, app passwords, and
the administration of co-workers.

Flows over ports: no HTTP, no SQL. Each asks the gate before it looks at what somebody knows or has, and none of them
knows how an organisation is federated. It is also the one home of password hashing.
"""
