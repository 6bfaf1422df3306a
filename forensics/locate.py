"""Where sessions lie on this machine: for people who give no path.

Claude Code keeps transcripts under ``<config>/projects/<project>/<session>.jsonl``, everything else beside them
or in its cache under the project's name; voicemode keeps one event log and one conversation log a day. Only
names and times of files are looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forensics.schema import UUID

SESSION = re.compile(f"^{UUID}$")
STAMP = re.compile(rb'"timestamp"\s*:\s*"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)')
DAY = re.compile(r"_(\d{4}-\d\d-\d\d)\.jsonl$")
HEAD = 64 * 1024
AROUND = timedelta(days=1)  # voicemode names its files by the local day


@dataclass(frozen=True, slots=True)
class Homes:
    """The folders in which the programs keep their logs."""

    claude: Path
    caches: tuple[Path, ...]
    voice: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """One session that was found by its transcript, which was last written at ``modified``."""

    transcript: Path
    modified: datetime

    @property
    def session_id(self) -> str:
        """Return the id that the transcript is named after."""
        return self.transcript.stem


def homes_of(environ: Mapping[str, str], home: Path) -> Homes:
    """Return the folders that the programs use with this environment."""
    claude = Path(environ.get("CLAUDE_CONFIG_DIR") or home / ".claude")
    cache = Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "claude-cli-nodejs"
    voice = Path(environ.get("VOICEMODE_BASE_DIR") or home / ".voicemode")
    return Homes(claude, (cache, home / "Library" / "Caches" / "claude-cli-nodejs"), voice)


def locate(homes: Homes) -> list[Located]:
    """Return the sessions that have a transcript, newest first. Only names and times are looked at."""
    transcripts = [p for p in homes.claude.glob("projects/*/*.jsonl") if SESSION.match(p.stem)]
    found = [Located(transcript=p, modified=_modified(p)) for p in sorted(transcripts)]
    return sorted(found, key=lambda s: (s.modified, s.session_id), reverse=True)


def files_of(session: Located, homes: Homes) -> list[Path]:
    """Return what a session left: by its id, and what was written in its project and its days meanwhile."""
    transcript, modified = session.transcript, session.modified
    began = _first_time(transcript) or modified - AROUND
    files = [transcript, *_belonging(homes, transcript.parent, session.session_id)]
    files += [p for p in _logs(homes, transcript.parent.name) if _modified(p) >= began]
    files += homes.claude.glob("history.jsonl")  # of every project: only the session's entries count
    files += [p for p in sorted(homes.voice.glob("logs/*/*.jsonl")) if _is_of(p, began, modified)]
    # a call writes its lock when it begins: what is left of an older one is another session's
    return files + [p for p in homes.voice.glob("conch") if began <= _modified(p) < modified + AROUND]


def _belonging(homes: Homes, project: Path, session: str) -> Iterator[Path]:
    """Yield what carries the session's id in its name."""
    for pattern in (f"debug/{session}*.txt", f"todos/{session}-agent-*.json", f"tasks/{session}/*.json"):
        yield from sorted(homes.claude.glob(pattern))
    yield from sorted(project.glob(f"{session}/subagents/*"))
    # up to 2.0.x a subagent's file lies beside the session's and names its session only inside
    yield from sorted(p for p in project.glob("agent-*.jsonl") if session.encode() in p.open("rb").read(HEAD))


def _logs(homes: Homes, project: str) -> Iterator[Path]:
    for cache in homes.caches:
        yield from sorted((cache / project).glob("mcp-logs-*/*"))


def _is_of(path: Path, began: datetime, ended: datetime) -> bool:
    named = DAY.search(path.name)
    if named is None:
        return False
    day = datetime.strptime(named.group(1), "%Y-%m-%d").replace(tzinfo=UTC)
    return began - 2 * AROUND < day < ended + AROUND


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _first_time(path: Path) -> datetime | None:
    with path.open("rb") as stream:
        stamp = STAMP.search(stream.read(HEAD))
    return datetime.fromisoformat(stamp.group(1).decode()).replace(tzinfo=UTC) if stamp else None
