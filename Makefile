# make test   all that CI checks: format, lint, types, the gate, every test and the examples in the docs
# make unit   the quick tests alone
# make gate   lrbench on itself: lrbench.toml against its baselines, about ten seconds
# make docs   write the generated pages anew

PYTHON ?= python3
VENV := .venv-dev
BIN := $(VENV)/bin
export OPENBLAS_NUM_THREADS := 1

.PHONY: test unit gate lint types docs clean

test: lint types gate
	$(BIN)/python -m pytest -n auto -m "slow or not slow"

unit: $(VENV)/ready
	$(BIN)/python -m pytest -n auto -m "not slow"

gate: $(VENV)/ready
	$(BIN)/lrbench check

lint: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/ready
	$(BIN)/mypy

docs: $(VENV)/ready
	$(BIN)/python docs/generate.py

$(VENV)/ready: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
