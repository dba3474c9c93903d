"""Claim rules: what we require of what the upstream said, how it becomes ours, whom we admit, what we release.

It owns the language of the rules (CEL) and what the rules may see. It is pure: it must not know files, stores, HTTP or
protocols. Whatever goes wrong in a rule refuses.
"""
