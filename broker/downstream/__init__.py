"""The applications that ask: one responder for each protocol, behind one port.

It owns what an application may ask and how it is answered. It must not know the upstream, or the login's order.
"""
