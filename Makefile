# The only entry point: `make help` lists what there is.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install -qq --disable-pip-version-check --require-hashes --no-deps --no-build-isolation
COMPILE := uv pip compile --quiet --upgrade --generate-hashes --no-strip-extras --no-annotate \
	--custom-compile-command "make lock"
LOCKED := build functions access standalone lambda dev fuzz sam lock
# Where pip finds the CPU build of torch, when its own configuration does not say: a folder or an address.
TORCH_FROM ?=

.PHONY: help setup run test lint format bench performance bench-models whole hostile fuzz soak sbom train docs gallery events authorizers browser pictures lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: $(VENV)/.stamp ## make .venv: pinned packages, this project editable, bytecode compiled

run: $(VENV)/.stamp-run ## serve the three contracts (PORT, default 8080)
	@exec $(BIN)/facegate serve

test: setup .venv-sam/.stamp ## run the tests (ARGS="-k name" passes on to pytest)
	@$(BIN)/python -m pytest $(ARGS)

lint: setup ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup ## let ruff sort and lay out the code
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

bench: setup ## measure speed and memory, print ratios, write build/bench.json
	@cd tests && ../$(BIN)/python -m bench $(ARGS)

performance: bench ## the same, and renew docs/performance.md and its curves
	@$(BIN)/python docs/build_performance.py --take

bench-models: setup ## measure every model on the validation splits in ../shared/data
	@cd models && ../$(BIN)/python -m training.bench $(ARGS)

whole: setup ## measure the photos in ../shared/data through the whole of facecore, for the READMEs
	@cd models && ../$(BIN)/python -m training.whole

hostile: setup ## try every hostile photo, url and credential once, and print what each photo cost
	@$(BIN)/python -m tests.hostile $(ARGS)

fuzz: $(VENV)/.fuzz ## fuzz everything that reads strangers' bytes, guided by coverage (ARGS="--minutes 7")
	@$(BIN)/python -m tests.hostile.fuzz $(ARGS)

soak: setup ## load, attack and kill a real server for 30 minutes, then reconcile its ledger (ARGS="--minutes 2")
	@$(BIN)/python -m tests.soak $(ARGS)

sbom: setup ## write requirements/sbom.json: what the images and the server contain, with hashes
	@$(BIN)/python requirements/build_sbom.py

train: .venv-train/.stamp ## train one model: make train MODEL=detector
	@test -n "$(MODEL)" || { echo "name a model: make train MODEL=detector"; exit 2; }
	@cd models && ../.venv-train/bin/python -m training.$(MODEL) $(ARGS)

docs: setup ## renew what the documents take out of the code and the models' registry: tables, OpenAPI files
	@$(BIN)/python docs/build_codes.py
	@$(BIN)/python docs/build_figures.py
	@$(BIN)/python docs/build_performance.py
	@$(BIN)/python docs/build_reliability.py
	@$(BIN)/python docs/build_openapi.py

gallery: setup ## draw the galleries of hard photos in the models' cards, with the models as they are
	@cd models && ../$(BIN)/python -m training.gallery

events: setup ## write the gateway events from the sample photo and the demo credentials
	@$(BIN)/python -m events.make $(ARGS)

authorizers: setup ## put the Lambda authorizers together in build/authorizers, for sam deploy
	@$(BIN)/python layers/access/assemble.py build/authorizers

browser: ## install Chromium and its driver (Debian), which the playground's tests drive
	@$(if $(filter 0,$(shell id -u)),,sudo )sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq --no-install-recommends chromium chromium-driver fonts-noto-cjk >/dev/null'

pictures: setup ## take the pictures of the playground in docs/pictures
	@$(BIN)/python -m tests.browser.pictures docs/pictures

clean: ## remove the environments, caches and build output
	rm -rf .venv .venv-sam .venv-train .venv-lock build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .aws-sam
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is brought up to date when its pinned packages or this project's metadata change.
# What serves comes first, so that `make run` has little to wait for; what tests and checks comes on top.
$(VENV)/.stamp-run: requirements/build.txt requirements/standalone.txt pyproject.toml
	@$(call fresh_venv,$(VENV))
	@$(BIN)/python $(PIP_INSTALL) -r requirements/build.txt
	@$(BIN)/python $(PIP_INSTALL) -r requirements/standalone.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps --no-index -e .
	@$(BIN)/python -m compileall -q layers functions || true # the tests say more about what does not compile
	@touch $@

$(VENV)/.stamp: $(VENV)/.stamp-run requirements/dev.txt
	@$(BIN)/python $(PIP_INSTALL) --use-pep517 -r requirements/dev.txt
	@touch $@

$(VENV)/.fuzz: $(VENV)/.stamp requirements/fuzz.txt
	@$(BIN)/python $(PIP_INSTALL) -r requirements/fuzz.txt
	@touch $@

.venv-sam/.stamp: requirements/sam.txt
	@$(call fresh_venv,.venv-sam)
	@.venv-sam/bin/python $(PIP_INSTALL) -r requirements/sam.txt
	@touch $@

.venv-train/.stamp: requirements/build.txt requirements/training.txt pyproject.toml
	@$(call fresh_venv,.venv-train)
	@.venv-train/bin/python $(PIP_INSTALL) -r requirements/build.txt
	@.venv-train/bin/python $(PIP_INSTALL) $(addprefix --find-links ,$(TORCH_FROM)) -r requirements/training.txt
	@.venv-train/bin/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps --no-index -e .
	@touch $@

define fresh_venv
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (PYTHON=...)"; exit 1; }; \
test -x $(1)/bin/python || { echo "making $(1) (once)"; $(PYTHON) -m venv $(1); }
endef

.venv-lock/.stamp: requirements/lock.txt
	@$(call fresh_venv,.venv-lock)
	@.venv-lock/bin/python $(PIP_INSTALL) -r requirements/lock.txt
	@touch $@

lock: .venv-lock/.stamp ## pin the newest versions of everything in requirements/*.in
	@cd requirements && for name in $(LOCKED); do \
		../.venv-lock/bin/$(COMPILE) --universal --python-version 3.11 $$name.in -o $$name.txt; done
	@cd requirements && ../.venv-lock/bin/$(COMPILE) --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
		$(addprefix --find-links ,$(TORCH_FROM)) training.in -o training.txt
