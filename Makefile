# `make` alone says what there is. Everything is installed into .venv; nothing else is touched.

VENV   := .venv
# The first of these that is 3.11 or newer makes it.
PYTHON ?= python3.11 python3
EXTRAS ?=
PORT   ?=
# Extras that tests and checks need beside the base.
CHECKS := train,dev
# Which torch; on Linux plain pip may fetch a build for CUDA, which weighs gigabytes.
TORCH  ?= $(shell sed -n 's/^  "\(torch==[^"]*\)",$$/\1/p' pyproject.toml)

PIP     = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
# A stamp for each set of extras: nothing is installed twice unless pyproject.toml changes.
base   := $(VENV)/.installed
stamp   = $(base)$(if $(EXTRAS),-$(EXTRAS))
checks := $(base)-$(CHECKS)

.DEFAULT_GOAL := help
.PHONY: help install serve test lint format bench evaluate clean
.DELETE_ON_ERROR:

help:  ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

install: $(stamp)  ## Install into .venv; EXTRAS=train adds what training needs

serve: $(base)  ## Start the service on http://127.0.0.1:8000; PORT=8080 for another port
	$(VENV)/bin/phananh serve $(if $(PORT),--port $(PORT))

test: $(checks)  ## Run the tests
	$(VENV)/bin/python -m pytest $(ARGS)

lint: $(checks)  ## Check style, types and the direction of imports
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(checks)  ## Write the code in the common style
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(checks)  ## Measure speed and memory beside PhoBERT's shape and underthesea; WRITE=1 fills the README
	$(VENV)/bin/python -m training.bench $(if $(WRITE),--write)

evaluate: $(base)  ## Measure the shipped model; DATA=file.jsonl for other reports
	$(VENV)/bin/phananh evaluate $(or $(DATA),corpora/reports/dev.jsonl)

clean:  ## Remove what was installed and what checks left behind
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@for python in $(PYTHON); do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  $$python -m venv --clear $(VENV) && exit 0; \
	  echo "No virtual environment could be made. On Debian: apt install python3-venv" >&2; exit 1; \
	done; \
	echo "Python 3.11 or newer is needed, and is not to be found as: $(PYTHON)." >&2; exit 1

$(base): pyproject.toml | $(VENV)/bin/python
	$(PIP) --editable .
	touch $@

# torch goes first and alone, so that no other package chooses which build comes.
$(base)-%: pyproject.toml | $(VENV)/bin/python
	$(if $(findstring train,$*),$(PIP) $(TORCH))
	$(PIP) --editable '.[$*]'
	touch $(base) $@
