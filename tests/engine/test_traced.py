"""Kept traces: the second program is not traced and gives the same bits; whatever determines a trace is in its key."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.core import cache
from holdfast.engine import traced
from holdfast.engine.network import create
from holdfast.engine.sampled import sampled
from holdfast.engine.traced import TracedProgram, is_own_cell, task_identity
from holdfast.tasks.recall import Recall

NUMBERS = np.arange(6, dtype=np.float32)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path))
    monkeypatch.setattr(cache, "_enabled", True)
    return tmp_path


def run(times: list[str], name: object = "a", numbers: np.ndarray = NUMBERS, number: float = 3.0) -> np.ndarray:
    def function(pair: dict[str, jax.Array]) -> tuple[jax.Array, dict[str, jax.Array]]:
        times.append("traced")
        return jnp.sin(pair["x"]) * number, {"sum": pair["x"].sum()}

    identity = None if name is None else {"program": name}
    program = TracedProgram(lambda: function, lambda pair: (0, {"sum": 0}), lambda pair: identity)
    values, more = program({"x": numbers})
    assert float(more["sum"]) == numbers.sum()
    return np.asarray(values)


def test_a_kept_program_is_not_traced_and_gives_the_same_bits():
    times: list[str] = []
    first, second = run(times), run(times)
    assert times == ["traced"]
    assert first.tobytes() == second.tobytes() == np.asarray(jax.jit(lambda x: jnp.sin(x) * 3.0)(NUMBERS)).tobytes()


def test_another_name_shape_format_or_file_is_another_program(monkeypatch):
    times: list[str] = []
    run(times)
    run(times, name="b")
    run(times, numbers=NUMBERS[:3])
    run(times, numbers=NUMBERS.astype(np.int32))
    monkeypatch.setattr(traced, "_surroundings", lambda: ["another version"])
    run(times)
    assert len(times) == 5


def test_without_an_identity_nothing_is_kept(folder):
    times: list[str] = []
    run(times, name=None)
    run(times, name=None)
    assert len(times) == 2
    assert not (folder / "traced").exists()


def test_a_damaged_file_is_traced_again(folder):
    times: list[str] = []
    expected = run(times)
    (file,) = (folder / "traced").iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    assert run(times).tobytes() == expected.tobytes()
    assert run(times).tobytes() == expected.tobytes()
    assert len(times) == 2


def test_parts_of_plug_ins_are_not_kept(offenders):
    assert is_own_cell("prenorm(lstm)")
    assert not is_own_cell("swapped_gates")
    assert task_identity("judge", "lstm", Recall(steps=5), rows=3) == {
        "program": "judge",
        "task": "recall",
        "axes": {**task_identity("judge", "lstm", Recall(steps=5))["axes"], "steps": 5},
        "rows": 3,
    }
    assert task_identity("judge", "lstm", Recall(steps=6)) != task_identity("judge", "lstm", Recall(steps=5))


def test_the_surroundings_name_every_file_of_the_package():
    files, *_ = traced._surroundings()
    named = {Path(file).relative_to(Path(traced.__file__).parent.parent).as_posix() for file, *_ in files}
    assert {"engine/traced.py", "cells/lstm.py", "tasks/recall.py"} <= named


def test_a_program_traced_in_single_precision_is_not_taken_for_one_in_double(folder):
    program = traced.network_program(lambda network, x: x + jnp.arange(3.0))
    network, x = create("elman", 1, 2, 1), np.arange(3, dtype=np.float32)
    single = program(network, x)
    with jax.enable_x64(True):
        double = program(network, x)
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    assert len(list((folder / "traced").iterdir())) == 2


def test_rows_of_a_task_are_those_that_it_samples():
    task = Recall(steps=5)
    found, expected = sampled(task, 3, 4, "test", first=2), task.sample(jax.random.key(3), 4, "test", 2)
    for name in ("inputs", "targets", "scored", "present"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
