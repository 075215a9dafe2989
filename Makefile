# Everything runs in .venv; each target does what it needs first. `make` alone shows the demo.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
INSTALLED := .venv/installed
# Test processes: each keeps servers of its own, and much of a test is waiting for them.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -lt 2 ] && n=2; [ $$n -gt 4 ] && n=4; echo $$n)

.PHONY: demo install test check docs site mutants bench lock wheel clean

demo: $(INSTALLED)
	$(BIN)/syncd demo

install: $(INSTALLED)

$(INSTALLED): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

test: $(INSTALLED)
	tests/needs
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/tidy

# What the program itself knows: the reference, and messages, metrics, settings and commands in both languages.
docs: $(INSTALLED)
	$(BIN)/python -m docs.reference
	$(BIN)/python -m docs.pages

# The documents as pages to be read or served from site/. Its tools have a .venv of their own: nothing else needs them.
site: .venv/docs/installed
	.venv/docs/bin/zensical build --strict

.venv/docs/installed: requirements-docs.lock
	$(PYTHON) -m venv .venv/docs
	.venv/docs/bin/pip install --quiet --require-hashes -r requirements-docs.lock
	@touch $@

mutants: $(INSTALLED)
	$(BIN)/python -m tests.mutants

# `make bench AGAINST=../earlier`: beside an earlier checkout (`git worktree add ../earlier COMMIT`, and `make install` there).
bench: $(INSTALLED)
	tests/needs
	$(BIN)/python -m bench $(if $(AGAINST),--against $(AGAINST))

# Nothing of what tests need: a Python and the one tool that builds. The wheel and the source distribution, in dist/.
wheel:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }
	@test -x build/venv/bin/pip || $(PYTHON) -m venv build/venv || { rm -rf build/venv; echo "apt-get install python3-venv"; exit 1; }
	build/venv/bin/pip install --quiet --require-hashes -r requirements-build.lock
	build/venv/bin/hatchling build -t sdist -t wheel -d dist

# Pins versions and hashes; addresses never stand in a lock.
PINNED := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
lock:
	uv pip compile $(PINNED) --extra postgres --extra mysql --extra kafka --extra avro --extra alerts --extra console pyproject.toml -o requirements.lock
	echo hatchling | uv pip compile $(PINNED) - -o requirements-build.lock
	printf 'zensical\n' | uv pip compile $(PINNED) - -o requirements-docs.lock
	printf 'hatchling\neditables\n' | uv pip compile $(PINNED) --all-extras pyproject.toml - -o requirements-dev.lock

clean:
	rm -rf .venv build dist site demo-data .mypy_cache .ruff_cache .pytest_cache
