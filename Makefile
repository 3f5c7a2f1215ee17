# `make dream` paints, `make test` tests, `make check` does all that CI does. Each sets up what it
# needs in .venv, once; nothing but Python 3.11+ and pip has to be there.

PYTHON ?= python3
PROMPT ?= a red apple on a blue table
VENV := .venv
export OMP_WAIT_POLICY := PASSIVE
export PROMPT

.PHONY: dream test check lint types layers bench clean

dream: $(VENV)/.runtime
	@$(VENV)/bin/reverie paint "$$PROMPT" $(ARGS)

test: $(VENV)/.dev
	$(VENV)/bin/python -m pytest $(ARGS)

check: lint types layers test

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/.dev
	$(VENV)/bin/pyright

layers: $(VENV)/.dev
	$(VENV)/bin/lint-imports

bench: $(VENV)/.dev
	for bench in bench/*.py; do $(VENV)/bin/python $$bench || exit 1; done

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is wanted (make PYTHON=python3.12)")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip

$(VENV)/.runtime: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing (once; torch is large) ..."
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt -e '.[video,fast]'
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt --group dev
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
