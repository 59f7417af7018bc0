# One command each; everything goes into .venv, and a second call installs nothing again.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RECORD := runs/clusters.jsonl
SOURCES := setup.cfg setup.py pyproject.toml constraints/jazzy.txt

.PHONY: help demo test lint bench campaign worlds clusters clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(STAMP): $(SOURCES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or later is needed; 3.11 for PyBullet")'
	@echo "Installing into $(VENV), once; this takes about a minute"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --upgrade pip
	@$(BIN)/python -m pip install -qq -c constraints/jazzy.txt -e '.[ros,sim,video,test,lint]'
	@touch $@

demo: $(STAMP) ## twelve robots gather in a PyBullet world, each its own ROS 2 process
	$(BIN)/swarm run worlds/rendezvous.yaml

test: $(STAMP) ## the whole test suite, under 15 minutes
	$(BIN)/python -m pytest -n 2

lint: $(STAMP) ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP) ## all benchmark tables
	$(BIN)/swarm bench

campaign: $(STAMP) ## 11,000 random flights and 100,000 simulated logs, a day and more
	$(BIN)/python bench/safety.py 1000 10000 --record runs/safety.jsonl
	$(BIN)/python bench/clusters.py 100000 --jobs 2 --record $(RECORD)

worlds: $(STAMP) ## every world with 20 seeds and both kinds of bodies, some hours; each call goes on where the last one ended
	$(BIN)/python bench/worlds.py 20 --record runs/worlds.jsonl

clusters: $(STAMP) ## another half hour of the 100,000 simulated logs; each call goes on where the last one ended
	$(BIN)/python bench/clusters.py 100000 --minutes 30 --record $(RECORD)

clean: ## remove the environment and what tests leave
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
