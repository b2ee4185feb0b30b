# `make` alone lists what there is. Nothing but make, git and some Python 3.12 or newer is needed.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test corpus bench lock messages format clean

PORT ?= 8000
SERVE ?= 1
export PORT
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export PIP_NO_INPUT := 1

PYTHON := .venv/bin/python
PIP_INSTALL := $(PYTHON) -m pip install --quiet --require-hashes --requirement
# A .venv whose interpreter is gone is made anew.
ifneq ($(shell $(PYTHON) -c 'print(1)' 2>/dev/null),1)
$(shell rm -rf .venv)
endif

help: ## list what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null || true

setup: .venv/demo.stamp ## install what the demo needs into .venv

demo: .venv/demo.stamp ## the site with demo data on 127.0.0.1 (PORT=8000; SERVE=0 prepares only)
	@DEMO=1 exec $(PYTHON) manage.py demo $(if $(filter 0,$(SERVE)),--no-serve)

test: .venv/development.stamp ## everything CI checks
	@exec $(PYTHON) -m tests.all

corpus: .venv/development.stamp ## send real mail to the listener and print what was recognised, queued, wrongly acted on
	@exec $(PYTHON) -m tests.inbox

bench: .venv/development.stamp ## measure on this machine and print ratios
	@exec $(PYTHON) -m tests.bench

messages: .venv/development.stamp ## update the catalogue of translations from the sources
	@DEMO=1 exec $(PYTHON) manage.py messages

format: .venv/development.stamp ## put Python files and templates into shape
	@$(PYTHON) -m ruff check --fix-only --quiet .
	@$(PYTHON) -m ruff format .
	@git ls-files -z --cached --others --exclude-standard 'templates/*.html' | xargs -0 -r .venv/bin/djade --target-version 6.1

# All three files come out of one resolution; UPGRADE=1 takes newer versions.
LOCK := $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' pyproject.toml
lock: .venv/development.stamp ## compile requirements/*.txt from pyproject.toml (UPGRADE=1 for newer versions)
	@$(LOCK) $(if $(UPGRADE),--upgrade) --group development --output-file requirements/development.txt
	@$(LOCK) --constraint requirements/development.txt --group embedded --output-file requirements/demo.txt
	@$(LOCK) --constraint requirements/development.txt --output-file requirements/runtime.txt

clean: ## remove .venv, caches and the demo's data
	@rm -rf .venv var .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.venv/demo.stamp: requirements/demo.txt | .venv/pyvenv.cfg
	@echo "Installing requirements/demo.txt into .venv"
	@$(PIP_INSTALL) requirements/demo.txt
	@touch $@

.venv/development.stamp: requirements/development.txt | .venv/pyvenv.cfg
	@echo "Installing requirements/development.txt into .venv"
	@$(PIP_INSTALL) requirements/development.txt
	@touch $@ .venv/demo.stamp

# The first interpreter that is 3.12 or newer and can make environments. `python3` may be pyenv's shim, which
# fails where .python-version names a version it does not have, so what pyenv holds is looked at as well.
.venv/pyvenv.cfg:
	@for python in python3 python3.13 python3.12 python3.14 python \
	    "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.*/bin/python3; do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
	    exec "$$python" -m venv .venv; \
	  fi; \
	done; \
	if command -v uv >/dev/null; then \
	  exec uv venv --quiet --seed --managed-python --python 3.13 .venv; \
	fi; \
	echo "No Python 3.12 or newer with venv found: install python3.13 (and python3.13-venv), or uv." >&2; exit 1
