"""The scenarios by name; a name never changes, so that recordings of many versions can be compared."""

from __future__ import annotations

from collections.abc import Mapping

from tools.recorder.scenarios import agents, faults, surroundings
from tools.recorder.scenarios.model import Maker

SCENARIOS: Mapping[str, Maker] = {
    "a_clean": agents.clean,
    "a2_stuck": agents.stuck,
    "b_parallel": agents.parallel,
    "b2_background": agents.background,
    "c_crash": agents.crash,
    "c2_sigterm": agents.terminated,
    "c3_sigint": agents.interrupted,
    "c4_background_crash": agents.background_crash,
    "d_api_errors": faults.api_errors,
    "d2_api_hang": faults.api_hang,
    "d3_overload": faults.overload,
    "d4_subagent_401": faults.subagent_refused,
    "e_sequential": agents.sequential,
    "f_mcp": surroundings.voice,
    "g_hooks": surroundings.hooks,
    "h_resume": surroundings.resume,
    "h2_compact": surroundings.compaction,
}
