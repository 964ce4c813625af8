# RealTalk Studies. `make help` lists what there is; `make demo` is where to begin.
# Needs Python 3.11 to 3.13 and make; nothing as root, no services.

PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
FUZZ_EXAMPLES ?= 1000

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip --disable-pip-version-check
MANAGE := $(BIN)/python manage.py
NODE := $(shell command -v node 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-slow lint format fuzz faults bench-analysis bench-playback bench-retrieval bench-demo-retrieval clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 22

setup: $(INSTALLED)  ## Make the environment (.venv) and install what the site needs

demo: setup  ## Make a demo corpus and a ready study, and serve it
	@$(MANAGE) serve --demo --host $(HOST) --port $(PORT)

serve: setup  ## Serve the site: web server, worker and broker together (PORT=8000 HOST=127.0.0.1)
	@$(MANAGE) serve --host $(HOST) --port $(PORT)

test: $(INSTALLED_DEV)  ## Run every test: on SQLite, the data layer again on PostgreSQL, JavaScript under Node
	$(BIN)/python -m tests.everything

test-slow: $(INSTALLED_DEV)  ## The same with the tests marked slow
	$(BIN)/python -m tests.everything --slow

lint: $(INSTALLED_DEV)  ## Check style, import directions and missing migrations
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run --verbosity 1

format: $(INSTALLED_DEV)  ## Let ruff sort imports and mend what it can
	$(BIN)/ruff check --fix .

fuzz: $(INSTALLED_DEV)  ## Look longer for failing sequences of events (FUZZ_EXAMPLES=1000)
	REALTALK_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest tests/studies

faults: $(INSTALLED_DEV)  ## Kill workers and whole families of processes, and see that nothing is lost or left
	$(BIN)/python -m pytest --slow tests/site/test_jobs_killed.py tests/site/test_serve.py tests/retrieval/test_killed_runs.py

bench-analysis: $(INSTALLED_DEV)  ## Print what a report of a million votes costs, how often it is wrong, and the planner's power
	$(BIN)/python -m bench.analysis
	$(BIN)/python -m bench.analysis_calibration
	$(BIN)/python -m bench.power
	$(BIN)/python -m bench.stopping
	$(BIN)/python -m bench.adaptive

bench-playback: $(INSTALLED_DEV)  ## Print how far the videos are apart and how soon the next trial plays; 20 quiet minutes
	$(BIN)/python -m bench.playback

bench-retrieval: $(INSTALLED_DEV)  ## Print what embedding, ranking and annotating cost; half an hour on a quiet machine
	$(BIN)/python -m bench.embedding --clips 100000
	$(BIN)/python -m bench.ranking --most 1000000 --jobs
	$(BIN)/python -m bench.annotation

bench-demo-retrieval: $(INSTALLED_DEV)  ## Train a small CLIP on the drawn corpus, tune it, rank with it, print the table
	$(BIN)/python -m bench.demo_retrieval

clean:  ## Remove the environment and caches; studies and votes under var/ stay
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# A mark written last, so that an interrupted installation is not taken for a finished one.
$(INSTALLED): requirements-web.txt requirements.txt requirements-models.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else "This needs Python 3.11 to 3.13; $(PYTHON) is %d.%d. Name another: make PYTHON=python3.12 ..." % v)'
	@$(PYTHON) -m venv $(VENV) || { echo "No virtual environment could be made; on Debian and Ubuntu install python3-venv."; exit 1; }
	@echo "Installing what the site and its models need: some gigabytes, so some minutes."
	$(PIP) install --quiet -r requirements.txt
	$(PIP) install --quiet --no-deps -r requirements-models.txt
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	$(PIP) install --quiet -r requirements-dev.txt
	@touch $@
