"""No mistyped key is passed over, in any section of any file (threats CF-03)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.federation.documents import read_document
from broker.federation.files import FOLDERS
from broker.federation.load import ConfigurationRejected, load
from broker.federation.schema import ROOTS, keys_of, sections_under
from broker.federation.sections import validate
from tests.support.configurations import DATA, ENVIRON, good_configuration

# Keys that an administrator makes up; everything else before a colon is a name of ours.
OWN_NAMES = ("urn", "department", "job_title", "office", "work_city", "https", "http", "rediss", "postgresql", "env")
KEY = re.compile(r"(?<![\w.:/-])([a-z_]+)(?=:(?: |$))", re.MULTILINE)


def keys_in_good_configuration() -> Iterator[tuple[str, int, str]]:
    for file in sorted((DATA / "good_config").rglob("*.y*ml")):
        for match in KEY.finditer(file.read_text()):
            if match.group() not in OWN_NAMES:
                yield str(file.relative_to(DATA / "good_config")), match.start(), match.group()


KEYS = list(keys_in_good_configuration())


def mistyped(key: str) -> st.SearchStrategy[str]:
    index = st.integers(0, len(key) - 1)
    letter = st.sampled_from("abcdefghijklmnopqrstuvwxyz_-ABC")
    return st.one_of(
        st.builds(lambda i: key[:i] + key[i + 1 :], index),
        st.builds(lambda i, c: key[:i] + c + key[i:], index, letter),
        st.builds(lambda i, c: key[:i] + c + key[i + 1 :], index, letter),
        st.builds(lambda i: key[:i] + key[i + 1 : i + 2] + key[i : i + 1] + key[i + 2 :], index),
        st.just(key.upper()),
        st.just(key.replace("_", "-") + "s"),
    ).filter(lambda name: name not in ("", key) and not name.startswith("-"))


@cache
def known_names() -> set[str]:
    return {name for root in ROOTS.values() for _, section in sections_under(root) for name in keys_of(section)}


@pytest.mark.parametrize(("file", "start", "key"), KEYS)
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_a_mistyped_key_is_refused_at_its_place(file: str, start: int, key: str, data: st.DataObject) -> None:
    wrong = data.draw(mistyped(key).filter(lambda name: name not in known_names()))
    text = (DATA / "good_config" / file).read_text()
    document, findings = read_document(file, (text[:start] + wrong + text[start + len(key) :]).encode())
    assert (document is None, findings) == (False, [])
    assert document is not None
    item = validate(FOLDERS.get(file.partition("/")[0], "broker"), document)
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    assert item.model is None
    assert ("unknown_key", line, column) in [(f.code, f.line, f.column) for f in item.findings]


def test_a_mistyped_key_stops_the_start(tmp_path: Path) -> None:
    directory = good_configuration(tmp_path / "config")
    text = (directory / "organizations/aegean-foods.yaml").read_text()
    (directory / "organizations/aegean-foods.yaml").write_text(text.replace("guests:", "guest:"))
    with pytest.raises(ConfigurationRejected, match="unknown key 'guest' in federation, did you mean guests"):
        load(directory, environ=ENVIRON)


def test_the_good_configuration_has_every_key_that_stands_outside_of_a_choice() -> None:
    written = {key for _, _, key in KEYS}
    # Those of the other choice, of which a file has one: a store, a credential, TLS; a file of authorities; and code
    # that is not installed here.
    others = {"tls", "certificate", "key", "assertion", "path", "ca_bundle", "entry_point", "settings", "secrets"}
    assert known_names() - written == others
