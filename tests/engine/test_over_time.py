"""The loop over time against a loop of Python's: padding, cuts, changes on the way in, and what is kept."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.over_time import hold, over_time, time_first
from holdfast.engine.reach import norms, reach
from holdfast.engine.unroll import trace, unroll
from tests.networks import random_network

RANDOM = np.random.default_rng(0)
TIME, BATCH = 6, 3
X = RANDOM.normal(size=(TIME, BATCH))
PRESENT = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 0]], bool)
START = {"number": np.ones(BATCH), "matrix": RANDOM.normal(size=(BATCH, 2, 3, 4))}


def body(state, x):
    """A state of one number and of one block of matrices for every row."""
    number = 0.5 * state["number"] + x
    matrix = state["matrix"] * number[:, None, None, None] + 1
    return {"number": number, "matrix": matrix}, number + matrix.sum((1, 2, 3))


def by_hand(present=None, push=None):
    state, seen, states = START, [], []
    for t in range(TIME):
        before = state if push is None else {name: a + push[t] for name, a in state.items()}
        state, shown = body(before, X[t])
        seen.append(shown)
        for row in [] if present is None else np.flatnonzero(~present[t]):
            for name in state:
                state[name][row] = before[name][row]
        states.append(state)
    return state, np.array(seen), states


def close(found, expected):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), found, expected)


@pytest.mark.parametrize("present", [None, PRESENT])
def test_it_is_the_loop_and_padding_holds_a_state_of_any_rank(present, float64):
    here = None if present is None else jnp.asarray(present)
    last, seen = over_time(body, START, jnp.asarray(X), present=here)
    state, shown, states = by_hand(present)
    close(last, state)
    close(seen, shown)
    _, kept = over_time(body, START, jnp.asarray(X), present=here, keep=lambda state, _: state["matrix"])
    close(kept, np.stack([s["matrix"] for s in states]))


def test_a_change_on_the_way_in_is_there_in_padding_too(float64):
    push = RANDOM.normal(size=TIME)
    last, seen = over_time(
        lambda state, now: body(state, now[0]),
        START,
        (jnp.asarray(X), jnp.asarray(push)),
        present=jnp.asarray(PRESENT),
        change=lambda state, now: jax.tree.map(lambda a: a + now[1], state),
    )
    state, shown, _ = by_hand(PRESENT, push)
    close((last, seen), (state, shown))


def test_steps_that_are_asked_for_are_those_of_all(float64):
    _, every = over_time(body, START, jnp.asarray(X), keep=lambda state, seen: (state, seen))
    at = np.array([0, 3, 5])
    last, kept = jax.jit(lambda at: over_time(body, START, jnp.asarray(X), keep=lambda *both: both, at=at))(at)
    close(kept, jax.tree.map(lambda a: a[at], every))
    close(last, by_hand()[0])


@pytest.mark.parametrize("cut", [None, 1, 2, 4])
def test_a_cut_stops_the_gradient_of_windows_and_no_value(cut, float64):
    """The sum of x_s at and before step t, as it enters the last: what it is differentiated by is cut off."""

    def last(start, x):
        state, _ = over_time(lambda s, x: (s + x, None), start, x, cut=cut)
        return state.sum()

    start, x = jnp.zeros(BATCH), jnp.asarray(X)
    assert last(start, x) == pytest.approx(X.sum(), rel=1e-12)
    by_start, by_x = jax.grad(last, (0, 1))(start, x)
    begins = 0 if cut is None else (TIME - 1) // cut * cut
    np.testing.assert_array_equal(by_start, np.full(BATCH, float(cut is None)))
    np.testing.assert_array_equal(by_x, np.broadcast_to((np.arange(TIME) >= begins)[:, None], X.shape))


def test_what_enters_is_changed_before_it_is_cut(float64):
    def last(pushes):
        body = lambda state, push: (state + 1, None)  # noqa: E731
        return over_time(body, jnp.zeros(1), pushes, change=lambda state, push: state + push, cut=2)[0].sum()

    np.testing.assert_array_equal(jax.grad(last)(jnp.zeros((5, 1))).ravel(), [0, 0, 0, 0, 0])
    np.testing.assert_array_equal(jax.grad(last)(jnp.zeros((4, 1))).ravel(), [0, 0, 0, 1])


def test_holding_aligns_rows_with_the_first_axis():
    new, old = np.ones((2, 2, 2)), np.zeros((2, 2, 2))
    assert hold(jnp.array([True, False]), new, old).sum((1, 2)).tolist() == [4, 0]
    assert time_first({"a": np.zeros((2, 3, 4)), "b": None})["a"].shape == (3, 2, 4)


@pytest.mark.parametrize("truncate", [None, 3])
def test_reach_is_the_difference_quotient_of_what_enters(truncate, float64):
    """By the state: the rest of the sequence is run from a changed state; with a cut, only to the window's end."""
    network, x = random_network("lstm", 2, 3, 2, layers=2), jnp.asarray(RANDOM.normal(size=(2, 5, 2)))
    present = jnp.array([[True] * 5, [True, True, False, True, False]])
    weights = jnp.asarray(RANDOM.normal(size=(2, 5, 2)))
    found = reach(network, lambda y: (y * weights).sum(), x, present, truncate=truncate)
    states = trace(network, x, present=present).states
    for t in (1, 2, 3):
        end = 5 if truncate is None else (t // truncate + 1) * truncate
        held = jax.tree.map(lambda a, t=t: a[:, t - 1], states)

        def rest(state, t=t, end=end):
            y, _ = unroll(network, x[:, t:end], state, present=present[:, t:end])
            return (y * weights[:, t:end]).sum()

        expected = jax.grad(rest)(held) if truncate is None or t % truncate else jax.tree.map(jnp.zeros_like, held)
        jax.tree.map(lambda a, b, t=t: np.testing.assert_allclose(a[t], b, rtol=1e-10), found.states, expected)
    size = np.sqrt(sum((np.asarray(g) ** 2).sum(-1) for g in jax.tree.leaves(found.states)))
    np.testing.assert_allclose(norms(found.states), size.T, rtol=1e-12)
    if truncate is None:
        by_input = jax.grad(lambda x: (unroll(network, x, present=present)[0] * weights).sum())(x)
        np.testing.assert_allclose(found.inputs, by_input, rtol=1e-10)


def test_reach_at_given_states_is_that_of_one_step_after_the_other(float64):
    """At states that are not those of the run: a product of one-step derivatives, each at its own."""
    network, x = random_network("elman", 1, 3, 1), jnp.asarray(RANDOM.normal(size=(1, 3, 1)))
    states = jax.tree.map(lambda s: jnp.asarray(RANDOM.normal(size=(3, *s.shape))), network.start(1))

    def one(state, t):
        y, after = unroll(network, x[:, t : t + 1], state)
        return y.sum(), after

    at = [jax.tree.map(lambda a, t=t: a[t], states) for t in range(3)]
    gradient = jax.grad(lambda s: one(s, 2)[0])(at[2])
    found = reach(network, lambda y: y[:, -1].sum(), x, states=states)
    for t in (2, 1, 0):
        np.testing.assert_allclose(found.states[0].h[t], gradient[0].h, rtol=1e-10)
        if t:
            (gradient,) = jax.vjp(lambda s, t=t: one(s, t - 1)[1], at[t - 1])[1](gradient)
