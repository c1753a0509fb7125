"""``holdfast export`` and ``holdfast import`` as a user meets them: what they print, exit codes, wrong inputs."""

import json
import sys
from pathlib import Path

import jax.numpy as jnp
import pytest

from holdfast.cli._main import main
from holdfast.core.origin import task_of
from holdfast.engine.files import load, save
from tests.networks import random_network


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(random_network("gru", dtype=jnp.float32), "net.safetensors", {"seed": 7})


@pytest.fixture
def run(capsys):
    def run(*words):
        code = main(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_out_and_back(run):
    code, out, err = run("export", "net.safetensors", "--to", "onnx", "--out", "net.onnx", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert set(told) == {"file", "format", "largest_difference", "sequences"}
    assert (told["file"], told["format"], told["sequences"]) == ("net.onnx", "onnx", 12)
    assert 0 < told["largest_difference"] < 1e-5
    code, out, _ = run("import", "net.onnx", "--from", "onnx", "--out", "back.safetensors", "--json")
    assert code == 0
    assert json.loads(out)["file"] == "back.safetensors"
    assert load("back.safetensors")[1] == {"imported": {"from": "onnx", "file": "net.onnx"}}


def test_what_is_said(run):
    code, out, _ = run("export", "net.safetensors", "--to", "torch", "--out", "state.safetensors")
    assert code == 0
    assert "Wrote state.safetensors: gru, 1 layer of 3 units, for torch.\n" in out
    assert "On 12 random sequences of up to 32 steps, torch 2." in out
    assert " and holdfast differ by at most " in out
    code, out, _ = run("import", "state.safetensors", "--from", "torch", "--out", "back.safetensors")
    assert "Wrote back.safetensors: gru, 1 layer of 3 units, from state.safetensors.\n" in out


def test_the_network_is_put_beside_the_file_but_not_over_another(run):
    run("export", "net.safetensors", "--to", "onnx", "--out", "other.onnx")
    assert run("import", "other.onnx", "--from", "onnx")[0] == 0
    assert load("other.safetensors")[0].cell_name == "gru"
    code, _, err = run("import", "other.onnx", "--from", "onnx")
    assert code == 2
    assert "the file other.safetensors already exists" in err


def test_the_task_is_recorded_and_the_default_name_is_another(run):
    run("export", "net.safetensors", "--to", "torch", "--out", "state.safetensors")
    task = ("--task", "recall", "--steps", "7")
    assert run("import", "state.safetensors", "--from", "torch", *task)[0] == 0
    origin = load("state.imported.safetensors")[1]
    assert task_of(origin)["name"] == "recall"
    assert task_of(origin)["steps"] == 7


MISTAKES = [
    (["export", "net.safetensors"], "the following arguments are required: --to, --out", "--help"),
    (["export", "net.safetensors", "--to", "onnz", "--out", "a"], "there is no format named 'onnz'", "mean 'onnx'?"),
    (["export", "none.safetensors", "--to", "onnx", "--out", "a.onnx"], "there is no file none.safetensors", ""),
    (["export", "net.safetensors", "--to", "onnx", "--out", "a.keras"], "files for onnx end with .onnx", ""),
    (["export", "net.safetensors", "--to", "torch", "--out", "net.safetensors"], "the network itself", "another file"),
    (["export", "net.safetensors", "--to", "onnx", "--out", "no/a.onnx"], "cannot write no/a.onnx", ""),
    (["export", "net.safetensors", "--to", "onnx", "--out", "a", "--uot", "b"], "named '--uot'", "mean '--out'?"),
    (["import", "net.safetensors"], "the following arguments are required: --from", "--help"),
    (["import", "none.onnx", "--from", "onnx"], "there is no file none.onnx", ""),
    (["import", "", "--from", "onnx"], "there is no file .", ""),
    (["import", "net.safetensors", "--from", "torch"], "there are layer0.candidate.bias", ""),
    (["import", "net.safetensors", "--from", "torch", "--out", "net.safetensors"], "would replace net", "--out"),
    (["import", "net.onnx", "--from", "onnx", "--task", "recal"], "there is no task named 'recal'", "'recall'"),
    (["import", "net.safetensors", "--from", "torch", "--out", "a"], "there are layer0.candidate.bias", ""),
    (["import", "net.safetensors", "--from", "onnx", "--out", "a"], "it is not an ONNX model", ""),
    (["import", "net.safetensors", "--from", "keras", "--out", "a"], "it is not a .keras file", ""),
]  # fmt: skip


@pytest.mark.parametrize(("words", "message", "fix"), MISTAKES, ids=[" ".join(words) for words, _, _ in MISTAKES])
def test_one_message_and_exit_code_two(words, message, fix, run):
    before = sorted(Path().iterdir())
    code, out, err = run(*words)
    assert code == 2
    assert message in err
    assert fix in err
    assert "Traceback" not in err
    assert out == ""
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize("format", ["keras", "onnx", "torch"])
@pytest.mark.parametrize("verb", ["export", "import"])
def test_a_missing_extra_is_named(verb, format, run, monkeypatch):
    monkeypatch.setitem(sys.modules, format, None)
    out = {"keras": "a.keras", "onnx": "a.onnx", "torch": "a.safetensors"}[format]
    flags = ["--to" if verb == "export" else "--from", format, "--out", out]
    act = "exporting to" if verb == "export" else "importing from"
    code, _, err = run(verb, "net.safetensors", *flags)
    assert code == 2
    assert f"{act} {format} needs the package {format}, which is not installed.\n" in err
    assert f'Install it with: pip install "holdfast-rnn[{format}]"' in err


def test_two_missing_packages_are_told_at_once(run, monkeypatch):
    for name in ("onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, None)
    _, _, err = run("export", "net.safetensors", "--to", "onnx", "--out", "a.onnx")
    assert "needs the packages onnx, onnxruntime, which are not installed" in err


def test_a_cell_that_a_format_cannot_express_is_refused(run):
    save(random_network("lstm1997", dtype=jnp.float32), "old.safetensors")
    code, out, err = run("export", "old.safetensors", "--to", "keras", "--out", "old.keras", "--json")
    assert code == 2
    assert json.loads(out)["error"]["kind"] == "BadValue"
    assert "old.keras was not written: the cell lstm1997 has no forget gate" in err


@pytest.mark.parametrize("verb", ["export", "import"])
def test_help_has_examples(verb, capsys):
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])
    assert left.value.code == 0
    assert f"  holdfast {verb} " in capsys.readouterr().out
