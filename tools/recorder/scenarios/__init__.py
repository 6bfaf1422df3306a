"""The scenarios by name; a name never changes, so that recordings of many versions can be compared."""

from __future__ import annotations

from collections.abc import Mapping

from tools.recorder.scenarios import agents, crossings, failures, faults, oversights, surroundings, unfinished
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
    "d5_slowing": faults.slowing,
    "e_sequential": agents.sequential,
    "f_mcp": surroundings.voice,
    "f3_servers_lost": surroundings.servers_lost,
    "g_hooks": surroundings.hooks,
    "g2_hooks_failing": surroundings.hooks_failing,
    "j_max_turns": surroundings.turns_spent,
    "h_resume": surroundings.resume,
    "h2_compact": surroundings.compaction,
    "k_killed_in_call": unfinished.killed_in_call,
    "k2_compacted_at_work": unfinished.compacted_at_work,
    "j_capacity": crossings.capacity,
    "j2_twins": crossings.twins,
    "j3_order": crossings.order_broken,
    "l_refused": failures.refused,
    "l2_limited": failures.limited,
    "l3_broken": failures.broken,
    "l4_overloaded": failures.overloaded,
    "l5_reset": failures.reset,
    "l6_silent": failures.silent,
    "l7_too_long": failures.too_long,
    "l8_no_credit": failures.no_credit,
    "l9_usage_limit": failures.usage_limit,
    "l10_too_large": failures.too_large,
    "m_budget": failures.budget_spent,
    "m2_denied": failures.denied,
    "m3_nested": failures.nested,
    "n_unplanned": oversights.unplanned,
    "n2_silence": oversights.silence,
    "n3_secret": oversights.secret,
    "n4_torn": oversights.torn,
    "n5_limit_with_agent": oversights.limit_with_agent,
}
