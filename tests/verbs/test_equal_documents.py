"""The prompt and Python give one document: every verb is run both ways, and wrong arguments give one message."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest

import holdfast
from holdfast.cli._main import main
from holdfast.core.errors import Problem

VOLATILE = {"wall_seconds", "seconds"}
"""What no two calls share."""
SMALL = {"units": 4, "seeds": 2, "budget": 2000}
TRAIN = ["--units", "4", "--seeds", "2", "--budget", "2000"]
GRID = ["--cells", "gru", "--lags", "2", "--units", "4", "--rates", "0.01"]
GRID_KEYWORDS = {"cells": ["gru"], "lags": [2], "units": [4], "rates": [0.01], "seeds": 2, "budget": 1000}
SEARCH = ["--units", "2", "4", "--trials", "1", "--seeds", "4", "--budget", "500", "--confirm", "4"]
SEARCH_KEYWORDS = {"units": (2, 4), "trials": 1, "seeds": 4, "budget": 500, "confirm": 4}

CASES = {
    "train": ("recall --steps 3 --out one", lambda: holdfast.train("recall", steps=3, out="one", **SMALL), TRAIN),
    "test": (
        "net.safetensors --task recall --steps 5 --lengths 5,9 --sequences-per-length 64",
        lambda: holdfast.test("net.safetensors", "recall", steps=5, lengths=[5, 9], sequences_per_length=64),
    ),
    "construct": (
        "recall --cell gru --steps 9 --out made.safetensors",
        lambda: holdfast.construct("recall", cell="gru", steps=9, out="made.safetensors"),
    ),
    "certify": ("net.safetensors", lambda: holdfast.certify("net.safetensors", out="auto")),
    "check": (
        "proof.json net.safetensors --tolerance 0.5",
        lambda: holdfast.check("proof.json", "net.safetensors", tolerance=0.5),
    ),
    "refute": (
        "net.safetensors --tries 128 --seed 1 --up-to 5",
        lambda: holdfast.refute("net.safetensors", tries=128, seed=1, up_to=5),
    ),
    "explain": (
        "net.safetensors --diagnostics gates --rows 8",
        lambda: holdfast.explain("net.safetensors", diagnostics=["gates"], rows=8),
    ),
    "compare": (
        "--task recall --store s.sqlite --workers 1 --seeds 2 --budget 1000",
        lambda: holdfast.compare("recall", store="s.sqlite", workers=1, **GRID_KEYWORDS),
        GRID,
    ),
    "tune": (
        "recall --steps 3 --cell gru --storage t.journal",
        lambda: holdfast.tune("recall", steps=3, cell="gru", storage="t.journal", **SEARCH_KEYWORDS),
        SEARCH,
    ),
    "export": (
        "net.safetensors --to torch --out t.safetensors",
        lambda: holdfast.export("net.safetensors", to="torch", out="t.safetensors"),
    ),
    "import": (
        "torch.safetensors --from torch --out back.safetensors",
        lambda: holdfast.import_model("torch.safetensors", format="torch", out="back.safetensors"),
    ),
    "show": ("gru", lambda: holdfast.show("gru")),
    "lab": ("--cell gru --save lab.html", lambda: holdfast.lab(cell="gru", save="lab.html")),
}
FUNCTIONS = {verb: getattr(holdfast, "import_model" if verb == "import" else verb) for verb in CASES}


@pytest.fixture
def network(tmp_path, monkeypatch):
    """A constructed network with its certificate, and the same network as PyTorch has it."""
    monkeypatch.chdir(tmp_path)
    made = holdfast.construct("recall", cell="gru", steps=5, out="net.safetensors")
    holdfast.certify("net.safetensors", out="proof.json")
    holdfast.export("net.safetensors", to="torch", out="torch.safetensors")
    return made.network


def plain(document):
    """The document as a file holds it, without what no two calls share."""
    if isinstance(document, dict):
        return {name: plain(value) for name, value in document.items() if name not in VOLATILE}
    return [plain(value) for value in document] if isinstance(document, list) else document


def clear(folder):
    """Forget what the first of two calls wrote."""
    import shutil

    for name in ("one", "s.sqlite", "t.journal", "made.safetensors", "t.safetensors", "back.safetensors"):
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def both(verb, capsys, folder):
    line, call, *more = CASES[verb]
    capsys.readouterr()
    assert main([verb, *line.split(), *(more[0] if more else []), "--json"]) in (0, 1)
    printed = json.loads(capsys.readouterr().out)
    clear(folder)
    return plain(printed), plain(json.loads(json.dumps(call().as_json(), allow_nan=False)))


@pytest.mark.parametrize("verb", CASES)
def test_the_prompt_and_python_give_one_document(verb, network, capsys, tmp_path):
    printed, returned = both(verb, capsys, tmp_path)
    assert printed == returned
    assert len(printed) > 2


def test_a_planted_difference_is_found(network, capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(CASES, "show", ("lstm", lambda: holdfast.show("gru")))
    printed, returned = both("show", capsys, tmp_path)
    assert printed != returned


@pytest.mark.parametrize("verb", CASES)
def test_every_flag_is_a_keyword_with_its_default(verb):
    """A flag that the function lacks would be swallowed by the keywords of axes, and refused there as unknown."""
    from holdfast.cli._main import VERBS
    from holdfast.cli._parser import GIVEN_ONLY, Parser

    module = VERBS.load(verb)
    parser = Parser(verb, "", module.__doc__ or "")
    module.configure(parser, [])
    known = inspect.signature(FUNCTIONS[verb]).parameters
    from holdfast.core.fields import field_infos
    from holdfast.training.settings import Settings
    from holdfast.tuning.search import Search

    fields = {*field_infos(Settings), *field_infos(Search)}
    for action in parser._actions:
        if action.dest in ("help", "json", "open") or (action.default == GIVEN_ONLY and action.dest in fields):
            continue
        if verb == "explain" and action.dest == "tolerance":  # changes no sequence
            continue
        assert action.dest in known, action.dest
        if action.option_strings and action.default not in (None, GIVEN_ONLY, False):
            assert str(known[action.dest].default) == str(action.default), action.dest


WRONG = [
    ("train recall --units x", lambda: holdfast.train("recall", units="x")),
    ("train recall --units 0", lambda: holdfast.train("recall", units=0)),
    ("train recall --steps 0", lambda: holdfast.train("recall", steps=0)),
    ("train recal", lambda: holdfast.train("recal")),
    ("train recall --threads 0", lambda: holdfast.train("recall", threads=0)),
    ("train --resume nowhere", lambda: holdfast.train(resume="nowhere")),
    ("test net.safetensors --lengths x --task recall", lambda: holdfast.test("net.safetensors", "recall", lengths="x")),
    ("test net.safetensors --by x", lambda: holdfast.test("net.safetensors", by="x")),
    ("test none.safetensors", lambda: holdfast.test("none.safetensors")),
    ("construct recall --steps x", lambda: holdfast.construct("recall", steps="x")),
    ("construct recall --range 1 0", lambda: holdfast.construct("recall", range=(1, 0))),
    ("certify net.safetensors --seconds 0", lambda: holdfast.certify("net.safetensors", seconds=0)),
    ("certify net.safetensors --range -inf inf", lambda: holdfast.certify("net.safetensors", range=(-np.inf, np.inf))),
    ("certify net.safetensors --up-to 5 --steps 5", lambda: holdfast.certify("net.safetensors", up_to=5, steps=5)),
    ("refute net.safetensors --tries 0", lambda: holdfast.refute("net.safetensors", tries=0)),
    ("refute net.safetensors --tolerance 0", lambda: holdfast.refute("net.safetensors", tolerance=0)),
    ("explain net.safetensors --rows 1", lambda: holdfast.explain("net.safetensors", rows=1)),
    ("explain net.safetensors --diagnostics gate", lambda: holdfast.explain("net.safetensors", diagnostics="gate")),
    ("compare --task recall --cells lstn", lambda: holdfast.compare("recall", cells=["lstn"])),
    ("compare --task recall --lags x", lambda: holdfast.compare("recall", lags="x")),
    ("compare --task recall --over warmth=1", lambda: holdfast.compare("recall", over={"warmth": [1]})),
    ("tune recall --trials 0", lambda: holdfast.tune("recall", trials=0)),
    (
        "export net.safetensors --to tensorflow --out x",
        lambda: holdfast.export("net.safetensors", to="tensorflow", out="x"),
    ),
    ("import none.pt --from torch", lambda: holdfast.import_model("none.pt", format="torch", out="auto")),
    ("show lstn", lambda: holdfast.show("lstn")),
]


@pytest.mark.parametrize(("line", "call"), WRONG, ids=[line for line, _ in WRONG])
def test_a_wrong_argument_gives_the_message_of_the_wrong_flag(line, call, network, capsys):
    capsys.readouterr()
    assert main([*line.split(), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)["error"]
    with pytest.raises(Problem) as caught:
        call()
    assert caught.value.message == told["message"]
    assert "\n" not in caught.value.message


def test_an_unknown_keyword_is_named_with_the_nearest():
    with pytest.raises(Problem, match=r"no argument of holdfast.train named 'unts'.*Did you mean 'units'\?"):
        holdfast.train("recall", unts=3)
    with pytest.raises(Problem, match=r"no argument of holdfast.refute named 'stepz'"):
        holdfast.refute(holdfast.build("gru", inputs=1, units=2, outputs=1), "recall", stepz=3)


def test_a_network_and_a_task_may_be_objects(network):
    task = holdfast.make_task("recall", {"steps": 5})
    by_file = holdfast.test("net.safetensors", "recall", steps=5, sequences_per_length=64)
    by_object = holdfast.test(network, task, sequences_per_length=64)
    assert {**by_file.as_json(), "file": ""} == by_object.as_json()
    assert holdfast.check(holdfast.certify(network, task).certificate, network).accepted
    with pytest.raises(Problem, match=r"certify needs a model of level 'opened' .* but the function <lambda> has"):
        holdfast.certify(lambda x: x, task)


def test_a_function_is_a_model(network):
    outputs = lambda x: holdfast.unroll(network, x)[0]  # noqa: E731
    assert holdfast.test(outputs, "recall", steps=5, sequences_per_length=64).solved
    assert not holdfast.refute(outputs, "recall", steps=5, tries=64).found


def test_nothing_is_written_unless_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = holdfast.train("recall", steps=3, **SMALL)
    holdfast.certify(done.networks[0], "recall", steps=3, seconds=1)
    holdfast.construct("recall", cell="gru", steps=3)
    assert list(tmp_path.iterdir()) == []
