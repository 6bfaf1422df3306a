"""The hook of the scenarios g_hooks and g2_hooks_failing.

It denies ``rm -rf``, fails after a write, fails always as ``broken``, and is content with all else.
"""

from __future__ import annotations

import json
import sys

DENY, FAIL = 2, 1  # the client blocks a call for the one, and only notes the other


def answer(event: str, given: dict[str, object]) -> tuple[int, str]:
    """Return the exit code for an event, and what to say."""
    arguments = given.get("tool_input")
    command = arguments.get("command", "") if isinstance(arguments, dict) else ""
    if event == "pre" and "rm -rf" in command:
        return DENY, "Denied by policy: rm -rf is not allowed here."
    if event == "broken" or (event == "post" and given.get("tool_name") == "Write"):
        return FAIL, "lint: could not run the formatter"
    return 0, "Policy: no destructive commands." if event == "prompt" else ""


if __name__ == "__main__":
    code, words = answer(sys.argv[1], json.load(sys.stdin))
    print(words, file=sys.stderr if code else sys.stdout, end="")
    sys.exit(code)
