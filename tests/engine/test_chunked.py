"""The chunked recurrence of matrices against its definition, step by step, with every kind of decay and change."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine import chunked
from holdfast.engine.chunked import CHUNK, Term, solve

BATCH, HEADS, VALUE, KEY = 2, 2, 3, 4
BOTH, READ, VALUE_ALONE = (True, True), (True, False), (False, True)
"""Whether a change reads the matrix, and whether it has a value of its own."""


def drawn(*shape: int, seed: int, least: float | None = None):
    draw = np.random.default_rng(seed)
    return jnp.asarray(draw.normal(0, 0.4, shape) if least is None else draw.uniform(least, 1, shape))


def changes(steps: int, kinds) -> list[Term]:
    shape = steps, BATCH, HEADS
    return [
        Term(
            drawn(*shape, KEY, seed=3 * n) if reads else None,
            drawn(*shape, VALUE, seed=3 * n + 1) if valued else None,
            drawn(*shape, KEY, seed=3 * n + 2),
        )
        for n, (reads, valued) in enumerate(kinds)
    ]


def step_by_step(decay, columns, terms, matrix):
    before = []
    for t in range(len(terms[0].along)):
        before.append(matrix)
        new = matrix if decay is None else matrix * decay[t][..., None, None]
        new = new if columns is None else new * columns[t][..., None, :]
        for term in terms:
            read = 0 if term.read is None else jnp.einsum("...vk,...k->...v", matrix, term.read[t])
            change = read + (0 if term.value is None else term.value[t])
            new = new + jnp.einsum("...v,...k->...vk", change, term.along[t])
        matrix = new
    return jnp.stack(before), matrix


@pytest.mark.parametrize("kinds", [[BOTH], [VALUE_ALONE], [VALUE_ALONE, BOTH], [READ, BOTH, VALUE_ALONE]], ids=str)
@pytest.mark.parametrize("steps", [1, CHUNK, 2 * CHUNK + 3])
def test_matrices_and_what_is_read_of_them_are_those_of_the_definition(steps, kinds, float64):
    terms, start = changes(steps, kinds), drawn(BATCH, HEADS, VALUE, KEY, seed=50)
    shut = np.random.default_rng(1).random((steps, BATCH, HEADS)) < 0.2
    decays = drawn(steps, BATCH, HEADS, seed=51, least=0) * ~shut  # a gate may be shut, which nothing is divided by
    of_columns = drawn(steps, BATCH, HEADS, KEY, seed=52, least=0.5)
    for decay, columns in ((None, None), (decays, None), (None, of_columns), (decays, of_columns)):
        memory = solve(decay, columns, terms, start, steps)
        wanted, last = step_by_step(decay, columns, terms, start)
        np.testing.assert_allclose(memory.last, last, rtol=0, atol=1e-13)
        np.testing.assert_allclose(memory.matrices(), wanted, rtol=0, atol=1e-13)


def test_a_chunk_that_forgets_what_enters_it_or_what_it_read_is_noticed(float64, monkeypatch):
    steps, start = 2 * CHUNK, drawn(BATCH, HEADS, VALUE, KEY, seed=50)
    terms = changes(steps, [BOTH])
    wanted, _ = step_by_step(None, None, terms, start)
    memory = solve(None, None, terms, start, steps)
    forgetful = replace(memory, entering=jnp.zeros_like(memory.entering))
    assert np.abs(forgetful.matrices() - wanted).max() > 0.1
    monkeypatch.setattr(chunked, "triangular_solve", lambda system, given: given)
    assert np.abs(solve(None, None, terms, start, steps).matrices() - wanted).max() > 0.01
