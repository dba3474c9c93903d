"""Tells a recorded sign-in as a story."""
