"""The verb construct: what a reader sees, what a program reads, and what is told when it cannot be."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file

from holdfast.cli._main import main
from holdfast.engine.files import load
from holdfast.engine.unroll import unroll


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def document(capsys, *words):
    code = main(["construct", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_reader_sees_gates_budget_and_claim(capsys):
    assert main(["construct", "recall", "--steps", "1000", "--tolerance", "1e-3", "--out", "net.safetensors"]) == 0
    said = capsys.readouterr().out
    for words in (
        "first value",
        "started",
        "σ(9.43 − 33.5·started)",
        "error budget",
        "write",
        "leak",
        "Claim",
        "net.safe",
    ):
        assert words in said
    network, origin = load("net.safetensors")
    assert origin["constructed"]["task"] == "recall"
    assert origin["constructed"]["claim"]["steps"] == 1000
    assert network.units == 2


def test_a_program_reads_the_documented_keys(capsys):
    code, told = document(capsys, "recall", "--cell", "gru", "--steps", "20", "--range", "-2", "2", "--units", "4")
    assert code == 0
    assert told.keys() == {
        "possible",
        "task",
        "cell",
        "units",
        "known_units",
        "counts_to",
        "horizon_steps",
        "state",
        "claim",
        "budget",
        "gates",
        "file",
    }
    assert told["claim"].keys() == {"error", "lengths", "steps", "range", "semantics", "dtype", "least_steps"}
    assert told["claim"]["range"] == [-2, 2]
    assert told["file"] is None
    assert sum(told["budget"].values()) == pytest.approx(told["claim"]["error"])
    assert {gate["name"] for gate in told["gates"]} == {"started", "first value"}
    update = next(g for g in told["gates"] if g["gate"] == "update" and g["name"] == "first value")
    assert max(update["step_1"]) < 0.1
    assert min(update["later"]) > 0.99


def test_every_length_is_a_word(capsys):
    code, told = document(capsys, "recall", "--steps", "any")
    assert code == 0
    assert told["claim"]["steps"] == "any"
    assert told["claim"]["semantics"] == "ieee"


def test_the_impossible_is_an_honest_no_with_a_witness_that_fails(capsys):
    code, told = document(capsys, "recall", "--range", "-inf", "inf", "--tolerance", "0.01")
    assert code == 1
    assert told["possible"] is False
    assert told["theorem"]["proof"]
    witness = told["witness"]
    main(["construct", "recall", "--tolerance", "0.01", "--out", "best.safetensors"])
    network, _ = load("best.safetensors")
    x = jnp.asarray(witness["inputs"], jnp.float32)[None, :, None]
    again = float(np.asarray(unroll(network, x)[0])[0, -1, 0])
    assert again == pytest.approx(witness["output"])
    assert abs(again - witness["inputs"][0]) > 0.01


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("recall --tolerance 0", "--tolerance is 0"),
        ("recall --tolerance nan", "is 'nan', expected a number"),
        ("recall --range 1 -1", "--range 1 -1 is empty"),
        ("recall --range 1 1", "--range 1 1 is empty"),
        ("recall --position 12", "position 12 is past the end of a sequence of 10 steps"),
        ("recall --cell lstn", "Did you mean 'lstm'?"),
        ("recall --units 1", "it needs 2 units (started, first value), but there are 1"),
        ("recall --steps 0", "--steps is 0"),
        ("recall --steps some", "--steps is 'some', expected a whole number"),
        ("recall --tolerance 1e-9 --cell elman", "below what elman reaches in float32"),
        ("order --cell elman", "'mark 1' is overwritten"),
        ("nosuch", "there is no task named 'nosuch'"),
        ("echo --cell feedforward", "there is no cell with constructions named 'feedforward'"),
        ("recall --range inf -inf", "is empty, expected the smaller number first"),
        ("recall --range -inf -inf", "is empty, expected the smaller number first"),
        ("recall --range -inf inf --cell irnn --steps 1", "is unbounded"),
        ("copy --variant reals --range -inf inf", "Only recall accepts an unbounded range"),
        ("recall --range -1e30 1e30", "its weights are between"),
        ("recall --tolerance -1", "--tolerance is -1"),
        ("recall --units 0", "--units is 0"),
        ("recall --form pytorch", "there is no cell with constructions named 'lstm_pytorch'"),
        ("echo --lag any --semantics real", "not in exact arithmetic"),
        ("adding --steps any --semantics real --cell lstm1997", "can hold only one number, of the first step"),
        ("recall --position 2 --steps any --semantics real --cell lstm1997", "can hold only one number"),
        ("recall --dtype half", "--dtype is 'half', expected one of float32, float64"),
        ("recall --lag 3", "named '--lag'"),
        ("recall --out no/such/folder.safetensors", "cannot write"),
    ],
)
def test_a_mistake_is_told_once_without_a_traceback(words, message, capsys):
    assert main(["construct", *words.split()]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""
    assert main(["construct", *words.split(), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert message in f"{told['error']['message']} {told['error']['fix']}"


def test_exact_arithmetic_for_ever_is_an_honest_no(capsys):
    code, told = document(capsys, "recall", "--steps", "any", "--semantics", "real", "--cell", "gru")
    assert code == 1
    assert told.keys() == {"possible", "task", "cell", "theorem", "witness"}
    assert (told["possible"], told["witness"]) == (False, None)
    assert "Ax" in told["theorem"]["rests_on"]


def test_every_length_reaches_the_position_that_is_asked_for(capsys):
    code, told = document(capsys, "recall", "--steps", "any", "--position", "12")
    assert code == 0
    assert told["claim"]["steps"] == "any"


def test_nothing_is_written_by_a_mistake_or_a_no(capsys, tmp_path):
    main(["construct", "recall", "--units", "1", "--out", "net.safetensors"])
    main(["construct", "recall", "--range", "-inf", "inf", "--out", "net.safetensors"])
    assert list(tmp_path.iterdir()) == []


def test_a_network_in_double_precision_is_written_as_such(tmp_path):
    """In a process of its own, which may set how exactly JAX computes."""
    words = ["construct", "recall", "--dtype", "float64", "--tolerance", "1e-9", "--out", "net.safetensors"]
    told = json.loads(process(words, tmp_path))
    assert told["claim"]["dtype"] == "float64"
    assert told["claim"]["error"] <= 1e-9
    assert {value.dtype.name for value in load_file(tmp_path / "net.safetensors").values()} == {"float64"}


@pytest.mark.slow
def test_another_process_says_and_writes_the_same(tmp_path):
    """Python hashes words in another way in each process: the order of sets changes, and nothing made from them may."""
    made = []
    for seed in "12":
        said = process(["construct", "recall", "--cell", "elman", "--out", "net"], tmp_path, PYTHONHASHSEED=seed)
        made.append((said, {name: value.tobytes() for name, value in load_file(tmp_path / "net").items()}))
    assert made[0] == made[1]


def process(words, folder, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "holdfast", *words, "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_that_is_shown_next_runs_where_a_name_has_spaces(capsys):
    assert main(["construct", "recall", "--steps", "10", "--out", "my net.safetensors"]) == 0
    shown = " ".join(capsys.readouterr().out.split()).partition("To prove the claim: holdfast ")[2]
    assert main(shlex.split(shown)) == 0
