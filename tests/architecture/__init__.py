"""The rules that hold the house together: who may import what, and who alone may make what."""
