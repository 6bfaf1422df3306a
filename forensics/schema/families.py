"""Families of records: what a record is about, whichever log holds it and whatever its form.

A rule names the families that it reads. A record of a form that was never recorded belongs to the families that its
words name: then a rule that reads one of them has not seen everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from forensics.schema.sources import Author, Source

Family: TypeAlias = Literal[
    "agents", "api", "ending", "files", "hooks", "lists", "mcp", "speech", "tools", "turns"
]
FAMILIES: tuple[Family, ...] = get_args(Family)
# words that a record of the family begins with, in the client's debug log or as a type in its transcripts
WORDS: Mapping[Family, str] = {
    "agents": r"(?:sub-?)?agents?|teammates?|teams?|workflows?|spawn(?:ed|ing)?|sidechain|background|launched|started"
    r"|task_\w+|task-notification",
    "api": r"api|rate_?limit\w*|overload\w*|retry|retries|retrying|streaming|stream|quota|usage limit"
    r"|connection[_ ]error|credit|refus\w+|anthropic",
    "ending": r"shut\w*|exit\w*|crash\w*|fatal|panic|killed|abort\w*|uncaught|unhandled|signal|terminat\w*|ended|end"
    r"|interrupt\w*|result|uncleanly",
    "files": r"writ\w+|write|edit\w*|read|file\w*|notebook\w*",
    "hooks": r"hooks?|pretooluse|posttooluse\w*|sessionstart|sessionend|userpromptsubmit|subagentstop|precompact",
    "lists": r"todos?|todowrite|tasks?|task(?:create|update|list)|plan\w*",
    "mcp": r"mcp|mcp__\w+|server",
    "speech": r"stt|tts|speech|voice\w*|converse|audio|record(?:ing|er|ed)?|transcri\w+|listen\w*|whisper|kokoro"
    r"|endpoint\w*|fallback|microphone|playback|session",
    "tools": r"tools?|tool_\w+|mcp__\w+|bash|command|permission\w*|result",
    "turns": r"turns?|compact\w*|user|assistant|messages?|prompts?|resum\w+|conversation|queue\w*|session\w*",
}
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")  # words that are written as one: flushSessionStorageAtExit
FOUND = {family: re.compile(rf"(?i)(?<![a-z])(?:{words})(?![a-z])") for family, words in WORDS.items()}


def families_of(shape: str, source: Source) -> tuple[Family, ...]:
    """Return the families that a record of this shape belongs to; none where its words name none.

    The voice server tells of speech and of nothing else; the client never tells of it in words of its own.
    """
    if source.about.author is Author.VOICE_SERVER:
        return ("speech",) if FOUND["speech"].search(shape.replace("_", " ")) else ()
    told = f"{shape} {HUMP.sub(' ', shape)}"
    return tuple(f for f, words in FOUND.items() if f != "speech" and words.search(told))
