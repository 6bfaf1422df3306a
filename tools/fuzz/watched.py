"""One target in a process of its own: the program is imported watched, so that the fuzzer sees which ways are new."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

from tools.fuzz.spoiling import spoilt

TEXTUAL = 0.5  # so many of the mistakes are those of a log, and the others those of bytes


def main() -> None:
    """Fuzz the target that is named first; what follows are libFuzzer's arguments, its corpus first."""
    name, corpus, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["forensics"]):
        from tools.fuzz.targets import TARGETS  # noqa: PLC0415 - imported watched
    target = next(t for t in TARGETS if t.name == name)
    for number, seed in enumerate(target.seeds()):
        place = Path(corpus, f"seed-{number}")
        if not place.exists():
            place.write_bytes(seed)

    def spoil(data: bytes, most: int, seed: int) -> bytes:
        if seed % 100 < 100 * TEXTUAL:
            return bytes(atheris.Mutate(data, most))
        return spoilt(data, most, seed)

    atheris.Setup([sys.argv[0], corpus, *options], target.hold, custom_mutator=spoil)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
