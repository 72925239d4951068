# Pitcairn's one command file. `make` alone lists what there is.
# Everything it makes stays in this folder: .venv, .cache, .make (what is done already), browser/node_modules, data.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

HOST ?= 127.0.0.1
PORT ?= 8000
DEMO_PORT ?= 8001
TESTS ?= tests
# What cannot tell one SQL store from another runs once, on SQLite: the pure rooms, the event store, how pages look and act in a
# browser, what computed traits measure, and ten thousand hostile requests, which the edge answers before any store.
# WITHOUT_SQL= runs it on PostgreSQL too.
WITHOUT_SQL ?= $(foreach room,wire conditions stats eventstore docs browser/tag browser/dashboard browser/experiences \
	browser/connections browser/editor browser/engage browser/profiles connections/filters edge/test_hostile.py engage/test_computed_traits.py,--ignore=tests/$(room))

export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_cache := $(CURDIR)/.cache/npm
export npm_config_audit := false
export npm_config_fund := false
export npm_config_update_notifier := false
export TZ := UTC

BIN := .venv/bin
# Two at a time: most tests wait for a server or a browser. The tests of one file stay together and share its servers.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
CHECK_DATA := PITCAIRN_DATA=$(CURDIR)/.cache/check
BROWSER_SOURCES := $(shell find browser -type f -not -path '*/node_modules/*' 2>/dev/null)
# On a terminal pip shows what it downloads; elsewhere its warnings and errors are enough.
PIP_INSTALL = $(BIN)/python -m pip install --no-compile $(shell test -t 2 || echo --quiet)
step = @printf '\033[1m==> %s\033[0m\n' $(1)

# A virtual environment holds absolute paths: after the folder was moved or copied it is made again.
ifneq ($(wildcard .venv/bin/pitcairn),)
ifneq ($(shell grep -qF "$(CURDIR)/.venv/bin/" .venv/bin/pitcairn && echo here),here)
$(shell rm -f .make/venv .make/python .make/python-dev)
endif
endif

.PHONY: help install run test test-fast check format lock bench clean

help: ## list these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

install: .make/python .make/browser ## set up: the Python environment in .venv, browser/ built

run: install ## start Pitcairn with its demo: http://localhost:8000 and the demo website on http://localhost:8001
	@exec $(BIN)/pitcairn serve --demo --host $(HOST) --port $(PORT) --demo-port $(DEMO_PORT)

test: .make/python-dev .make/browser .make/next .make/system ## every test, on SQLite and then on PostgreSQL
	$(call step,"Browser code: unit tests")
	@cd browser && npm run --silent --if-present test
	$(call step,"Tests on SQLite")
	@$(PYTEST) $(TESTS)
	$(call step,"Tests on PostgreSQL")
	@$(BIN)/python scripts/with_postgresql.py $(PYTEST) $(TESTS) $(WITHOUT_SQL)

test-fast: .make/python-dev .make/browser ## the tests that need neither a browser nor patience
	@$(PYTEST) -q -m "not browser and not slow" $(TESTS)

check: .make/python-dev .make/browser ## lint, format, types, borders, templates, locks
	$(call step,"ruff")
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	$(call step,"mypy")
	@$(CHECK_DATA) $(BIN)/mypy
	$(call step,"Borders between the rooms")
	@$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter
	$(call step,"Templates")
	@$(BIN)/djlint --lint --quiet src
	$(call step,"Migrations")
	@$(CHECK_DATA) $(BIN)/python -m django makemigrations --check --dry-run --settings pitcairn.settings
	$(call step,"TypeScript")
	@cd browser && npm run --silent check
	$(call step,"Locks")
	@$(BIN)/python scripts/check_locks.py

format: .make/python-dev ## put imports and layout right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: .make/python-dev ## resolve the dependencies of pyproject.toml again (UPGRADE=1 takes newer versions)
	@$(BIN)/python scripts/lock.py $(if $(UPGRADE),--upgrade)

bench: .make/python-dev .make/browser .make/next ## every benchmark, side by side with its baseline; writes docs/benchmarks.md
	@$(BIN)/python -m benchmarks

clean: ## remove what was installed and built; the data folder stays
	rm -rf .venv .cache .make browser/node_modules $(addprefix tests/browser/tag/apps/next/,node_modules .next out) src/pitcairn/dashboard/static/built src/pitcairn/edge/built src/pitcairn/experiences/built src/pitcairn/hosted/built demo/built src/*.egg-info

# ── What is done already ─────────────────────────────────────────────────────────────────────────────────────────────

.make/venv:
	$(call step,"Python environment in .venv")
	@mkdir -p .make
	@scripts/make_venv
	@touch $@

.make/python: .make/venv requirements.lock pyproject.toml
	$(call step,"Python packages")
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.make/python-dev: .make/python requirements-dev.lock
	$(call step,"Python packages for checks and tests")
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

.make/browser-packages: browser/package-lock.json browser/package.json
	$(call step,"Browser packages")
	@mkdir -p .make
	@scripts/need_node
	@cd browser && npm ci --ignore-scripts
	@touch $@

.make/browser: .make/browser-packages $(BROWSER_SOURCES)
	$(call step,"Building browser/")
	@cd browser && npm run --silent build
	@touch $@

# A website for the tests of the tag, built as its own tools build it. Apart from browser/: it has 320 MB.
NEXT := tests/browser/tag/apps/next
.make/next: $(wildcard $(NEXT)/*.json $(NEXT)/*.mjs $(NEXT)/app/*.js $(NEXT)/app/*/*.js) .make/browser-packages
	$(call step,"The tests' website of Next.js")
	@cd $(NEXT) && npm ci --ignore-scripts --silent && NEXT_TELEMETRY_DISABLED=1 npm run --silent build >/dev/null
	@touch $@

.make/system:
	$(call step,"Chromium and PostgreSQL for the tests")
	@mkdir -p .make
	@scripts/install_test_tools
	@touch $@
