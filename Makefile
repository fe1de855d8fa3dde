PYTHON ?= python3
BIN := .venv/bin
# The system's pip installs into .venv, so that a Python without ensurepip (Debian's) will do.
INSTALL = $(PYTHON) -m pip --python $(BIN)/python install --quiet --constraint requirements.lock

.PHONY: demo test test-all lint docs site bench clean

demo: .venv/installed  ## Trains a DCGAN on Fashion-MNIST, draws samples, writes a SavedModel
	$(BIN)/tfgan-zoo demo

# XLA's programs take half as long to make if they need not be fast; `make test-all` has fast ones.
test: export XLA_FLAGS += --xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1
test: .venv/installed-dev  ## The tests, with a pairwise part of the mode table
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not full" --durations=20

test-all: .venv/installed-dev  ## All tests and the whole mode table, written to docs/modes.md
	$(BIN)/python -m pytest -n auto --dist loadgroup --deselect tests/conformance/test_modes.py::test_cell
	$(BIN)/python tests/mode_table.py docs/modes.md

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: .venv/installed-dev  ## All benchmarks, for hours; QUICK=1: each in its smallest form, nothing is kept
	$(BIN)/python benchmarks/run.py $(if $(QUICK),--quick)

docs: .venv/installed-dev  ## Pages that are generated
	$(BIN)/python tests/oracles/tensorflow_gan_oracle.py --write
	$(BIN)/python benchmarks/make_tables.py
	$(BIN)/python benchmarks/make_devices_page.py
	$(BIN)/python benchmarks/make_guides.py
	$(BIN)/python benchmarks/make_metrics_page.py
	$(BIN)/python saved_models/cards.py
	$(BIN)/python benchmarks/make_models_page.py
	$(BIN)/python benchmarks/make_weights_page.py
	$(BIN)/python benchmarks/make_stubs.py
	$(BIN)/python benchmarks/make_api_page.py

site: .venv/installed-dev  ## The documentation as a site, which needs no network: site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

.venv/bin/python:
	$(PYTHON) -m venv --without-pip .venv

.venv/installed: requirements.lock pyproject.toml | $(BIN)/python
	$(INSTALL) --editable .
	touch $@

.venv/installed-dev: requirements.lock pyproject.toml | $(BIN)/python
	$(INSTALL) --editable ".[dev,docs,tfgan,convert,data,hub,metrics,privacy,provenance,serving]"
	touch $@ .venv/installed

clean:
	rm -rf .venv
