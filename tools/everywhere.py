"""``make test-everywhere``: the quick suite in other zones, locales, orders and environments than the developer's.

Each round is a pytest run of its own. A round that cannot be made here (no network to fetch the lowest versions, no
namespace without a network) fails, and says why.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

CHECKOUT = Path(__file__).parents[1]
ZONES = ("UTC", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe")
# what looks at a clock, a date or a zone; the others are run once, not five times
TIMELY = (
    "tests/text",
    "tests/table",
    "tests/chain",
    "tests/session/model",
    "tests/session/speech",
    "tests/render/events",
    "tests/formats/voicemode",
)
# what tests of an installed program need beside it; not its code, and not the templates, which it has inside
BESIDE = ("tests", "tools", "fixtures", "docs", "pyproject.toml", "README.md", "CHANGELOG.md", "Makefile")
OF_THE_CHECKOUT = (  # they compare files of the checkout with each other, or start from it
    "tests/whole/test_packaging.py",
    "tests/whole/test_docs.py",
    "tests/rules/test_rules_are_well_formed.py",
)


@dataclass(frozen=True, slots=True)
class Round:
    """One run: what differs, and which tests it is about."""

    name: str
    run: Callable[[Sequence[str]], int]
    tests: tuple[str, ...] = ("tests",)


def _pytest(
    arguments: Sequence[str],
    *,
    python: str = sys.executable,
    folder: Path = CHECKOUT,
    changes: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> int:
    command = [*before, python, "-m", "pytest", "-q", "-m", "not whole", *arguments]
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "TZ"}} | dict(changes or {})
    return subprocess.run(command, check=False, cwd=folder, env=environment).returncode


def _in_zone(zone: str) -> Callable[[Sequence[str]], int]:
    return lambda arguments: _pytest(arguments, changes={"TZ": zone})


def _plain_locale(arguments: Sequence[str]) -> int:
    return _pytest(arguments, changes={"LANG": "C", "LC_ALL": "C"})


def _random_order(arguments: Sequence[str]) -> int:
    """Run in an order that was never had: pytest-randomly prints its seed."""
    return _pytest([*arguments, "-p", "randomly", "-p", "no:cacheprovider"])


def _without_network(arguments: Sequence[str]) -> int:
    """Run in a network namespace that has a loopback interface and nothing else, the processes of tests too."""
    loopback = [
        "unshare",
        "--user",
        "--map-root-user",
        "--net",
        "sh",
        "-c",
        'ip link set lo up 2>/dev/null; exec "$@"',
        "sh",
    ]
    return _pytest(arguments, before=loopback)


def _from_wheel(arguments: Sequence[str]) -> int:
    """Run against the wheel in a fresh environment, in a folder that does not hold the program's code."""
    with _environment() as (python, folder):
        _do([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)])
        (wheel,) = folder.glob("*.whl")
        _do([python, "-m", "pip", "install", "-q", f"{wheel}[dev]"])
        beside = folder / "beside"
        beside.mkdir()
        for name in BESIDE:
            source = CHECKOUT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, beside / name)
        return _pytest(
            [*arguments, *(f"--ignore={t}" for t in OF_THE_CHECKOUT)], python=python, folder=beside
        )


def _lowest_versions(arguments: Sequence[str]) -> int:
    """Run with the oldest versions of the direct dependencies that pyproject.toml allows."""
    with _environment() as (python, folder):
        pins = folder / "lowest.txt"
        chosen = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            "-q",
            "--resolution",
            "lowest-direct",
            "--extra",
            "dev",
        ]
        _do([*chosen, "--python", python, "-o", str(pins), "pyproject.toml"])
        lines = [x for x in pins.read_text("utf-8").splitlines() if not x.startswith("session-forensics")]
        pins.write_text("\n".join(lines), "utf-8")
        _do([python, "-m", "pip", "install", "-q", "-r", str(pins)])
        return _pytest(arguments, python=python)


@contextmanager
def _environment() -> Iterator[tuple[str, Path]]:
    with TemporaryDirectory(prefix="everywhere-") as made:
        _do([sys.executable, "-m", "venv", f"{made}/env"])
        yield f"{made}/env/bin/python", Path(made)


def _do(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, cwd=CHECKOUT, stdout=subprocess.DEVNULL)


ROUNDS = (
    *(Round(f"zone-{zone}", _in_zone(zone), TIMELY) for zone in ZONES),
    Round("locale", _plain_locale),
    Round("order", _random_order),
    Round("network", _without_network),
    Round("wheel", _from_wheel),
    Round("lowest", _lowest_versions),
)


def main() -> int:
    """Run the rounds one after the other, print how each ended; 1 if one failed."""
    asked = argparse.ArgumentParser(prog="python -m tools.everywhere", description=__doc__)
    asked.add_argument("rounds", nargs="*", help=f"default: all. Of: {', '.join(r.name for r in ROUNDS)}")
    asked.add_argument("--tests", nargs="+", help="instead of each round's own")
    asked.add_argument("--jobs", default="auto", help="processes of pytest-xdist")
    said = asked.parse_args()
    ended: dict[str, str] = {}
    for one in (r for r in ROUNDS if not said.rounds or r.name in said.rounds):
        began = time.monotonic()
        try:
            code = one.run([*(said.tests or one.tests), "-n", said.jobs])
            how = "passed" if code == 0 else f"failed ({code})"
        except (OSError, subprocess.CalledProcessError) as error:
            how = f"could not be made: {error}"
        ended[one.name] = f"{how}, {time.monotonic() - began:.0f} s"
        print(f"=== {one.name}: {ended[one.name]}", flush=True)
    return 0 if ended and all(how.startswith("passed") for how in ended.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
