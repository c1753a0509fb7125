"""Bad input: one clear message on standard error, exit code 2, no traceback, the nearest name suggested."""

import json
from pathlib import Path

import pytest

from holdfast.cli._main import main
from holdfast.engine.files import save
from holdfast.engine.initialise import build

MISTAKES = [
    (["trian"], "there is no verb named 'trian'", "Did you mean 'train'?"),
    (["train"], "holdfast train needs a task", "holdfast train recall"),
    (["train", "--units", "3", "recall"], "the task 'recall' stands after a flag", "holdfast train recall"),
    (["train", "recal"], "there is no task named 'recal'", "Did you mean 'recall'?"),
    (["train", "recall", "--cell", "lstn"], "there is no cell named 'lstn'", "Did you mean 'lstm'?"),
    (["train", "recall", "--unit", "3"], "there is no flag of 'holdfast train' named '--unit'", "'--units'"),
    (["train", "recall", "--units", "many"], "--units is 'many', expected a whole number", "--help"),
    (["demo", "--seed", "-1"], "--seed is -1, expected at least 0", ""),
    (["train", "recall", "--seed", "9" * 30], "expected at most 4,294,967,295", ""),
    (["train", "recall", "--units", "0"], "--units is 0, expected at least 1", ""),
    (["train", "recall", "--steps", "4", "--position", "9"], "position 9 is past the end of a sequence of 4 steps", ""),
    (["train", "recall", "--range", "1", "-1"], "is empty, expected the smaller number first", ""),
    (["train", "recall", "--range", "-inf", "inf"], "is unbounded", ""),
    (["train", "recall", "--range", "nan", "1"], "--range is 'nan', expected a number", ""),
    (["train", "recall", "--lag", "3"], "named '--lag'", ""),
    (["train", "recall", "extra"], "'extra' is one argument too many", ""),
    (["train", "recall", "--clip", "big"], "--clip is 'big', expected a number", ""),
    (["train", "recall", "--clip", "1e39"], "--clip is 1e+39, expected a positive number of at most 3.4e+38", ""),
    (["train", "recall", "--learning-rate", "1e39"], "--learning-rate is 1e+39, expected a positive number", ""),
    (["train", "recall", "--tolerance", "1e39"], "--tolerance is 1e+39, expected at most 3.4e+38", ""),
    (["train", "recall", "--threads", "0"], "--threads is 0", ""),
    (["train", "recall", "--initialisation", "xavier"], "--initialisation starts with 'xavier'", ""),
    (["train", "echo", "--sequences", "a"], "has one symbol, so there is nothing to predict", ""),
    (["train", "--resume", "nowhere"], "nowhere has no run that can be resumed", ""),
    (["train", "--resume", "nowhere", "--units", "3"], "keeps its settings, but 'units' was given", ""),
    (["demo", "--sequences", "3"], "sequence 1, '3', has one symbol", "Try --sequences"),
    (["demo", "--sequences", "3,,1"], "has an empty symbol", ""),
    (["demo", "--sequences", "3,0,1", "3,0,2"], "sequences 1 and 2 contradict each other: after 3,0", ""),
    (["demo", "--epochs", "0"], "--epochs is 0, expected at least 1", ""),
    (["demo", "--units", "-3"], "--units is -3, expected at least 1", ""),
    (
        ["demo", "--update", "epoch"],
        "there is no update rule named 'epoch'; there are: batch, online, sequence, step",
        "",
    ),
    (
        ["train", "recall", "--optimiser", "sgd+momentum=2"],
        "sgd: momentum is 2, expected at most 1",
        "holdfast show sgd",
    ),
    (["train", "recall", "--stop", "never"], "there is no stopping rule named 'never'; there are: budget, error", ""),
    (["train", "recall", "--order", "any"], "--order is 'any', expected one of fixed, shuffled", ""),
    (["demo", "--threads", "0"], "--threads is 0", ""),
    (["demo", "--initialisations", "-1"], "--initialisations is -1", ""),
    (["demo", "--open"], "--open needs a page to show", "Add --page"),
    (["demo", "--page", "nowhere/page.html"], "cannot write nowhere/page.html: there is no folder nowhere", ""),
    (["test", "nothing.safetensors"], "there is no file nothing.safetensors", ""),
    (
        ["show", "lsmt"],
        "diagnostic, study, optimiser, update rule, stopping rule, run or network file named 'lsmt'",
        "Did you mean 'lstm'?",
    ),
    (["list", "sells"], "KIND is 'sells', expected one of cells, blocks", "Did you mean 'cells'?"),
    (["test", "run"], "run is a folder, expected a file", "Networks in it: run/weights/seed-0.safetensors."),
    (["import", "run", "--from", "torch"], "run is a folder, expected a file", ""),
    (["train", "recall", "--steps", "-3"], "recall: --steps is -3, expected at least 1.\n", ""),
    (["show", ""], "named ''", ""),
    (["check-plugin", "nowhere.py"], "there is no file nowhere.py", ""),
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("run/weights").mkdir(parents=True)
    Path("run/weights/seed-0.safetensors").touch()


@pytest.mark.parametrize(("words", "message", "fix"), MISTAKES, ids=lambda value: None)
def test_one_message_and_exit_code_two(words, message, fix, capsys):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert fix in err
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize("words", [["train", "recal"], ["demo", "--sequences", "a"], ["show", "x"]])
def test_json_tells_the_error_as_a_document(words, capsys):
    assert main([*words, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert set(error) == {"kind", "message", "fix"}
    assert error["message"]


def test_nothing_is_left_behind_by_a_mistake():
    main(["train", "recall", "--units", "0"])
    main(["train", "recall", "--initialisation", "xavier"])
    assert not Path("runs").exists()


def test_a_run_is_never_overwritten(capsys):
    Path("mine").mkdir()
    Path("mine/settings.json").write_text("{}")
    assert main(["train", "recall", "--out", "mine"]) == 2
    assert "there is already a run in mine" in capsys.readouterr().err
    assert Path("mine/settings.json").read_text() == "{}"


@pytest.mark.parametrize(("content", "message"), [(b"", "cannot be read"), (b"\x00" * 50, "cannot be read")])
def test_an_unreadable_file_is_told(content, message, capsys):
    Path("net.safetensors").write_bytes(content)
    assert main(["test", "net.safetensors"]) == 2
    assert message in capsys.readouterr().err


def test_a_network_without_a_task_asks_for_one(capsys):
    save(build("lstm", inputs=1, units=2, outputs=1), "net.safetensors")
    assert main(["test", "net.safetensors"]) == 2
    assert "does not record the task it was made for" in capsys.readouterr().err


def test_a_task_that_does_not_fit_is_told(capsys):
    save(build("lstm", inputs=3, units=2, outputs=1), "net.safetensors")
    assert main(["test", "net.safetensors", "--task", "recall"]) == 2
    assert "the network has 3 inputs and 1 outputs, but recall" in capsys.readouterr().err


@pytest.mark.parametrize("lengths", ["x", "5,,6", "0"])
def test_lengths_that_are_none_are_told(lengths, capsys):
    save(build("lstm", inputs=1, units=2, outputs=1), "net.safetensors")
    assert main(["test", "net.safetensors", "--task", "recall", "--lengths", lengths]) == 2
    assert "expected" in capsys.readouterr().err
