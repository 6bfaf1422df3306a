# What a developer types; `make` alone prints the list. Needs make and Python 3.11 or newer, nothing else:
# every target first sets up what it lacks in .venv, once.

PYTHON  ?= python3
ARGS    ?=
DIST    ?= dist
VERSION ?= latest
LOGS    ?= $(CASE)
CORPUS  ?= $(or $(FORENSICS_CORPUS),../shared/corpus)
NAME    ?=
CODE    ?=

VENV   := .venv
BIN    := $(VENV)/bin
CASE   := fixtures/incident-2025-10-21/input
MERMAID := mermaid@12.3.0 jsdom@29.1.1

export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help accuracy cost demo docs test test-whole test-everywhere test-tools lint types layers check format golden drift twins new-rule wheel audit fuzz mutation clean distclean

help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Another Python: make PYTHON=python3.12 test. Options of pytest: make test ARGS='-k clock'."

demo: $(VENV)/.installed ## Write the report of the incident in fixtures/ to incident.md.
	@$(BIN)/forensics report $(CASE) -o incident.md

test: $(VENV)/.installed-dev ## Run the tests, in random order, on all cores.
	@$(BIN)/python -m pytest -q -n auto -m "not whole" $(ARGS)

test-whole: $(VENV)/.installed-whole ## Run those that take long: browser, Mermaid's parser, wheel, all recordings.
	@$(BIN)/python -m pytest -q -n auto -m whole $(ARGS)

test-everywhere: $(VENV)/.installed-measure ## Run the quick ones in five zones, LANG=C, any order, offline, from the wheel, at lowest versions.
	@$(BIN)/python -m tools.everywhere $(ARGS)

# Both may be missing: the tests that need them are skipped then, and say so.
test-tools: ## Install what some tests drive: Chromium (apt-get, as root), Mermaid's parser (npm).
	@command -v chromium >/dev/null || timeout 300 apt-get install -y -qq --no-install-recommends chromium >/dev/null
	@timeout 120 npm install --silent --no-save --no-package-lock --prefix . $(MERMAID)

lint: $(VENV)/.installed-dev ## Run ruff: rules and format.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev ## Run mypy.
	@$(BIN)/mypy

layers: $(VENV)/.installed-dev ## Check that imports point downwards.
	@$(BIN)/lint-imports --no-logo --no-cache

check: lint types layers test test-whole ## Run all of the above.

format: $(VENV)/.installed-dev ## Format the code, and mend what ruff can mend safely.
	@$(BIN)/ruff check -q --fix-only .
	@$(BIN)/ruff format .

golden: $(VENV)/.installed-dev ## Write the expected reports anew. Read the diff: it is the review.
	@UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q -n 0 tests/whole/test_golden.py $(ARGS)

docs: $(VENV)/.installed ## Write the parts of the documentation that are made from the program.
	@for page in examples rules tables templates; do $(BIN)/python -m tools.docs.$$page; done

accuracy: $(VENV)/.installed ## Measure the rules on recordings, and write docs/accuracy.md.
	@$(BIN)/python -m tools.accuracy $(CORPUS) $(ARGS)

cost: $(VENV)/.installed ## Compare the CPU time of the rules with that of parsing: LOGS=folder.
	@$(BIN)/python -m tools.rule_cost $(LOGS)

drift: $(VENV)/.installed ## Judge a release of the client: VERSION=2.1.331, or the newest.
	@$(BIN)/python -m tools.recorder $(VERSION) $(ARGS)

twins: $(VENV)/.installed ## Record scenarios in every form of output, into fixtures/twins: VERSION=2.1.332.
	@$(BIN)/python -m tools.recorder.twins $(VERSION) $(ARGS)

new-rule: $(VENV)/.installed ## Lay out a rule: NAME=repeated-coffee, and CODE=CCF412 or a series, CODE=CCF3.
	@$(BIN)/python -m tools.new_rule "$(NAME)" "$(CODE)"

wheel: $(VENV)/.installed-dev ## Build the sdist, and the wheel from it, into dist/.
	@rm -f $(DIST)/session_forensics-*
	@$(BIN)/python -m build --no-isolation --outdir $(DIST) . >$(VENV)/build.log 2>&1 \
	  || { cat $(VENV)/build.log >&2; exit 1; }
	@ls $(DIST)/session_forensics-*

fuzz: $(VENV)/.installed-measure ## Feed all that reads strangers' bytes with spoilt ones, FUZZ_SECONDS each (600).
	@$(BIN)/python -m tools.fuzz $(ARGS)

mutation: $(VENV)/.installed-dev ## Measure which small mistakes the tests notice: ARGS='chain clock --most 100 --jobs 2'.
	@$(BIN)/python -m tools.mutation $(ARGS)

audit: $(VENV)/.installed-measure ## Ask PyPI whether anything that is installed has a known vulnerability.
	@$(BIN)/python -m pip freeze --exclude-editable >$(VENV)/audited.txt
	@$(BIN)/pip-audit --strict --disable-pip --no-deps --progress-spinner off -r $(VENV)/audited.txt

clean: ## Remove what was made, but not .venv and .drift.
	@rm -rf dist incident.md .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find forensics tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Remove .venv, .drift and node_modules too.
	@rm -rf $(VENV) .drift node_modules

# --- the environment ---------------------------------------------------------------------------------
# Stamps: .made says where the environment was made, .installed, .installed-dev and .installed-measure that pip has
# run since pyproject.toml changed.

# Make it anew if its Python does not start, or if the checkout was moved: it holds absolute paths.
ifneq ($(shell $(BIN)/python -c '' 2>/dev/null && cat $(VENV)/.made 2>/dev/null),$(CURDIR))
.PHONY: $(VENV)/.made
endif

# Or if somebody asks for another version.
version = $(shell $(1) -c 'import sys; print(sys.version_info[:2])' 2>/dev/null)
ifneq ($(origin PYTHON),file)
ifneq ($(call version,$(PYTHON)),$(call version,$(BIN)/python))
.PHONY: $(VENV)/.made
endif
endif

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  found=$$($(PYTHON) --version 2>&1) || found="not to be found"; \
	  echo "forensics needs Python 3.11 or newer, and $(PYTHON) is $$found." >&2; \
	  echo "Name a newer one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
	  exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "$(PYTHON) cannot make environments. On Debian and Ubuntu: apt install python3-venv" >&2; \
	  exit 1; }
	@echo '$(CURDIR)' >$@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	@echo "Installing what forensics needs (about 200 MB, once)."
	@$(BIN)/python -m pip install -q -e .
	@touch $@

# There is no scanner for every system: without it the tests that ask it are skipped, and say so.
$(VENV)/.installed-whole: $(VENV)/.installed-dev
	@$(BIN)/python -m pip install -q -e '.[whole]' || echo "No scanner for secrets (kingfisher-bin) is installed."
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.made pyproject.toml
	@echo "Installing what forensics and its tests need (about 400 MB, once)."
	@$(BIN)/python -m pip install -q -e '.[dev]'
	@touch $(VENV)/.installed $@

$(VENV)/.installed-measure: $(VENV)/.made pyproject.toml
	@echo "Installing what forensics, its tests and what measures them need (about 500 MB, once)."
	@$(BIN)/python -m pip install -q -e '.[measure]'
	@touch $(VENV)/.installed $(VENV)/.installed-dev $@
