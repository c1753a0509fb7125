"""Help, completion and names: what a user types finds what is meant."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from holdfast.cli._main import VERBS, main
from holdfast.cli._names import spelled
from holdfast.cli._overview import PURPOSES, by_purpose


def test_every_verb_has_one_purpose():
    listed = [verb for verbs in PURPOSES.values() for verb in verbs]
    assert sorted(listed) == sorted(VERBS.names())
    assert "others" not in by_purpose(VERBS.names())


def test_a_verb_without_a_purpose_is_shown_last():
    assert by_purpose(["mine", "train"]) == {"learn weights": ["train"], "others": ["mine"]}


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"], ["help", "--help"], []])
def test_help_is_grouped_by_purpose(words, capsys):
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "\nlearn weights:\n  train " in out
    assert "\njudge a network:\n  test " in out


def test_help_of_a_verb(capsys):
    shown = []
    for words in (["help", "train"], ["train", "--help"], ["TRAIN", "-h"]):
        with pytest.raises(SystemExit) as left:
            main(words)
        assert left.value.code == 0
        shown.append(capsys.readouterr().out)
    assert shown[0].startswith("usage: holdfast train")
    assert len(set(shown)) == 1


@pytest.mark.parametrize("width", [40, 60, 80])
def test_help_breaks_no_word_in_a_terminal(width, capsys, monkeypatch):
    """Only commands and paths, which are copied, may be wider; what is said is what a wide terminal shows."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for verb in VERBS.names():
        words = {}
        for columns in (width, 1000):
            monkeypatch.setenv("COLUMNS", str(columns))
            with pytest.raises(SystemExit):
                main([verb, "--help"])
            out = capsys.readouterr().out
            words[columns] = sorted(out.split())
            too_wide = [line for line in out.splitlines() if len(line) > columns]
            assert not [line for line in too_wide if "/" not in line and not line.startswith("  holdfast ")], verb
        assert words[width] == words[1000], verb


def test_help_of_an_unknown_verb_names_the_nearest(capsys):
    assert main(["help", "trian"]) == 2
    assert "Did you mean 'train'?" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version(flag, capsys):
    assert main([flag]) == 0
    assert capsys.readouterr().out.startswith("holdfast ")


@pytest.mark.parametrize(
    ("verb", "typed", "meant"),
    [
        ("train", "Recall --cell Stack(LSTM,gru) --seeds 2", "recall --cell stack(lstm,gru) --seeds 2"),
        ("train", "recall --cell=GRU --optimiser Sgd+momentum=0.5", "recall --cell=gru --optimiser sgd+momentum=0.5"),
        ("compare", "--cells LSTM,Gru --study Why_Gates", "--cells lstm,gru --study why_gates"),
        ("demo", "--sequences LSTM,A A,LSTM --cell LSTM", "--sequences LSTM,A A,LSTM --cell lstm"),
        ("show", "ECHO", "echo"),
        ("show", "Nothing", "Nothing"),
        ("train", "recall --out GRU", "recall --out GRU"),
    ],
)
def test_names_are_found_regardless_of_case(verb, typed, meant):
    assert spelled(verb, typed.split()) == meant.split()


def test_runs_are_found_without_their_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "echo-001" / "weights").mkdir(parents=True)
    (tmp_path / "runs" / "echo-001" / "weights" / "seed-0.safetensors").touch()
    file = "echo-001/weights/seed-0.safetensors"
    assert spelled("test", [file, "--seed", "1"]) == [f"runs/{file}", "--seed", "1"]
    assert spelled("show", ["echo-001"]) == ["runs/echo-001"]
    assert spelled("train", ["--resume", "echo-001"]) == ["--resume", "runs/echo-001"]
    (tmp_path / "echo-001").mkdir()
    assert spelled("show", ["echo-001"]) == ["echo-001"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("holdfast tr", {"train"}),
        ("holdfast help te", {"test"}),
        ("holdfast show la", {"lag"}),
        ("holdfast list st", {"studies", "stops"}),
        ("holdfast train ad", {"adding"}),
        ("holdfast train recall --cell el", {"elman"}),
        ("holdfast compare --lag", {"--lags"}),
        ("holdfast explain net.safetensors --diagnostics lya", {"lyapunov"}),
        ("holdfast train 'unclosed", set()),
    ],
)
def test_a_shell_completes_words(line, expected, tmp_path):
    told = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": " ", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    read, write = os.pipe()
    program = f"import os; os.dup2({write}, 8); from holdfast.cli._main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, **told, "_ARGCOMPLETE_SUPPRESS_SPACE": "1", "ARGCOMPLETE_USE_TEMPFILES": ""},
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
    ):
        os.close(write)
        with os.fdopen(read) as file:
            found = file.read()
    assert set(found.split()) == expected
