"""``~/.claude/teams/<team>/``: ``config.json`` names a team's members, ``inboxes/<member>.json`` holds their mail."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from forensics.evidence.account import Damage, Problem, Reason
from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.claude.team_messages import LEAD, member, member_id, message
from forensics.formats.jsonl import UNDECODABLE, mend
from forensics.formats.reading import finish, lines_of_key, rows
from forensics.formats.times import parse_time
from forensics.schema import EVENTS, EventKind, Row, Source, TsQuality

INBOX = re.compile(r"(?:^|/)(?:teams/)?([^/]+)/inboxes/([^/]+)\.json$")
CONFIG = re.compile(rb'"leadSessionId"\s*:|"leadAgentId"\s*:')
NO_TEAM = Reason("not a team's file", Damage.BROKEN)


class Member(msgspec.Struct, rename="camel"):
    """One member of a team."""

    agent_id: str
    agent_type: str | None = None


class Config(msgspec.Struct, rename="camel"):
    """The members of a team, and the session of its lead."""

    name: str
    lead_session_id: str | None = None
    lead_agent_id: str | None = None
    members: list[Member] = []


class Mail(msgspec.Struct, rename={"sender": "from"}):
    """One message of an inbox."""

    sender: str
    text: str = ""
    timestamp: str | None = None


class TeamFile:
    """The parser of a team's two kinds of files."""

    source = Source.TEAM_FILE

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise an inbox by its place, and the members' file by what it names."""
        begins = head.lstrip()[:1]
        is_inbox = INBOX.search(place) is not None and begins in (b"[", b"")
        return is_inbox or (begins == b"{" and place.endswith(".json") and CONFIG.search(head) is not None)

    def parse(self, evidence: Evidence) -> Parsed:
        """Make one event of each member, or of each message."""
        data, total = evidence.document()
        inbox = INBOX.search(evidence.place)
        try:
            found = list(_mail(data, *inbox.groups()) if inbox else _members(data))
        except UNDECODABLE:
            return finish([], self.source, [Problem(1, NO_TEAM, total)] if total else [], total)
        return finish([rows(found, EVENTS)], self.source, [], total)


def _members(data: bytes) -> Iterator[Row]:
    config = msgspec.json.decode(mend(data), type=Config)
    lines = _lines(data, "agentId", len(config.members))
    for ordinal, (line, one) in enumerate(zip(lines, config.members, strict=True)):
        is_lead = one.agent_id in (config.lead_agent_id, f"{LEAD}@{config.name}")
        told = member(one.agent_id, config.name, lead=is_lead) | {"component": one.agent_type}
        # the file alone is no session: whether it belongs to the one of its lead, the lead's own records tell
        yield _placed(told, line, ordinal) | {"correlation_id": config.lead_session_id}


def _mail(data: bytes, team: str, to: str) -> Iterator[Row]:
    mails = msgspec.json.decode(mend(data), type=list[Mail]) if data.strip() else []
    for ordinal, (line, mail) in enumerate(zip(_lines(data, "from", len(mails)), mails, strict=True)):
        told = _placed(message(mail.sender, mail.text), line, ordinal)
        told["agent_id"] = None if to == LEAD else member_id(to, team)
        moment = parse_time(mail.timestamp)
        quality = (TsQuality.EXACT if moment else TsQuality.MISSING).value
        yield told | {"message_id": team, "ts": moment, "ts_quality": quality}


def _placed(told: Row, line: int, ordinal: int) -> Row:
    kind = EventKind(told["kind"]).value
    return told | {"line": line, "ordinal": ordinal, "ts_quality": TsQuality.MISSING.value, "kind": kind}


def _lines(data: bytes, key: str, number: int) -> list[int]:
    lines = lines_of_key(data, key)
    return lines if len(lines) == number else [1] * number
