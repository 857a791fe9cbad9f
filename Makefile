PYTHON ?= python3
PY = .venv/bin/python
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
INSTALL = .venv/bin/uv pip install --quiet --python $(PY) --compile-bytecode --require-hashes -r requirements-dev.lock
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Modules are compiled once, not by each of the hundreds of processes that tests start
unexport PYTHONDONTWRITEBYTECODE

# What `make cover` measures, and the tests that reach it, in their own process or in one that they fork
MEASURED = $(wildcard domains dispatch operations)
REACHES = $(wildcard $(addprefix tests/,domains dispatch operations contracts activities ingress commands workflows service))

.PHONY: help setup temporal temporal-server emulators demo dev test test-fast test-fire test-specs mcp-conformance cover check format generate lock bench clean
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

setup: .venv/.installed ## Make .venv and install the locked packages

.venv/.installed: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not that. Install it, or name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing. On Debian: sudo apt install python3-venv"; exit 1; }
	@echo "Installing the locked Python packages into .venv, once (about half a minute)"
	$(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.lock > .venv/uv.lock
	$(PY) -m pip install --quiet --require-hashes -r .venv/uv.lock
	@$(INSTALL) || { echo "uv could not: it does not read pip's configuration. Now with pip"; $(PY) -m pip install --quiet --require-hashes -r requirements-dev.lock; }
	@touch $@

temporal: setup ## Find, download or build Temporal's CLI
	@path=$$($(PY) -m local.devserver) && echo "Temporal: $$path"

temporal-server: setup ## Build the server that runs in production, for tests and benchmarks on PostgreSQL
	@path=$$($(PY) -m local.temporal_server) && echo "Temporal's server: $$path"

emulators: setup ## Install what others wrote and tests call, cloud warehouses say, each in an environment of its own
	@$(PY) -m tests.emulators

demo: temporal ## Show the main job; ONCE=1 checks every claim and ends
	@$(PY) cli.py demo $(if $(ONCE),--once)

dev: temporal ## Run your own .env and config/ on this machine, against simulators, until Ctrl-C
	@$(PY) cli.py dev

test: temporal temporal-server emulators ## Run all tests, six files at a time: most of them wait; T=path runs these alone
	$(PY) -m pytest $(or $(T),--numprocesses 6 --dist loadfile --no-loadscope-reorder)

test-fast: setup ## Run the quick tests, without Temporal, PostgreSQL and emulators: a minute
	$(PY) -m pytest -m "not needs_server and not slow" --numprocesses 2 --dist worksteal $(T)

test-fire: temporal temporal-server ## Prove what kills, losses and repeats do, in full; TEMPORAL=postgres on PostgreSQL
	FIRE=full $(if $(TEMPORAL),MOGULFLOW_TEMPORAL=$(TEMPORAL)) $(PY) -m pytest tests/chaos --timeout 900

test-specs: setup ## Hold clients and simulators against the vendors' own API descriptions; SPECS=folder with them
	@$(PY) -m tests.specs "$(SPECS)"
	SPECS="$(SPECS)" $(PY) -m pytest tests/specs

mcp-conformance: setup ## Run the public suite of the Model Context Protocol on the ingress, in two revisions
	@$(PY) -m tests.conformance

cover: temporal temporal-server emulators ## Measure branch coverage of domains, dispatch and operations: 90 % each, or it fails
	$(PY) -m pytest $(REACHES) --numprocesses 6 --dist loadfile --no-loadscope-reorder \
	  --cov-branch --cov-report= $(MEASURED:%=--cov=%)
	@for package in $(MEASURED); do \
	  echo "$$package:"; $(PY) -m coverage report --include "$$package/*" --fail-under 90 || failed=1; \
	done; exit $${failed:-0}

check: setup ## Format, lint, types, import contract, generated files
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m pytest -q tests/test_import_order.py
	$(PY) -m generate --check

format: setup ## Format and fix what can be fixed
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

generate: setup ## Write .env.example and the JSON Schemas in config from the code
	$(PY) -m generate

lock: setup ## Resolve the packages anew and write both lock files
	$(COMPILE) --upgrade pyproject.toml -o requirements.lock
	$(COMPILE) --upgrade pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	for emulator in snowflake bigquery s3 httpbin fastmcp; do $(COMPILE) --upgrade tests/emulators/$$emulator.in -o tests/emulators/$$emulator.lock; done
	for peer in airbyte dlt; do $(COMPILE) --upgrade benchmarks/peers/$$peer.in -o benchmarks/peers/$$peer.lock; done

bench: temporal temporal-server emulators ## Measure latency, throughput and exports; TEMPORAL=postgres on PostgreSQL
	$(if $(TEMPORAL),MOGULFLOW_TEMPORAL=$(TEMPORAL)) $(PY) -m benchmarks

clean: ## Remove .venv, state and caches of this folder
	rm -rf .venv .mogulflow .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
