"""What stands beneath escapes, entities and colours is read, and found again in the text above. All secrets are made up."""

from __future__ import annotations

import html
import json
import time
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.privacy.issuers import ISSUERS
from forensics.privacy.layers import views
from forensics.privacy.redact import redact
from tests.support.planted import drawn, planted_keys

BODY = "Qx3dE5gH" * 5
GITHUB = "ghp" + "_" + BODY[:36]
ANTHROPIC = "sk" + "-ant-api03-" + BODY * 2 + BODY[:15]


def escaped(text):
    return json.dumps(text)[1:-1]


def by_code(text):
    return "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text)


OVER = {
    "bare": str,
    "json": escaped,
    "json in json": lambda t: escaped(escaped(f'"{t}"')),
    "codes": by_code,
    "codes in json": lambda t: escaped(by_code(t)),
    "python": lambda t: "".join(c if c.isalnum() else f"\\x{ord(c):02x}" for c in t),
    "percent": lambda t: "u=" + urllib.parse.quote(t, safe="").replace("-", "%2D").replace("_", "%5F"),
    "percent twice": lambda t: urllib.parse.quote(urllib.parse.quote(t, safe="").replace("_", "%5F"), safe=""),
    "entities": html.escape,
    "numbered entities": lambda t: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in t),
    "entities twice": lambda t: html.escape(html.escape(f'"{t}"')),
    "colour": lambda t: f"\x1b[1;31m{t}\x1b[0m",
    "colours between": lambda t: f"{t[:9]}\x1b[31m{t[9:]}\x1b[0m",
    "colour written out": lambda t: escaped(f"\x1b[31m{t[:9]}\x1b[0m{t[9:]}"),
    "tags between": lambda t: f"{t[:9]}<b>{t[9:20]}</b>{t[20:]}",
    "span between": lambda t: f'{t[:9]}<span class="x">{t[9:20]}</span>{t[20:]}',
    "emphasis": lambda t: f"{t[:9]}**{t[9:20]}**{t[20:]}",
    "no width": lambda t: f"{t[:9]}\u200b{t[9:]}",
    "markdown": lambda t: t.replace("_", "\\_").replace("-", "\\-"),
}  # fmt: skip


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize("key", [GITHUB, ANTHROPIC, f"Authorization: Bearer {BODY}", f'"apiKey": "{BODY}"'])
def test_a_secret_goes_beneath_every_layer(over, key):
    shown = redact(f"see {OVER[over](key)} there")
    assert BODY[4:12] not in shown
    assert "[redacted: " in shown
    assert shown.startswith("see ")
    assert shown.endswith(" there")
    assert redact(shown) == shown


@pytest.mark.parametrize("begin", sorted({begin for form in ISSUERS for begin in form.begins}))
def test_a_key_of_each_issuer_goes(begin):
    for key in planted_keys(begin):
        for text in (key, by_code(f'"{key}"'), f"x={key}&y=1", escaped(f"a\n{key}\nb")):
            assert key[-8:] not in redact(text), text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n    ", "\n> ", "\\n", "\n  12\t", "\n   2→"])
@pytest.mark.parametrize("at", [18, 24, 30])
@pytest.mark.parametrize("key", [GITHUB, ANTHROPIC, "figd" + "_" + drawn("A-Za-z0-9", 40)])
def test_a_key_that_a_line_end_cuts_goes_whole(key, end, at):
    shown = redact(f"see {key[:at]}{end}{key[at:]} there")
    assert not any(key[n : n + 6] in shown for n in range(10, len(key) - 6))


def test_what_follows_a_whole_key_on_the_next_line_stays():
    assert redact(f"{GITHUB}\nand the next line").endswith("]\nand the next line")


@given(
    st.lists(
        st.sampled_from(["a", "\\", '\\"', "%22", "&amp;quot;", "\x1b[0m", "<b>", "\\u0041", "n", " "])
    ).map("".join)
)
def test_a_place_below_is_one_above(text):
    for view in views(text):
        places = [view.span(n, n + 1) for n in range(len(view.text))]
        assert all(0 <= begin < end <= len(text) for begin, end in places)
        assert [b for b, _ in places] == sorted(b for b, _ in places)
        assert all(text[b:e] == c or e - b > 1 for (b, e), c in zip(places, view.text, strict=True))


@pytest.mark.parametrize(
    "piece",
    [
        "the token of a session ",
        '{"key": "value", "n": [1, 2]}\\n',
        "%22%3D",
        "&quot;",
        "<b>x</b> ",
        "\\",
        '\\\\"',
    ],
)
def test_a_megabyte_takes_time_in_proportion(piece):
    text = piece * (1_000_000 // len(piece))
    began = time.process_time()
    assert redact(text) == text
    assert time.process_time() - began < 5  # on any machine; under one on most


BEFORE = ("\\u2192", "\\u201c", "\\u{2192}", "\\xe2\\x86\\x92", "%E2%86%92", "&#8594;", "&#x2192;", "\\ud83d\\ude00", "\\\\u2192", "%25E2%2586%2592", "&amp;#8594;", "\\u00a0", "\\n")  # fmt: skip


@pytest.mark.parametrize("before", BEFORE)
def test_a_key_behind_a_character_that_is_written_out(before):
    key = "gh" + "p_" + "ptgUzEjfebzJ6sZWdoHIxrXl0gqn87b1PZqZ"
    assert redact(f'a {before}{key}"') == f'a {before}[redacted: github token, 40 characters]"'
