"""``broker serve``: the whole production start.

The first process checks the configuration, brings the directory's tables up to date, makes the first keys, and then
only minds its workers. Each worker is a fork of it and builds the application for itself, so that no connection is
shared, from the newest configuration that was checked, also when a worker must be replaced; from then on it watches the
files (``broker.cli.worker``).
"""

from __future__ import annotations

import gc
import importlib
import ipaddress
import multiprocessing
import os
import signal
import socket
import sys
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
import structlog

from broker import log
from broker.cli.loading import config_option, load_or_leave
from broker.cli.worker import Start, load_worker, serve_metrics
from broker.clock import SystemClock

if TYPE_CHECKING:

    from broker.federation.load import Configuration
    from broker.federation.model import Listen, Metrics
    from broker.metrics_listener import MetricsServer

# Milliseconds until a request's header must be complete (threats WE-07).
_HEADER_TIMEOUT_MS: Final = 10_000
# Bytes of one request's header: query and cookies of eight parallel logins fit, more does not (threats G7).
_HEADER_BYTES: Final = 64 * 1024
# Seconds that a stopping worker has to finish what it is doing; an upstream call takes 5 at most (threats G8, SS-10).
_DRAIN_SECONDS: Final = 10

_log = structlog.get_logger()


@click.command("serve")
@config_option
@click.option(
    "--accept-rollback",
    is_flag=True,
    help="Start although the directory store is older than what was seen of it, or the file with the rules of an "
    "enforced organization is gone.",
)
def command(directory: Path, accept_rollback: bool) -> None:
    """Serve people and applications.

    Needs nothing but the configuration directory and the secrets that it names. Stops on Ctrl-C or SIGTERM, after the
    requests at hand are answered.
    """
    log.configure(SystemClock())
    start = Start.read(directory, load_or_leave)
    configuration = start.running.configuration
    _require_free_port(configuration.broker.listen)
    for finding in configuration.warnings:
        _log.warning("config_warning", detail=str(finding))
    # In a process of its own, so that the workers, who are forks of this one, do not carry about what only a migration
    # needs. Meanwhile this one loads what they share: they start sooner, and hold one copy of the code between them.
    preparing = multiprocessing.get_context("fork").Process(target=_prepare, args=(configuration, accept_rollback))
    preparing.start()
    importlib.import_module("broker.app")
    preparing.join()
    if preparing.exitcode != 0:
        sys.exit(1)
    _serve(start)


def _require_free_port(listen: Listen) -> None:
    """Ends with a sentence if the port cannot be had, or if somebody listens there already: the server would quietly
    share it with them.
    """
    address = ipaddress.ip_address(listen.host)
    host = ("::1" if address.version == 6 else "127.0.0.1") if address.is_unspecified else listen.host
    with suppress(OSError), socket.create_connection((host, listen.port), timeout=1):
        raise click.ClickException(f"another program listens on {listen.host} port {listen.port} already")
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):  # As the server does.
            trial.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            trial.bind((listen.host, listen.port))
        except OSError as error:
            sentence = f"cannot listen on {listen.host} port {listen.port}: {error.strerror}"
            raise click.ClickException(sentence) from error


def _prepare(configuration: Configuration, accept_rollback: bool) -> None:
    """What is done once, before any worker starts; exits with a sentence if a store cannot be used."""
    from broker.composition.surroundings import open_records, prepare_stores
    from broker.federation.reconciling import NotReconciled
    from broker.jose.key_ring import KeyRing
    from broker.jose.signing import KeyBroken
    from broker.store.directory import DirectoryUnavailable
    from broker.store.opening import StoreUnsuitable
    from broker.store.state import StateUnavailable

    clock = SystemClock()
    try:
        notices = prepare_stores(configuration, clock, accept_rollback=accept_rollback)
        with closing(open_records(configuration)) as records:
            KeyRing.open(records.directory, configuration.sealing_key(), clock)
    except StateUnavailable as error:
        _leave(f"the state store cannot be used: {error}")
    except DirectoryUnavailable as error:
        _leave(f"the directory store cannot be used: {error}")
    except (StoreUnsuitable, KeyBroken, NotReconciled) as error:
        _leave(str(error))
    for notice in notices:
        tell = _log.error if notice.event == "rollback_accepted" else _log.warning
        tell(notice.event, reason=notice.reason, detail=notice.sentence)


def _leave(sentence: str) -> NoReturn:
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(1)


def _serve(start: Start) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, SSLProtocols
    from granian.http import HTTP1Settings

    configuration = start.running.configuration
    listen = configuration.broker.listen
    tls: dict[str, Any] = {}
    if listen.tls is not None:
        tls = {
            "ssl_cert": configuration.path(listen.tls.certificate),
            "ssl_key": configuration.path(listen.tls.key),
            "ssl_protocol_min": SSLProtocols.tls12,
        }
    workers = listen.workers or os.cpu_count() or 1
    if listen.metrics is not None:
        _serve_metrics(start, listen.metrics)
    # The only start method that hands over the configuration as it is: its secrets refuse to be pickled.
    multiprocessing.set_start_method("fork", force=True)
    gc.freeze()  # What is loaded stays shared: a collection in a worker does not touch, and so copy, its pages.
    _log.info("serving", public_url=configuration.broker.public_url, port=listen.port, workers=workers)
    Granian(
        "broker",
        address=listen.host,
        port=listen.port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=listen.blocking_threads,
        http=HTTPModes.auto if listen.tls else HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_TIMEOUT_MS, max_buffer_size=_HEADER_BYTES),
        websockets=False,
        log_dictconfig=log.SERVER_LOGGING,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=_DRAIN_SECONDS,
        **tls,
    ).serve(target_loader=partial(load_worker, start), wrap_loader=False)


def _serve_metrics(start: Start, settings: Metrics) -> None:
    """In a process of its own, a fork like the workers: the first one holds no connection that they would share."""
    from broker.metrics_listener import bind

    try:
        listener = bind(settings.host, settings.port)
    except OSError as error:
        sentence = f"cannot listen for metrics on {settings.host} port {settings.port}: {error.strerror}"
        raise click.ClickException(sentence) from error
    process = multiprocessing.get_context("fork").Process(
        target=_metrics_process, args=(start, listener), name="metrics", daemon=True
    )
    process.start()
    listener.server_close()  # It is the other process's now.


def _metrics_process(start: Start, listener: MetricsServer) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The first process ends this one.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    listener.parent = start.first_process  # However that one ends, this one does as well.
    serve_metrics(start, listener)
