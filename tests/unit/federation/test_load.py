"""A directory of files becomes one configuration, or every problem in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.federation.documents import MAX_BYTES
from broker.federation.findings import Finding
from broker.federation.load import ConfigurationRejected, ConfigurationUnreadable, Location, load
from broker.federation.model import PostgresqlStore, RedisStore
from tests.support.configurations import ENVIRON, good_configuration


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return good_configuration(tmp_path / "config")


def problems(directory: Path) -> tuple[Finding, ...]:
    try:
        return load(directory, environ=ENVIRON).warnings
    except ConfigurationRejected as rejection:
        return rejection.findings


def one(directory: Path) -> Finding:
    found = problems(directory)
    assert len(found) == 1, found
    return found[0]


def test_a_good_configuration_is_read_without_a_warning(directory: Path) -> None:
    configuration = load(directory, environ=ENVIRON)
    assert configuration.warnings == ()
    assert configuration.broker.public_url == "https://login.pobuca.example"
    assert isinstance(configuration.broker.stores.state, RedisStore)
    assert isinstance(configuration.broker.stores.directory, PostgresqlStore)
    assert [item.organization for item in configuration.organizations] == ["aegean-foods", "corner-shop"]
    assert [item.client_id for item in configuration.relying_parties] == ["connect", "phone.pobuca"]


def test_secrets_are_resolved_and_do_not_show(directory: Path) -> None:
    configuration = load(directory, environ=ENVIRON)
    assert configuration.secret("env:CONNECT_CLIENT_SECRET").reveal() == ENVIRON["CONNECT_CLIENT_SECRET"]
    assert len(configuration.sealing_key()) == 32
    assert not any(secret in repr(configuration) for secret in ENVIRON.values())


def test_a_place_in_a_file_can_be_asked_for(directory: Path) -> None:
    configuration = load(directory, environ=ENVIRON)
    row = configuration.location("organization", "aegean-foods", ("federation", "attributes", "job_title"))
    assert row == Location(str(directory / "organizations/aegean-foods.yaml"), 19, 5)
    assert configuration.location("broker") == Location(str(directory / "broker.yaml"), 1, 1)
    assert str(row).endswith("aegean-foods.yaml:19:5")


def test_a_relative_path_starts_at_the_configuration_directory(directory: Path) -> None:
    configuration = load(directory, environ=ENVIRON)
    assert configuration.path("tls/key.pem") == directory / "tls/key.pem"
    assert configuration.path("/etc/key.pem") == Path("/etc/key.pem")


def test_folders_that_are_missing_hold_nothing(directory: Path) -> None:
    for folder in ("organizations", "relying_parties", "claim_rules"):
        for file in (directory / folder).iterdir():
            file.unlink()
        (directory / folder).rmdir()
    configuration = load(directory, environ=ENVIRON)
    assert (configuration.organizations, configuration.relying_parties) == ((), ())


def test_a_directory_that_is_missing_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationUnreadable, match="no such file or directory"):
        load(tmp_path / "nowhere", environ=ENVIRON)


def test_a_file_in_the_place_of_the_directory_is_unreadable(directory: Path) -> None:
    with pytest.raises(ConfigurationUnreadable, match="not a directory"):
        load(directory / "broker.yaml", environ=ENVIRON)


def test_a_missing_broker_file_is_told_beside_every_other_problem(directory: Path) -> None:
    (directory / "broker.yaml").rename(directory / "brokr.yaml")
    (directory / "relying_parties/phone.yaml").write_text("client_id: phone\n")
    found = problems(directory)
    assert "broker.yaml: " not in str(found)
    assert [finding.code for finding in found] == ["missing", "file", "conflict", "missing", "missing"]
    assert found[0].sentence == "the file is missing, did you mean brokr, which is there?"
    assert found[1].severity == "warning"


def test_two_spellings_of_the_broker_file_are_refused(directory: Path) -> None:
    (directory / "broker.yml").write_bytes((directory / "broker.yaml").read_bytes())
    assert (one(directory).code, one(directory).severity) == ("conflict", "error")


@pytest.mark.parametrize(
    "name",
    [
        "organizations/.acme.yaml",
        "organizations/.#acme.yaml",
        "organizations/#acme.yaml#",
        "organizations/acme.yaml~",
        "organizations/.acme.yaml.swp",
        "organizations/acme.yaml.tmp",
        "broker.yaml.bak",
        ".gitignore",
        "README.md",
        "organizations/README.md",
    ],
)
def test_temporary_hidden_and_explaining_files_are_passed_over(directory: Path, name: str) -> None:
    (directory / name).write_bytes(b"\xff not configuration")
    assert problems(directory) == ()


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("organisations/acme.yaml", "did you mean organizations"),
        ("relying-parties/acme.yaml", "did you mean relying_parties"),
        ("notes.yaml", "an unknown file"),
        ("organizations/acme.yaml.txt", "only files that end in .yaml"),
        ("organizations/acme.json", "only files that end in .yaml"),
        ("organizations/north/acme.yaml", "none in folders below"),
    ],
)
def test_what_looks_like_configuration_and_is_not_read_is_told(directory: Path, name: str, fragment: str) -> None:
    (directory / name).parent.mkdir(exist_ok=True)
    (directory / name).write_text("organization: acme\n")
    assert one(directory).severity == "warning"
    assert fragment in one(directory).sentence


def test_files_that_configuration_names_are_no_strangers(directory: Path) -> None:
    text = (directory / "broker.yaml").read_text().replace("env:SEALING_KEY", "file:secrets/sealing-key")
    (directory / "broker.yaml").write_text(text)
    (directory / "secrets").mkdir()
    (directory / "secrets/sealing-key").write_text(ENVIRON["SEALING_KEY"] + "\n")
    (directory / "secrets/sealing-key").chmod(0o400)
    assert problems(directory) == ()


def test_kubernetes_links_are_followed(tmp_path: Path) -> None:
    good_configuration(tmp_path / "config")
    mounted = tmp_path / "mounted"
    (mounted / "..2026_11_21").mkdir(parents=True)
    (mounted / "..data").symlink_to("..2026_11_21")
    (mounted / "..2026_11_21/broker.yaml").write_bytes((tmp_path / "config/broker.yaml").read_bytes())
    (mounted / "broker.yaml").symlink_to("..data/broker.yaml")
    assert load(mounted, environ=ENVIRON).warnings == ()


def test_a_link_that_leads_nowhere_is_told(directory: Path) -> None:
    (directory / "organizations/acme.yaml").symlink_to("elsewhere.yaml")
    assert "leads nowhere" in one(directory).sentence


def test_a_pipe_does_not_hang_the_start(directory: Path) -> None:
    os.mkfifo(directory / "organizations/acme.yaml")
    assert "not a regular file" in one(directory).sentence


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    directory = good_configuration(tmp_path / "config")
    for file in (directory / "relying_parties").iterdir():
        file.unlink()
    (directory / "relying_parties").rmdir()
    (directory / "relying_parties").write_text("")
    assert "must be a folder" in one(directory).sentence


@pytest.mark.parametrize(
    ("content", "line", "column", "fragment"),
    [
        (b"organization: acme\ndisplay_name: \xe1\n", 2, 15, "not UTF-8"),
        ("organization: acme\n".encode("utf-16"), 1, 1, "not UTF-8"),
        (b"#" * (MAX_BYTES + 1), 1, 1, "larger than 1 MiB"),
        (b"organization: acme\x00\n", 1, 19, "\\x00"),
        (b"a: " + b"[" * 60_000, 1, 36, "32 levels"),
    ],
)
def test_bytes_that_are_no_text_are_told(
    directory: Path, content: bytes, line: int, column: int, fragment: str
) -> None:
    (directory / "organizations/acme.yaml").write_bytes(content)
    found = one(directory)
    assert (found.line, found.column) == (line, column)
    assert fragment in found.sentence


def test_a_byte_order_mark_does_not_matter(directory: Path) -> None:
    file = directory / "organizations/corner-shop.yml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert problems(directory) == ()


def test_a_file_that_cannot_be_read_does_not_make_its_name_unknown(directory: Path) -> None:
    (directory / "organizations/aegean-foods.yaml").write_text("organization: [\n")
    assert [finding.code for finding in problems(directory)] == ["yaml"]


def test_findings_stand_in_the_order_of_the_files(directory: Path) -> None:
    for name in ("relying_parties/phone.yaml", "organizations/corner-shop.yml", "broker.yaml"):
        with (directory / name).open("a") as file:
            file.write("unheard: of\n")
    found = problems(directory)
    assert len(found) == 3
    assert list(found) == sorted(found, key=lambda finding: finding.file)


def test_the_rejection_is_readable_as_it_is(directory: Path) -> None:
    (directory / "organizations/acme.yaml").write_text("organization: acme\nplan: \x1b[31mred\n")
    with pytest.raises(ConfigurationRejected) as rejection:
        load(directory, environ=ENVIRON)
    assert str(rejection.value).startswith(str(directory / "organizations/acme.yaml") + ":2:7: ")
    assert "\x1b" not in str(rejection.value)
