"""Results behave as people expect in a notebook: short text, HTML, tables, figures, pages; networks are values."""

from __future__ import annotations

import copy
import pickle
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pyarrow
import pytest

import holdfast
from holdfast.core.errors import BadValue
from holdfast.engine.unroll import _in_format_of
from holdfast.report.result_base import ResultBase

MOST = 2000


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A result of every verb."""
    folder = tmp_path_factory.mktemp("results")
    made = holdfast.construct("recall", cell="gru", steps=5)
    network, task = made.network, holdfast.make_task("recall", {"steps": 5})
    proof = holdfast.certify(network, task)
    search = {"units": (2, 3), "trials": 1, "seeds": 4, "budget": 200, "confirm": 4}
    grid = {"cells": "gru", "lags": "2,3", "units": "4", "rates": "0.01", "seeds": 2, "budget": 1000, "workers": 1}
    exported = holdfast.export(network, to="torch", out=folder / "t.safetensors")
    return {
        "train": holdfast.train("recall", steps=3, units=4, seeds=2, budget=2000),
        "test": holdfast.test(network, task, sequences_per_length=64),
        "construct": made,
        "impossible": holdfast.construct("recall", cell="gru", range=(-np.inf, np.inf)),
        "certify": proof,
        "check": holdfast.check(proof.certificate, network),
        "refute": holdfast.refute(network, task, tries=64),
        "explain": holdfast.explain(network, task, diagnostics="gates", rows=8),
        "compare": holdfast.compare("recall", store=folder / "s.sqlite", **grid),
        "tune": holdfast.tune("recall", steps=3, cell="gru", storage=folder / "t.journal", **search),
        "export": exported,
        "import": holdfast.import_model(exported.file, format="torch"),
        "show": holdfast.show("recall"),
    }


class Tags(HTMLParser):
    """Checks that every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag not in ("img", "meta", "br", "!doctype"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_every_result_is_short_as_text_and_whole_as_html(results):
    for verb, result in results.items():
        assert isinstance(result, ResultBase), verb
        assert len(repr(result)) < MOST, verb
        assert repr(result).startswith(type(result).__name__), verb
        assert "array(" not in repr(result).lower(), verb
        html = result._repr_html_()
        assert Tags(html).open == [], verb
        assert html.startswith("<div"), verb


def test_text_of_a_result_cannot_leave_its_element():
    from holdfast.core.results import Table, Text
    from holdfast.report.html import fragment

    evil = "<script>alert(1)</script>"
    html = fragment([Text(evil, evil), Table((evil,), ((evil,),), evil)])
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 5


def test_every_result_is_an_arrow_stream(results):
    for verb, result in results.items():
        reader = pyarrow.RecordBatchReader.from_stream(result)
        assert reader.read_all().num_rows == len(result.rows()), verb


def test_the_table_of_a_training_has_a_row_for_every_network(results):
    assert [row["seed"] for row in results["train"].rows()] == [0, 1]
    assert results["test"].rows()[0]["chance.error_rms"] > 0
    assert [row["name"] for row in results["explain"].rows()] == ["gates"]
    assert len(results["check"].rows()) == 1


def test_pandas_is_given_the_rows(results, monkeypatch):
    monkeypatch.setattr("holdfast.core.requirements.installed", lambda package: False)
    with pytest.raises(BadValue, match=r"to_pandas\(\) needs the package pandas.*\[pandas\]"):
        results["train"].to_pandas()
    with pytest.raises(BadValue, match="the Arrow stream of a result needs the package pyarrow"):
        results["train"].__arrow_c_stream__()
    monkeypatch.setattr("holdfast.core.requirements.installed", lambda package: True)
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=list))
    assert results["train"].to_pandas() == results["train"].rows()


def test_figures_are_of_matplotlib(results):
    from matplotlib.figure import Figure

    for verb in ("train", "explain", "compare"):
        figure = results[verb].figure()
        assert isinstance(figure, Figure), verb
        assert len(figure.subfigs) == len(results[verb].plots()), verb
    with pytest.raises(BadValue, match="this Proof has no plot"):
        results["certify"].figure()


def test_pages_are_shown_inline_and_saved(results, tmp_path):
    for verb, result in results.items():
        page = result.page()
        assert page.html.lstrip().lower().startswith("<!doctype html>"), verb
        shown = page._repr_html_()
        assert shown.startswith('<iframe srcdoc="'), verb
        assert shown.count('"') == 8, verb  # nothing ends the attribute early
        assert page.save(tmp_path / f"{verb}.html").read_text(encoding="utf-8") == page.html
        assert len(repr(page)) < MOST
    assert "<script" in results["explain"].page().html  # the interactive page
    with pytest.raises(holdfast.Problem, match="there is no folder"):
        results["check"].page().save(tmp_path / "none" / "page.html")


def network(seed=0, cell="gru", **sizes):
    return holdfast.build(cell, **{"inputs": 1, "units": 4, "outputs": 1, **sizes}, seed=seed)


def test_networks_are_equal_by_value():
    assert network() == network()
    assert hash(network()) == hash(network())
    for other in (network(1), network(cell="lstm"), network(units=5), jax.tree.map(np.float64, network()), "gru"):
        assert network() != other
    one = network()
    layer = one.layers[0]
    changed = {**layer, "x": layer["x"].put("update", bias=layer["x"].of("update")[1].at[0].add(1e-6))}
    from dataclasses import replace

    assert replace(one, layers=(changed,)) != one
    nan = jax.tree.map(lambda leaf: leaf * jnp.nan, one)
    assert nan == copy.deepcopy(nan)


def test_networks_are_pickled_and_copied():
    for one in (
        network(),
        network(readout_hidden=(3,)),
        network(cell="prenorm(lstm)", embedding=True),
        network(steps=3),
    ):
        assert pickle.loads(pickle.dumps(one)) == one
        assert copy.deepcopy(one) == one
        assert len(repr(one)) < 200
    assert repr(network()) == "Network('gru', inputs=1, units=4, outputs=1, dtype=float32)"
    assert len(repr(network(units=64, layers=3).layers)) < MOST


@pytest.mark.parametrize("cell", ["gru", "stack(lstm,gru)"])
def test_networks_are_built_inside_compiled_programs(cell):
    assert jax.jit(lambda: network(3, cell))() == network(3, cell)
    assert jax.jit(lambda seed: network(seed, cell))(3) == network(3, cell)
    several = jax.vmap(lambda seed: network(seed, cell))(jnp.arange(5))
    assert jax.tree.map(lambda leaf: leaf[3], several) == network(3, cell)


INPUTS = np.ones((2, 5, 1))


@pytest.mark.parametrize("derivative", ["jvp", "jacfwd", "hessian", "jit"])
def test_the_native_engine_says_which_engine_has_forward_mode(derivative):
    one = network()

    def loss(weights):
        return holdfast.unroll(weights, INPUTS, engine="native")[0].sum()

    acts = {
        "jvp": lambda: jax.jvp(loss, (one,), (one,)),
        "jacfwd": lambda: jax.jacfwd(loss)(one),
        "hessian": lambda: jax.hessian(loss)(one),
        "jit": lambda: jax.jit(jax.jacfwd(loss))(one),
    }
    with pytest.raises(BadValue, match=r'engine="loop"'):
        acts[derivative]()
    assert jax.grad(loss)(one) != one


def test_inputs_are_converted_to_the_format_of_the_network(float64):
    one = network()
    for engine in ("auto", "loop"):
        outputs, state = holdfast.unroll(one, INPUTS, engine=engine)
        assert (outputs.dtype, state[0].h.dtype) == (np.float32, np.float32)
        assert (outputs == holdfast.unroll(one, INPUTS.astype(np.float32), engine=engine)[0]).all()
    assert holdfast.trace(one, INPUTS).outputs.dtype == np.float32


def test_complex_inputs_are_refused():
    """As by ``unroll``, whose check of types is faster in a test."""
    with pytest.raises(BadValue, match="inputs hold complex64 numbers"):
        _in_format_of(network(), INPUTS.astype(np.complex64))
