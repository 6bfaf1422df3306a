"""Which kinds of secrets a well-kept scanner knows and we do not: ``python -m tools.secret_oracle``.

The scanner is Kingfisher (``pip install kingfisher-bin``), with the rules of Betterleaks in it; it runs without
validation, so nothing leaves the machine. Of each of its rules a secret is made up that it would find, and redacted.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from forensics.privacy.redact import redact

ALL = string.ascii_letters + string.digits
PRINTABLE = string.printable[:95]
OPEN = 12  # characters of a part that may be of any length
SHOWN = 8  # characters of a secret that must not be left
# what it reports, too, and is none: ids, hosts, names, keys meant for the public; a form that only it has
NO_SECRET = re.compile(
    r"-(?:id|identifier|url|host|domain|username|address|name)(?:\.\d+)?$|pub(?:lic)?-(?:api-)?key|jfrog-url"
    r"|client-id|auth-id|mapbox-api-token|packagistorg\w+-repository|browser-api|(?:access|user-api)-id"
)
# pieces of Rust's regular expressions that Python's have not, or in another way
OTHER_SYNTAX = (
    (r"\z", r"\Z"), ("[[:alnum:]]", "[A-Za-z0-9]"), ("[:alnum:]", "A-Za-z0-9"), ("(?-i:", "(?:"), ("(?i:", "(?:"),
    ("(?s:", "(?:"), ("(?i)", ""), ("(?-i)", ""), ("(?s)", ""), ("(?x)", ""),
)  # fmt: skip


class Sighting(NamedTuple):
    """What the scanner saw in a file."""

    rule: str
    file: str
    line: int
    seen: str


def scanner() -> str | None:
    """Return the program, where it is installed."""
    beside = Path(sys.executable).with_name("kingfisher")
    return str(beside) if beside.exists() else shutil.which("kingfisher")


def _run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [program, *arguments, "-f", "json", "--no-update-check", "-q"],
        capture_output=True,
        text=True,
        check=False,  # it ends with a number of its own where it has found something
        timeout=600,
    )
    return done.stdout


def patterns(program: str) -> dict[str, str]:
    """Return the shapes that the scanner knows, by their rules' names."""
    return {rule["id"]: rule["pattern"] for rule in json.loads(_run(program, "rules", "list"))}


def sightings(program: str, folder: Path) -> list[Sighting]:
    """Return what the scanner sees in the files of a folder."""
    told = json.loads(_run(program, "scan", str(folder), "--no-validate", "--no-dedup"))
    return [
        Sighting(
            f["rule"]["id"], Path(f["finding"]["path"]).name, f["finding"]["line"], f["finding"]["snippet"]
        )
        for f in told["findings"]
    ]


def made_up(name: str, pattern: str) -> str | None:
    """Return a text that a pattern fits, always the same; ``None`` where it cannot be made."""
    for theirs, ours in OTHER_SYNTAX:
        pattern = pattern.replace(theirs, ours)
    try:
        return _made(_parser.parse(pattern), random.Random(name))  # noqa: S311 - no secret, a test's text
    except (re.error, ValueError, IndexError, OverflowError):
        return None


def _made(parts: Sequence[Any], chance: random.Random) -> str:
    return "".join(_piece(str(kind), value, chance) for kind, value in parts)


def _piece(kind: str, value: Any, chance: random.Random) -> str:  # noqa: ANN401 - the parser has no types
    match kind, value:
        case "LITERAL", int(code):
            return chr(code)
        case "NOT_LITERAL", int(code):
            return chance.choice([c for c in ALL if ord(c) != code])
        case "ANY", _:
            return " "
        case "IN", list(sets):
            fit = [c for c in PRINTABLE if _is_in(c, sets)]
            return chance.choice([c for c in fit if c in ALL] or fit or [" "])
        case (("MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT"), (int(least), most, part)):
            is_open = least > 0 and most == _parser.MAXREPEAT and not _made(part, random.Random(0)).isspace()  # noqa: S311
            return "".join(_made(part, chance) for _ in range(max(least, OPEN) if is_open else least))
        case "SUBPATTERN", (*_, part):
            return _made(part, chance)
        case "BRANCH", (_, list(ways)):
            # of the signs between a name and its value, the plain one
            plain = next((way for way in ways if _made(way, random.Random(0)) == "="), None)  # noqa: S311
            return _made(plain or chance.choice(ways), chance)
        case (("AT" | "ASSERT" | "ASSERT_NOT"), _):
            return ""
        case _:
            raise ValueError(kind)


def _is_in(char: str, sets: Sequence[tuple[object, object]]) -> bool:
    negated = any(str(kind) == "NEGATE" for kind, _ in sets)
    return negated != any(_is_one_of(char, str(kind), value) for kind, value in sets)


def _is_one_of(char: str, kind: str, value: object) -> bool:
    match kind, value:
        case "LITERAL", int(code):
            return ord(char) == code
        case "RANGE", (int(first), int(last)):
            return first <= ord(char) <= last
        case "CATEGORY", _:
            word = str(value).removeprefix("CATEGORY_")
            tests = {"SPACE": char.isspace(), "DIGIT": char.isdigit(), "WORD": char.isalnum() or char == "_"}
            return not tests[word[4:]] if word.startswith("NOT_") else tests[word]
        case _:
            return False


def unknown(program: str) -> Iterator[tuple[str, str]]:
    """Yield the kinds of which a made up secret is left, with that secret."""
    for name, pattern in patterns(program).items():
        text = None if NO_SECRET.search(name) else made_up(name, pattern)
        if text is not None and _is_left(text, redact(f"see {text} there")):
            yield name, text


def _is_left(text: str, shown: str) -> bool:
    longest = max(
        reversed(re.findall(r"[A-Za-z0-9]+", text)), key=len, default=""
    )  # its name stands before it
    return len(longest) >= SHOWN and longest[-SHOWN:] in shown


def main() -> None:
    """Print the kinds that are not known here."""
    program = scanner()
    if program is None:
        sys.exit("Kingfisher is not installed: pip install kingfisher-bin")
    found = list(unknown(program))
    for name, text in found:
        print(f"{name}: {text[:100]!r}")
    print(f"{len(found)} of {len(patterns(program))} kinds are not known.")


if __name__ == "__main__":
    main()
