"""The yardstick: raw RSA-2048 signing on this machine, in this run."""

from __future__ import annotations

import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def cpu_seconds_per_signature(seconds: float = 1.0, rounds: int = 5) -> float:
    """CPU seconds of one RSA-2048 PKCS#1 v1.5 SHA-256 signature: the median of ``rounds`` of ``seconds`` each."""
    key = rsa.generate_private_key(65537, 2048)
    message = b"x" * 300
    costs = []
    for _ in range(rounds):
        count, started = 0, time.process_time()
        while (spent := time.process_time() - started) < seconds / rounds:
            for _ in range(20):
                key.sign(message, padding.PKCS1v15(), hashes.SHA256())
            count += 20
        costs.append(spent / count)
    return sorted(costs)[rounds // 2]
