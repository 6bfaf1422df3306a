"""People, hosts and home folders out of an analysis: names are learnt from all of it, then replaced everywhere.

Only what stands where names stand is learnt (``private_names``): home folders, prompts, logins, addresses, authors,
owners. A name that was learnt is then replaced wherever it is a word of its own, but for names that are words of
English, or of this report: those only where their place says that they are names. What nobody told in one of these
places, as a first name in a sentence, stays. Pseudonyms follow the order of the names: same analysis, same names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import polars as pl

from forensics.analysis.model import Analysis
from forensics.privacy.people import (
    ACCOUNT,
    AUTHOR,
    ENCODED,
    HOME,
    HOSTNAME,
    KNOWN_DOMAINS,
    KNOWN_HOSTS,
    LAN,
    LOGIN,
    MAIL,
    MAILBOXES,
    NAME,
    NOBODY,
    PRIVATE_HOST,
    PROMPT,
    URL_HOST,
    WORDS,
)
from forensics.rulekit.rule import Rule

T = TypeVar("T")
# a text without any of these teaches no name
PLACES = (
    "home", "users", "@", "user=", "username=", "logname=", "uid=", "gid=", "rw", "r-x", "r--", "hostname",
    "computername", "nodename", "host_name", "linux ", "darwin ", "://", "10.", "192.168.", "172.", "169.254.",
)  # fmt: skip
SHORTEST = 3  # characters of a name that is replaced wherever it is a word
# what stays whatever it holds: ids, and what redaction left
KEEP = r"\[redacted: [^\]]{1,60}\]|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
BEGINS = r"(?:(?<![^\W_])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f][0-9A-Fa-f])|(?<=[\[;]\dm)|(?<=[\[;]\d\dm))"
ENDS = r"(?![^\W_])"


@dataclass
class Names:
    """Who and what was named: people, with those names that are one person's, and hosts."""

    people: set[str] = field(default_factory=set)
    authors: set[tuple[str, str]] = field(default_factory=set)  # a whole name, and the mailbox beside it
    hosts: set[str] = field(default_factory=set)  # learnt where only a host's name stands
    placed: set[str] = field(default_factory=set)  # of URLs: a service's name may be any word

    def learn(self, text: str) -> None:
        """Take the names that one text shows."""
        for shape in (HOME, ENCODED):
            self.people.update(m["name"].rstrip(".").casefold() for m in shape.finditer(text))
        for found in (*PROMPT.finditer(text), *LOGIN.finditer(text)):
            self.people.add(found["user"].casefold())
            self.hosts.add(found["host"].rstrip(".-").casefold())
        for found in MAIL.finditer(text):
            self.people.add(found["user"].casefold())
            self.hosts.add(found["domain"].casefold())
        for found in AUTHOR.finditer(text):
            self.authors.add((found["name"].casefold(), found["user"].casefold()))
        for found in ACCOUNT.finditer(text):
            self.people.add((found["env"] or found["id"] or found["owner"]).casefold())
        for found in HOSTNAME.finditer(text):
            self.hosts.add((found["field"] or found["uname"]).rstrip(".-").casefold())
        self.hosts.update(LAN.findall(text))
        for found in URL_HOST.finditer(text):
            host = found["host"].rstrip(".-").casefold()
            if PRIVATE_HOST.search(host) and not host.isdigit():
                (self.hosts if "." in host else self.placed).add(host)


def anonymise(analysis: Analysis, learnt_from: Analysis | None = None) -> Analysis:
    """Return the analysis with pseudonyms; fingerprints, ids of sessions and hashes stay what they are."""
    names = Names()
    for text in _texts(learnt_from or analysis):
        names.learn(text)
    words = WORDS | frozenset(_own_words(analysis.rules))
    rewritten = _Rewriting(_Pseudonyms(names, words)).rewritten(analysis)
    return replace(rewritten, anonymised=True)


def _own_words(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield the words of our own sentences: a name that is one of them could not be told from it."""
    for rule in rules:
        if rule.origin is None:
            for text in (rule.name, rule.title, rule.documentation, str(rule.guidance)):
                yield from re.findall(r"[a-z]{3,}", text)


class _Pseudonyms:
    """Puts pseudonyms for names in one pass over a text, so that nothing is replaced twice."""

    def __init__(self, names: Names, words: frozenset[str]) -> None:
        people = {n for n in names.people if n not in NOBODY and n not in MAILBOXES}
        alias: dict[str, str] = {}
        for name, mailbox in sorted(names.authors):
            if mailbox not in MAILBOXES:
                alias[name] = alias.get(name, mailbox)
        hosts = {h for h in names.hosts | names.placed if not _is_known(h)}
        self.people = {n: f"user-{k}" for k, n in enumerate(sorted(people | {*alias.values()}), 1)}
        self.people |= {name: self.people[mailbox] for name, mailbox in alias.items()}
        for name, mailbox in alias.items():
            for part in name.split():
                self.people.setdefault(part.strip("."), self.people[mailbox])
        self.hosts = {h: f"host-{k}" for k, h in enumerate(sorted(hosts), 1)}
        self.bare = {
            spelt: pseudonym
            for name, pseudonym in self.people.items()
            if len(name) >= SHORTEST and name not in words
            for spelt in _spellings(name)
        }
        for host, pseudonym in self.hosts.items():
            if host not in names.placed - names.hosts and len(host) >= SHORTEST and host not in words:
                self.bare.setdefault(host, pseudonym)
        self.encoded = {re.sub(r"[^a-z0-9]", "-", name): p for name, p in self.people.items()}

    def __call__(self, text: str) -> str:
        """Return the text with pseudonyms."""
        if not self._needed.search(text):
            return text
        return self._shape.sub(self._put, text)

    @cached_property
    def marks(self) -> list[str]:
        """Return what a text has that anything is replaced in."""
        return ["@", *self.people, *self.bare, *self.hosts, *self.encoded]

    @cached_property
    def _needed(self) -> re.Pattern[str]:
        return re.compile(_any(self.marks), re.IGNORECASE)

    @cached_property
    def _shape(self) -> re.Pattern[str]:
        home = HOME.pattern.partition("(?P<name>")[0].replace("?P<lead>", "?P<home>")
        project = ENCODED.pattern.partition("(?P<name>")[0].replace("?P<lead>", "?P<project>")
        people, hosts = _any(self.people), _any(self.hosts)
        return re.compile(
            rf"(?P<keep>{KEEP})"
            rf"|{PROMPT.pattern.replace('?P<user>', '?P<puser>').replace('?P<host>', '?P<phost>')}"
            rf"|(?P<mail>(?!git@){_plain(MAIL)})"
            rf"|(?P<login>(?<![A-Za-z0-9_.-])(?:{people}))@(?P<at>{hosts}){ENDS}"
            rf"|{home}(?:(?P<homename>(?i:{people}))(?![^\W_])|(?P<cut>{NAME}(?=…)))"
            rf"|{project}(?P<projectname>(?i:{_any(self.encoded)}))(?![^\W_])"
            rf"|(?P<account>\b(?:USER|LOGNAME|USERNAME)=|\bu?[ug]id=\d+\()(?P<accountname>(?i:{people})){ENDS}"
            rf"|(?P<url>://)(?:(?P<urluser>[^\s/@\"']{{0,99}})(?P<urlat>@))?(?P<urlhost>(?i:{hosts}))(?![A-Za-z0-9-])"
            rf"|{BEGINS}(?P<bare>(?i:{_any(self.bare)})){ENDS}"
        )

    def _put(self, found: re.Match[str]) -> str:
        if found["keep"] or found["mail"]:
            return found["keep"] or f"[redacted: e-mail, {len(found[0])} characters]"
        if found["puser"]:
            return f"{self._person(found['puser'])}@{self._host(found['phost'])}"
        if found["login"]:
            return f"{self._person(found['login'])}@{self._host(found['at'])}"
        for lead, name in (("home", "homename"), ("account", "accountname")):
            if found[name]:
                return f"{found[lead]}{self._person(found[name])}"
        if found["cut"]:  # the beginning of a name
            return f"{found['home']}user"
        if found["projectname"]:
            return f"{found['project']}{self.encoded[found['projectname'].casefold()]}"
        if found["urlhost"]:
            user, colon, more = (found["urluser"] or "").partition(":")
            host = self._host(found["urlhost"])
            return f"{found['url']}{self._person(user)}{colon}{more}{found['urlat'] or ''}{host}"
        return self.bare[found["bare"].casefold()]

    def _person(self, name: str) -> str:
        return self.people.get(name.casefold(), name)

    def _host(self, name: str) -> str:
        return self.hosts.get(name.casefold(), name)


def _spellings(name: str) -> Iterator[str]:
    """Yield a name as it is, and as JSON may write it."""
    yield name
    if not name.isascii():
        yield json.dumps(name)[1:-1].casefold()


def _any(words: Iterable[str]) -> str:
    """Return a shape for any of the words, the longest first; for none, one that nothing matches."""
    return "|".join(re.escape(w) for w in sorted(set(words), key=lambda w: (-len(w), w)) if w) or r"(?!)"


def _plain(shape: re.Pattern[str]) -> str:
    return re.sub(r"\?P<\w+>", "?:", shape.pattern)


def _is_known(host: str) -> bool:
    dotted = f".{host}"
    return (
        host in KNOWN_HOSTS
        or re.fullmatch(r"127\.[\d.]+|0\.0\.0\.0|\d+", host) is not None
        or any(dotted.endswith(f".{domain}") for domain in KNOWN_DOMAINS)
    )


class _Rewriting:
    """Rewrites every text of a value, whatever it is made of; what stands in it several times, once."""

    def __init__(self, put: _Pseudonyms) -> None:
        self._put = put
        self._done: dict[int, tuple[object, object]] = {}  # the value is held, so that its id stays its own

    def rewritten(self, value: T) -> T:
        """Return the value with pseudonyms."""
        known = self._done.get(id(value))
        if known is None:
            known = (value, self._new(value))
            self._done[id(value)] = known
        return known[1]  # type: ignore[return-value]

    def _new(self, value: Any) -> Any:  # noqa: ANN401 - whatever an analysis is made of
        if type(value) is str:
            return self._put(value)
        if isinstance(value, pl.DataFrame):
            return self._frame(value)
        if isinstance(value, Rule) and value.origin is None:
            return value  # its sentences are ours
        if is_dataclass(value) and not isinstance(value, type):
            # what begins with an underscore was computed from the rest, and will be again
            given = [f.name for f in fields(value) if f.init and not f.name.startswith("_")]
            return type(value)(**{name: self.rewritten(getattr(value, name)) for name in given})
        if isinstance(value, Mapping):
            return {self.rewritten(k): self.rewritten(v) for k, v in value.items()}
        if isinstance(value, (tuple, list, set, frozenset)):
            return type(value)(self.rewritten(v) for v in value)
        return value

    def _frame(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(
            pl.when(pl.col(name).str.contains_any(self._put.marks, ascii_case_insensitive=True))
            .then(pl.col(name).map_elements(self._put, return_dtype=pl.String))
            .otherwise(pl.col(name))
            .alias(name)
            for name, kind in frame.schema.items()
            if kind == pl.String and frame[name].null_count() < frame.height
        )


def _texts(value: object) -> Iterator[str]:
    """Yield every text of a value that may teach a name, each once."""
    seen: set[int] = set()
    told: set[str] = set()
    held = [value]
    while held:
        one = held.pop()
        if type(one) is str:
            small = one.casefold()
            if one not in told and any(place in small for place in PLACES):
                told.add(one)
                yield one
        elif id(one) not in seen:
            seen.add(id(one))
            held += _parts(one)


def _parts(value: object) -> Iterable[object]:
    """Return what a value is made of."""
    if isinstance(value, pl.DataFrame):
        texts = [value[name] for name, kind in value.schema.items() if kind == pl.String]
        placed = (t.filter(t.str.contains_any(list(PLACES), ascii_case_insensitive=True)) for t in texts)
        return [text for t in placed for text in t.unique()]
    if is_dataclass(value) and not isinstance(value, (type, Rule)):
        return [getattr(value, f.name) for f in fields(value) if not f.name.startswith("_")]
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, (tuple, list, set, frozenset)) else ()
