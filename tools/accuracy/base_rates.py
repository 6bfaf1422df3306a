"""How often the subject of a rule was counted in public sessions, before there was a rule; with their number."""

from __future__ import annotations

# 1,323 sessions with tool calls and 316 headless runs of 2.0.29, as measured when the rules were designed
BASE_RATES = {
    "CCF101": "8.6 % of 1,323 sessions have overlapping agents; 1.0 % edit one file from two of them",
    "CCF102": "2.6 % of 1,323 sessions; five or more items in 2 of 738",
    "CCF104": "1.0 % of 1,323 sessions",
    "CCF202": "0 of 316 runs; the bare number 401 stands in 18 % of them",
    "CCF203": "0 of 1,819 debug logs",
    "CCF206": "API error entries of any kind in 13.4 % of 1,323 sessions",
    "CCF207": "a refused key in 61 of 1,323 sessions, most of them of one author",
    "CCF304": "5 of 211 runs that ended normally, 15 of 20 that did not",
    "CCF401": "the trend alone in 4 of 219 runs",
    "CCF403": "46 of 722 spawns have no result",
    "CCF405": "6.5 % of 1,285 transcripts have an unanswered call",
    "CCF408": "3 or more equal calls in a row in 6 of 316 runs, all of them polling",
    "CCF409": "56 of 1,285 transcripts have an undecodable line, 48 of them of one author",
    "CCF410": "a token-shaped string in about 1 of 7 files",
    "CCF901": "32 of 316 runs",
}
