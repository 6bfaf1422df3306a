"""Log text on its way into a document stays text."""

from __future__ import annotations

import json

import pytest

from forensics.render.markup import code, inline, json_text
from forensics.text.controls import plain


def obeyed_by_a_runner(line: str) -> bool:
    """Read a line as GitHub's runner does: ``::`` first behind blanks, ``##[`` anywhere."""
    return line.lstrip().startswith("::") or "##[" in line or "##vso[" in line


@pytest.mark.parametrize("text", [
    "::error::fake", "  ::set-env name=PATH::/tmp", "\t::add-mask::x", "##[error]fake", "a ##[group]b ###[x]",
    "##vso[task.setvariable variable=x]y", "\n::error::second line", "\x1b::error::behind an escape",
])  # fmt: skip
def test_nothing_that_a_log_says_is_an_order_to_a_runner(text):
    assert not obeyed_by_a_runner(plain(text))
    assert not obeyed_by_a_runner(inline(text))
    assert not any(obeyed_by_a_runner(line) for line in code(text).splitlines())
    written = json_text({"excerpt": text})
    assert not any(obeyed_by_a_runner(line) for line in written.splitlines())
    assert json.loads(written) == {"excerpt": text}


@pytest.mark.parametrize(
    "text", ["std::string", "a :: b", "## heading [1]", "#[derive(Debug)]", "C#[0]", "1::2"]
)
def test_what_is_no_order_stays_as_it_is(text):
    assert plain(text) == text
