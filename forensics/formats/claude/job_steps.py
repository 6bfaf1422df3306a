"""Which lines of a job's log are those of a step that ran the client: Actions, GitLab, Azure, Jenkins, ``sh -x``.

A step begins with its command, and all behind it is that command's until the next one begins. What a runner says
without a name is said of the command that ran then.
"""

from __future__ import annotations

import re

# what only a runner's log has
JOB = re.compile(
    r"(?m)^(?:##\[(?:group|error|section|command|warning)\]|Running with gitlab-runner |section_(?:start|end):\d+:"
    r"|Executing \"step_script\" stage|(?:ERROR: )?Job (?:failed|succeeded)\b|Current runner version: "
    r"|.{0,40}Process completed with exit code \d|Post job cleanup\.|Cleaning up project directory|\[Pipeline\] "
    r"|Exited with code exit status \d|Starting: |~~~ |Running Claude (?:Code via SDK|with prompt from)"
    r"|Rerun in debug mode or enable `show_full_output)"
)
OPENS = re.compile(r"^##\[group\](?P<what>.*)$")
CLOSES = re.compile(r"^##\[endgroup\]")
RUNS = re.compile(r"^Run (?P<command>\S.*)$")
ACTION = re.compile(r"^[\w.\-]+/[\w.\-/]+@\S+$|^\./\S*$")
OF_CLIENT = re.compile(r"(?i)claude-code(?:-base)?-action")
SHELL = re.compile(r"^shell: \S|^env:\s*$|^with:\s*$")  # what a runner says of a step behind its script
COMMAND = re.compile(r"^(?:\S+@\S+[:~ ]\S*\s?)?(?:\$|\++) (?P<command>\S.*)$")
SECTION = re.compile(r"^(?:##\[section\]Starting: |Starting: |~~~ |\[Pipeline\] (?:sh|stage|\{))")
AFTER = re.compile(r"(?i)^Running after[_ -]script|^Executing \"after_script\"|^Post job cleanup\.")
# the action says itself that it starts the client
SAYS = re.compile(
    r"^Running Claude(?: Code)? (?:via SDK|with prompt from)|^Rerun in debug mode or enable `show_full"
)
# a command that sets the client to work, and does not only ask it for something
CLIENT = re.compile(
    r"(?:^|[|;&({!]\s*|\b(?:do|then|else|if|while|time|exec|npx|bunx|sudo|nohup|env|nice|stdbuf|xargs|timeout)\s+"
    r"(?:-\S+\s+|\d\S*\s+)*)(?:\w+=(?:\"[^\"]*\"|'[^']*'|\S*)\s+)*"
    r"(?:\S*/)?(?:claude(?:\.exe|\.cmd)?|@anthropic-ai/claude-code(?:@\S+)?)(?=[\s\"'<|]|$)"
    r"(?!\s+(?:--version|-v|--help|-h|mcp|config|doctor|update|install|setup-token|plugin|auth|login)\b)"
)
TEXTS = re.compile(
    r"<<-?\s*['\"]?(\w+)['\"]?.*?^\s*\1\s*$|'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\\n", re.DOTALL | re.MULTILINE
)
NEXT = re.compile(r"\n|&&|;")
# what stands behind the command in a script and does nothing
TRIVIAL = re.compile(
    r"^\s*(?:#.*|(?:fi|done|esac|\}|\)|EOF)\b.*|(?:echo|printf|cat|ls|exit|set|true|:)\b.*|(?:then|do|else|[})])?)\s*$"
)


def starts_client(script: str) -> bool:
    """Say whether the last thing that a script does is to set the client to work."""
    bare = TEXTS.sub(" ", script)
    found = [*CLIENT.finditer(bare)]
    if not found:
        return False
    _, *behind = NEXT.split(bare[found[-1].end() :])
    return all(TRIVIAL.match(command) for command in behind)


class Steps:
    """The steps of a job so far. ``is_clients`` says whose the last line that was taken is."""

    def __init__(self) -> None:
        self.is_clients = False
        self.ran_client = False
        self._script: list[str] | None = None  # of the step that is being told
        self._in_group = False
        self._over = False  # what comes after the job's own steps

    def take(self, text: str) -> bool:
        """Take one line, and say whether it is what the client printed, or may have been."""
        self._over |= AFTER.match(text) is not None
        if self._over:
            return False
        if self._in_group:
            self._go_on(text)
            return False
        if SAYS.match(text):
            self._ran(is_clients=True)
        return not self._begins(text) and self.is_clients

    def _begins(self, text: str) -> bool:
        """Take a line that may begin a step, and say whether it is the runner's."""
        opened, command = OPENS.match(text), COMMAND.match(text)
        if opened is not None:
            runs = RUNS.match(opened["what"])
            self._in_group = True
            self._script = [runs["command"]] if runs else None
        elif command is not None:
            self._ran(is_clients=starts_client(command["command"]))
        elif SECTION.match(text):
            self._ran(is_clients=False)
        return opened is not None or command is not None or text.startswith("##[")

    def _go_on(self, text: str) -> None:
        """Take a line of the group that tells of a step; the first line of a script is told twice."""
        if CLOSES.match(text) or SHELL.match(text):
            self._told()
            self._in_group = not CLOSES.match(text)
        elif self._script is not None and not (len(self._script) == 1 and text == self._script[0]):
            self._script.append(text)

    def _told(self) -> None:
        if self._script is None:
            return
        first = self._script[0]
        is_action = ACTION.match(first) is not None
        self._ran(
            is_clients=bool(OF_CLIENT.search(first)) if is_action else starts_client("\n".join(self._script))
        )
        self._script = None

    def _ran(self, *, is_clients: bool) -> None:
        self.is_clients = is_clients
        self.ran_client |= is_clients
