# Everything one needs: make run, make test. The rest serves these two.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.dev-ready

.PHONY: run test soak check setup dev format migration reset clean help browser

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

run: $(READY)  ## set up and start the whole product
	@exec $(BIN)/python -m portal.supervisor

setup: $(READY)  ## set up what the product needs

dev: $(DEV_READY)  ## set up what its tests and checks need

test: $(DEV_READY)  ## run all tests, on SQLite and, where it is installed, on PostgreSQL
	@$(BIN)/python -m tests

soak: $(DEV_READY)  ## run the long tiers of the tests on both databases (an hour or more)
	@$(BIN)/python -m tests --soak

check: $(DEV_READY)  ## lint, types, import contracts, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV_READY)  ## format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

migration: $(DEV_READY)  ## make a migration from the models: make migration NAME=0002_add_something
	$(BIN)/flask --app app db migrate --rev-id $(NAME) -m ""

reset:  ## forget all data of this folder (asks nothing; stop the product first)
	rm -rf var

clean:  ## forget the virtual environment too
	rm -rf var $(VENV)

$(READY): requirements.txt requirements-assets.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what ConsentDesk needs (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-assets.txt
	@touch $@

$(DEV_READY): $(READY) requirements-dev.txt
	@echo "Installing what its tests need (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
