"""All rules, in the order of their codes. A rule is one file and two lines here."""

from __future__ import annotations

from forensics.rule import Rule
from forensics.rules.abnormal_end import abnormal_end
from forensics.rules.agent_capacity_reached import agent_capacity_reached
from forensics.rules.concurrent_file_write import concurrent_file_write
from forensics.rules.diverged_todo_lists import diverged_todo_lists
from forensics.rules.fallback_chain_exhausted import fallback_chain_exhausted
from forensics.rules.fallback_credential_rejected import fallback_credential_rejected
from forensics.rules.no_plan_before_parallel_agents import no_plan_before_parallel_agents
from forensics.rules.orphaned_agent import orphaned_agent
from forensics.rules.overlapping_agent_work import overlapping_agent_work
from forensics.rules.several_todos_in_progress import several_todos_in_progress
from forensics.rules.stale_edit_collision import stale_edit_collision
from forensics.rules.timeout_without_diagnosis import timeout_without_diagnosis
from forensics.rules.todo_rule_not_enforced import todo_rule_not_enforced
from forensics.rules.unclosed_client_session import unclosed_client_session
from forensics.rules.uncoordinated_parallel_agents import uncoordinated_parallel_agents

RULES: tuple[Rule, ...] = (
    uncoordinated_parallel_agents,
    several_todos_in_progress,
    overlapping_agent_work,
    concurrent_file_write,
    stale_edit_collision,
    diverged_todo_lists,
    agent_capacity_reached,
    fallback_chain_exhausted,
    fallback_credential_rejected,
    unclosed_client_session,
    timeout_without_diagnosis,
    no_plan_before_parallel_agents,
    todo_rule_not_enforced,
    orphaned_agent,
    abnormal_end,
)
