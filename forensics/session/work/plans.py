"""What may stand for a plan of the work, and whether one could have been written."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from forensics.schema import EventKind as K
from forensics.session.model.agents import AgentLife
from forensics.session.model.case import Case

SCRIPTED = ("<command-name>", "<command-message>")  # a slash command: its text is the plan
SCRIPT_TOOLS = ("Skill", "SlashCommand", "Workflow")
# since then some models are not offered the todo tools: that none was used says nothing
WITHOUT_TODO_TOOLS = (2, 1, 233)


def is_scripted(case: Case, group: Sequence[AgentLife]) -> bool:
    """Say whether a slash command or a skill came before the first spawn: then the split is its own."""
    first = min((a.start for a in group if a.start is not None), default=None)
    own = pl.col("agent_id").eq_missing(pl.lit(group[0].parent_id, dtype=pl.String))
    before = own & (pl.col("ts") <= first) if first is not None else own
    called = case.of(K.TOOL_CALL).filter(before & pl.col("tool").is_in(SCRIPT_TOOLS))
    prompts = case.of(K.USER_PROMPT).filter(before)["message"].to_list()
    return called.height > 0 or (bool(prompts) and any(mark in prompts[-1] for mark in SCRIPTED))


def may_lack_todo_tools(case: Case) -> bool:
    """Say whether the client may have offered no tools to write a list: by its version, and as none was used."""
    if not case.of(K.TODO_SNAPSHOT, K.TASK_CREATE, K.TASK_UPDATE).is_empty():
        return False
    return _number(case.client_version) >= WITHOUT_TODO_TOOLS


def _number(version: str | None) -> tuple[int, ...]:
    parts = (version or "").partition("-")[0].split(".")
    return tuple(int(p) for p in parts if p.isdecimal())
