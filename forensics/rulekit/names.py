"""What agents, times and paths are called in sentences."""

from __future__ import annotations

from forensics.session.model.names import agent_name, log_of, place
from forensics.text.clock_time import clock_time

__all__ = ["agent_name", "clock_time", "log_of", "place"]
