"""The picture of the terminal in the documentation: as the program writes it now, and loading nothing."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from tools.docs.screenshots import COLUMNS, PICTURE, picture


@pytest.fixture(scope="module")
def svg():
    return picture()


def test_it_is_up_to_date(svg):
    assert PICTURE.read_text(encoding="utf-8") == svg, "run python -m tools.docs.screenshots, and look at it"


def test_it_loads_nothing(svg):
    root = ET.fromstring(svg)  # noqa: S314 - it is ours
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert kinds == {"svg", "title", "style", "defs", "clipPath", "rect", "g", "circle", "text"}
    assert re.findall(r"https?://[^\s<]+", re.sub(r"<text.*?</text>", "", svg, flags=re.DOTALL)) == [
        'http://www.w3.org/2000/svg">'
    ]
    assert not re.search(r"@font-face|@import|href|url\((?!#)", svg)


def test_it_shows_what_a_terminal_shows(svg):
    lines = re.findall(r'<text class="forensics-r[^>]*>([^<]*)', svg)
    text = "".join(lines).replace("&#160;", " ")
    assert "$ forensics report" in text
    assert "TRUNCATED" in text
    assert "-o report.html" in text
    assert max(len(line) for line in lines) <= COLUMNS * len("&#160;")
