# Everything a clone needs. The work is done by .ci/workspace.py, on any Python from 3.8, so that it can say what is
# missing. PYTHON=python3.12 names the Python of .venv; ARGS="..." goes to the command that a target runs.
export PYTHON ARGS PROVIDER
WORKSPACE = $(or $(shell command -v python3),$(error Python 3.11 or newer is needed: apt install python3 python3-venv)) .ci/workspace.py

.DEFAULT_GOAL := help
.PHONY: help install serve test test-slow coverage record bench faults wheels dist docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## create .venv with every distribution, editable
	@$(WORKSPACE) install

serve: ## run the gateway with its demo, ARGS="--port 8701"
	@$(WORKSPACE) serve

test: ## lint, types and the fast tests, offline, ARGS="-k name"
	@$(WORKSPACE) test

test-slow: ## packaging, every interpreter, both HTTP libraries
	@$(WORKSPACE) test-slow

coverage: ## the fast tests, and the lines that they miss
	@$(WORKSPACE) coverage

record: ## record the cassettes of one provider, PROVIDER=name
	@$(WORKSPACE) record

bench: ## run the benchmarks
	@$(WORKSPACE) bench

faults: ## print what the clients do in sixteen faults, with times, ARGS="--transport fast"
	@$(WORKSPACE) faults

wheels: ## build the wheel of every distribution into .wheelhouse/
	@$(WORKSPACE) wheels

dist: ## build what is published into dist/, compared with the tree, with a list of components
	@$(WORKSPACE) dist

docs: ## build the documentation site into .site/, strictly, offline
	@$(WORKSPACE) docs

clean: ## remove .venv, .wheelhouse and every cache
	@$(WORKSPACE) clean
