# fognode: make demo | test | check | bench | install | uninstall | flash | clean

PY     := .venv/bin/python
BUILD  := build
STAMPS := $(BUILD)/stamps
FIRMWARE_APT := gcc make gcc-avr avr-libc binutils-avr libsimavr-dev libelf-dev pkg-config
TEST_APT := $(FIRMWARE_APT) libmariadb-dev mariadb-server nodejs npm systemd chromium xmlsec1
DB     ?= sqlite
# Of pytest: more than there are cores, as many tests wait; 0 = none, one test after the other.
WORKERS ?= 3
# The pure middle and the tree's own rules; make check is to take less than a minute.
FAST   := $(wildcard tests/test_*.py) tests/custody tests/alerts tests/ledgers

# Where it is set, every process that a test starts would compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench chaos install uninstall flash firmware contracts clean

# Runs the farm in a box. Needs no root: what cannot be installed is named and worked around.
demo: $(STAMPS)/demo
	@$(PY) -m fognode demo --db $(DB) $(ARGS)

# All tests, on real peers. With CI=true a missing peer is a failure.
test: $(STAMPS)/test
	$(PY) -m pytest -n $(WORKERS) --max-worker-restart=0 $(ARGS)

check: $(STAMPS)/dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m pytest -q -n 2 -m "not mariadb and not chain and not avr and not whole" $(FAST)

# The table of promises; writes build/bench.json.
bench: $(STAMPS)/test
	$(PY) -m tests.bench $(ARGS)

# The crash matrix (docs/crash_matrix.md): kill -9, power cuts, failing disks. Cuts need root.
chaos: $(STAMPS)/test
	$(PY) -m tests.crash.chaos --db mariadb $(if $(SEED),--seed $(SEED)) $(ARGS)

firmware:
	$(MAKE) -C firmware

flash:
	$(MAKE) -C firmware flash PORT=$(PORT)

# Generates contracts/abi anew from contracts/src.
contracts:
	cd contracts && npm ci --ignore-scripts --no-audit --no-fund && node compile.mjs

# --- set-up: each stamp is one step that was done -------------------------------------------

$(STAMPS)/demo: setup.cfg pyproject.toml
	@sh .ci/setup.sh demo "$(FIRMWARE_APT) libmariadb-dev python3-venv $(if $(filter mariadb,$(DB)),mariadb-server)"
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/test: setup.cfg pyproject.toml contracts/package-lock.json
	@sh .ci/setup.sh test "$(TEST_APT) python3-venv"
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: setup.cfg pyproject.toml
	@sh .ci/setup.sh dev "libmariadb-dev gcc python3-venv"
	@mkdir -p $(STAMPS) && touch $@

install:
	sh systemd/install.sh

uninstall:
	sh systemd/uninstall.sh

clean:
	rm -rf $(BUILD) .fognode contracts/out contracts/cache
