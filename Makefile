# make test   all that CI checks: format, lint, types, the gate, every test and the examples in the docs
# make unit   the quick tests alone
# make gate   lrbench on itself: lrbench.toml against its baselines, about ten seconds
# make lowest the quick tests of what stands on NumPy and SciPy, with the lowest versions allowed and
#             without the compiled steps, in cases that have every value of every parameter
# make sanitize   the tests of the compiled steps with the address and undefined-behaviour sanitizers
# make docs   write the generated pages anew
# make paper  measure anew what docs/how-to/paper.md shows: five minutes of one core

PYTHON ?= python3
VENV := .venv-dev
BIN := $(VENV)/bin
LOWEST := .venv-lowest
export OPENBLAS_NUM_THREADS := 1

.PHONY: test unit gate lowest sanitize lint types docs paper clean

# Beside mypy, which is one process, the tests of the lowest versions use the other processors.
test: $(VENV)/ready $(LOWEST)/ready
	$(MAKE) --jobs 2 lint types gate lowest
	$(BIN)/python -m pytest -n auto -m "slow or not slow"
	LRBENCH_COMPILED=0 $(BIN)/python -m pytest -n auto -m "compiled and not slow" tests/contract

unit: $(VENV)/ready
	$(BIN)/python -m pytest -n auto -m "not slow"

gate: $(VENV)/ready
	$(BIN)/lrbench check

lowest: $(LOWEST)/ready
	LRBENCH_COMPILED=0 $(LOWEST)/bin/python -m pytest -n auto -m "not slow" --each-value \
	    tests/objective tests/losses tests/penalties tests/optimum tests/engine tests/solvers \
	    tests/cli/test_run_flagship.py

sanitize: $(VENV)/ready
	CFLAGS="-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined" \
	    $(BIN)/python setup.py -q build_ext --inplace --force
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	    ASAN_OPTIONS=detect_leaks=0 $(BIN)/python -m pytest -n 0 tests/engine/test_compiled.py \
	    tests/engine/test_compiled_wide.py
	$(BIN)/python setup.py -q build_ext --inplace --force

lint: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/ready
	$(BIN)/mypy

docs: $(VENV)/ready
	$(BIN)/python docs/generate.py

paper: $(VENV)/ready
	$(BIN)/python docs/generate.py paper

$(VENV)/ready: setup.cfg pyproject.toml setup.py constraints.txt $(wildcard lrbench/kernels/*.[ch])
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

$(LOWEST)/ready: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	sed -n '/^install_requires/,/^$$/s/^ *\([a-z-]*\)>=\(.*\)$$/\1==\2.*/p' setup.cfg \
	    > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/constraints.txt \
	    --editable . hypothesis jsonschema pytest pytest-xdist
	touch $@

clean:
	rm -rf $(VENV) $(LOWEST) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
