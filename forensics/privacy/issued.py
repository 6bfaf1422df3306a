"""Finds keys that begin as their issuers' do, also where a line's end cuts one in two, or base64 stands over it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator

from forensics.privacy.issuers import ISSUERS, WORD, Issuer
from forensics.privacy.values import is_drawn

# forms of keys that ``secret_kinds`` has, too: here for their whole length, where a line's end cuts them
OF_KNOWN_LENGTH = (
    Issuer("anthropic", ("sk-ant-api03-", "sk-ant-admin01-", "sk-ant-oat01-", "sk-ant-ort01-"), WORD, 95, 95),
    Issuer("github", ("ghp_", "gho_", "ghu_", "ghs_"), "A-Za-z0-9", 36, 36),
    Issuer("github", ("github_pat_",), "A-Za-z0-9_", 82, 82),
    Issuer("gitlab", ("glpat-",), WORD, 20, 20),
    Issuer("google", ("AIza",), WORD, 35, 35),
    Issuer("groq", ("gsk_",), "A-Za-z0-9", 52, 52),
    Issuer("hugging face", ("hf_",), "A-Za-z0-9", 34, 34),
    Issuer("npm", ("npm_",), "A-Za-z0-9", 36, 36),
    Issuer("openrouter", ("sk-or-v1-",), "0-9a-f", 64, 64),
    Issuer("perplexity", ("pplx-",), "A-Za-z0-9", 48, 48),
    Issuer("xai", ("xai-",), "A-Za-z0-9", 80, 80),
)  # fmt: skip
FORMS = (*ISSUERS, *OF_KNOWN_LENGTH)
# a line's end inside of a key, with what a listing or a quotation puts before the next line
WRAP = r"[ \t]{0,8}\r?\n[ \t]{0,40}(?:\d{1,6}[\t→:|] ?)?[>|+│]?[ \t]{0,8}"
FEWEST = 4  # characters of a key before a line's end
SHORTEST_ENCODED = 6  # characters of a beginning that is looked for in base64, too
ENCODED = {
    b64encode(begin.encode()).decode()[: len(begin) * 4 // 3]: form
    for form in FORMS
    for begin in (*form.begins, *(("sk-ant-",) if form.name == "anthropic" else ()))
    if len(begin) >= SHORTEST_ENCODED
}
BASE64_REST = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_RUNS = {made_of: re.compile(f"[{made_of}]+") for made_of in {form.made_of for form in FORMS}}
_OVER = {made_of: re.compile(f"{WRAP}([{made_of}]+)") for made_of in _RUNS}
BY_BEGIN: dict[str, list[Issuer]] = {}
for _form in FORMS:
    for _begin in _form.begins:
        BY_BEGIN.setdefault(_begin, []).append(_form)
MARKS = (*BY_BEGIN, *ENCODED)
LENGTHS = sorted({len(mark) for mark in MARKS}, reverse=True)


def _any_of(words: Iterable[str]) -> str:
    """Return a shape of many words that looks at each first letter once."""
    rests: dict[str, list[str]] = {}
    for word in words:
        rests.setdefault(word[:1], []).append(word[1:])
    if "" in rests:  # a shorter word is enough
        return ""
    return "(?:" + "|".join(re.escape(first) + _any_of(rest) for first, rest in sorted(rests.items())) + ")"


# not inside of a word; what stands behind an escape or a colour does so beneath its layers
BEGINS = re.compile(r"(?<![A-Za-z0-9_-])" + _any_of(MARKS))


def issued_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a key begins and ends, and its kind."""
    for found in BEGINS.finditer(text):
        at = found.start()
        for mark in (
            m for m in (text[at : at + length] for length in LENGTHS) if m in BY_BEGIN or m in ENCODED
        ):
            end = at + len(mark)
            if mark in ENCODED:
                rest = BASE64_REST.match(text, end)
                if rest:
                    yield at, rest.end(), ENCODED[mark].kind
            for form in BY_BEGIN.get(mark, ()):
                stop = _end_of(text, end, form)
                if stop:
                    yield at, stop, form.kind


def _end_of(text: str, begin: int, form: Issuer) -> int | None:
    """Return where the rest of a key ends; ``None`` where it is no key."""
    run = _RUNS[form.made_of].match(text, begin)
    if run is None:
        return None
    body, end = run[0], run.end()
    while FEWEST <= len(body) < form.whole:
        over = _OVER[form.made_of].match(text, end)
        if over is None or len(body) + len(over[1]) > form.whole:
            break
        body, end = body + over[1], over.end()
    if len(body) < form.least or not is_drawn(body):
        return None
    return end
