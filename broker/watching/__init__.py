"""Watches the directories of federated organisations, so that whoever is ended there is ended here.

Owns the periodic look at each directory, the check of one person when something is renewed, what a change
notification sets off, and what is wrong with a trust. Must not know HTTP, SQL or how Entra says it: directories are
asked through the ports in ``directory``.
"""
