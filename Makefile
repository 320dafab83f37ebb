# Two commands do everything on a fresh machine: make demo, make test.
# Prerequisites (cbus doctor checks them): Python 3.11+, and Docker or a JDK 17+ with Maven.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SECONDS ?= 60
SEED ?= 1
COMPLAINTS ?= 2000
KILLS ?= 64
BROKERS ?= 1
SPEED ?= 3600

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long quick quick-rules quick-rest check unit fmt lint type imports docs bench torture torture-long mutants lock clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## Make the virtual environment with everything: to run, to test, to measure

# The demo and the local stack need a third of what the tests do. Each target marks what it has brought, and the larger
# one brings the smaller one's packages in the same versions.
$(VENV)/.ready: requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	@touch $(VENV)/.local-ready $@

$(VENV)/.local-ready: requirements-local.lock pyproject.toml
	$(call install,requirements-local.lock)
	@touch $@

define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Complaint Bus needs Python 3.11 or newer; $(PYTHON) is not there or older. Try: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 2; }
	@# One that was interrupted while it was made has a python and no pip: it is made again.
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endef

demo: $(VENV)/.local-ready ## Run the whole bus on sample complaints for SECONDS (60), with a live table
	$(BIN)/cbus demo --seconds $(SECONDS)

test: setup check unit ## Run every check and every test

check: lint type imports ## Run the static checks

unit: setup ## Run every test, against real servers
	$(BIN)/python -m pytest

test-long: setup check ## Every test with the long sizes: 100,000 simulated histories; then half an hour of torture on three brokers
	CBUS_SIMULATION_HISTORIES=100000 $(BIN)/python -m pytest
	$(BIN)/python -m tests.torture --seed $(SEED) --complaints 20000 --kills 128 --brokers 3 --restore

# The inner loop: two processes of tests beside the static checks, and none of them starts a server.
quick: setup ## Static checks and every test without a server, for the inner loop
	@$(MAKE) --no-print-directory -j3 --output-sync=target check quick-rules quick-rest

QUICK := $(BIN)/python -m pytest -q -m "not kafka and not slow"
quick-rules: setup
	$(QUICK) -p no:cacheprovider tests/unit/sla tests/unit/router tests/unit/notifier tests/unit/intake tests/contract

quick-rest: setup
	$(QUICK) -p no:cacheprovider $(filter-out tests/unit/sla tests/unit/router tests/unit/notifier tests/unit/intake,$(wildcard tests/unit/*))

fmt: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: setup ## Check types (mypy, strict)
	$(BIN)/mypy

imports: setup ## Check who may import whom
	$(BIN)/lint-imports

docs: setup ## Generate schemas, AsyncAPI, topic, setting and metric tables
	$(BIN)/python -m deploy.documents

bench: setup ## Measure throughput and latency on this machine, beside a Faust app
	$(BIN)/python -m tests.bench

torture: setup ## Break the bus under load and judge it: SEED, COMPLAINTS, KILLS, BROKERS=1|3, SPEED
	$(BIN)/python -m tests.torture --seed $(SEED) --complaints $(COMPLAINTS) --kills $(KILLS) --brokers $(BROKERS) --speed $(SPEED) --restore

torture-long: setup ## The same for an hour: 100,000 complaints, 300 kills, 3 brokers (docs/torture-long.md)
	$(BIN)/python -m tests.torture --seed $(SEED) --complaints 100000 --kills 300 --brokers 3 --speed 120 --restore --write docs/torture-long.md

mutants: setup ## Switch safety rules off one by one and see each noticed; 40 minutes (docs/mutants.md)
	$(BIN)/python -m tests.torture.mutants --write docs/mutants.md

# The dev lock decides versions for all three, so that what was tested is what runs.
LOCK := uv pip compile pyproject.toml --generate-hashes --no-emit-index-url --quiet
lock: ## Renew the lock files (needs uv); UPGRADE=--upgrade takes newer versions
	$(LOCK) $(UPGRADE) --extra local --extra insight --group dev -o requirements-dev.lock
	$(LOCK) --constraint requirements-dev.lock --extra local --group build -o requirements-local.lock
	$(LOCK) --constraint requirements-dev.lock -o requirements.lock

clean: ## Remove the virtual environment and everything generated at run time
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
