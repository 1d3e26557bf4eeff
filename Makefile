# `make` lists the targets. `make demo` and `make test` need git, make, a C compiler, cargo and
# Python >= 3.11 with venv; everything else they install into .venv from requirements.lock.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The first interpreter that is new enough and can make a virtual environment.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
CARGO ?= cargo
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
# One interpreter for every build of the native module, so that cargo does not build it twice.
export PYO3_PYTHON := $(BIN)/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

RUST_SOURCES := Cargo.toml Cargo.lock sentinel/fields.toml $(shell find crates -name '*.rs' -o -name Cargo.toml)
# The plain Rust crates; sentinel-native is glue that only Python can load, so its tests are Python's.
RUST_TESTED := --workspace --exclude sentinel-native
# Processes that share the Python tests.
WORKERS ?= 2
# Cases a property test tries under `make fuzz`.
CASES ?= 20000

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: native ## Build a small plant's traffic with an attack in it, scan it, show everything
	@$(BIN)/sentinel demo

.PHONY: test
test: native lint test-rust test-python ## Every check: formats, lints, types, layers, Rust tests, Python tests

.PHONY: native
native: $(VENV)/.native ## Make .venv, install the pinned dependencies, build the native module (release)

.PHONY: lint
lint: $(VENV)/.deps ## Formats, clippy, ruff, mypy, import-linter
	if $(BIN)/python tools/doctor.py has rustfmt; then $(CARGO) fmt --all --check; fi
	if $(BIN)/python tools/doctor.py has clippy; then \
		$(CARGO) clippy --locked --workspace --all-targets -- -D warnings; fi
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test-rust
test-rust: $(VENV)/.deps ## The Rust crates' tests
	$(CARGO) test --locked $(RUST_TESTED)

.PHONY: test-python
test-python: native ## The Python tests: PYTEST="-k name" for some of them
	$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST)

.PHONY: bench
bench: native ## Measure speed, memory and start-up: BENCH="scan --quick" for some, once
	$(BIN)/python -m bench $(BENCH)

.PHONY: soak
soak: native ## Let the daemon run for SOAK_SECONDS (3600): memory over equal rounds, then a fault every 30 s
	$(BIN)/python -m tests.soak

.PHONY: fuzz
fuzz: native ## Property tests with many more cases: CASES=20000 for each
	PROPTEST_CASES=$(CASES) $(CARGO) test --locked --release $(RUST_TESTED)
	HYPOTHESIS_PROFILE=fuzz SENTINEL_CASES=$(CASES) $(BIN)/python -m pytest -m "not corpus"

.PHONY: docs
docs: native ## Write docs/reference from the program
	$(BIN)/python -m tools.docs

.PHONY: fix
fix: $(VENV)/.deps ## Format the code and put right what the linters can
	$(CARGO) fmt --all
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m tools.fields

.PHONY: lock
lock: $(VENV)/.deps ## Pin the newest dependencies anew in requirements.lock
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/pip install -q uv
	$(VENV)/lock/bin/uv pip compile -q --universal --python-version 3.11 --upgrade --generate-hashes \
		--all-extras --no-header --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock
	rm -rf $(VENV)/lock

.PHONY: doctor
doctor: ## Say what this machine has, what it lacks, and what is lost by that
	@$(or $(PYTHON),$(error no Python >= 3.11 with venv was found: install one, or say which with PYTHON=/path/to/python3)) tools/doctor.py

.PHONY: clean
clean: ## Remove .venv, builds and caches
	rm -rf $(VENV) target build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache sentinel/*.so

$(VENV)/.deps: requirements.lock
	@$(MAKE) doctor
	@$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.native: $(VENV)/.deps pyproject.toml $(RUST_SOURCES)
	PIP_QUIET=1 VIRTUAL_ENV=$(VENV) $(BIN)/maturin develop --release --locked
	@touch $@
