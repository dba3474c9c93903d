"""What is true of Microsoft Entra ID whatever protocol is spoken with it: tenants, guests, error codes, Microsoft
Graph.

It must not know a protocol's messages; those are in the packages of the protocols beside it.
"""
