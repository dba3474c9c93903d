"""What a browser sees of the broker itself: pages, error pages, cookies, headers, and how a flow's step becomes an
answer.

Endpoints of upstream and downstream use it; it must not know them, nor any adapter.
"""
