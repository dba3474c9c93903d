"""``./run bench``: starts a stage with Redis and two workers, signs people in, and prints the report.

What is measured: sign-ins of a returning person, complete, by several browsers at once, with their latencies; the
broker's CPU time for one; then each endpoint by itself, by sending one kind of request at a time and reading the
broker's CPU time around it; start-up time; memory of the workers; what claim rules add, which the measured sign-ins
have none of.
"""

from __future__ import annotations

import contextlib
import ssl
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import click

from broker.demo.entra.browser import sign_in
from broker.demo.stage import Stage, StageOptions
from tests.bench.browser import Client, Origin, SignIn, connector
from tests.bench.processes import cpu_seconds, descendants, memory
from tests.bench.rules import cpu_seconds_of_rules
from tests.bench.signing import cpu_seconds_per_signature
from tests.servers import postgres_server, redis_server

PERSON = "eleni.markou@aegeanfoods.example"
CLIENT = Client("bench", "bench-secret-0123456789", "https://app.bench.example/callback")


@dataclass(slots=True)
class Report:
    """The figures of one run; CPU in milliseconds of the broker's processes."""

    signature_ms: float = 0.0
    start_up_s: float = 0.0
    sign_ins: int = 0
    wall_s: float = 0.0
    cpu_ms: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    endpoints: dict[str, tuple[float, float]] = field(default_factory=dict)
    worker_mib: list[tuple[float, float]] = field(default_factory=list)
    rules_ms: tuple[float, float] = (0.0, 0.0)

    def lines(self) -> Iterator[str]:
        """The report as Markdown, ready for ``docs/performance.md``."""
        cuts = statistics.quantiles(self.latencies_s, n=100)
        yield "| figure | value |"
        yield "|---|---|"
        yield f"| one RSA-2048 signature, CPU | {self.signature_ms:.3f} ms |"
        yield f"| start-up until ready | {self.start_up_s:.2f} s |"
        yield f"| complete sign-ins | {self.sign_ins} in {self.wall_s:.1f} s: {self.sign_ins / self.wall_s:.0f} /s |"
        yield f"| latency p50 / p95 / p99 | {cuts[49] * 1e3:.1f} / {cuts[94] * 1e3:.1f} / {cuts[98] * 1e3:.1f} ms |"
        yield f"| broker CPU of one sign-in | {self.cpu_ms:.2f} ms = {self.cpu_ms / self.signature_ms:.1f} signatures |"
        once, whole = self.rules_ms
        yield f"| 12 claim rules, each once, CPU | {once:.2f} ms = {once / self.cpu_ms:.1%} of a sign-in |"
        yield f"| the same, all of it in one sign-in, CPU | {whole:.2f} ms = {whole / self.cpu_ms:.1%} of a sign-in |"
        for position, (rss, pss) in enumerate(self.worker_mib, 1):
            yield f"| process {position}: RSS / PSS | {rss:.0f} / {pss:.0f} MiB |"
        yield ""
        yield "| endpoint | CPU of one request | in signatures | p50 of the wait |"
        yield "|---|---|---|---|"
        for name, (cpu, wait) in self.endpoints.items():
            yield f"| {name} | {cpu:.2f} ms | {cpu / self.signature_ms:.1f} | {wait * 1e3:.1f} ms |"


class Bench:
    """One served broker and the browsers that use it."""

    def __init__(self, stage: Stage, browsers: int) -> None:
        self._stage = stage
        self._browsers = browsers
        self._context = ssl.create_default_context(cafile=str(stage.ca_file))
        self._upstream_cookies = self._sign_in_at_upstream()
        self._local = threading.local()
        self._pids = descendants(stage.broker.pid)

    def run(self, count: int, report: Report) -> None:
        """Complete sign-ins, after a tenth as many for warming up."""
        self._complete(max(count // 10, self._browsers * 4))
        before, started = cpu_seconds(self._pids), time.perf_counter()
        report.latencies_s = self._complete(count)
        report.wall_s = time.perf_counter() - started
        report.cpu_ms = (cpu_seconds(self._pids) - before) * 1e3 / count
        report.sign_ins = count
        report.worker_mib = [(m.rss, m.pss) for m in map(memory, self._pids)]

    def run_endpoints(self, count: int, report: Report) -> None:
        """Each endpoint by itself. At most as many as can be redeemed while the codes live (60 s)."""
        started = [self._new_sign_in() for _ in range(count)]
        phases: list[tuple[str, Callable[[SignIn], object], bool]] = [
            ("authorize", SignIn.authorize, True),
            ("(at the upstream)", SignIn.at_upstream, False),
            ("callback", SignIn.come_back, True),
            ("token", SignIn.redeem, True),
            ("userinfo", SignIn.ask_userinfo, True),
            ("discovery", lambda s: s.broker.send("GET", "/.well-known/openid-configuration"), True),
            ("JWKS", lambda s: s.broker.send("GET", "/jwks"), True),
        ]
        for name, step, is_ours in phases:
            before = cpu_seconds(self._pids)
            waits = self._each(started, step)
            if is_ours:
                spent = (cpu_seconds(self._pids) - before) * 1e3 / count
                report.endpoints[name] = (spent, statistics.median(waits))

    def _complete(self, count: int) -> list[float]:
        def one(_: int) -> float:
            sign_in = self._new_sign_in(origins=self._own_origins())
            begun = time.perf_counter()
            sign_in.run()
            return time.perf_counter() - begun

        with ThreadPoolExecutor(self._browsers) as pool:
            return list(pool.map(one, range(count)))

    def _each(self, sign_ins: list[SignIn], step: Callable[[SignIn], object]) -> list[float]:
        def one(sign_in: SignIn) -> float:
            mine = self._own_origins()
            kept = sign_in.broker.cookies
            sign_in.broker, sign_in.upstream = mine
            sign_in.broker.cookies = kept
            begun = time.perf_counter()
            step(sign_in)
            spent = time.perf_counter() - begun
            sign_in.broker = Origin(self._stage.broker_url, self._no_connection, None, dict(mine[0].cookies))
            return spent

        with ThreadPoolExecutor(self._browsers) as pool:
            return list(pool.map(one, sign_ins))

    def _own_origins(self) -> tuple[Origin, Origin]:
        """This thread's connections; a new browser each time as far as the broker can tell, a known one upstream."""
        if not hasattr(self._local, "origins"):
            self._local.origins = (self._origin(self._stage.broker_url), self._origin(self._stage.simulator_url))
        broker, upstream = self._local.origins
        broker.fresh()
        upstream.cookies = dict(self._upstream_cookies)
        return broker, upstream

    def _new_sign_in(self, origins: tuple[Origin, Origin] | None = None) -> SignIn:
        broker, upstream = origins or (
            Origin(self._stage.broker_url, self._no_connection),
            Origin(self._stage.simulator_url, self._no_connection),
        )
        return SignIn(broker, upstream, CLIENT, PERSON)

    def _origin(self, url: str) -> Origin:
        parts = urlsplit(url)
        return Origin(url, connector(parts.hostname or "", parts.port or 443, self._context))

    def _no_connection(self) -> Any:
        raise RuntimeError("not in a phase")

    def _sign_in_at_upstream(self) -> dict[str, str]:
        """The person signs in at the simulator once, as a person does; later sign-ins are answered at once."""
        first = SignIn(self._origin(self._stage.broker_url), self._origin(self._stage.simulator_url), CLIENT, PERSON)
        first.authorize()
        session = self._stage.session()
        sign_in(session, first.upstream_url, PERSON)
        return {cookie.name: cookie.value or "" for cookie in session.cookies}


@click.command()
@click.option("--sign-ins", default=2000, show_default=True, type=click.IntRange(50, 20_000))
@click.option("--browsers", default=8, show_default=True, type=click.IntRange(1, 64), help="At the same time.")
@click.option("--per-endpoint", default=500, show_default=True, type=click.IntRange(50, 2000))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 16))
@click.option("--state", type=click.Choice(["redis", "sqlite"]), default="redis", show_default=True)
@click.option("--directory", type=click.Choice(["sqlite", "postgresql"]), default="sqlite", show_default=True)
def main(sign_ins: int, browsers: int, per_endpoint: int, workers: int, state: str, directory: str) -> None:
    """Measures the broker on this machine; nothing is asserted."""
    once, whole = cpu_seconds_of_rules()
    report = Report(signature_ms=cpu_seconds_per_signature() * 1e3, rules_ms=(once * 1e3, whole * 1e3))
    with contextlib.ExitStack() as exits:
        state_store: Mapping[str, Any] | None = None
        directory_store: Mapping[str, Any] | None = None
        if state == "redis":
            state_store = {"kind": "redis", "url": exits.enter_context(redis_server()).url}
        if directory == "postgresql":
            directory_store = {"kind": "postgresql", "url": exits.enter_context(postgres_server()).url}
        options = StageOptions(
            workers=workers,
            state_store=state_store,
            directory_store=directory_store,
            with_application=False,
            secret_files={"bench": CLIENT.client_secret},
            relying_parties=(
                {
                    "client_id": CLIENT.client_id,
                    "display_name": "Bench",
                    "redirect_uris": [CLIENT.redirect_uri],
                    "client_secret": "file:../secrets/bench",
                },
            ),
        )
        stage = exits.enter_context(Stage(options))
        report.start_up_s = _start_up(stage)
        bench = Bench(stage, browsers)
        bench.run(sign_ins, report)
        bench.run_endpoints(per_endpoint, report)
    click.echo(f"\n{state} + {directory}, {workers} workers, {browsers} browsers at a time\n")
    for line in report.lines():
        click.echo(line)


def _start_up(stage: Stage) -> float:
    """Seconds from the start of the command until it answers, files and keys being there: the median of three."""
    times = []
    for _ in range(3):
        stage.broker.stop()
        started = time.perf_counter()
        stage.restart(stage.broker)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
