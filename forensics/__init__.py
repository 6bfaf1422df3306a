"""Incident reports and a CI gate for Claude Code and voicemode sessions.

The public names are few on purpose: the command line is the interface, and the JSON of
``forensics check --format json`` is the contract that other programs use.
"""

from __future__ import annotations

__version__ = "0.1.0"
