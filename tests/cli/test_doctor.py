"""``holdfast doctor`` as a user meets it: what it says of every kind of install, and its exit codes."""

import json
import os
import subprocess
import sys

import pytest

import holdfast
from holdfast import cells
from holdfast.cli import doctor
from holdfast.cli._main import main
from holdfast.engine import engines, native
from holdfast.engine.native import library
from holdfast.engine.native.program import record
from holdfast.engine.native.suitable import digest_of
from tests.engine.native.small_library import DESCRIPTION, build


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder in which the library is looked for, empty at first. It is neither shown to JAX nor made to compute."""
    for name in ("HOLDFAST_ENGINE", "HOLDFAST_INSTRUCTIONS", "HOLDFAST_THREADS"):
        monkeypatch.delenv(name, raising=False)
    engines.get("native")  # imports what lies beside the library
    monkeypatch.setattr(native, "__path__", [str(tmp_path)])
    monkeypatch.setattr(library, "_register", lambda: "")
    monkeypatch.setattr(doctor, "_disagreement", lambda: "")
    library._library.cache_clear()
    yield tmp_path
    library._library.cache_clear()


@pytest.fixture
def run(place, capsys):
    def run(*words):
        code = main(["doctor", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_with_the_library(place, run):
    path = build(place)
    code, out, err = run()
    assert (code, err) == (0, "")
    without = [name for name in cells.FOLDER.names() if cells.get(name).states[:1] != ("h",)]
    for line in (
        "engine           native: the compiled library is installed and passes its test",
        f"library          {path}",
        "instructions     avx2 (built: baseline, avx2, avx512; supported: baseline, avx2)",
        "threads          3",
        "cells            lstm",
        f"run by the loop  {', '.join(without)}: it has no hidden state h",
        "built with       GCC 12.2.0, XLA FFI 0.3",
        f"holdfast         {holdfast.__version__}",
    ):
        assert " ".join(line.split()) in " ".join(out.split())  # a long line is broken
    assert "Install g++" not in out


def test_json_is_one_document_with_everything(place, run, monkeypatch):
    monkeypatch.setenv("HOLDFAST_CACHE", str(place / "kept"))
    path = build(place)
    code, out, _ = run("--json")
    told = json.loads(out)
    assert code == 0
    assert told["engine"] == {
        "asked": "auto",
        "used": "native",
        "why": "the compiled library is installed and passes its test",
        "works": True,
    }
    left = told["library"].pop("cells_left_to_the_loop")
    assert set(left) == set(cells.FOLDER.names())  # the library of this test is of other digests than our cells
    assert digest_of(cells.get("lstm"), record)[0] != DESCRIPTION["cells"]["lstm"]
    assert left["lstm"] == doctor.STALE
    assert left["minlstm"] == "it does not have one map of x and one of h"
    assert told["library"] == {
        "available": True,
        "reason": "",
        "path": str(path),
        "instructions": DESCRIPTION["instructions"],
        "instructions_built": DESCRIPTION["built"],
        "instructions_supported": DESCRIPTION["supported"],
        "threads": 3,
        "cells": DESCRIPTION["cells"],
        "cells_over_all_steps": {},
        "compiler": DESCRIPTION["compiler"],
        "ffi": DESCRIPTION["ffi"],
    }
    assert set(told["versions"]) == {"holdfast", "jax", "jaxlib", "numpy", "python", "machine"}
    assert told["versions"]["holdfast"] == holdfast.__version__
    assert told["caches"] == str(place / "kept")


def test_without_a_library_the_loop_does_the_work_and_that_is_no_failure(run):
    code, out, err = run()
    assert (code, err) == (0, "")
    assert "loop: this install has no compiled library" in out
    assert "Install g++ or clang++" in out


def test_without_a_library_that_was_asked_for_the_answer_is_no(run, monkeypatch):
    monkeypatch.setenv("HOLDFAST_ENGINE", "native")
    code, out, err = run("--json")
    told = json.loads(out)
    assert (code, err) == (1, "")
    assert told["engine"]["used"] == "loop"
    assert told["engine"]["why"].startswith("HOLDFAST_ENGINE is native, but this install has no compiled library")
    assert not told["engine"]["works"]


@pytest.mark.parametrize("name", ["loop", "xla"])
def test_the_loop_that_was_asked_for_is_used_though_the_library_is_there(name, place, run, monkeypatch):
    build(place)
    monkeypatch.setenv("HOLDFAST_ENGINE", name)
    code, out, _ = run("--json")
    told = json.loads(out)
    assert code == 0
    assert (told["engine"]["used"], told["engine"]["why"]) == ("loop", "HOLDFAST_ENGINE is loop")
    assert told["library"]["available"]


def test_a_library_that_computes_something_else_is_a_no(place, run, monkeypatch):
    build(place)
    monkeypatch.setattr(doctor, "_disagreement", lambda: "it is off by 0.5")
    code, out, _ = run()
    assert code == 1
    assert "native: it is off by 0.5" in out
    monkeypatch.setenv("HOLDFAST_ENGINE", "native")
    code, out, _ = run("--json")
    assert code == 1
    assert json.loads(out)["engine"]["why"] == "HOLDFAST_ENGINE is native, but it is off by 0.5"
    monkeypatch.setenv("HOLDFAST_ENGINE", "loop")
    assert run()[0] == 0


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HOLDFAST_ENGINE", "fast"), ("HOLDFAST_INSTRUCTIONS", "sse9"), ("HOLDFAST_THREADS", "none")],
)
def test_a_variable_that_means_nothing_is_a_mistake(variable, value, run, monkeypatch):
    monkeypatch.setenv(variable, value)
    code, out, err = run()
    assert (code, out) == (2, "")
    assert f"{variable} is '{value}', expected" in err
    code, out, _ = run("--json")
    assert (code, json.loads(out)["error"]["kind"]) == (2, "BadValue")


def test_instructions_that_cannot_be_had_are_a_mistake(place, run, monkeypatch):
    build(place, {"error": "no", "built": ["baseline", "avx512"], "supported": ["baseline"]})
    monkeypatch.setenv("HOLDFAST_INSTRUCTIONS", "avx512")
    code, out, err = run()
    assert (code, out) == (2, "")
    assert "'avx512', which cannot run here: expected one of baseline." in err


def test_a_library_that_does_not_load_is_a_line_in_the_report(place, run):
    path = build(place)
    path.write_bytes(path.read_bytes()[:3000])
    code, out, err = run()
    assert (code, err) == (0, "")
    words = " ".join(out.split())
    assert f"loop: {path} is cut short" in words


def test_the_command_itself_agrees_with_what_python_is_told(tmp_path):
    """The library of this very install, whatever it is, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "holdfast", "doctor", "--json"],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k not in ("HOLDFAST_ENGINE", "HOLDFAST_INSTRUCTIONS")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    told = json.loads(ran.stdout)
    assert told["library"]["available"] == library.status().available
    assert told["engine"]["used"] == ("native" if told["library"]["available"] else "loop")
