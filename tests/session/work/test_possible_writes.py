"""Which file a brief names: a path, or a name that can be no other word."""

from __future__ import annotations

import pytest

from forensics.session.work.possible_writes import WORD, _is_named


def names(brief, path):
    return any(_is_named(path, word.rstrip(".")) for word in WORD.findall(brief))


@pytest.mark.parametrize(
    ("brief", "path"),
    [
        ("Put it into PRIVACY.md.", "/home/dev/project/PRIVACY.md"),
        ("Put it into `docs/PRIVACY.md`, whole", "/home/dev/project/docs/PRIVACY.md"),
        ("write ./src/app.ts:", "/home/dev/project/src/app.ts"),
        ("write /home/dev/project/notes", "/home/dev/project/notes"),
        ("Extend the Makefile", "/home/dev/project/Makefile"),
        ("fix ~/project/a.py", "/home/dev/project/a.py"),
    ],
)
def test_a_brief_names_a_file(brief, path):
    assert names(brief, path)


@pytest.mark.parametrize(
    ("brief", "path"),
    [
        ("Write the notes", "/home/dev/project/notes"),
        ("Put it into docs/PRIVACY.md", "/home/dev/project/PRIVACY.md"),
        ("Put it into PRIVACY.md", "/home/dev/project/OLD_PRIVACY.md"),
        ("Put it into privacy.md", "/home/dev/project/privacy.md.bak"),
        ("", "/home/dev/project/a.py"),
    ],
)
def test_a_brief_names_another_one_or_none(brief, path):
    assert not names(brief, path)
