"""Every administrator is written to, in their language, and a letter that cannot go out stops nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from broker.identity import Account, Subject
from broker.mail import Letter, NotSent
from broker.notices import AdministratorNotices, Kind
from broker.store.directory import Directory
from tests.support.directory import draft
from tests.support.people import AEGEAN, TENANT_A

WORDS = {"at": "2026-11-26 22:26"}


class Outbox:
    """A mailer that keeps what it is given, and refuses where it is told to."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.refusing: set[str] = set()

    def send(self, letter: Letter) -> None:
        if letter.to in self.refusing:
            raise NotSent("the server is away")
        self.letters.append(letter)


@pytest.fixture
def people(directory: Directory) -> list[Account]:
    """Two administrators, one of them Greek; one who is deactivated, one without an address, one who is none."""
    administrator: dict[str, Any] = {"role": "administrator", "attributes": {}, "attribute_sources": {}}
    several: list[dict[str, Any]] = [
        {**administrator, "attributes": {"language": "el-GR"}, "attribute_sources": {"language": "graph"}},
        administrator,
        administrator,
        {**administrator, "email": None, "email_domain": None},
        {"role": "editor"},
    ]
    made = []
    for number, changes in enumerate(several):
        subject = Subject.entra(TENANT_A, f"1111111{number}-9383-4d9f-bb1c-122bf6d836c8")
        wanted = {"id": f"account-{number}", "subject": subject, "email": f"a{number}@aegeanfoods.example", **changes}
        made.append(directory.create_account(draft(**wanted))[0])
    directory.set_active("account-2", False)
    return made


@pytest.mark.parametrize("kind", get_args(Kind))
def test_each_active_administrator_with_an_address_gets_each_letter(
    directory: Directory, people: list[Account], kind: Kind
) -> None:
    outbox = Outbox()
    notices = AdministratorNotices(directory, outbox, link="https://broker.example/page", default_language="en")
    notices.tell(AEGEAN, kind, "Eva {Who}", **WORDS)
    greek, english = sorted(outbox.letters, key=lambda letter: letter.to)
    assert [greek.to, english.to] == ["a0@aegeanfoods.example", "a1@aegeanfoods.example"]
    assert greek.subject != english.subject
    for letter in outbox.letters:
        assert "Aegean Foods" in letter.subject
        assert "https://broker.example/page" in letter.text
        assert "{organization}" not in letter.subject + letter.text
    assert len(people) == 5


def test_a_letter_that_cannot_go_out_keeps_no_other_one_back(directory: Directory, people: list[Account]) -> None:
    outbox = Outbox()
    outbox.refusing.add("a0@aegeanfoods.example")
    notices = AdministratorNotices(directory, outbox, link="https://broker.example/page", default_language="en")
    notices.tell(replace(AEGEAN, display_name="Aegean\r\nBcc: x"), "enforced", None)
    assert outbox.letters == []
    notices.tell(AEGEAN, "enforced", None)
    (letter,) = outbox.letters
    assert "The operator of Pobuca" in letter.text
    assert people
