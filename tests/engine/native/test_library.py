"""The loader: what does not load is a reason, never a traceback; what is asked for and cannot be had is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.core.errors import BadValue, Problem, UnknownName
from holdfast.engine import engines, native
from holdfast.engine.native import library
from holdfast.tasks.recall import Recall
from holdfast.training.settings import Settings
from tests.engine.native.small_library import NAME, build


@pytest.fixture(autouse=True)
def unasked(monkeypatch):
    """No test is told what to do by the environment it happens to run in."""
    for name in ("HOLDFAST_ENGINE", "HOLDFAST_INSTRUCTIONS", "HOLDFAST_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder in which the library is looked for, empty at first; what this process had loaded is not asked.

    JAX must not be told of any library here: it would go on using it in the tests that come after."""
    monkeypatch.setattr(native, "__path__", [str(tmp_path)])
    monkeypatch.setattr(library, "_register", lambda: pytest.fail("this library would have been used"))
    library._library.cache_clear()
    yield tmp_path
    library._library.cache_clear()


def apart(folder: Path, program: str, **environment: str) -> dict:
    """Run ``program`` in a process of its own, with ``folder`` for the library's place; gives what it prints."""
    start = (
        "import json, sys\nfrom pathlib import Path\nfrom holdfast.engine import engines, native\n"
        "from holdfast.engine.native import library\nfolder = Path(sys.argv[1])\nnative.__path__ = [str(folder)]\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", start + program, str(folder)],
        env={**os.environ, "JAX_PLATFORMS": "cpu", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"exit code {ran.returncode}\n{ran.stderr}"
    return json.loads(ran.stdout)


def test_a_whole_library_says_what_it_is(place):
    path = build(place)
    assert library.status() == library.Status(
        available=True,
        reason="",
        path=path,
        instructions="avx2",
        instructions_built=("baseline", "avx2", "avx512"),
        instructions_supported=("baseline", "avx2"),
        threads=3,
        cells={"lstm": "0123456789abcdef"},
        compiler="GCC 12.2.0",
        ffi=(0, 3),
    )


def test_no_library_is_a_reason(place):
    found = library.status()
    assert not found.available
    assert found.path is None
    assert "no compiled library" in found.reason
    assert library.ready() == found
    assert engines.asked() == ("loop",)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"abi": 7}, "of another version of holdfast: its functions are of form 7, not 4"),
        ({"abi": 0, "leave_out": "ONLY_ABI"}, "its functions are of form 0, not 4"),
        ({"leave_out": "ONLY_ABI"}, "not holdfast's library"),
        ({"leave_out": "WITHOUT_BACKWARD"}, "holdfast_backward"),
        ({"description": "no JSON"}, "in words that are not understood"),
        ({"description": ["a", "list"]}, "in words that are not understood"),
        ({"description": {"error": "the machine is too old"}}, "the machine is too old"),
    ],
)
def test_a_library_that_will_not_do_is_a_reason(options, reason, place):
    path = build(place, **options)
    found = library.status()
    assert not found.available
    assert reason in found.reason
    assert found.path == path
    assert library.ready() == found
    assert engines.asked() == ("loop",)
    with pytest.raises(BadValue, match="the engine 'native' cannot be used:") as told:
        engines.asked("native")
    assert reason in told.value.message
    assert told.value.fix == library.REPAIR


def test_what_is_no_library_is_a_reason(place):
    for content in (b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01\x01" + bytes(80)):
        (place / NAME).write_bytes(content)
        library._library.cache_clear()
        assert "does not load here" in library.status().reason


def test_a_library_for_another_processor_is_a_reason(place):
    path = build(place)
    content = bytearray(path.read_bytes())
    content[18:20] = (0x28).to_bytes(2, sys.byteorder)  # 32-bit ARM, which this process is not
    path.write_bytes(content)
    assert "does not load here" in library.status().reason


def test_a_folder_in_its_place_is_passed_over(place):
    (place / NAME).mkdir()
    assert "no compiled library" in library.status().reason


def test_a_file_cut_short_at_any_length_is_a_reason_and_not_the_end_of_the_process(tmp_path):
    """In a process of its own: the system's loader, given such a file, ends it."""
    whole = build(tmp_path)
    program = (
        "content = (folder / 'whole.so').read_bytes()\n"
        "reasons = []\n"
        "for k in range(40):\n"
        "    path = folder / f'cut-{k}.so'\n"
        "    path.write_bytes(content[:len(content) * k // 40])\n"
        "    try:\n"
        "        library.load(path)\n"
        "    except library.UnusableLibrary as why:\n"
        "        reasons.append(str(why))\n"
        "library.load(folder / 'whole.so')\n"
        "print(json.dumps(reasons))\n"
    )
    whole.rename(tmp_path / "whole.so")
    reasons = apart(tmp_path, program)
    assert len(reasons) == 40
    assert all("is cut short" in reason or "does not load here" in reason for reason in reasons)


def test_every_folder_of_the_package_is_searched(tmp_path, monkeypatch):
    folders = [tmp_path / name for name in ("first", "second", "third")]
    monkeypatch.setattr(native, "__path__", [str(folder) for folder in folders])
    assert library.find() is None
    for folder, name in ((folders[2], NAME), (folders[1], "libholdfast_native.dylib")):
        folder.mkdir()
        (folder / name).touch()
        assert library.find() == folder / name


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("HOLDFAST_ENGINE", "fast", "expected one of auto, native, loop"),
        ("HOLDFAST_ENGINE", "XLA", "expected one of auto, native, loop"),
        ("HOLDFAST_INSTRUCTIONS", "sse9", "expected one of baseline, avx2, avx512, neon"),
        ("HOLDFAST_THREADS", "0", "expected a whole number from 1 to 1024"),
        ("HOLDFAST_THREADS", "-1", "expected a whole number"),
        ("HOLDFAST_THREADS", "two", "expected a whole number"),
        ("HOLDFAST_THREADS", "²", "expected a whole number"),
        ("HOLDFAST_THREADS", "9" * 5000, "expected a whole number"),
    ],
)
def test_a_variable_that_means_nothing_is_told(variable, value, expected, place, monkeypatch):
    build(place)
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadValue) as told:
        engines.asked()
    assert f"{variable} is '{value}', {expected}" in told.value.message
    assert "Leave it out" in told.value.fix
    found = library.status()
    assert found.available == (variable == "HOLDFAST_ENGINE")
    assert found.available or f"{variable} is '{value}'" in found.reason


@pytest.mark.parametrize("supported", [["baseline"], []])
def test_instructions_that_this_machine_lacks_are_told_where_they_are_forced(supported, place, monkeypatch):
    build(place, {"error": "it has no avx512", "built": ["baseline", "avx512"], "supported": supported})
    monkeypatch.setenv("HOLDFAST_INSTRUCTIONS", "avx512")
    for engine in ("auto", "native"):
        with pytest.raises(BadValue) as told:
            engines.asked(engine)
        expected = "expected one of baseline" if supported else "it has no avx512"
        assert told.value.message == f"HOLDFAST_INSTRUCTIONS is 'avx512', which cannot run here: {expected}."
    assert library.status().reason == "it has no avx512"


def test_the_former_name_of_the_loop_is_understood(place, monkeypatch):
    build(place)
    monkeypatch.setenv("HOLDFAST_ENGINE", "xla")
    assert engines.asked() == ("loop",)
    settings = Settings(Recall(steps=3), engine="loop")
    document = {**settings.as_json(), "engine": "xla"}
    assert Settings.from_json(document) == settings
    assert settings.identity()["engine"] == "xla"  # so that the keys of a store stay as they are


def test_a_variable_that_is_empty_is_not_set(place, monkeypatch):
    for name in ("HOLDFAST_ENGINE", "HOLDFAST_INSTRUCTIONS", "HOLDFAST_THREADS"):
        monkeypatch.setenv(name, "")
    assert engines.asked() == ("loop",)


def test_what_is_said_in_the_call_goes_before_the_environment(place, monkeypatch):
    monkeypatch.setenv("HOLDFAST_ENGINE", "native")
    assert engines.asked("loop") == ("loop",)
    with pytest.raises(BadValue, match="the engine 'native' cannot be used: this install has no compiled library"):
        engines.asked()
    with pytest.raises(UnknownName, match=r"there is no engine named 'natve'.*Did you mean 'native'"):
        engines.asked("natve")


def test_threads_are_set_by_the_environment_and_by_call(place, monkeypatch):
    build(place)
    monkeypatch.setenv("HOLDFAST_THREADS", "5")
    assert library.status().threads == 5
    library.set_threads(7)
    assert library.status().threads == 7
    for count in (0, -1, 2**40):
        with pytest.raises(Problem, match=f"the number of threads is {count}, expected from 1 to 1024"):
            library.set_threads(count)
    assert library.status().threads == 7


def test_threads_without_a_library_are_of_no_effect(place):
    library.set_threads(2)
    assert library.status().threads is None


def test_to_look_costs_no_jax(tmp_path):
    build(tmp_path)
    program = "print(json.dumps([library.status().available, 'jax' in sys.modules]))"
    assert apart(tmp_path, program) == [True, False]


USE = (
    "import jax\nfound = library.ready()\n"
    "print(json.dumps([found.available, found.reason, engines.asked()[0], float(jax.numpy.ones(3).sum())]))"
)


def test_a_library_that_jax_takes_is_used(tmp_path):
    build(tmp_path)
    assert apart(tmp_path, USE) == [True, "", "native", 3.0]
    assert apart(tmp_path, USE, HOLDFAST_ENGINE="xla") == [True, "", "loop", 3.0]


def test_a_library_for_another_version_of_xla_is_a_reason_and_jax_goes_on(tmp_path):
    build(tmp_path, minor="99")
    available, reason, chosen, total = apart(tmp_path, USE)
    assert not available
    assert "JAX does not take" in reason
    assert "version (0.99) is incompatible" in reason
    assert (chosen, total) == ("loop", 3.0)


def test_where_jax_may_not_use_the_cpu_it_is_a_reason(tmp_path):
    build(tmp_path)
    program = "found = library.ready()\nprint(json.dumps([found.available, found.reason, engines.asked()[0]]))"
    available, reason, chosen = apart(tmp_path, program, JAX_PLATFORMS="tpu")
    assert (available, chosen) == (False, "loop")
    assert "JAX does not take" in reason
