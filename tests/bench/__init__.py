"""Measures complete brokered sign-ins against a broker served by its own command, in processes of its own.

Figures are ratios against raw RSA-2048 signing in the same run, since times of one machine say nothing of another.
Nothing here is asserted: a person reads the report and writes it into ``docs/performance.md``. Everything goes to
loopback, is bounded in count, and stops what it started.
"""
