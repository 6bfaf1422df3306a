"""Mutants against tests: collected once, and forked for each mutant, whose code replaces the function's in place.

What a file does when it is imported (tables, expressions, defaults) cannot be replaced so. Such a mutant, and each
that survives, gets a process of its own that imports the spoilt file: `cold`.
"""

from __future__ import annotations

import gc
import importlib.abc
import importlib.util
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from tools.mutation.groups import CHECKOUT, Group, code_of
from tools.mutation.mutants import Mutant, mutants_of, mutated

if TYPE_CHECKING:
    import pytest

KILLED, SURVIVED, ENDLESS = "killed", "survived", "timeout"
WIDE_SECONDS = 300
WALL = 8  # so many times the seconds of the processor: the machine may be busy
PLAINLY = (
    "-q",
    "-x",
    "-n",
    "0",
    "-p",
    "no:randomly",
    "-p",
    "no:cacheprovider",
    "-m",
    "not whole and not corpus",
)


class Warm:
    """A plugin of pytest that, instead of running what was collected, runs it once for each mutant."""

    def __init__(self, group: Group, mutants: Sequence[Mutant], jobs: int, seconds: int) -> None:
        self.group, self.jobs, self.until = group, jobs, time.time() + seconds
        self.waiting = list(reversed(mutants))
        self.seconds: dict[str | None, int] = {}
        self.broken: set[str] = set()
        self.verdicts: dict[Mutant, str] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the loop over: first without a mistake, to know what is slow and what fails anyway."""
        running: dict[int, tuple[Mutant, float, str]] = {}
        self._learn(session)
        while self.waiting or running:
            if time.time() > self.until:
                self.waiting.clear()
            while self.waiting and len(running) < self.jobs:
                mutant = self.waiting.pop()
                folder = tempfile.mkdtemp(prefix="mutant-")
                running[self._forked(session, mutant, folder)] = (mutant, time.time(), folder)
            self._reap(running)
            time.sleep(0.05)
        return True

    def _learn(self, session: pytest.Session) -> None:
        """Run the tests without a mistake, each in its group's process, and leave out those that fail."""
        codes = {code_of(m.source) for m in self.waiting} if self.group.is_by_code else {None}
        for code in sorted(codes, key=str):
            reading, writing = os.pipe()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            if not (pid := os.fork()):
                failed = self._run(session, code, stop=False)
                os.write(writing, "\n".join(failed).encode())
                os._exit(0)
            os.close(writing)
            with os.fdopen(reading) as stream:
                self.broken.update(filter(None, stream.read().split("\n")))
            os.waitpid(pid, 0)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            self.seconds[code] = int(used * 3) + 20

    def _run(self, session: pytest.Session, code: str | None, *, stop: bool) -> list[str]:
        items = [
            i for i in session.items if i.nodeid not in self.broken and (code is None or code in i.nodeid)
        ]
        if not items:
            msg = f"no test concerns {code}"
            raise LookupError(msg)
        failed: list[str] = []
        for item, following in zip(items, [*items[1:], None], strict=True):
            before = session.testsfailed
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed > before:
                failed.append(item.nodeid)
                if stop:
                    break
        return failed

    def _forked(self, session: pytest.Session, mutant: Mutant, folder: str) -> int:
        code = code_of(mutant.source) if self.group.is_by_code else None
        if pid := os.fork():
            return pid
        os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
        resource.setrlimit(resource.RLIMIT_CPU, (self.seconds[code], self.seconds[code]))
        if not replaced(mutant):
            os._exit(2)
        os._exit(1 if self._run(session, code, stop=True) else 0)

    def _reap(self, running: dict[int, tuple[Mutant, float, str]]) -> None:
        for pid, (mutant, since, folder) in list(running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended and time.time() - since < WALL * max(self.seconds.values()):
                continue
            if not ended:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                status = signal.SIGKILL
            code = os.waitstatus_to_exitcode(status)
            if code in {0, 2}:
                self.verdicts[mutant] = cold(self.group, mutant, max(self.seconds.values()), self.broken)
                if self.verdicts[mutant] == SURVIVED and self.group.wider:
                    self.verdicts[mutant] = cold(self.group, mutant, WIDE_SECONDS, set(), "wider")
            else:
                self.verdicts[mutant] = KILLED if code == 1 else ENDLESS
            del running[pid]
            shutil.rmtree(folder, ignore_errors=True)
            print(self.verdicts[mutant], mutant.source.name, mutant.line, mutant.becomes, file=sys.__stderr__)


def replaced(mutant: Mutant) -> bool:
    """Put the mistake into the function that is loaded; false where none is."""
    if mutant.function is None:
        return False
    name, first = mutant.function
    spoilt = _code_of(compile(mutated(mutant), str(mutant.source), "exec"), name, first)
    found = [
        f
        for f in gc.get_objects()
        if isinstance(f, types.FunctionType)
        and f.__code__.co_filename == str(mutant.source)
        and (f.__code__.co_qualname, f.__code__.co_firstlineno) == (name, first)
    ]
    if spoilt is None:
        return False
    for function in found:
        function.__code__ = spoilt
    return bool(found)


def _code_of(code: types.CodeType, name: str, first: int) -> types.CodeType | None:
    if (code.co_qualname, code.co_firstlineno) == (name, first):
        return code
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return next((found for c in inner if (found := _code_of(c, name, first)) is not None), None)


# --- a process of its own --------------------------------------------------------------------------------


def cold(group: Group, mutant: Mutant, seconds: int, broken: set[str], tests: str = "tests") -> str:
    """Run the tests of a group, or the wider ones, on a file with a mistake, in a new process."""
    words = [group.name, tests, str(mutant.source), str(mutant.number), str(seconds + 30), *sorted(broken)]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tools.mutation.runner", *words],
            check=False,
            capture_output=True,
            cwd=CHECKOUT,
            timeout=WALL * (seconds + 30),
        )
    except subprocess.TimeoutExpired:
        return ENDLESS
    if done.returncode < 0:
        return ENDLESS
    return SURVIVED if done.returncode == 0 else KILLED


class Spoilt(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module with a mistake in it."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.name = ".".join(mutant.source.relative_to(CHECKOUT).with_suffix("").parts)

    def find_spec(  # type: ignore[explicit-override] # typing.override came with Python 3.12
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find that module, and no other."""
        if fullname != self.name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        return spec and importlib.util.spec_from_file_location(fullname, spec.origin, loader=self)

    def exec_module(self, module: types.ModuleType) -> None:  # type: ignore[explicit-override]
        """Run the spoilt file."""
        exec(compile(mutated(self.mutant), str(self.mutant.source), "exec"), module.__dict__)  # noqa: S102


def run_cold(group: Group, mutant: Mutant, seconds: int, broken: Sequence[str], *, is_wide: bool) -> int:
    """Run the tests that concern a mutant in this process; pytest's exit code."""
    import pytest  # noqa: PLC0415 - what it imports must not come before the mistake

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    keyword = None if is_wide else code_of(mutant.source) if group.is_by_code else group.keyword
    sys.meta_path.insert(0, Spoilt(mutant))
    options = [
        *(PLAINLY[:-2] if is_wide else PLAINLY),
        *(f"--deselect={test}" for test in broken),
        *(("-k", keyword) if keyword else ()),
    ]
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
        return int(pytest.main([*options, *(group.wider if is_wide else group.tests)]))


def main() -> int:
    """Run one mutant."""
    from tools.mutation.groups import GROUPS  # noqa: PLC0415 - only here

    name, tests, source, number, seconds, *broken = sys.argv[1:]
    group = next(g for g in GROUPS if g.name == name)
    mutant = mutants_of(Path(source))[int(number)]
    return run_cold(group, mutant, int(seconds), broken, is_wide=tests == "wider")


if __name__ == "__main__":
    sys.exit(main())
