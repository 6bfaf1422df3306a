"""Which tests run in one process, where there are several: those that look at the same thing."""

from __future__ import annotations

import re

from xdist.scheduler.loadscope import LoadScopeScheduling

RULE = re.compile(
    r"\[(CCF\d{3})(?:/[^\]]*)?\]$"
)  # the parameter of a test about a rule, or about a case of it
# files whose tests take long and share nothing
SPREAD = ("test_corpus.py", "test_hostile_input.py", "test_laws.py", "test_score.py", "test_screen.py")


class ByRule(LoadScopeScheduling):
    """All tests of one rule are one process's, whatever file they are in; of the others all tests of a file are."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if found := RULE.search(nodeid):
            return found[1]
        return nodeid if file.endswith(SPREAD) else file
