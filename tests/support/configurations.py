"""A configuration directory that is right, to be broken by tests in one place at a time."""

from __future__ import annotations

import base64
import hashlib
import shutil
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"
SEALING_KEY = base64.urlsafe_b64encode(hashlib.sha256(b"a key for tests").digest()).decode().rstrip("=")

ENVIRON = {
    "SEALING_KEY": SEALING_KEY,
    "SHORT_KEY": "c2hvcnQ",
    "ENTRA_CLIENT_SECRET": "canary-entra-client-secret-0001",
    "CONNECT_CLIENT_SECRET": "canary-connect-client-secret-0002",
    "REPORTS_CLIENT_SECRET": "canary-reports-client-secret-0003",
    "REDIS_PASSWORD": "canary-redis-password-0004",
    "POSTGRES_PASSWORD": "canary-postgres-password-0005",
    "MAIL_PASSWORD": "canary-mail-password-0006",
    "HOOK_SECRET": "whsec_Y2FuYXJ5LWhvb2stc2VjcmV0LTAwMDctMDAwNw==",
    "HOOK_SECRET_OLD": "whsec_Y2FuYXJ5LWhvb2stc2VjcmV0LTAwMDgtMDAwOA==",
    "CRM_TOKEN": "canary-crm-token-0009-0009-0009-0009",
    "SCIM_TOKEN": "canary-scim-token-0010-0010-0010-0010",
    "SCIM_TOKEN_OLD": "canary-scim-token-0011-0011-0011-0011",
    "PLACEHOLDER": "ChangeMe",
}


def good_configuration(directory: Path) -> Path:
    """A copy of ``tests/data/good_config`` at ``directory``, which passes without a warning under ``ENVIRON``."""
    return shutil.copytree(DATA / "good_config", directory)
