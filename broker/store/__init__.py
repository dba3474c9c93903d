"""What the broker remembers, behind two ports.

``state``: everything with an expiry. ``directory``: records that stay. This package owns SQL, Redis and the migrations;
it must not know HTTP, protocols or what the values mean beyond their fields.
"""
