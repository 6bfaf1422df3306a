"""Words for an agent, a path and a log, as people know them."""

from __future__ import annotations

import hashlib

import polars as pl

from forensics.session.model.case import Case
from forensics.session.model.files import real_path

LAST_NAMES = 3  # of a path outside the working folder, to tell files of one name apart


def place(case: Case, path: str) -> str:
    """Return a path without the machine's part: below the working folder, or its last names."""
    folder = real_path(case.cwd, None).rstrip("/") if case.cwd else None
    if folder is not None and path.startswith(f"{folder}/"):
        return path[len(folder) + 1 :]
    return "/".join(path.rsplit("/", LAST_NAMES)[-LAST_NAMES:])


def log_of(case: Case, file: int) -> str:
    """Return what tells a file from others of its kind, however it is named and goes on: how it begins, as a digest."""
    first = case.events.filter(pl.col("file") == file).sort("line", "ordinal").row(0, named=True)
    head = (first[column] for column in ("source", "agent_id", "kind", "component", "tool", "message"))
    return hashlib.sha256(repr([*head]).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def agent_name(case: Case, agent_id: str | None) -> str:
    """Name an agent for people: what it was to do, or ``the main agent``."""
    if agent_id is None:
        return "the main agent"
    life = case.life_of(agent_id)
    return f"agent “{life.description}”" if life and life.description else f"agent {agent_id}"
