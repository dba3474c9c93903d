"""A simulation of Microsoft Entra ID: its OpenID Connect endpoints, what a sign-in reads of Microsoft Graph, its pages.

Owns: the simulated tenants, people, keys and grants, everything Entra would answer, and the control API by which a test
or a developer changes all that while it runs. Must not know: the broker. It could be pointed at any relying party.
"""
