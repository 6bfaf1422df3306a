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
DAY = re.compile(r"_(\d{4}-\d\d-\d\d)\.(?:jsonl|log)$")
SNAPSHOT = re.compile(r"-(\d{13})-\w+\.sh$")
HEAD = 64 * 1024
AROUND = timedelta(days=1)  # voicemode names its files by the local day
MARGIN = timedelta(minutes=1)  # between a process's start or end and the first or last record of its session
START_UP = 256 * 1024  # a log of start-up lines is smaller, a session's is not worth reading for another one


@dataclass(frozen=True, slots=True)
class Homes:
    """The folders in which the programs keep their logs."""

    claude: Path
    caches: tuple[Path, ...]
    states: tuple[Path, ...]  # where 1.0.x kept its debug logs
    voice: Path
    voice_debug: tuple[Path, ...]


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
    state = Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "claude-cli-nodejs"
    library = home / "Library"
    return Homes(
        claude=claude,
        caches=(cache, library / "Caches" / "claude-cli-nodejs"),
        states=(state, library / "Logs" / "claude-cli-nodejs"),
        voice=voice,
        voice_debug=(home / "voicemode_debug.log", home / "voicemode_trace.log"),
    )


def locate(homes: Homes) -> list[Located]:
    """Return the sessions that have a transcript, newest first: by their last record, as a copy's own time is new."""
    transcripts = [p for p in homes.claude.glob("projects/*/*.jsonl") if SESSION.match(p.stem)]
    found = [Located(transcript=p, modified=_last_time(p) or _modified(p)) for p in sorted(transcripts)]
    return sorted(found, key=lambda s: (s.modified, s.session_id), reverse=True)


def files_of(session: Located, homes: Homes) -> list[Path]:
    """Return what a session left: by its id, and what was written in its project and its days meanwhile."""
    transcript = session.transcript
    modified = max(session.modified, _modified(transcript))
    began = _first_time(transcript) or modified - AROUND
    files = [transcript, *_belonging(homes, transcript.parent, session.session_id)]
    files += [p for p in _logs(homes, transcript.parent.name) if _modified(p) >= began]
    files += homes.claude.glob("history.jsonl")  # of every project: only the session's entries count
    files += _traces(homes, began, modified)
    return [*dict.fromkeys((*files, *_voice(homes, began, modified)))]


def _belonging(homes: Homes, project: Path, session: str) -> Iterator[Path]:
    """Yield what carries the session's id in its name."""
    for pattern in (f"debug/{session}*.txt", f"todos/{session}*.json", f"tasks/{session}/*.json"):
        yield from sorted(homes.claude.glob(pattern))
    for pattern in ("subagents/**/*", "workflows/*.json", "tool-results/*"):
        yield from sorted(p for p in project.glob(f"{session}/{pattern}") if p.is_file())
    yield from _team_of(homes, project, session)
    # up to 2.0.x a subagent's file lies beside the session's and names its session only inside
    yield from sorted(p for p in project.glob("agent-*.jsonl") if session.encode() in _piece(p, 0))


def _team_of(homes: Homes, project: Path, session: str) -> Iterator[Path]:
    """Yield the files of the teams that a session leads, and the transcripts of their members."""
    for config in sorted(homes.claude.glob("teams/*/config.json")):
        if session.encode() in _piece(config, 0):
            yield from (config, *sorted(config.parent.glob("inboxes/*.json")))
            tag = re.compile(rb'"teamName"\s*:\s*"' + re.escape(config.parent.name.encode()) + rb'"')
            yield from sorted(p for p in project.glob("*.jsonl") if tag.search(_piece(p, 0)))


def _logs(homes: Homes, project: str) -> Iterator[Path]:
    for cache in homes.caches:
        yield from sorted((cache / project).glob("mcp-logs-*/*"))
        yield from sorted((cache / project).glob("errors/*"))
    for state in homes.states:
        yield from sorted((state / project).glob("debug-logs/*"))


def _traces(homes: Homes, began: datetime, ended: datetime) -> Iterator[Path]:
    """Yield what the processes of that time left without a session's name: start-up lines, snapshots, process files.

    Which session each belongs to, what they say tells.
    """
    for path in sorted(homes.claude.glob("debug/*.txt")):
        if began - MARGIN <= _modified(path) <= ended + MARGIN and path.stat().st_size < START_UP:
            yield path
    for path in sorted(homes.claude.glob("shell-snapshots/snapshot-*.sh")):
        named = SNAPSHOT.search(path.name)
        made = datetime.fromtimestamp(int(named[1]) / 1000, UTC) if named else _modified(path)
        if began - MARGIN <= made <= ended + MARGIN:
            yield path
    yield from sorted(p for p in homes.claude.glob("sessions/*.json") if _modified(p) >= began - MARGIN)


def _voice(homes: Homes, began: datetime, ended: datetime) -> Iterator[Path]:
    """Yield the voice server's logs of those days."""
    for path in sorted(homes.voice.glob("logs/*/*")):
        if _is_of(path, began, ended):
            yield path
    yield from (p for p in homes.voice_debug if p.is_file() and _modified(p) >= began)
    # a call writes its lock when it begins: what is left of an older one is another session's
    yield from (p for p in homes.voice.glob("conch") if began <= _modified(p) < ended + AROUND)


def _is_of(path: Path, began: datetime, ended: datetime) -> bool:
    named = DAY.search(path.name)
    if named is None:
        return False
    day = datetime.strptime(named.group(1), "%Y-%m-%d").replace(tzinfo=UTC)
    return began - 2 * AROUND < day < ended + AROUND


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _first_time(path: Path) -> datetime | None:
    stamp = STAMP.search(_piece(path, 0))
    return _moment(stamp) if stamp else None


def _last_time(path: Path) -> datetime | None:
    times = [_moment(stamp) for stamp in STAMP.finditer(_piece(path, -HEAD))]
    return max((t for t in times if t is not None), default=None)


def _moment(stamp: re.Match[bytes]) -> datetime | None:
    try:
        return datetime.fromisoformat(stamp.group(1).decode()).replace(tzinfo=UTC)
    except ValueError:
        return None


def _piece(path: Path, start: int) -> bytes:
    """Read the head of a file, or its tail; nothing of one that may not be read: ``discover`` says so."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size + start) if start < 0 else start)
            return stream.read(HEAD)
    except OSError:
        return b""
