"""Tool calls, in short."""

from __future__ import annotations

from pathlib import Path

from tools.recorder.scenarios.model import Call

STATUS = {"p": "pending", "i": "in_progress", "c": "completed"}


def todos(items: tuple[str, ...], states: str) -> Call:
    """Set a list: one letter for each item, pending, in progress or completed."""
    rows = [
        {"content": item, "status": STATUS[state], "activeForm": f"Working on: {item}"}
        for item, state in zip(items, states, strict=True)
    ]
    return Call("TodoWrite", {"todos": rows})


def spawn(description: str, prompt: str, *, background: bool = False) -> Call:
    """Start a subagent; in the background only where the client's tool knows such a thing."""
    arguments = {"description": description, "prompt": prompt, "subagent_type": "general-purpose"}
    return Call("Task", {**arguments, "run_in_background": background})


def write(path: Path, content: str) -> Call:
    """Write a whole file."""
    return Call("Write", {"file_path": str(path), "content": content})


def read(path: Path) -> Call:
    """Read a file."""
    return Call("Read", {"file_path": str(path)})


def edit(path: Path, old: str, new: str) -> Call:
    """Replace one text in a file."""
    return Call("Edit", {"file_path": str(path), "old_string": old, "new_string": new})


def shell(command: str, description: str) -> Call:
    """Run a command."""
    return Call("Bash", {"command": command, "description": description})
