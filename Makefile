# Everything a newcomer or a machine runs. PYTHON is the interpreter the environment is made from.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEEDS ?= 10000

.PHONY: demo test check containers gen bench up sim crash clients docs clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Portico needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

demo: $(VENV)/installed  ## one real job of each sort, live
	@$(BIN)/python demo/run.py

up: $(VENV)/installed  ## a server in the foreground
	@$(BIN)/portico up

test: check  ## what continuous integration runs

check: $(VENV)/installed containers  ## format, lint, types, direction of imports, generated files, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/gen.py --check
	$(BIN)/python tools/draw_states.py --check
	$(BIN)/python -m pytest -q -m "not long"

CONTAINER_TOOLS := crun runc skopeo umoci bwrap docker-registry busybox
CONTAINER_PACKAGES := crun runc skopeo umoci bubblewrap docker-registry busybox-static containernetworking-plugins

containers:  ## what the tests of containers need; only root on a Debian can have it installed
	@if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then exit 0; fi; \
	missing=; for tool in $(CONTAINER_TOOLS); do command -v $$tool >/dev/null || missing=1; done; \
	[ -x /usr/lib/cni/bridge ] || missing=1; [ -z "$$missing" ] || { apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(CONTAINER_PACKAGES) >/dev/null; }

gen: $(VENV)/installed  ## protos to src/portico/wire, edge tables to docs/state_machines.md
	$(BIN)/python tools/gen.py
	$(BIN)/python tools/draw_states.py

sim: $(VENV)/installed  ## SEEDS seeded schedules of the whole plane
	$(BIN)/python -m tests.simulation.many --seeds $(SEEDS)

crash: $(VENV)/installed  ## random kills under jobs, Mesos tasks, Titus jobs and ArmoniK task graphs
	$(BIN)/python -m pytest -q -s tests/crash -m long

clients: $(VENV)/installed  ## every scenario of every genuine client
	$(BIN)/python -m pytest -q tests/clients

bench: $(VENV)/installed  ## every benchmark beside its limit or a peer, results in bench/results
	$(BIN)/python bench/run.py

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis
