"""A cell whose step calls JAX directly makes models of level *steps*: it trains, is saved, loaded, tested, refuted and
looked at; what cannot open it says why, in one message and without a traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import cells
from holdfast.certification.check import check
from holdfast.certification.prove import prove
from holdfast.cli._main import main
from holdfast.core.errors import BadFile, BadValue
from holdfast.engine.files import load, save
from holdfast.engine.network import Network, create
from holdfast.engine.unroll import unroll
from holdfast.explanation.explain import explain
from holdfast.explanation.subject import examine
from holdfast.models.levels import level_of
from holdfast.plugins.verified import verified_cell
from holdfast.studies.check_plugin import check_plugin
from holdfast.tasks.recall import Recall
from holdfast.training.settings import Settings
from tests.networks import random_network

pytestmark = pytest.mark.usefixtures("quick_to_compile")
CELL = '''"""A gated unit whose step is written in plain JAX."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from holdfast.core.cell import Map, Step


class State(NamedTuple):
    h: jax.Array


class Gates(NamedTuple):
    leak: jax.Array
    candidate: jax.Array


source = "this test, 2026"
letters = {"leak": "l", "candidate": "n"}
keep, write = "leak", ""
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    z = x @ weights["x"].matrix + weights["x"].bias + state.h @ weights["h"].matrix
    l, n = jnp.split(z, 2, -1)
    l, n = 1 / (1 + jnp.exp(-l)), jnp.tanh(n)
    h = l * state.h + (1 - l) * n
    return Step(h, State(h), Gates(l, n))
'''
IN_WORDS = CELL.replace(
    CELL[CELL.index("    z = ") : CELL.index("    return")],
    """    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    l = ops.sigmoid(ops.add(w["leak"], u["leak"]))
    n = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    h = ops.mix(l, state.h, n)
""",
)
TASK = Recall(steps=6)
WHY = "uses operations outside the alphabet (line 27, "


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    """The folder with the cell ``plain``, and the same step in words, ``worded``."""
    monkeypatch.setenv("HOLDFAST_PLUGINS", str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine" / "cells").mkdir(parents=True)
    for name, text in (("plain", CELL), ("worded", IN_WORDS)):
        (tmp_path / "mine" / "cells" / f"{name}.py").write_text(text)
    yield tmp_path / "mine" / "cells"
    cells.get.cache_clear()
    for name in [name for name in sys.modules if name.startswith("holdfast_plugins.")]:
        del sys.modules[name]


def of(cell: str, dtype=jnp.float32) -> Network:
    drawn = random_network("worded", 1, 3, 1, dtype=dtype)
    return Network(drawn.layers, drawn.readout, cell)


def told(capsys, *command: str) -> tuple[int, str, str]:
    code = main(list(command))
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err, command
    return code, out, " ".join(err.split())


def test_its_level_is_steps_and_its_laws_hold(plugged):
    assert level_of(of("plain")) == "steps"
    assert level_of(of("worded")) == "opened"
    report = check_plugin(plugged / "plain.py")
    assert report.passes
    verdicts = {check.check: check for check in report.checks if check.verdict != "passes"}
    assert {name: check.verdict for name, check in verdicts.items()} == dict.fromkeys(
        ("alphabet", "equation", "bounds"), "not checked"
    )
    assert WHY in verdicts["alphabet"].found
    assert "so that it makes models of level 'steps': train, test, refute" in verdicts["alphabet"].found
    assert verified_cell("plain") == "plain"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("1 - l", "2 - l"), None),
        (("jnp.tanh(n)", "jnp.tanh(n - n.mean(0))"), "batch: row 0 alone and among others"),
        (('state.h @ weights["h"]', 'state.g @ weights["h"]'), "step: raises AttributeError"),
        (("State(h), Gates", "State(h[:1]), Gates"), r"step: h has the shape \(1, "),
    ],
)
def test_laws_that_need_no_words_are_still_applied(change, words, plugged):
    name = f"changed{abs(hash(change))}"
    assert change[0] in CELL
    (plugged / f"{name}.py").write_text(CELL.replace(*change))
    if words is None:
        assert verified_cell(name) == name
        return
    with pytest.raises(BadFile, match=words):
        verified_cell(name)


def test_it_stands_in_a_stack_under_its_own_names(plugged, float64):
    inputs, drawn = jax.random.normal(jax.random.key(0), (2, 5, 1)), random_network("stack(worded,worded)", 1, 3, 1)
    network = Network(drawn.layers, drawn.readout, "stack(worded,plain)")
    assert level_of(network) == "steps"
    np.testing.assert_allclose(unroll(network, inputs)[0], unroll(drawn, inputs)[0], rtol=0, atol=1e-14)
    by_name = CELL.replace(
        'x @ weights["x"].matrix + weights["x"].bias', 'sum_of(weights["x"].gate_values(x))'
    ).replace(
        "def step",
        "def sum_of(gates):\n    return jnp.concatenate([gates['leak'], gates['candidate']], -1)\n\n\ndef step",
    )
    (plugged / "named.py").write_text(by_name)
    network = Network(drawn.layers, drawn.readout, "stack(worded,named)")
    np.testing.assert_allclose(unroll(network, inputs)[0], unroll(drawn, inputs)[0], rtol=0, atol=1e-14)


def test_it_computes_and_is_saved_and_loaded(plugged, float64):
    inputs = jax.random.normal(jax.random.key(0), (2, 5, 1))
    plain, worded = of("plain", jnp.float64), of("worded", jnp.float64)
    np.testing.assert_allclose(unroll(plain, inputs)[0], unroll(worded, inputs)[0], rtol=0, atol=1e-14)
    save(plain, Path("net.safetensors"))
    again, _ = load("net.safetensors")
    assert again.cell_name == "plain"
    assert all(bool((a == b).all()) for a, b in zip(*map(jax.tree.leaves, (again, plain)), strict=True))
    assert Settings(TASK, cell="plain").used_engine == "loop"


def test_diagnostics_of_its_level_say_what_they_say_of_the_step_in_words(plugged, float64):
    plain, worded = (examine(of(name, jnp.float64), TASK, rows=3) for name in ("plain", "worded"))
    np.testing.assert_allclose(plain.jacobians.state, worded.jacobians.state, rtol=0, atol=1e-13)
    found = explain(of("plain", jnp.float64), TASK, rows=4, diagnostics=["lyapunov", "gradient_flow"])
    other = explain(of("worded", jnp.float64), TASK, rows=4, diagnostics=["lyapunov", "gradient_flow"])
    exponents = [one.findings["lyapunov"].figures["exponents_nats_per_step"] for one in (found, other)]
    np.testing.assert_allclose(*exponents, rtol=0, atol=1e-10)
    flows = [one.findings["gradient_flow"].figures for one in (found, other)]
    np.testing.assert_allclose(*(flow["answer_by_state"][1:] for flow in flows), rtol=1e-5)
    assert found.roles is None
    assert WHY in found.words[0].text
    assert other.roles is not None


def test_verbs_that_run_it_run_it(plugged, capsys):
    command = ["train", "recall", "--cell", "plain", "--steps", "3", "--units", "3", "--seeds", "1", "--budget", "64"]
    assert told(capsys, *command, "--out", "run")[0] in (0, 1)
    net = "run/weights/seed-0.safetensors"
    assert told(capsys, "test", net, "--sequences-per-length", "256")[0] in (0, 1)
    code, out, _ = told(capsys, "refute", net, "--tolerance", "1e-6", "--tries", "500", "--json")
    assert code == 1
    assert json.loads(out)["by_gradient"]
    code, out, _ = told(capsys, "explain", net, "--diagnostics", "lyapunov", "--json")
    assert code == 0
    assert json.loads(out)["level"] == "steps"


def test_verbs_that_cannot_open_it_say_why(plugged, capsys):
    save(of("plain"), Path("net.safetensors"))
    for verb, *more in (["certify"], ["explain", "--diagnostics", "gates"], ["explain", "--page", "page.html"]):
        code, _, err = told(capsys, verb, "net.safetensors", *more, "--task", "recall", "--steps", "3")
        assert code == 2
        assert "needs a model of level 'opened'" in err
        assert "the network of cell 'plain' has the level 'steps': its step " + WHY in err
        assert "'test', 'refute' and the diagnostics of the levels 'answers' and 'steps' work" in err
    assert not Path("page.html").exists()
    code, out, _ = told(capsys, "show", "plain")
    assert code == 0
    assert "There is no equation: its step " + WHY in " ".join(out.split())
    code, out, _ = told(capsys, "show", "plain", "--json")
    assert json.loads(out)["level"] == "steps"
    assert json.loads(out)["equation"] == []
    assert told(capsys, "export", "net.safetensors", "--to", "torch", "--out", "x.safetensors")[0] == 2


def test_a_certificate_is_not_checked_for_it(plugged):
    task = Recall(steps=3)
    proof = prove(create("elman", 1, 2, 1), task, tolerance=50.0)
    assert proof.certificate is not None
    with pytest.raises(BadValue, match="check needs a model of level 'opened'"):
        check(proof.certificate, of("plain"))


def test_a_block_goes_around_it(plugged):
    network = random_network("prenorm(plain)", 1, 3, 1, dtype=jnp.float32)
    assert level_of(network) == "steps"
    assert unroll(network, jnp.ones((1, 4, 1)))[0].shape == (1, 4, 1)
