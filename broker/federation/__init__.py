"""What the files in ``config/`` mean.

``model``: the typed shape of every file. ``load``: files to model, with every problem by file, line and column.
``registry``: the read-only view of one consistent reading that flows use. It owns configuration and must not know
HTTP or stores; it never writes a file.
"""
