"""When a changed configuration directory is read, and what of it takes effect (threats CF-06)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from broker.clock import ManualClock
from broker.federation.configuration import Configuration
from broker.federation.findings import Finding
from broker.federation.load import load
from broker.reloading import reloader as module
from broker.reloading.glance import Glance
from broker.reloading.last_good import LastGood
from broker.reloading.reloader import NotTaken, Postponed, Reloader, Running, version_of
from tests.support.configurations import ENVIRON, good_configuration

_MILLISECOND = 1_000_000
ORGANIZATION = Path("organizations/corner-shop.yml")


@dataclass(slots=True)
class Watch:
    """A reloader over a real directory, and the time that passes for it."""

    directory: Path
    clock: ManualClock
    now: int = 0
    taken: list[Configuration] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    refusing: list[Exception] = field(default_factory=list)
    last_good: LastGood = field(default_factory=LastGood)
    reloader: Reloader = field(init=False)

    def __post_init__(self) -> None:
        sources = Glance.at(self.directory).sources
        configuration = load(self.directory, environ=ENVIRON, clock=self.clock)
        self.reloader = Reloader(
            Running(configuration, Glance(sources, configuration.marks)),
            self.take,
            environ=ENVIRON,
            clock=self.clock,
            monotonic=lambda: self.now,
            last_good=self.last_good,
        )

    def take(self, configuration: Configuration) -> None:
        if self.refusing:
            raise self.refusing.pop()
        self.taken.append(configuration)

    def look(self, milliseconds: int = 200) -> None:
        self.now += milliseconds * _MILLISECOND
        self.reloader.look()

    def settle(self) -> list[str]:
        """Enough looks for a change to be noticed, to be found quiet, and to be read; the events that this gave."""
        before = len(self.events)
        for _ in range(8):
            self.look()
        return [event["event"] for event in self.events[before:] if event["event"].startswith("config_")]

    def edit(self, name: Path | str, change: Callable[[str], str]) -> None:
        """Writes a file in place, as a careless program does."""
        path = self.directory / name
        path.write_text(change(path.read_text()))

    def rename_shop(self, name: str) -> None:
        self.edit(ORGANIZATION, lambda text: text.replace("Corner Shop", name))

    @property
    def word(self) -> str:
        return self.reloader.state().word


def small_configuration(directory: Path) -> Path:
    """Without rules, whose reading takes its time."""
    made = good_configuration(directory)
    shutil.rmtree(made / "claim_rules")
    (made / "organizations" / "aegean-foods.yaml").unlink()
    application = made / "relying_parties" / "connect.yaml"
    text = application.read_text().partition("claim_rules:")[0]
    application.write_text(text.replace("[aegean-foods]", "[corner-shop]"))
    return made


@pytest.fixture
def watch(tmp_path: Path, clock: ManualClock) -> Iterator[Watch]:
    made = Watch(small_configuration(tmp_path / "config"), clock)
    with capture_logs() as events:
        made.events = events
        yield made
    made.last_good.close()


def test_nothing_is_read_while_nothing_changes(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "load", None)
    assert watch.settle() == []
    assert watch.word == "current"


def test_a_change_takes_effect_once_when_it_is_quiet(watch: Watch) -> None:
    watch.rename_shop("Corner Store")
    watch.look()
    watch.look()
    assert watch.taken == []  # Not quiet for long enough.
    assert watch.settle() == ["config_reloaded"]
    assert [each.display_name for each in watch.taken[0].organizations] == ["Corner Store"]
    assert watch.settle() == []
    (event,) = [event for event in watch.events if event["event"] == "config_reloaded"]
    assert event["files"] == [str(watch.directory / ORGANIZATION)]
    assert event["version"] == version_of(watch.taken[0].reading) == watch.reloader.state().version
    assert watch.last_good.get() == watch.taken[0].reading


def test_a_file_that_is_written_slowly_is_not_read_in_between(watch: Watch) -> None:
    path = watch.directory / ORGANIZATION
    whole = path.read_text().replace("Corner Shop", "Corner Store")
    for end in (10, 40, 60, 80, len(whole)):  # Some of these are YAML, and none but the last is right.
        path.write_text(whole[:end])
        watch.look()
        watch.look()
    assert watch.settle() == ["config_reloaded"]
    assert len(watch.taken) == 1


def test_a_torn_file_changes_nothing_and_is_told_once(watch: Watch, clock: ManualClock) -> None:
    running = watch.reloader.state()
    clock.advance(timedelta(hours=1))
    watch.edit(ORGANIZATION, lambda text: text[: len(text) // 2])
    assert watch.settle() == ["config_rejected"]
    (event,) = [event for event in watch.events if event["event"] == "config_rejected"]
    assert str(watch.directory / ORGANIZATION) in event["findings"][0]
    state = watch.reloader.state()
    assert (state.word, state.since, state.version) == ("stale", clock.now(), running.version)
    assert state.problems == event["problems"] >= 1
    clock.advance(timedelta(hours=1))
    watch.look(60_000)  # Tried again, and not told again.
    assert watch.settle() == []
    assert watch.reloader.state().since == state.since
    assert watch.taken == []
    assert watch.last_good.get() is None
    watch.edit(ORGANIZATION, lambda _: 'organization: corner-shop\ndisplay_name: "Shop"\nplan: standard\n')
    assert watch.settle() == ["config_rejected"]  # Other findings are told.
    good = 'organization: corner-shop\ndisplay_name: "Shop"\nplan: standard\ndomains: [cornershop.example]\n'
    watch.edit(ORGANIZATION, lambda _: good)
    assert watch.settle() == ["config_reloaded"]
    assert watch.word == "current"


def test_files_that_are_again_what_serves_need_no_new_application(watch: Watch) -> None:
    before = (watch.directory / ORGANIZATION).read_text()
    watch.edit(ORGANIZATION, lambda _: "nonsense")
    assert watch.settle() == ["config_rejected"]
    watch.edit(ORGANIZATION, lambda _: before)
    assert watch.settle() == ["config_current"]
    assert (watch.word, watch.taken) == ("current", [])


def test_an_editor_that_saves_beside_and_renames_is_one_change(watch: Watch) -> None:
    path = watch.directory / ORGANIZATION
    for name in (".corner-shop.yml.swp", "corner-shop.yml~", "4913.tmp", "#corner-shop.yml#"):
        (path.parent / name).write_text("not: [yaml")
        assert watch.settle() == []
    beside = path.parent / ".corner-shop.yml.new"
    beside.write_text(path.read_text().replace("Corner Shop", "Corner Store"))
    beside.rename(path)
    assert watch.settle() == ["config_reloaded"]


def test_a_kubernetes_volume_is_exchanged_as_a_whole(tmp_path: Path, clock: ManualClock) -> None:
    first = small_configuration(tmp_path / "config" / "..2026_11_21_1")
    mount = first.parent
    (mount / "..data").symlink_to(first.name)
    for name in ("broker.yaml", "organizations", "relying_parties"):
        (mount / name).symlink_to(Path("..data") / name)
    watch = Watch(mount, clock)
    second = shutil.copytree(first, mount / "..2026_11_21_2")
    shop = second / ORGANIZATION
    shop.write_text(shop.read_text().replace("Corner Shop", "Corner Store"))
    (second / "broker.yaml").write_text((second / "broker.yaml").read_text().replace("letters_for_person: 5", "x: 1"))
    assert watch.settle() == []
    (mount / "..data_tmp").symlink_to(second.name)
    (mount / "..data_tmp").rename(mount / "..data")
    shutil.rmtree(first)
    with capture_logs():
        watch.settle()
        assert watch.word == "stale"  # Both files are those of the new volume, so one mistake keeps both out.
        watch.edit("broker.yaml", lambda text: text.replace("x: 1", "letters_for_person: 6"))
        watch.settle()
    (taken,) = watch.taken
    assert (taken.organizations[0].display_name, taken.broker.rate_limits.letters_for_person) == ("Corner Store", 6)


@pytest.mark.parametrize(
    "ruin",
    [
        lambda directory: (directory / "broker.yaml").unlink(),
        lambda directory: (directory / "broker.yaml").rename(directory / "broker.yaml.bak"),
        lambda directory: directory.rename(directory.with_name("elsewhere")),
        lambda directory: ((directory / ORGANIZATION).unlink(), (directory / ORGANIZATION).symlink_to("nowhere")),
        lambda directory: ((directory / ORGANIZATION).unlink(), (directory / ORGANIZATION).symlink_to("/dev/full")),
        lambda directory: (directory / "organizations").rename(directory / "organisations"),
    ],
    ids=["removed", "renamed", "unmounted", "dangling", "a device", "a folder renamed"],
)
def test_what_is_not_there_or_cannot_be_read_changes_nothing(watch: Watch, ruin: Callable[[Path], Any]) -> None:
    ruin(watch.directory)
    assert watch.settle() == ["config_rejected"]
    assert watch.taken == []


def test_a_secret_and_a_certificate_that_change_are_changes(watch: Watch) -> None:
    secret = watch.directory.parent / "connect-secret"
    watch.edit(
        "relying_parties/connect.yaml",
        lambda text: text.replace("env:CONNECT_CLIENT_SECRET", "file:../connect-secret"),
    )
    assert watch.settle() == ["config_rejected"]
    secret.touch(0o600)
    secret.write_text("the-first-secret-of-connect\n")
    assert watch.settle() == ["config_reloaded"]
    secret.write_text("the-other-secret-of-connect\n")
    assert watch.settle() == ["config_reloaded"]
    assert watch.taken[-1].secret("file:../connect-secret").reveal() == "the-other-secret-of-connect"
    secret.chmod(0o644)
    assert watch.settle() == ["config_rejected"]
    secret.chmod(0o600)
    assert watch.settle() == ["config_reloaded"]  # By its mark another file; what it holds is not compared.
    kept = watch.last_good.get()
    assert kept is not None
    assert not any(b"-secret-of-connect" in content for content in kept.contents.values() if isinstance(content, bytes))


def test_what_changes_while_it_is_read_is_read_again(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    later = ["Third", "Second"]

    def slow(directory: Path, **settings: Any) -> Configuration:
        found = load(directory, **settings)
        if later:
            watch.edit(ORGANIZATION, lambda text: text.replace("First", later[-1]).replace("Second", later.pop()))
        return found

    monkeypatch.setattr(module, "load", slow)
    watch.rename_shop("First")
    watch.settle()
    watch.settle()
    assert [each.organizations[0].display_name for each in watch.taken] == ["Third"]


def test_a_directory_without_a_pause_is_told_and_not_read(watch: Watch) -> None:
    for number in range(200):
        watch.rename_shop("Corner Shop" if number % 2 else "Corner Store")
        watch.look(250)
    assert watch.taken == []
    assert [event["event"] for event in watch.events] == ["config_restless"]


def test_what_a_worker_refuses_leaves_everything_as_it_was_and_is_tried_again(watch: Watch) -> None:
    watch.refusing = [NotTaken([Finding("broker.yaml", 1, 1, "rollback", "no")])]
    watch.rename_shop("Corner Store")
    assert watch.settle() == ["config_rejected"]
    assert watch.events[-1]["reason"] == "rollback"
    assert watch.word == "stale"
    watch.look(31_000)
    assert (len(watch.taken), watch.word) == (1, "current")


def test_a_store_that_does_not_answer_only_delays(watch: Watch) -> None:
    watch.refusing = [Postponed("away"), Postponed("away")]
    watch.rename_shop("Corner Store")
    assert watch.settle() == ["config_postponed"]
    assert watch.word == "stale"
    watch.look(2_000)
    watch.look(2_000)
    assert (len(watch.taken), watch.word) == (1, "current")


def test_an_application_that_cannot_be_made_leaves_the_one_that_serves(watch: Watch) -> None:
    watch.refusing = [RuntimeError("a mistake of ours")]
    watch.rename_shop("Corner Store")
    assert watch.settle() == ["config_rejected"]
    assert watch.word == "stale"
    watch.look(31_000)
    assert (len(watch.taken), watch.word) == (1, "current")


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("https://login.pobuca.example", "https://sign-in.pobuca.example", "public_url"),
        ("port: 8080", "port: 8081", "listen.port"),
        ("workers: 2", "workers: 3", "listen.workers"),
        ("port: 9464", "port: 9465", "listen.metrics"),
        ("rediss://redis.internal:6380/0", "rediss://redis.internal:6380/1", "stores.state"),
        ("broker@db.internal", "broker@other.internal", "stores.directory"),
        ("sealing_key: env:SEALING_KEY", "sealing_key: file:../key", "sealing_key"),
    ],
)
def test_what_needs_a_restart_is_refused_with_its_place(watch: Watch, before: str, after: str, key: str) -> None:
    other = watch.directory.parent / "key"
    other.touch(0o600)
    other.write_text(ENVIRON["SEALING_KEY"])
    watch.edit("broker.yaml", lambda text: text.replace(before, after))
    watch.rename_shop("Corner Store")
    assert watch.settle() == ["config_rejected"]
    (told,) = watch.events[-1]["findings"]
    assert told.endswith(f": {key} needs a restart to change")
    assert f"{watch.directory / 'broker.yaml'}:" in told
    assert watch.taken == []


def test_watching_ends_where_the_configuration_says_so(watch: Watch) -> None:
    assert watch.reloader.is_wanted
    watch.edit("broker.yaml", lambda text: text.replace("enabled: true", "enabled: false"))
    assert watch.settle() == ["config_reloaded"]
    assert not watch.reloader.is_wanted
