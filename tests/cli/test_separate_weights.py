"""The network with weights of its own at every step, through the verbs: what it does, and what it refuses in words."""

import json

import pytest

from holdfast.cli._main import main
from holdfast.engine.files import load, save
from holdfast.engine.initialise import build
from holdfast.tasks.recall import Recall
from holdfast.training.settings import Settings


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A network for three steps, untrained, that says it was trained on recall."""
    monkeypatch.chdir(tmp_path)
    network = build("lstm", inputs=1, units=3, outputs=1, steps=3)
    save(network, "net.safetensors", {"settings": Settings(Recall(steps=3), units=3, weights="per_step").as_json()})
    return "net.safetensors"


def run(capsys, *words):
    code = main(list(words))
    return code, *capsys.readouterr()


@pytest.mark.slow
def test_training_gives_it_as_many_steps_as_the_longest_row_has(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ("--steps", "3", "--weights", "per_step", "--units", "2", "--seeds", "1", "--budget", "64", "--json")
    code, out, err = run(capsys, "train", "recall", *words)
    assert code == 1, err
    network, _ = load(json.loads(out)["weights"][0])
    assert network.steps == 3


def test_it_is_measured_up_to_its_last_step_and_refuses_the_next(file, capsys):
    code, out, _ = run(capsys, "test", file, "--lengths", "2,3", "--sequences-per-length", "4")
    assert (code, "Solved" in out) == (1, True)
    code, out, err = run(capsys, "test", file, "--lengths", "4", "--sequences-per-length", "4")
    assert (code, out) == (2, "")
    assert "this lstm network has separate weights for 3 steps, not for 4" in err
    assert "Give at most 3 steps" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("certify", "FILE", "--tolerance", "1"),
            "this lstm network has separate weights for every step, and bounds here",
        ),
        (
            ("export", "FILE", "--to", "torch", "--out", "out.safetensors"),
            "this lstm network has separate weights for every step, and torch has no layer that does",
        ),
    ],
)
def test_what_it_cannot_do_is_said(file, capsys, words, told):
    code, out, err = run(capsys, *(file if word == "FILE" else word for word in words))
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err
