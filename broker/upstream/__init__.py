"""Where people prove who they are: one connector for each kind of upstream, behind one port.

It owns what an upstream says and how that is checked. It must not know the downstream, the login's order, or the
stores.
"""
