"""Every sentence of the pages is there in Greek, and what is shipped is what was translated."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3]
GREEK = ROOT / "broker/web/translations/el/LC_MESSAGES"


def test_every_sentence_is_translated(tmp_path: Path) -> None:
    template = tmp_path / "messages.pot"
    pybabel = str(Path(sys.executable).with_name("pybabel"))
    command = [pybabel, "-q", "extract", "-F", "babel.cfg", "-o", str(template), "."]
    subprocess.run(command, cwd=ROOT, check=True)
    with template.open("rb") as wanted, (GREEK / "messages.po").open("rb") as written:
        sentences = {message.id for message in read_po(wanted) if message.id}
        greek = {message.id: message.string for message in read_po(written) if message.id}
    assert sentences == greek.keys()
    assert all(greek.values())


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    with (GREEK / "messages.po").open("rb") as source:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(source))
    compiled.seek(0)
    with (GREEK / "messages.mo").open("rb") as shipped:
        there = {message.id: message.string for message in read_mo(shipped)}
    assert there == {message.id: message.string for message in read_mo(compiled)}
