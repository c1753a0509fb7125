# The two commands of the README, and what contributors need. Each works on a fresh machine with Python >= 3.11;
# where it has a C++ compiler too, the compiled library is built on the way.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# What an installation is made of: pip goes to work again when one of these has changed.
SOURCES = pyproject.toml CMakeLists.txt $(wildcard src/holdfast/engine/native/*.cpp src/holdfast/engine/native/*.h)

.PHONY: demo test test-all style slow lint docs bench wheel local-wheel native studies system clean

demo: $(VENV)/.installed
	$(BIN)/holdfast demo

PYTEST = $(BIN)/python -m pytest --shapes -n 2 --dist worksteal

test: style
	$(PYTEST) -m "not slow"

# Every test: those of 'make test' and the slow ones, which tests/slow.txt names.
test-all: style
	$(PYTEST)

style: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

# Measures every test and writes tests/slow.txt anew.
slow: $(VENV)/.installed-test
	$(PYTEST) --durations=0 --durations-min=0.05 | $(BIN)/python tests/slow.py

lint: $(VENV)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/pyright --pythonpath $(BIN)/python

docs: $(VENV)/.installed-docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build

bench: $(VENV)/.installed-bench
	$(BIN)/python benchmarks/demonstration.py

# A wheel for this machine, in dist/, of the objects that the installation compiled.
local-wheel: $(VENV)/.tools
	HOLDFAST_REQUIRE_NATIVE=1 $(PIP) wheel --no-build-isolation --no-deps --wheel-dir dist .

# The library alone, beside its sources, compiling only what has changed; needs an environment that 'make test' made.
native: | $(VENV)/bin/python
	PATH="$(abspath $(BIN)):$$PATH" cmake -S . -B build/native -DPython_EXECUTABLE="$(abspath $(BIN))/python"
	PATH="$(abspath $(BIN)):$$PATH" cmake --build build/native --parallel
	PATH="$(abspath $(BIN)):$$PATH" cmake --install build/native --prefix src

# The wheel for Linux (glibc 2.28 or newer) in dist/, built and tried without a container.
wheel:
	PYTHONS="$(PYTHON)" .ci/wheel dist

# The runs behind the pages of the studies, kept in src/holdfast/studies/kept/: minutes on 16 cores; goes on where it was stopped.
studies: $(VENV)/.installed
	$(BIN)/python benchmarks/studies.py

# What tests need of the system besides Python: a PostgreSQL server and a Chromium, by Debian's packages. As root.
system:
	sh .ci/system

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# pip knows dependency groups from 25.1 on. The tools of the build stay in the environment and its objects in build/pip,
# so that only what has changed is compiled again.
$(VENV)/.tools: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet "pip>=25.1" cmake ninja $$($(BIN)/python -c \
		"import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'])")
	touch $@

PIP = SKBUILD_BUILD_DIR=build/pip $(BIN)/python -m pip --quiet

$(VENV)/.installed: $(SOURCES) $(VENV)/.tools
	$(PIP) install --no-build-isolation -e .
	touch $@

# What tests need includes what the documentation needs: the library is not compiled again for it. Python compiles
# modules when they are first imported, which most of those in all these packages never are.
unexport PYTHONDONTWRITEBYTECODE
$(VENV)/.installed-%: $(SOURCES) $(VENV)/.tools
	$(PIP) install --no-compile --no-build-isolation -e . --group $*
	touch $@ $(if $(filter test,$*),$(VENV)/.installed-docs)

clean:
	rm -rf $(VENV) build dist docs/_build docs/_generated docs/jupyter_execute
