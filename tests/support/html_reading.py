"""Reads an HTML report back: its nesting, its ids and links, its quotations. And a record that attacks one."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = frozenset({"meta", "link", "br", "hr", "img", "input", "wbr"})


@dataclass
class Exhibit:
    """One quotation as the page shows it."""

    number: str = ""
    place: str = ""
    excerpt: str = ""
    first: int = 0  # number of the first line around
    around: list[str] = field(default_factory=list)
    marked: list[int] = field(default_factory=list)  # numbers of the lines marked as the cited one


class Reader(HTMLParser):
    """Collects what tests ask of a page. A wrong nesting is an error."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.hrefs: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.raw = {"style": "", "script": ""}
        self.text: list[str] = []
        self.exhibits: list[Exhibit] = []
        self.feed(page)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        assert len(given) == len(attrs), f"an attribute twice in <{tag}>: {attrs}"
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if given.get("id"):
            self.ids.append(given["id"])
        if tag == "a":
            self.hrefs.append(given["href"])
        if given.get("class") == "exhibit":
            self.exhibits.append(Exhibit())
        if tag == "ol" and "start" in given and self._is_in("around"):
            self.exhibits[-1].first = int(given["start"])
        if tag == "li" and self._is_in("around"):
            exhibit = self.exhibits[-1]
            exhibit.around.append("")
            if given.get("class") == "cited":
                exhibit.marked.append(exhibit.first + len(exhibit.around) - 1)
        if tag not in VOID:
            self.open.append((tag, given))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        opened, _ = self.open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>, line {self.getpos()[0]}"

    def handle_data(self, data):
        if self.open and self.open[-1][0] in self.raw:
            self.raw[self.open[-1][0]] += data
            return
        self.text.append(data)
        if not self._is_in("exhibit"):
            return
        exhibit, inmost = self.exhibits[-1], self.open[-1][1].get("class") or ""
        if self._is_in("around"):
            if any(tag == "li" for tag, given in self.open[self._depth("around") :]) and data.strip("\n"):
                exhibit.around[-1] += data
        elif inmost == "excerpt":
            exhibit.excerpt += data
        elif "number" in inmost:
            exhibit.number = data
        elif inmost == "place" and not exhibit.place:
            exhibit.place = data

    def _depth(self, name: str) -> int:
        return next((n for n, (_, given) in enumerate(self.open) if given.get("class") == name), -1)

    def _is_in(self, name: str) -> bool:
        return self._depth(name) >= 0

    @property
    def words(self) -> str:
        """Return the text of the page, spaces as one."""
        return " ".join("".join(self.text).split())


HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{7*7}}{% include 'x' %}",
    '\\" onmouseover=alert(1) x=\\"',
    "' onfocus='alert(1)",
    "</pre></details><h1>Crashed</h1>",
    "]]>--><!--",
    "\\u202emirrored\\u001b[31m",
)


def write_hostile(folder: Path) -> Path:
    """Write a record that says the worst, in every place that a report shows."""
    record = (
        '{"type":"assistant","sessionId":"11111111-1111-4111-8111-111111111111",'
        '"timestamp":"2026-01-02T03:04:%02dZ","uuid":"u%d","version":"2.0.24","cwd":"/home/dev/%s","message":'
        '{"id":"m%d","role":"assistant","content":[{"type":"tool_use","id":"toolu_%d","name":"%s","input":%s}]}}'
    )
    lines = []
    for n, text in enumerate(HOSTILE):
        task = '{"description":"%s","prompt":"p%d %s","subagent_type":"%s"}' % (text, n, text, text)  # noqa: UP031
        todo = '{"todos":[{"content":"%s","status":"in_progress","activeForm":"x"},{"content":"%s 2","status":"in_progress","activeForm":"y"}]}'
        lines.append(record % (n, n, text, n, n, "Task", task))
        lines.append(record % (n, n + 50, text, n + 50, n + 50, "TodoWrite", todo % (text, text)))
    (folder / "session.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
