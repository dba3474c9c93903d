"""What a change of the configuration would do, before it is live.

Owns the comparison of two configurations: key by key, by what becomes weaker or stronger, and by what would become of
the sign-ins that were recorded. Must not change anything, and must not know how it is shown.
"""
