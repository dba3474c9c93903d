"""The history of the directory's tables: one file in ``versions`` for every change, oldest first.

``upgrading`` runs it, ``env.py`` is Alembic's door to it. A file in ``versions`` that has been released is never
changed, and so imports nothing of ours. This package must not know how an engine is made.
"""
