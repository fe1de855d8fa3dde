PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-all lint lock clean

demo: .venv/installed  ## Trains a DCGAN on Fashion-MNIST, draws samples, writes a SavedModel
	$(BIN)/python -m tfgan_zoo.demo

test: .venv/installed-dev  ## The tests, with a pairwise part of the mode table
	$(BIN)/python -m pytest -m "not full"

test-all: .venv/installed-dev  ## All tests, and the whole mode table, written to docs/modes.md
	$(BIN)/python -m pytest --write-mode-table docs/modes.md

lint: .venv/installed-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable .
	touch $@

.venv/installed-dev: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable ".[dev,tfgan]"
	touch $@ .venv/installed

clean:
	rm -rf .venv
