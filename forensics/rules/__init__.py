"""All rules, in the order of their codes. A rule is one file and two lines here."""

from __future__ import annotations

from forensics.rule import Rule
from forensics.rules.abnormal_end import abnormal_end
from forensics.rules.agent_budget import agent_budget
from forensics.rules.api_authentication_failed import api_authentication_failed
from forensics.rules.api_retries_exhausted import api_retries_exhausted
from forensics.rules.concurrent_file_write import concurrent_file_write
from forensics.rules.fallback_chain_exhausted import fallback_chain_exhausted
from forensics.rules.fallback_credential_rejected import fallback_credential_rejected
from forensics.rules.hook_failing import hook_failing
from forensics.rules.mcp_server_lost import mcp_server_lost
from forensics.rules.orphaned_agent import orphaned_agent
from forensics.rules.several_todos_in_progress import several_todos_in_progress
from forensics.rules.timeout_without_diagnosis import timeout_without_diagnosis
from forensics.rules.unclosed_client_session import unclosed_client_session
from forensics.rules.uncoordinated_parallel_agents import uncoordinated_parallel_agents

RULES: tuple[Rule, ...] = (
    uncoordinated_parallel_agents,
    several_todos_in_progress,
    concurrent_file_write,
    fallback_chain_exhausted,
    fallback_credential_rejected,
    unclosed_client_session,
    timeout_without_diagnosis,
    api_retries_exhausted,
    api_authentication_failed,
    mcp_server_lost,
    agent_budget,
    orphaned_agent,
    hook_failing,
    abnormal_end,
)
