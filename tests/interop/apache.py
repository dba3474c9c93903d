"""Apache with mod_auth_openidc: a process and a port of its own, which knows nothing of the machine's Apache."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import requests

from broker.demo.stage import Stage
from tests.servers import find_program

_START_WITHIN_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.05

# Not all of these are compiled in everywhere; one that is built in has no file and needs no line.
_MODULES: Final = (
    "mpm_prefork",
    "authn_core",
    "authz_core",
    "authz_user",
    "mime",
    "dir",
    "filter",
    "include",
    "socache_shmcb",
    "ssl",
    "auth_openidc",
)

# The page of a protected application, which knows the person from Apache alone.
_PAGE: Final = """<!doctype html><title>Protected</title>
<p id="user"><!--#echo var="REMOTE_USER" --></p>
<p id="email"><!--#echo var="OIDC_CLAIM_email" --></p>
<p id="name"><!--#echo var="OIDC_CLAIM_name" --></p>
<p id="iss"><!--#echo var="OIDC_CLAIM_iss" --></p>
"""

_CONFIGURATION: Final = """
ServerName localhost:{port}
ServerRoot {folder}
PidFile {folder}/apache.pid
Mutex file:{folder}/run default
DefaultRuntimeDir {folder}/run
ErrorLog {folder}/error.log
LogLevel warn auth_openidc:info
Listen 127.0.0.1:{port} https
{modules}
<IfModule unixd_module>
  {identity}
</IfModule>
StartServers 2
DocumentRoot {folder}/pages
TypesConfig /dev/null
AddType text/html .html
DirectoryIndex index.html
SSLEngine on
SSLCertificateFile {certificate}
SSLCertificateKeyFile {key}
<Directory {folder}/pages>
  Options +IncludesNOEXEC
  SetOutputFilter INCLUDES
  Require all granted
</Directory>

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {secret}
OIDCRedirectURI https://localhost:{port}/protected/redirect_uri
OIDCCryptoPassphrase a-passphrase-of-one-test
OIDCPKCEMethod S256
OIDCScope "openid profile email"
OIDCCABundlePath {folder}/authority.pem
OIDCSSLValidateServer On
OIDCOAuthSSLValidateServer On
OIDCSessionType client-cookie
<Location /protected>
  AuthType openid-connect
  Require valid-user
</Location>
"""


@contextmanager
def apache(stage: Stage, port: int, client_id: str, secret: str) -> Iterator[str]:
    """The address of a running Apache, whose ``/protected/`` needs a sign-in at the stage's broker."""
    program = find_program("apache", "apache2", "usr/sbin")
    folder = Path(tempfile.mkdtemp(prefix="apache-"))
    try:
        _write(folder, stage, port, client_id, secret)
        with (folder / "start.log").open("wb") as log:
            process = subprocess.Popen(
                [str(program), "-f", str(folder / "apache.conf"), "-DFOREGROUND"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # When it ends, Apache ends its whole process group.
            )
        try:
            _wait(process, stage, f"https://localhost:{port}/", folder)
            yield f"https://localhost:{port}"
        finally:
            process.terminate()
            process.wait(30)
    finally:
        shutil.rmtree(folder)


def _write(folder: Path, stage: Stage, port: int, client_id: str, secret: str) -> None:
    # Apache's children are nobody in particular, and read the pages and the authority.
    folder.chmod(0o755)
    (folder / "run").mkdir(mode=0o755)
    (folder / "pages/protected").mkdir(mode=0o755, parents=True)
    (folder / "pages/index.html").write_text("<!doctype html><title>Open</title>")
    (folder / "pages/protected/index.html").write_text(_PAGE)
    (folder / "authority.pem").write_bytes(stage.ca_file.read_bytes())
    modules = Path("/usr/lib/apache2/modules")
    # Apache refuses to serve as root, and needs no other user when it is not root to begin with.
    identity = "User www-data\n  Group www-data" if os.geteuid() == 0 else ""
    content = _CONFIGURATION.format(
        port=port,
        folder=folder,
        modules="\n".join(
            f"LoadModule {name}_module {file}" for name in _MODULES if (file := modules / f"mod_{name}.so").is_file()
        ),
        identity=identity,
        certificate=stage.directory / "tls/localhost.pem",
        key=stage.directory / "tls/localhost-key.pem",
        issuer=stage.broker_url,
        client_id=client_id,
        secret=secret,
    )
    (folder / "apache.conf").write_text(content)


def _wait(process: subprocess.Popen[bytes], stage: Stage, address: str, folder: Path) -> None:
    deadline = time.monotonic() + _START_WITHIN_SECONDS
    session = stage.session()
    while True:
        try:
            if session.get(address, timeout=5).status_code == 200:
                return
        except requests.RequestException:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            logs = "".join(log.read_text(errors="replace")[-2000:] for log in sorted(folder.glob("*.log")))
            raise RuntimeError(f"Apache did not start:\n{logs}")
        time.sleep(_POLL_SECONDS)
