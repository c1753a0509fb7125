"""What a page is told: everything in it plain, nothing that could run, and in words what was left out."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import tasks
from holdfast.core.errors import BadRun, BadValue
from holdfast.core.results import Text
from holdfast.engine.network import create
from holdfast.explanation.page import document as document_data
from holdfast.explanation.page import flow
from holdfast.explanation.page import network as network_data
from holdfast.explanation.page.document import document
from holdfast.explanation.page.network import as_data, program_of
from holdfast.explanation.subject import examine
from holdfast.report import page as pages
from tests.networks import random_network

FORBIDDEN = ("innerHTML", "outerHTML", "insertAdjacentHTML", r"document\.write", r"eval\(", "new Function", r"fetch\(",
             "XMLHttp", "https?:")  # fmt: skip
EVIL = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'


@pytest.fixture
def alone(monkeypatch):
    """No fresh networks beside the one that is shown: they take their time to compile."""
    monkeypatch.setattr(flow, "BESIDE", ())


@pytest.fixture
def too_large(alone, monkeypatch):
    """Every network counts as too large to be run in a page; so many units are shown."""
    monkeypatch.setattr(network_data, "MOST_BYTES", 100)
    monkeypatch.setattr(document_data, "MOST_UNITS_SHIPPED", 4)


def shown(network, task, **more):
    return document(examine(network, task, rows=3), file="net.safetensors", sentence="Read.", **more)


def test_no_text_can_leave_the_data_or_the_title():
    text = pages.render("explain", EVIL, {"file": EVIL, "parts": [Text(EVIL, EVIL)], "line": "\u2028"})
    assert text.count("</script>") == 2  # the data's own end and the scripts'
    assert "<img" not in text
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["file"] == EVIL
    assert "\u2028" not in data[1]


def test_nothing_is_fetched_and_nothing_is_parsed_as_markup():
    """A rule for our own scripts: they write text, and know no address."""
    files = list(pages.FOLDER.glob("*/*.js"))
    assert {file.name for file in files} >= {"dom.js", "start.js"}
    for file in files:
        source = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search("|".join(FORBIDDEN), source), file.name
        assert len(source.splitlines()) <= 400, file.name


def test_a_page_that_cannot_be_written_is_a_message(tmp_path):
    with pytest.raises(BadRun, match="there is no folder"):
        pages.write("explain", "t", {}, tmp_path / "none" / "page.html")
    with pytest.raises(BadRun, match="it is a folder"):
        pages.write("explain", "t", {}, tmp_path)


def test_more_steps_than_a_page_shows_are_said_to_be_left_out(alone):
    task = tasks.get("recall")(steps=1200)
    told = shown(create("elman", 1, 2, 1), task)
    assert told["left_out"] == ["Steps 1001 to 1200 of the sequences are not shown; the diagnostics use them."]
    assert told["rows"]["steps"] == 1000


def test_a_network_too_large_for_the_page_is_shown_as_it_ran(too_large):
    network = random_network("elman", 1, 6, 1, dtype=jnp.float32)
    told = shown(network, tasks.get("recall")(steps=210))
    assert "too large to be run in the page (0.0 MB of weights)" in told["network"]["why_not"]
    assert told["network"]["weights"] is None
    assert told["traces"]["gates"][0]["candidate"]["values"].shape == (3, 200, 4)
    assert told["left_out"] == [
        "Steps 201 to 210 of the sequences are not shown; the diagnostics use them.",
        "Of 6 units the 4 whose states vary most are shown in each layer.",
    ]


def test_what_was_rounded_to_a_byte_is_close(too_large):
    subject = examine(random_network("elman", 1, 6, 1, dtype=jnp.float32), tasks.get("recall")(steps=5), rows=2)
    told = document(subject, file="", sentence="")["traces"]
    part, units = told["gates"][0]["candidate"], np.array(told["units"]) - 1
    ours = np.asarray(subject.traced.gates[0].candidate)[..., units]
    theirs = part["low"] + part["values"] / 254 * (part["high"] - part["low"])
    assert np.abs(ours - theirs).max() <= (part["high"] - part["low"]) / 254


def test_numbers_that_stop_being_finite_are_said(alone):
    network = random_network("irnn", 1, 2, 1, dtype=jnp.float32)
    network = jax.tree.map(lambda a: jnp.full_like(a, 1e6, jnp.float32), network)
    subject = examine(network, tasks.get("recall")(steps=40), rows=2)
    assert subject.finite_steps < 40
    told = document(subject, file="f", sentence="")
    assert told["left_out"] == [
        f"From step {subject.finite_steps + 1} of 40 on, states or outputs are NaN or infinite."
    ]
    json.dumps(pages.packed(told), allow_nan=False)


def test_a_step_with_a_word_that_the_page_lacks_says_so(offenders):
    # A plug-in whose map reads a value from inside the step: it runs all the same.
    network = random_network("reset_before", dtype=jnp.float32)
    assert any(node["word"] == "linear" and node["of"][0] >= 0 for node in program_of(network)["nodes"])


def test_a_cell_that_cannot_be_recorded_is_shown_without_being_run(offenders):
    network = random_network("blocked_gradient", 1, 2, 1, dtype=jnp.float32)
    told = as_data(network)
    assert told["why_not"].startswith("This cell cannot be run in the page: ")
    assert told["weights"] is None


def test_the_gradient_that_arrives_is_that_of_differences(float64):
    network, steps = random_network("gru", 1, 3, 2, layers=2), 6
    inputs = np.random.default_rng(0).normal(size=(steps, 1))
    found = flow.answer_by_state(network, inputs, steps - 1)
    from holdfast.engine.unroll import unroll

    for t in range(steps - 1):
        _, state = unroll(network, jnp.asarray(inputs[None, : t + 1]))

        def answer(moved, t=t):
            outputs, _ = unroll(network, jnp.asarray(inputs[None, t + 1 :]), moved)
            return outputs[0, -1]

        slopes = []
        for depth, k in ((d, u) for d in range(2) for u in range(3)):
            ends = []
            for by in (1e-5, -1e-5):
                moved = list(state)
                moved[depth] = type(state[depth])(state[depth].h.at[0, k].add(by))
                ends.append(np.asarray(answer(tuple(moved))))
            slopes.append((ends[0] - ends[1]) / 2e-5)
        np.testing.assert_allclose(found[t], np.linalg.norm(slopes), rtol=1e-6)


def test_there_is_no_page_of_nothing():
    network = random_network("elman", 1, 2, 1, dtype=jnp.float32)
    subject = examine(network, tasks.get("recall")(steps=3), rows=2)
    empty = replace(subject, batch=jax.tree.map(lambda part: part[:, :0], subject.batch))
    with pytest.raises(BadValue, match="no step of the network has finite numbers"):
        document(empty, file="net", sentence="")
