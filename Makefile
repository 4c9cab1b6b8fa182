# make serve    serve the bundled model on http://127.0.0.1:8000 (sets up .venv first)
# make test     run every check and every test (sets up .venv first)
# make lint     only ruff, mypy and the import rules
# make test-clients   run real clients (openai, anthropic, ollama, LangChain, …) against a server; needs a package registry
# make bench    streamed tokens per second over HTTP, beside a bare loop over mlx-lm
# make models   train the bundled models anew and measure them (hours on a CPU; taken up again where it stopped)
# make clean    remove .venv and what builds left behind
#
# PYTHON=python3.12 chooses the interpreter that .venv is made from.

VENV := .venv
RUN := $(VENV)/bin/python
PYTHON ?=

export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

.PHONY: serve test test-clients lint bench models clean
.DELETE_ON_ERROR:

serve: $(VENV)/.serve
	@exec $(RUN) -m mlxkernel serve -c mlx.toml

test: export HF_HUB_OFFLINE = 1
test: lint
	$(RUN) -m pytest

test-clients: $(VENV)/.test
	$(RUN) -m tests.clients.run --cache .clients

lint: $(VENV)/.test
	$(RUN) -m ruff check
	$(RUN) -m mypy
	$(RUN) -m pytest -q tests/kernel/test_import_rules.py

bench: $(VENV)/.test
	$(RUN) tests/bench/throughput.py

TINY := plugins/mlxkernel_plugins/tiny/model
TINY_VISION := plugins/mlxkernel_plugins/tiny/vision_model

models: $(VENV)/.train
	$(RUN) -m mlxkernel_plugins.tiny.recipe.tokenizer --out $(TINY)
	$(RUN) -m mlxkernel_plugins.tiny.recipe.train --out $(TINY) --work build/tiny
	$(RUN) -m mlxkernel_plugins.tiny.recipe.evaluate
	$(RUN) -m mlxkernel_plugins.tiny.vision_recipe.train --out $(TINY_VISION) --work build/tiny-vision
	$(RUN) -m mlxkernel_plugins.tiny.vision_recipe.evaluate

clean:
	rm -rf $(VENV) .clients build dist .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.serve: pyproject.toml | $(RUN)
	$(RUN) -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: pyproject.toml | $(RUN)
	$(RUN) -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.serve

$(VENV)/.train: pyproject.toml | $(RUN)
	$(RUN) -m pip install --quiet --editable '.[train]'
	@touch $@

# The first Python that is new enough; a shim without an interpreter behind it fails the check and is passed over.
$(RUN):
	@for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.10 python); do \
	    "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && { python=$$candidate; break; }; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "mlxkernel needs Python 3.10 or newer, and $(or $(PYTHON),python3) is not one; install it, or name one that you have: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	    echo "$$python has no venv or pip; install them (Debian and Ubuntu: apt install python3-venv), or name another Python: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	echo "making $(VENV) with $$python (once)"; \
	"$$python" -m venv --clear $(VENV)
