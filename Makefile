# Each line is one short command. PYTHON may name another Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
# Checked as a site behind https would run, with a key that lives as long as the check.
KEY = $$(od -An -N 40 -tx1 /dev/urandom | tr -d ' \n')
CHECKED = @SITE_URL=https://pinboard.example SECRET_KEY=$(KEY) $(BIN)/python \
	-W ignore::RuntimeWarning manage.py

.PHONY: run test lint bench

run: .venv/run.stamp
	@exec $(BIN)/python manage.py up

test: .venv/dev.stamp
	@.ci/browser || true
	@exec $(BIN)/python -m pytest

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet templates
	$(CHECKED) makemigrations --check --dry-run
	$(CHECKED) check --deploy --fail-level WARNING

bench: .venv/dev.stamp
	@exec $(BIN)/python -m bench

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Pinboard needs Python 3.11 or newer: make PYTHON=python3.11")'
	@echo "Creating .venv"
	@$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.txt requirements-embedded.txt | .venv/bin/python
	@echo "Installing packages (a minute or two, this once)"
	@$(BIN)/pip install -qq -r requirements.txt -r requirements-embedded.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@echo "Installing packages for tests and checks (a minute, this once)"
	@$(BIN)/pip install -qq -r requirements-dev.txt
	@touch $@
