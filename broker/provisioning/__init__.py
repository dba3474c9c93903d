"""Just-in-time accounts: created at the first admitted sign-in, filled from the directory once, never changed
afterwards.

It owns what becomes of a profile. It must not know how the profile was fetched, nor SQL, HTTP or protocols.
"""
