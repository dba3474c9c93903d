"""Exits 0 if the broker on this port of this machine can sign people in.

For the container's HEALTHCHECK: the slim image has neither curl nor wget. It asks over plain HTTP, as the reverse proxy
does.
"""

from __future__ import annotations

import http.client
import os
import sys


def ready(port: int) -> bool:
    """Whether ``/health/ready`` says 200; False for any other answer, and for none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=8)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if ready(int(os.environ.get("BROKER_PORT", "8080"))) else 1)
