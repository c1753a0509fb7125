"""Figures by position, query and gap, on models whose errors are known; rows of symbols and their one-hot inputs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import prod

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import tasks
from holdfast.core.errors import BadValue
from holdfast.core.results import Table
from holdfast.engine.initialise import build
from holdfast.models.answers import from_function
from holdfast.training.judge import judge
from holdfast.training.measure import fresh, score
from holdfast.training.profile import Bin, Profile
from holdfast.training.settings import Settings
from holdfast.verbs.test import test as evaluate

MQAR = tasks.get("mqar")(pairs=3, steps=20, symbols=8, power=1.0)
ROWS = 300
HELD = 8
"""A symbol is remembered for fewer steps than this."""


def forgetful(inputs):
    """The right values of the keys that are asked for, where they were read fewer than ``HELD`` steps ago: by hand,
    without the task's own oracle. Elsewhere value 0 minus what is right."""
    outputs = np.zeros((*inputs.shape[:2], 4), np.float32)
    for row, out in zip(inputs.argmax(-1), outputs, strict=True):
        for step in range(6, len(row)):
            for pair in range(3):
                if row[step] == row[2 * pair]:
                    right = row[2 * pair + 1] - 4
                    out[step, right if step - 2 * pair - 1 < HELD else (right + 1) % 4] = 1
    return outputs


@pytest.fixture(scope="module")
def told():
    model = from_function(forgetful, inputs=8, has_gradients=False, steps=20)
    return judge(model, [MQAR], sequences=ROWS, by=("position", "query", "gap"))


def test_a_network_that_forgets_is_right_at_short_gaps_only(told):
    _, query, gap = told.profiles[0]
    assert [one.accuracy for one in gap.bins] == [float(one.first < HELD) for one in gap.bins]
    assert {one.first < HELD for one in gap.bins} == {True, False}
    assert sum(one.scored for one in gap.bins) == 3 * ROWS
    assert [(one.first, one.scored) for one in query.bins] == [(1, ROWS), (2, ROWS), (3, ROWS)]


def test_positions_are_those_of_the_rows(told):
    rows = fresh_rows(ROWS)
    scored = np.asarray(rows.scored)
    right = scored & (forgetful(np.asarray(rows.inputs)).argmax(-1) == np.asarray(rows.targets).argmax(-1))
    counted = Counter(int(step) + 1 for step in np.nonzero(scored)[1])
    found = Counter(int(step) + 1 for step in np.nonzero(right)[1])
    position = told.profiles[0][0]
    assert {one.first: (one.scored, one.right) for one in position.bins} == {
        step: (counted[step], found[step]) for step in counted
    }
    (line,) = told.as_json()["lengths"]
    assert sum(one["accuracy"] * one["scored"] for one in line["by"]["position"]) == pytest.approx(
        line["accuracy"] * 3 * ROWS
    )


def fresh_rows(count: int):
    from holdfast.training.streams import stream

    return MQAR.sample(stream(0, 0, "measure"), count, "test")


def test_errors_of_numbers_add_up_to_those_of_the_whole():
    task = tasks.get("copy")(steps=4, lag=3, variant="reals")
    model = from_function(lambda x: np.cumsum(x, 1)[..., :1] / 4, inputs=task.inputs, has_gradients=False, steps=4)
    found = judge(model, [task], sequences=ROWS, by=("position",))
    ((position,),), ((_, figures, _),) = found.profiles, found.lines
    assert [one.first for one in position.bins] == [8, 9, 10, 11]
    total = sum(one.square_sum for one in position.bins) / (4 * ROWS)
    assert total**0.5 == pytest.approx(figures["error_rms"], rel=1e-5)
    assert max(one.error_sup for one in position.bins) == pytest.approx(figures["error_sup"])
    assert [part.title for part in found.parts() if isinstance(part, Table)][1:] == ["By position, lag 3"]


def test_long_rows_are_shown_in_ranges():
    bins = tuple(Bin(n, n, 2, n % 2, 1.0, float(n)) for n in range(11, 1011))
    shown = Profile("position", bins).within(16)
    assert [(one.first, one.last) for one in shown][:2] == [(11, 73), (74, 136)]
    assert (len(shown), shown[-1].last) == (16, 1010)
    assert (shown[0].scored, shown[0].right, shown[0].error_sup, shown[0].error_rms) == (126, 32, 73.0, 0.5**0.5)
    assert sum(one.scored for one in shown) == 2000
    gaps = Profile("gap", bins).within(16)
    assert [(one.first, one.last) for one in gaps][:2] == [(8, 15), (16, 31)]
    assert sum(one.scored for one in gaps) == 2000


def test_what_there_is_no_profile_over_is_told():
    network = build("elman", inputs=2, units=2, outputs=2)
    with pytest.raises(BadValue, match="--by has 'steps', expected one of position, query, gap"):
        evaluate(network, "parity", by="position,steps")
    with pytest.raises(BadValue, match="parity: its answers are not single symbols that were read"):
        evaluate(network, "parity", by=["gap"])


@pytest.mark.parametrize("name", ["mqar", "induction", "selective_copy"])
def test_rows_of_symbols_are_the_rows(name):
    """The embedding of symbols is that of their one-hot inputs, bit by bit, and gaps are the same."""
    task = tasks.get(name)()
    assert task.draws_symbols
    key = jax.random.key(3)
    plain, symbols = task.row(key, "test"), task.symbol_row(key, "test")
    assert (np.asarray(plain.inputs).argmax(-1) == symbols.inputs).all()
    assert (np.asarray(plain.inputs).sum(-1) == 1).all()
    assert (plain.targets == symbols.targets).all()
    gaps = task.gaps(np.asarray(plain.inputs))
    assert ((gaps > 0) == np.asarray(plain.scored)).all()
    assert (gaps == task.gaps(np.asarray(symbols.inputs))).all()


def test_a_network_with_an_embedding_reads_symbols_with_the_same_figures():
    network = build("gru", inputs=8, units=5, outputs=4, embedding=True)
    read = fresh(network, MQAR, jax.random.key(1), 0, 40)
    assert read.inputs.ndim == 2
    plain = MQAR.sample(jax.random.key(1), len(read.inputs), "test")
    plain = replace(plain, scored=plain.scored & (jnp.arange(len(read.inputs)) < 40)[:, None])
    found, expected = score(network, MQAR, read, 0.0), score(network, MQAR, plain, 0.0)
    assert (found.scored, found.right) == (expected.scored, expected.right) == (120, expected.right)
    np.testing.assert_allclose(found.loss_sum, expected.loss_sum, rtol=1e-6)


def test_no_one_hot_rows_are_made_of_many_symbols():
    """Nothing as large as a batch of one-hot rows is computed in an update."""
    from holdfast.training.learner import drawing, first_networks
    from holdfast.training.rules.batch import gradient

    task = tasks.get("mqar")(symbols=8192, steps=64)
    settings = Settings(task, cell="gru", units=8, embedding="linear", batch=4)
    (network,) = first_networks(settings, [0])

    by_weights = gradient(settings)

    def slope(drawn):
        return by_weights(network, drawing(settings, jnp.uint32(0), jnp.uint32(0))(drawn))

    assert max(map(prod, shapes_in(jax.make_jaxpr(slope)(jnp.int32(0)).jaxpr))) < 4 * 64 * 8192
    one_hot = jax.make_jaxpr(lambda key: task.sample(key, 4))(jax.random.key(0))
    assert max(map(prod, shapes_in(one_hot.jaxpr))) == 4 * 64 * 8192


def shapes_in(jaxpr):
    for equation in jaxpr.eqns:
        yield from (v.aval.shape for v in equation.outvars)
        for value in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda x: hasattr(x, "eqns")):
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from shapes_in(inner)
