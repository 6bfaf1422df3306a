"""What several test files need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from jinja2 import Environment

from forensics.evidence.file import BATCH_BYTES, Evidence, open_evidence
from forensics.formats import Parsed, parser_for
from tests.support.no_network import refuse_the_network
from tests.support.places import CORPUS, INCIDENT

refuse_the_network()

Write = Callable[..., Evidence]
Read = Callable[..., Parsed]


@pytest.hookimpl(optionalhook=True)  # pytest-xdist may be switched off
def pytest_xdist_make_scheduler(config, log):
    """Say which tests run in one process."""
    from tests.support.by_rule import ByRule  # noqa: PLC0415 - needs pytest-xdist

    return ByRule(config, log)


@pytest.fixture(scope="session", autouse=True)
def templates_are_compiled_once() -> Iterator[None]:
    """Compile each text of a template once, not for each of some thousand reports: it is most of their time."""
    compiled, plainly = {}, Environment.compile

    def once(env, source, name=None, filename=None, *args, **kwargs):
        key = (env.autoescape, source, name, filename, *args, *kwargs.items())
        if key not in compiled:
            compiled[key] = plainly(env, source, name, filename, *args, **kwargs)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", once)
        yield


@pytest.fixture(scope="session")
def incident() -> Path:
    """The evidence of the demonstration."""
    return INCIDENT


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Recordings of the genuine programs; they are not in the repository."""
    if not CORPUS.is_dir():
        pytest.skip(f"no recordings at {CORPUS}; set FORENSICS_CORPUS")
    return CORPUS


@pytest.fixture(scope="session")
def write(tmp_path_factory) -> Write:
    """Make evidence of a name and its content."""
    folder, numbers = tmp_path_factory.mktemp("evidence"), count()

    def make(name: str, data: bytes | str, batch_bytes: int = BATCH_BYTES) -> Evidence:
        path = folder / f"{next(numbers)}"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return replace(open_evidence(path, name), place=name, batch_bytes=batch_bytes)

    return make


@pytest.fixture(scope="session")
def read(write) -> Read:
    """Parse a file of a name and its content, with the parser that recognises it."""

    def parse(name: str, data: bytes | str, batch_bytes: int = BATCH_BYTES) -> Parsed:
        evidence = write(name, data, batch_bytes)
        parser = parser_for(evidence.place, evidence.head)
        assert parser is not None, f"{name} was not recognised"
        return parser.parse(evidence)

    return parse
