"""One rule is one pair of files, and two lines here: it sees a case, never a file, another rule, or how it is shown."""

from __future__ import annotations

from forensics.rulekit.rule import Rule
from forensics.rules.coordination.agent_capacity_reached import agent_capacity_reached
from forensics.rules.coordination.concurrent_file_write import concurrent_file_write
from forensics.rules.coordination.diverged_todo_lists import diverged_todo_lists
from forensics.rules.coordination.overlapping_agent_work import overlapping_agent_work
from forensics.rules.coordination.several_todos_in_progress import several_todos_in_progress
from forensics.rules.coordination.stale_edit_collision import stale_edit_collision
from forensics.rules.coordination.uncoordinated_parallel_agents import uncoordinated_parallel_agents
from forensics.rules.ending.abnormal_end import abnormal_end
from forensics.rules.ending.earlier_run_died import earlier_run_died
from forensics.rules.ending.failure_chain import failure_chain
from forensics.rules.operations.coordination_not_traceable import coordination_not_traceable
from forensics.rules.operations.credential_first_checked_at_use import credential_first_checked_at_use
from forensics.rules.operations.damaged_evidence import damaged_evidence
from forensics.rules.operations.degradation_before_failure import degradation_before_failure
from forensics.rules.operations.hook_failing import hook_failing
from forensics.rules.operations.orphaned_agent import orphaned_agent
from forensics.rules.operations.repeated_failing_call import repeated_failing_call
from forensics.rules.operations.secret_in_log import secret_in_log
from forensics.rules.operations.silent_gap import silent_gap
from forensics.rules.operations.stale_lock_after_death import stale_lock_after_death
from forensics.rules.operations.unanswered_tool_call import unanswered_tool_call
from forensics.rules.safeguards.agent_budget import agent_budget
from forensics.rules.safeguards.compaction_with_open_work import compaction_with_open_work
from forensics.rules.safeguards.no_checkpoint_before_end import no_checkpoint_before_end
from forensics.rules.safeguards.no_plan_before_parallel_agents import no_plan_before_parallel_agents
from forensics.rules.safeguards.todo_rule_not_enforced import todo_rule_not_enforced
from forensics.rules.safeguards.unfinished_work_at_end import unfinished_work_at_end
from forensics.rules.services.api_authentication_failed import api_authentication_failed
from forensics.rules.services.api_retries_exhausted import api_retries_exhausted
from forensics.rules.services.failure_reported_as_success import failure_reported_as_success
from forensics.rules.services.fallback_chain_exhausted import fallback_chain_exhausted
from forensics.rules.services.fallback_credential_rejected import fallback_credential_rejected
from forensics.rules.services.masked_speech_failure import masked_speech_failure
from forensics.rules.services.mcp_server_lost import mcp_server_lost
from forensics.rules.services.non_transcript_taken_as_speech import non_transcript_taken_as_speech
from forensics.rules.services.primary_failed_fallback_served import primary_failed_fallback_served
from forensics.rules.services.recording_always_at_limit import recording_always_at_limit
from forensics.rules.services.request_too_large import request_too_large
from forensics.rules.services.silent_paid_fallback import silent_paid_fallback
from forensics.rules.services.timeout_without_diagnosis import timeout_without_diagnosis
from forensics.rules.services.unclosed_client_session import unclosed_client_session
from forensics.rules.services.usage_limit_reached import usage_limit_reached

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
    primary_failed_fallback_served,
    api_retries_exhausted,
    api_authentication_failed,
    mcp_server_lost,
    failure_reported_as_success,
    masked_speech_failure,
    non_transcript_taken_as_speech,
    silent_paid_fallback,
    recording_always_at_limit,
    usage_limit_reached,
    request_too_large,
    no_plan_before_parallel_agents,
    todo_rule_not_enforced,
    agent_budget,
    no_checkpoint_before_end,
    unfinished_work_at_end,
    compaction_with_open_work,
    degradation_before_failure,
    credential_first_checked_at_use,
    orphaned_agent,
    coordination_not_traceable,
    unanswered_tool_call,
    silent_gap,
    hook_failing,
    repeated_failing_call,
    damaged_evidence,
    secret_in_log,
    stale_lock_after_death,
    abnormal_end,
    failure_chain,
    earlier_run_died,
)
