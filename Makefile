PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check docs clean

# The main job, end to end, on the embedded database and without the internet.
demo: $(VENV)/installed
	$(BIN)/litreview demo demo

# Every test. With LITREVIEW_TEST_POSTGRES set to a server's URL, also on PostgreSQL.
test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n auto

# What CI checks besides the tests.
check: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	if command -v shellcheck > /dev/null; then shellcheck .ci/run; fi

# What is generated and kept: the list of commands in README.md and db/schema.sql.
docs: $(VENV)/installed-dev
	$(BIN)/python -m litreview.cli.reference
	$(BIN)/python -m litreview.migrations.schema > db/schema.sql.new
	mv db/schema.sql.new db/schema.sql

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: setup.cfg pyproject.toml | $(BIN)/python
	$(PIP) --editable .
	touch $@

$(VENV)/installed-dev: setup.cfg pyproject.toml | $(BIN)/python
	$(PIP) --editable ".[dev]"
	touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) demo build dist litreview.egg-info
