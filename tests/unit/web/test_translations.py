"""Every sentence of the pages is there in Greek, and what is shipped is what was translated."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3]
GREEK = ROOT / "broker/web/translations/el/LC_MESSAGES"


def _sentences(catalogue: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Each sentence, and what it is in Greek; of a counted one every form."""
    return {_forms(message.id): _forms(message.string) for message in catalogue if message.id}


def _forms(text: str | Iterable[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def test_every_sentence_is_translated(tmp_path: Path) -> None:
    template = tmp_path / "messages.pot"
    pybabel = str(Path(sys.executable).with_name("pybabel"))
    command = [pybabel, "-q", "extract", "-F", "babel.cfg", "-o", str(template), "."]
    subprocess.run(command, cwd=ROOT, check=True)
    with template.open("rb") as wanted, (GREEK / "messages.po").open("rb") as written:
        sentences, greek = _sentences(read_po(wanted)), _sentences(read_po(written))
    assert sentences.keys() == greek.keys()
    assert [english for english, forms in greek.items() if len(forms) < len(english) or not all(forms)] == []


def test_every_placeholder_is_there_in_greek_too() -> None:
    with (GREEK / "messages.po").open("rb") as written:
        greek = _sentences(read_po(written))
    assert any(map(_placeholders, greek))
    assert {english: forms for english, forms in greek.items() if _placeholders(english) != _placeholders(forms)} == {}


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    with (GREEK / "messages.po").open("rb") as source:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(source))
    compiled.seek(0)
    with (GREEK / "messages.mo").open("rb") as shipped:
        assert _sentences(read_mo(shipped)) == _sentences(read_mo(compiled))


def _placeholders(forms: tuple[str, ...]) -> list[list[str]]:
    return [sorted(re.findall(r"%\(\w+\)s", form)) for form in forms]
