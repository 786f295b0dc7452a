# One command for each thing one does here; `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCKS := requirements/runtime.txt requirements/everything.txt

# Touched when the environment holds what the lock files say; so a second run costs nothing.
RUNTIME := $(VENV)/.runtime-is-installed
EVERYTHING := $(VENV)/.everything-is-installed

FUZZ_SECONDS ?= 120
PYTEST_ARGS ?=
ARGS ?=
#: Integration tests beside each other: most of them wait most of the time.
BESIDE ?= 4

# Where they are: to look through all the others for them takes a while.
REAL = tests/integration $(shell grep -rl --include='test_*.py' 'pytest.mark.integration' tests)

# The tests start hundreds of Python processes: without bytecode each compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

say = @printf '\n\033[1m== %s\033[0m\n' "$(1)"

.PHONY: help setup demo test lint unit integration soak fuzz bench servers dashboards lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the environment

$(RUNTIME): pyproject.toml requirements/runtime.txt
	@tools/create-venv.sh $(VENV)
	@echo "Installing what the sidecar and its demo need ..."
	@$(PIP) install --require-hashes -r requirements/runtime.txt
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(EVERYTHING): pyproject.toml requirements/everything.txt
	@tools/create-venv.sh $(VENV)
	@echo "Installing everything that the project is built, tested and measured with ..."
	@$(PIP) install --require-hashes -r requirements/everything.txt
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(RUNTIME) $@

setup: $(EVERYTHING) ## create .venv with everything in it; quick when nothing changed
	@echo "Ready: $(BIN)/sidecar"

dashboards: $(EVERYTHING) ## make Grafana's dashboards again from their Python
	@$(BIN)/python -m dashboards

lock: $(EVERYTHING) ## pin again what pyproject.toml asks for; UPGRADE=1 takes the newest
	@tools/lock.sh $(if $(UPGRADE),--upgrade)

servers: ## install the real servers that the tests use (Debian, as root)
	@tools/install-servers.sh

# --- using it

#: ARGS='--act sale', or any other option of the demo.
demo: $(RUNTIME) ## a shop, its sidecars, a sale: under a minute, nothing but Python needed
	@$(BIN)/python -m demo_services.shop $(ARGS)

bench: $(EVERYTHING) servers ## measure the sidecar beside nginx, HAProxy and Envoy
	@$(BIN)/python -m benchmarks

# --- checking it

test: lint unit integration ## everything that must hold before a change goes in
	$(call say,all passed)

lint: $(EVERYTHING) ## format, lint, types, import contracts
	$(call say,ruff format)
	@$(BIN)/ruff format --check .
	$(call say,ruff check)
	@$(BIN)/ruff check .
	$(call say,mypy)
	@$(BIN)/mypy
	$(call say,import contracts)
	@$(BIN)/lint-imports --no-logo

unit: $(EVERYTHING) ## tests without sockets
	$(call say,unit tests)
	@$(BIN)/pytest -m 'not integration and not soak' --ignore tests/integration --numprocesses auto $(PYTEST_ARGS)

integration: $(EVERYTHING) servers ## tests with real sockets and real servers
	$(call say,integration tests)
	@$(BIN)/pytest $(REAL) -m 'integration and not alone and not soak' \
	    --numprocesses $(BESIDE) --dist loadgroup $(PYTEST_ARGS)
	$(call say,integration tests that need the machine for themselves)
	@$(BIN)/pytest $(REAL) -m 'integration and alone and not soak' $(PYTEST_ARGS)

soak: $(EVERYTHING) servers ## the same again and again: hours of use in some minutes
	$(call say,soak)
	@$(BIN)/pytest $(REAL) -m soak $(PYTEST_ARGS)

fuzz: $(EVERYTHING) ## search for counter-examples for FUZZ_SECONDS (120)
	$(call say,fuzzing for $(FUZZ_SECONDS) s)
	@until [ $$SECONDS -ge $(FUZZ_SECONDS) ]; do \
	    $(BIN)/pytest tests/fuzz --hypothesis-profile deep --timeout 600 --quiet $(PYTEST_ARGS) || exit 1; \
	done

clean: ## remove what tools left behind, the environment too
	@rm -rf $(VENV) build dist *.egg-info .coverage* htmlcov .hypothesis \
	    .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

.PHONY: previews
previews: ## Draw the dashboards during six faults, staged on this machine, into docs/dashboards (ten minutes)
	.venv/bin/python -m tests.integration.dashboards.previews
