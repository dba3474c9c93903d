"""SCIM 2.0 in: an organisation's directory creates, changes and shuts accounts (RFC 7643, RFC 7644), as an extra.

Owns the protocol, for which scim2-server and scim2-models are asked, and the bearer token of each organisation. Which
account is whose, and what may be written of it, is decided in ``broker.provisioning.scim``. Nothing here lets anybody
in, and nothing here is imported unless an organisation wants it.
"""
