# make install: everything into .venv; make demo: three rounds on the sample crawl; make test: all tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install studio annotate demo test test-fast lint bench bench-duplicates bench-service chaos fuzz clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[annotation,ray,report,service,test]'
	touch $(STAMP)

# Label Studio in a virtual environment of its own, 1 GB
studio: install
	$(BIN)/python -c 'from annotation.studio.local import default_venv, install; install(default_venv())'

# a labelling server on this machine with the demo's tasks, PORT=8080
annotate: studio
	$(BIN)/recall annotate serve --demo --port $(or $(PORT),8080)

demo: install
	$(BIN)/recall demo

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: install lint studio
	$(BIN)/pytest -n 2

test-fast: install
	$(BIN)/pytest -n 2 -m 'not slow'

# WARC=FILE, MODEL=FOLDER: measure on them instead of the sample; PEERS=PYTHON: with datatrove (docs/performance.md)
bench: install
	$(BIN)/python tests/benchmarks/shards.py
	$(BIN)/python tests/benchmarks/transport.py
	$(BIN)/python tests/benchmarks/scan.py $(if $(WARC),--warc $(WARC)) $(if $(MODEL),--model $(MODEL)) \
		$(if $(PEERS),--peers $(PEERS))

# PAGES=N: synthetic pages; near-duplicates of real pages: tests/benchmarks/duplicates.py real FOLDER...
bench-duplicates: install
	$(BIN)/python tests/benchmarks/duplicates.py scale --pages $(or $(PAGES),100000)

bench-service: install
	$(BIN)/python tests/benchmarks/service.py --peers $(VENV)-peers

# so many small runs in bad weather, each held against the calm one; called again, it goes on (docs/operations.md)
CHAOS_RUNS ?= 10
CHAOS_FOLDER ?= /tmp/recall-chaos
chaos: install
	$(BIN)/python -m tests.chaos.campaign --runs $(CHAOS_RUNS) --folder $(CHAOS_FOLDER)

# ten minutes for each target, in an environment with atheris that sees recall's own packages
FUZZ_SECONDS ?= 600
fuzz: install
	test -x $(VENV)-fuzz/bin/python || ($(PYTHON) -m venv $(VENV)-fuzz && $(VENV)-fuzz/bin/pip install -q atheris==3.0.0)
	for target in warc text markdown tokens; do \
		PYTHONPATH=$$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))") \
		$(VENV)-fuzz/bin/python tests/fuzz/coverage.py $$target /tmp/recall-fuzz/$$target \
		-max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

clean:
	rm -rf $(VENV) $(VENV)-studio .mypy_cache .pytest_cache .ruff_cache
