# make install: everything into .venv; make demo: three rounds on the sample crawl; make test: all tests.
# A line "#: …" above a target says how tests/docs/test_commands.py checks it: "run" calls it, with the settings given and
# "until" its output has a text; "parse" checks that its scripts and their options exist.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FUZZ := $(VENV)-fuzz
CONTENT := $(VENV)-content

.PHONY: install warm studio datatrove annotate model demo test test-fast lint bench bench-duplicates bench-service content-model bench-content chaos fuzz clean

#: parse
install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[annotation,code,ray,report,service,test]'
	touch $(STAMP)

# Label Studio in a virtual environment of its own, 1 GB
#: parse
studio: install
	$(BIN)/python -c 'from annotation.studio.local import default_venv, install; install(default_venv())'

# an environment of datatrove's own for the recipes of docs/pipelines.md, beside recall's packages; without it their tests
# are skipped and say so
DATATROVE := $(VENV)-datatrove
#: parse
datatrove: $(DATATROVE)/.installed
$(DATATROVE)/.installed: $(STAMP)
	rm -rf $(DATATROVE)
	$(PYTHON) -m venv $(DATATROVE)
	$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
		> $$($(DATATROVE)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/beside.pth
	$(DATATROVE)/bin/python -m pip install --quiet --disable-pip-version-check datatrove==0.10.1 datasets fasteners \
		fasttext-numpy2-wheel faust-cchardet orjson python-magic && touch $@ || rm -rf $(DATATROVE)

# a labelling server on this machine with the demo's tasks, PORT=8080
#: parse
annotate: studio
	$(BIN)/recall annotate serve --demo --port $(or $(PORT),8080)

# trains the model that recall ships, from SHARED=FOLDER with labelled crawls: the same pages give the same bytes
#: parse
model: install
	$(BIN)/python -m tests.released_model.train_released $(if $(SHARED),--shared $(SHARED))

#: run until round 1 train:
demo: install
	$(BIN)/recall demo

#: parse
lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# what numba compiles, once, so that not every process of the tests does
#: parse
warm: install
	$(BIN)/python docker/warm.py

# three workers for two cores: many tests wait for servers
TESTS := -n 3 --dist loadgroup

# make -j 4 test: the three environments and lint at the same time
#: parse
test: install warm lint studio $(FUZZ)/.installed $(DATATROVE)/.installed
	$(BIN)/pytest $(TESTS)
	@command -v chromium >/dev/null || echo "make test: skipped the browser tests, as there is no Chromium: apt-get install chromium"
	@test -x $(FUZZ)/bin/python || echo "make test: skipped the coverage fuzzers, as atheris could not be installed"
	@test -x $(DATATROVE)/bin/python || echo "make test: skipped the recipes for datatrove, as it could not be installed"

#: parse
test-fast: install
	$(BIN)/pytest $(TESTS) -m 'not slow'

# WARC=FILE, MODEL=FOLDER: measure on them instead of the sample; PEERS=PYTHON: with datatrove (docs/performance.md)
#: run SHARDS=2000 until {"shards"
bench: install
	$(BIN)/python tests/benchmarks/shards.py $(if $(SHARDS),--shards $(SHARDS))
	$(BIN)/python tests/benchmarks/transport.py
	$(BIN)/python tests/benchmarks/scan.py $(if $(WARC),--warc $(WARC)) $(if $(MODEL),--model $(MODEL)) \
		$(if $(PEERS),--peers $(PEERS))

# PAGES=N: synthetic pages; near-duplicates of real pages: tests/benchmarks/duplicates.py real FOLDER...
#: run PAGES=300
bench-duplicates: install
	$(BIN)/python tests/benchmarks/duplicates.py scale --pages $(or $(PAGES),100000)

# needs wrk (Debian package); the peers' environment is made in $(VENV)-peers
#: run until /^[a-z_]+: |wrk is not installed/
bench-service: install
	$(BIN)/python tests/benchmarks/service.py --peers $(VENV)-peers

# what trains the model of main content, apart from what recall needs
$(CONTENT)/.installed: $(STAMP)
	rm -rf $(CONTENT)
	$(PYTHON) -m venv $(CONTENT)
	$(CONTENT)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[report]' \
		lightgbm==4.6.0 rapidfuzz==3.14.3
	touch $@

# SHARED=FOLDER with the crawls `web` and `crawl`: writes recall/data/content_model.npz, the same bytes each time
SHARED ?= ../shared
#: parse
content-model: $(CONTENT)/.installed
	$(CONTENT)/bin/python -m tests.content_model $(SHARED)

# cross-validated, beside trafilatura and Resiliparse
#: parse
bench-content: $(CONTENT)/.installed
	$(CONTENT)/bin/python tests/benchmarks/main_content.py $(SHARED)

# CHAOS_RUNS=N: small runs under fault injection, each compared with an undisturbed one; called again, it goes on
# (docs/operations.md)
CHAOS_RUNS ?= 10
CHAOS_FOLDER ?= /tmp/recall-chaos
#: parse
chaos: install
	$(BIN)/python -m tests.chaos.campaign --runs $(CHAOS_RUNS) --folder $(CHAOS_FOLDER)

# an environment with atheris for the coverage fuzzers; without it tests skip them and say so
$(FUZZ)/.installed: $(STAMP)
	rm -rf $(FUZZ)
	$(PYTHON) -m venv $(FUZZ) && $(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check atheris==3.0.0 \
		&& touch $@ || rm -rf $(FUZZ)

# ten minutes for each target; atheris sees recall's own packages
FUZZ_SECONDS ?= 600
FUZZ_FOLDER ?= /tmp/recall-fuzz
#: parse
fuzz: $(FUZZ)/.installed
	for target in warc readers text markdown tokens; do \
		$(BIN)/python -m tests.fuzz.run $$target $(FUZZ_FOLDER)/$$target -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

#: parse
clean:
	rm -rf $(VENV) $(VENV)-studio $(FUZZ) $(CONTENT) $(DATATROVE) .mypy_cache .pytest_cache .ruff_cache
