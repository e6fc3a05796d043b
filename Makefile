# Everything a newcomer needs: `make demo`, `make test`. Set-up is part of each and quick when it is already there.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: demo test check setup bench faults conformance pictures lock clean

demo: .venv/run.stamp
	@$(BIN)/decoction demo

test: .venv/dev.stamp
	@tests/house/run-all

check: .venv/dev.stamp
	@tests/house/run-check

setup: .venv/dev.stamp

bench: .venv/dev.stamp
	@$(BIN)/python -m tests.bench

faults: .venv/dev.stamp
	@$(BIN)/python -m tests.faults $(if $(N),--kills $(N)) $(if $(SEED),--seed $(SEED))

conformance: .venv/dev.stamp
	@$(BIN)/python -m tests.conformance

pictures: .venv/dev.stamp
	@$(BIN)/python -m tests.pictures

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; try make PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.lock pyproject.toml | .venv/bin/python
	@echo "setting up .venv (once)"
	@$(INSTALL) -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/run.stamp
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

# Renews both lock files; needs uv (`pip install uv`).
lock:
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv var bench.json faults.json
